"""The call that a step would make, to be looked at: nothing is sent, and no secret is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext

from workflows.automation.http.addresses import BadAddress, read_address
from workflows.automation.http.building import plan_call
from workflows.automation.http.client import HttpCall
from workflows.connections.models import Connection
from workflows.connections.secrets import MASK
from workflows.engine.errors import InvalidInput
from workflows.engine.format.actions import ActionFailed
from workflows.engine.format.definition import AutomationStep, FieldDef
from workflows.engine.values.field_types.base import FieldSpec, type_of_field
from workflows.engine.values.fields import clean_field_value
from workflows.engine.values.placeholders import PlaceholderProblem
from workflows.engine.values.serialization import external_values

EXAMPLE_DOCUMENT: Final = {"name": "document.pdf", "version": 1, "sha256": "0" * 64}
SECOND_DOCUMENT: Final = {"name": "document-2.pdf", "version": 2, "sha256": "1" * 64}
EXAMPLES: Final = (
    *("Example", "1200", True, "2026-03-02", "2026-03-02T09:00:00Z", "12"),
    *("lena@example.com", "https://example.com/page", "+49 30 123456"),
)
"""Values of which each field takes the first that it can."""
_KEY: Final = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class CallPreview:
    """What would be sent, or why nothing would be."""

    method: str = ""
    url: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""
    problem: str = ""


def preview_call(
    step: AutomationStep, fields: Mapping[str, FieldDef], data: Mapping[str, Any], reference: str
) -> CallPreview:
    """The call of a step for these values of a request."""
    arguments = step.with_ or {}
    connection = Connection.objects.filter(key=str(arguments.get("connection"))).first()
    if arguments.get("connection") is not None and connection is None:
        missing = gettext("There is no connection “%(key)s” on this site.")
        return CallPreview(problem=missing % {"key": arguments["connection"]})
    facts = {
        **external_values(fields, data),
        "request.reference": reference,
        "request.link": f"{settings.SITE_URL}/requests/{reference}/",
        "request.key": _KEY,
    }
    try:
        call = plan_call(arguments, facts, connection, idempotency_key=_KEY)
        read_address(call.url)
    except (ActionFailed, PlaceholderProblem, BadAddress) as problem:
        return CallPreview(problem=str(problem))
    return _describe(call, connection)


def _describe(call: HttpCall, connection: Connection | None) -> CallPreview:
    signed = masked_sign_in(connection)
    taken = {name.lower() for name in signed}
    own = {name: value for name, value in call.headers.items() if name.lower() not in taken}
    return CallPreview(
        method=call.method,
        url=call.url,
        headers=list({**own, **signed}.items()),
        body=(call.body or b"").decode(),
    )


def masked_sign_in(connection: Connection | None) -> dict[str, str]:
    """The headers that sign calls in, without what is secret in them."""
    if connection is None or connection.auth == Connection.NONE:
        return {}
    if connection.auth == Connection.BASIC:
        return {"Authorization": f"Basic {MASK}"}
    if connection.auth == Connection.HEADER:
        return {connection.header: MASK}
    return {"Authorization": f"Bearer {MASK}"}


# -- example values ---------------------------------------------------------------------------


def example_values(fields: Mapping[str, FieldSpec]) -> dict[str, Any]:
    """A value for each field that there is an example of."""
    found = {key: _example_of(key, spec) for key, spec in fields.items()}
    return {key: value for key, value in found.items() if value is not None}


def _example_of(key: str, spec: FieldSpec) -> Any:
    kind = type_of_field(spec)
    if kind.holds_document:
        return [EXAMPLE_DOCUMENT, SECOND_DOCUMENT] if kind.holds_several else EXAMPLE_DOCUMENT
    if kind.names_anybody:
        return ["lena"] if kind.holds_several else "lena"
    if kind.holds_rows:
        return [example_values(spec.columns or {})]
    words = list(spec.choices or [])
    candidates = [words[:2], *words] if words else list(EXAMPLES)
    for candidate in candidates:
        try:
            return clean_field_value(key, spec, candidate)
        except InvalidInput:
            continue
    return None
