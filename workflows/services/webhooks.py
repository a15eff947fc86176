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
from django.db import IntegrityError, transaction

from workflows.engine.definition import Definition
from workflows.engine.definition_parts import TriggerDef
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.models import WebhookDelivery, WebhookKey, WorkflowInstance
from workflows.services import requests
from workflows.services.maps import map_of
from workflows.services.secrets import SecretUnreadable, decrypt

log = logging.getLogger(__name__)

CLOCKS_DIFFER = timedelta(minutes=5)
SCHEME = "sha256="


class NotSigned(NotAllowed):
    """The call is not signed by anybody known; why exactly is not told."""


NOT_SIGNED = (
    "This call is not signed by a key of this workflow, or its time is more than 5 minutes off."
)


def take(
    workflow: str, *, timestamp: str, signature: str, body: bytes, now: datetime
) -> WorkflowInstance:
    """Start a request by a signed call, in the name of the key's person.

    Raises NotSigned (alike for an unknown workflow, no key, a wrong signature or time),
    WrongState where the same call was taken before, and what starting raises.
    """
    key = signer(workflow, timestamp=timestamp, signature=signature, body=body, now=now)
    with transaction.atomic():
        take_once(key, signature, now)
        return start_by(key, body, now)


# -- who signed -------------------------------------------------------------------------------


def signer(
    workflow: str, *, timestamp: str, signature: str, body: bytes, now: datetime
) -> WebhookKey:
    """The key with which this call was signed. Raises NotSigned."""
    keys = WebhookKey.objects.filter(template__key=workflow, revoked_at=None)
    if _is_of_now(timestamp, now):
        for key in keys.select_related("template", "acts_as", "created_by"):
            if hmac.compare_digest(_expected(key, timestamp, body), _given(signature)):
                return key
    raise NotSigned(NOT_SIGNED)


def _expected(key: WebhookKey, timestamp: str, body: bytes) -> bytes:
    try:
        return signed(decrypt(key.secret), timestamp, body)
    except SecretUnreadable as problem:  # the caller is told nothing; the log tells the owner
        log.error("Webhook key %s: %s", key.pk, problem)
        return b"-"


def signed(secret: str, timestamp: str, body: bytes) -> bytes:
    """The signature of a body at a time, as hexadecimal digits."""
    said = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), said, sha256).hexdigest().encode()


def _given(signature: str) -> bytes:
    return signature.removeprefix(SCHEME).lower().encode() if signature.startswith(SCHEME) else b""


def _is_of_now(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 12:
        return False
    return abs(now.timestamp() - int(timestamp)) <= CLOCKS_DIFFER.total_seconds()


def take_once(key: WebhookKey, signature: str, now: datetime) -> None:
    """Note that this call was taken; one that was taken before is refused (WrongState).

    Called in the transaction of what the call does, so a call that is refused may come again.
    """
    try:
        with transaction.atomic():
            WebhookDelivery.objects.create(
                key=key, signature=_given(signature).decode(), received_at=now
            )
    except IntegrityError:
        raise WrongState(
            "This very call was taken already; sign a new one to start another request."
        ) from None


def forget_deliveries(now: datetime) -> int:
    """Delete what its timestamp alone would refuse by now; how many there were."""
    # Twice: a clock that runs ahead signs for up to five minutes from now.
    return WebhookDelivery.objects.filter(received_at__lt=now - 2 * CLOCKS_DIFFER).delete()[0]


# -- what it starts ---------------------------------------------------------------------------


def start_by(key: WebhookKey, body: bytes, now: datetime) -> WorkflowInstance:
    """Start the request for which a key's call asks, with its values mapped to fields."""
    definition = map_of(requests.published_version(key.template.key)).graph.definition
    data = values(definition, _read(body))
    return requests.start(
        key.template.key,
        actor=key.acts_as,
        now=now,
        data=data,
        source=WorkflowInstance.WEBHOOK,
    )


def _read(body: bytes) -> Any:
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise InvalidInput("The body is not JSON that can be read; mend it and sign it.") from None


def _no_number(text: str) -> Any:
    raise ValueError(text)


def values(definition: Definition, body: Any) -> dict[str, Any]:
    """The start form's values in a body, by the published map's webhook trigger.

    What the map itself says (`data`) holds over what the body says.
    """
    trigger = _trigger(definition)
    if trigger.mapping is not None:
        found = _mapped(trigger.mapping, body)
    elif isinstance(body, dict):
        asked = (definition.start.fields or []) if definition.start else []
        found = {key: body[key] for key in asked if key in body}
    else:
        raise InvalidInput("The body must be a JSON object whose keys are the start form's fields.")
    return found | (trigger.data or {})


def _trigger(definition: Definition) -> TriggerDef:
    triggers = (definition.start.triggers or []) if definition.start else []
    for trigger in triggers:
        if trigger.kind == "webhook":
            return trigger
    raise NotFound(
        f"The map of '{definition.name}' has no webhook trigger; add one and publish it."
    )


def _mapped(mapping: Mapping[str, str], body: Any) -> dict[str, Any]:
    """For each field what its path finds; a path that finds nothing leaves the field empty."""
    found = {}
    for key, path in mapping.items():
        try:
            hits = jsonpath.find(path, body).values()
        except (jsonpath.JSONPathError, RecursionError):
            raise InvalidInput(f"The path of '{key}' in the map cannot be read: {path}.") from None
        if len(hits) > 1:
            raise InvalidInput(f"'{key}': {path} finds {len(hits)} values; one is wanted.")
        if hits:
            found[key] = hits[0]
    return found
