"""A map that was published with parts of an extension, read where these are not installed any more.

Requests that run on it go on as far as they can: what needs such a part waits on an incident, and
all others are not touched. To edit, dump or publish such a map is refused as ever.
"""

from collections.abc import Mapping
from typing import Any, Final

from workflows.engine.format.definition import Definition
from workflows.engine.format.parts import TAKES_GONE
from workflows.engine.format.role_finders import ROLE_FINDERS
from workflows.engine.format.trigger_kinds import TRIGGER_KINDS
from workflows.engine.values.field_types.base import FIELD_TYPES

KEPT_OF_FIELD: Final = frozenset(
    {"type", "label", "help", "section", "required", "when", "visible_to"}
)
"""What holds of a field whatever its type is."""


def read_with_gone_parts(form: Mapping[str, Any]) -> Definition:
    """The definition without what nothing here knows: a role finds nobody by it, a trigger starts
    nothing, and a field takes no value. Raises pydantic's ValidationError for all else."""
    known = dict(form)
    known["roles"] = {key: _known_finders(role) for key, role in form.get("roles", {}).items()}
    known["fields"] = {key: _plain_field(spec) for key, spec in form.get("fields", {}).items()}
    if isinstance(form.get("start"), Mapping):
        known["start"] = _known_start(form["start"])
    return Definition.model_validate(known, context={TAKES_GONE: True})


def _known_finders(role: Mapping[str, Any]) -> dict[str, Any]:
    return {name: setting for name, setting in role.items() if name in ROLE_FINDERS}


def _plain_field(spec: Mapping[str, Any]) -> dict[str, Any]:
    if spec["type"] not in FIELD_TYPES:
        return {name: said for name, said in spec.items() if name in KEPT_OF_FIELD}
    columns = spec.get("columns")
    if not columns:
        return dict(spec)
    return {**spec, "columns": {key: _plain_field(column) for key, column in columns.items()}}


def _known_start(start: Mapping[str, Any]) -> dict[str, Any]:
    known = [each for each in start.get("triggers") or () if each["kind"] in TRIGGER_KINDS]
    return {name: said for name, said in start.items() if name != "triggers"} | (
        {"triggers": known} if known else {}
    )
