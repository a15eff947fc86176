"""Signed calls from other systems that start requests: who signed, taken once, mapped to fields."""

import hmac
import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import jsonpath_rfc9535 as jsonpath
from django.utils.translation import gettext_lazy

from workflows.connections.models import WebhookKey
from workflows.connections.secrets import SecretUnreadable, decrypt
from workflows.connections.services.webhook_deliveries import delete_deliveries, write_delivery
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.definitions.queries.published_versions import get_published_version
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound
from workflows.engine.format.definition import Definition
from workflows.engine.format.parts import TriggerDef
from workflows.engine.format.trigger_kinds import WEBHOOK
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests

log = logging.getLogger(__name__)

MAX_CLOCK_SKEW = timedelta(minutes=5)
SCHEME = "sha256="


class NotSigned(NotAllowed):
    """The call is not signed by anybody known; why exactly is not told."""


NOT_SIGNED = gettext_lazy(
    "This call is not signed by a key of this workflow, or its time is more than 5 minutes off."
)


# -- who signed -------------------------------------------------------------------------------


def find_signing_key(
    workflow: str, *, timestamp: str, signature: str, body: bytes, now: datetime
) -> WebhookKey:
    """The key with which this call was signed. Raises NotSigned."""
    keys = WebhookKey.objects.filter(template__key=workflow, revoked_at=None)
    if _is_timestamp_current(timestamp, now):
        for key in keys.select_related("template", "acts_as", "created_by"):
            # It takes as long whatever is wrong, so no signature is guessed digit by digit.
            if hmac.compare_digest(
                _expected_signature(key, timestamp, body), _signature_digest(signature)
            ):
                return key
    raise NotSigned(str(NOT_SIGNED))


def _expected_signature(key: WebhookKey, timestamp: str, body: bytes) -> bytes:
    try:
        return compute_signature(decrypt(key.secret), timestamp, body)
    except SecretUnreadable as problem:  # the caller is told nothing; the log tells the owner
        log.error("Webhook key %s: %s", key.pk, problem)
        return b"-"


def compute_signature(secret: str, timestamp: str, body: bytes) -> bytes:
    """The signature of a body at a time, as hexadecimal digits."""
    signed_bytes = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), signed_bytes, sha256).hexdigest().encode()


def _signature_digest(signature: str) -> bytes:
    return signature.removeprefix(SCHEME).lower().encode() if signature.startswith(SCHEME) else b""


def _is_timestamp_current(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 12:
        return False
    return abs(now.timestamp() - int(timestamp)) <= MAX_CLOCK_SKEW.total_seconds()


def record_delivery_once(key: WebhookKey, signature: str, now: datetime) -> None:
    """Note that this call was taken; one that was taken before is refused (WrongState).

    Called in the transaction of what the call does, so a call that is refused may come again.
    """
    write_delivery(key, _signature_digest(signature).decode(), now=now)


def forget_deliveries(now: datetime) -> int:
    """Delete what its timestamp alone would refuse by now; how many there were."""
    # Twice: a clock that runs ahead signs for up to five minutes from now.
    return delete_deliveries(before=now - 2 * MAX_CLOCK_SKEW)


# -- what it starts ---------------------------------------------------------------------------


def start_by_webhook_key(key: WebhookKey, body: bytes, now: datetime) -> WorkflowInstance:
    """Start the request for which a key's call asks, with its values mapped to fields."""
    definition = get_version_map(get_published_version(key.template.key)).graph.definition
    data = map_start_values(definition, _parse_body(body))
    return requests.start(
        key.template.key, actor=key.acts_as, now=now, data=data, source=WorkflowInstance.WEBHOOK
    )


def _parse_body(body: bytes) -> Any:
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InvalidInput("The body is not JSON that can be read; mend it and sign it.") from None


def _refuse_constant(text: str) -> Any:
    raise ValueError(text)


def map_start_values(definition: Definition, body: Any) -> dict[str, Any]:
    """The start form's values in a body, by the published map's webhook trigger.

    What the map itself says (`data`) holds over what the body says.
    """
    return map_trigger_values(definition, _webhook_trigger(definition), body)


def map_trigger_values(definition: Definition, trigger: TriggerDef, body: Any) -> dict[str, Any]:
    """The start form's values that one trigger finds in a body. Raises InvalidInput."""
    if trigger.mapping is not None:
        start_values = _apply_mapping(trigger.mapping, body)
    elif isinstance(body, dict):
        form_fields = (definition.start.fields or []) if definition.start else []
        start_values = {key: body[key] for key in form_fields if key in body}
    else:
        raise InvalidInput("The body must be a JSON object whose keys are the start form's fields.")
    return start_values | (trigger.data or {})


def _webhook_trigger(definition: Definition) -> TriggerDef:
    triggers = (definition.start.triggers or []) if definition.start else []
    for trigger in triggers:
        if trigger.kind == WEBHOOK:
            return trigger
    raise NotFound(
        "The map of '%(name)s' has no webhook trigger; add one and publish it.",
        name=definition.name,
    )


def _apply_mapping(mapping: Mapping[str, str], body: Any) -> dict[str, Any]:
    """For each field what its path finds; a path that finds nothing leaves the field empty."""
    mapped_values = {}
    for key, path in mapping.items():
        try:
            hits = jsonpath.find(path, body).values()
        except (jsonpath.JSONPathError, RecursionError):
            raise InvalidInput(
                "The path of '%(key)s' in the map cannot be read: %(path)s.", key=key, path=path
            ) from None
        if len(hits) > 1:
            raise InvalidInput(
                "'%(key)s': %(path)s finds %(hits_count)s values; one is wanted.",
                key=key,
                path=path,
                hits_count=len(hits),
            )
        if hits:
            mapped_values[key] = hits[0]
    return mapped_values
