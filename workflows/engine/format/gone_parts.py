"""A map that was published with parts of an extension, read where these are not installed any more.

Requests that run on it go on as far as they can: what needs such a part waits on an incident, and
all others are not touched. To edit, dump or publish such a map is refused as ever.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from workflows.engine.format.actions import ACTIONS
from workflows.engine.format.definition import Definition
from workflows.engine.format.parts import TAKES_GONE
from workflows.engine.format.role_finders import ROLE_FINDERS
from workflows.engine.format.roles import RoleDef
from workflows.engine.format.trigger_kinds import TRIGGER_KINDS
from workflows.engine.registries import Registry
from workflows.engine.rules.list_functions import LIST_FUNCTIONS
from workflows.engine.rules.rule_functions import RULE_FUNCTIONS
from workflows.engine.texts import Text, join_texts, text
from workflows.engine.values.field_types.base import FIELD_TYPES

KEPT_OF_FIELD: Final = frozenset(
    {"type", "label", "help", "section", "required", "when", "visible_to"}
)
"""What holds of a field whatever its type is."""


_GONE: Final[Mapping[Registry[Any], Text]] = {
    FIELD_TYPES: text("the field type '%(name)s'"),
    ROLE_FINDERS: text("the role finder '%(name)s'"),
    ACTIONS: text("the action '%(name)s'"),
    TRIGGER_KINDS: text("the kind of trigger '%(name)s'"),
    RULE_FUNCTIONS: text("the rule function '%(name)s'"),
}
_CALENDAR: Final = text("the calendar '%(name)s'")
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_CALLED: Final = re.compile(r"\b([a-z_][a-z0-9_]*)\s*\(")
_NO_FUNCTIONS: Final = frozenset({*LIST_FUNCTIONS, "and", "or", "not", "in"})


def find_gone_parts(form: Mapping[str, Any]) -> list[Text]:
    """What a map's data names that nothing here knows. Of its calendars the site has rows too:
    these are not looked at."""
    named = dict.fromkeys(_named_parts(form))
    return [_GONE[where].filled({"name": name}) for where, name in named if name not in where]


def named_calendars(form: Mapping[str, Any]) -> list[str]:
    """The calendars that a map's data names, of its head and of its steps."""
    said = [form.get("calendar"), *(step.get("calendar") for step in _steps_of(form))]
    return [*dict.fromkeys(filter(None, said))]


def gone_calendar(name: str) -> Text:
    """A calendar that is nowhere, as one of the parts that are gone."""
    return _CALENDAR.filled({"name": name})


def gone_parts_text(gone: Sequence[Text]) -> Text | None:
    """The parts that are gone in one sentence; None where all is there."""
    if not gone:
        return None
    return text(
        "The map needs what is not installed here: %(parts)s. Ask who runs the site to install its"
        " extension again.",
        parts=join_texts(list(gone)),
    )


def _named_parts(form: Mapping[str, Any]) -> Iterator[tuple[Registry[Any], str]]:
    for field in (form.get("fields") or {}).values():
        for spec in (field, *(field.get("columns") or {}).values()):
            yield FIELD_TYPES, spec["type"]
    for role in (form.get("roles") or {}).values():
        yield from ((ROLE_FINDERS, name) for name in role)
    for step in _steps_of(form):
        if step.get("action"):
            yield ACTIONS, step["action"]
    for trigger in (form.get("start") or {}).get("triggers") or ():
        yield TRIGGER_KINDS, trigger["kind"]
    for expression in _expressions(form):
        for name in _CALLED.findall(_QUOTED.sub("''", expression)):
            if name not in _NO_FUNCTIONS:
                yield RULE_FUNCTIONS, name


def _steps_of(form: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*(form.get("steps") or {}).values()]


def _expressions(form: Mapping[str, Any]) -> Iterator[str]:
    """The rules and sums of a map's data; the cells of tables are none."""
    for field in (form.get("fields") or {}).values():
        for spec in (field, *(field.get("columns") or {}).values()):
            required = spec.get("required")
            asked = required.get("when") if isinstance(required, Mapping) else None
            yield from _texts(spec.get("when"), spec.get("value"), asked)
    for step in _steps_of(form):
        outcomes = step.get("outcomes") or {}
        ways = (*outcomes.values(), *(step.get("rules") or ()), *(step.get("branches") or ()))
        for way in ways:
            if isinstance(way, Mapping):
                each = way.get("each")
                yield from _texts(
                    way.get("when"), each.get("until") if isinstance(each, Mapping) else None
                )
        if step.get("action") == "set_fields":
            yield from _texts(*(step.get("with") or {}).values())


def _texts(*values: Any) -> Iterator[str]:
    return (value for value in values if isinstance(value, str))


def read_role_with_gone_parts(settings: Mapping[str, Any]) -> RoleDef:
    """A role without the finders that nothing here knows. Raises pydantic's ValidationError for all
    else."""
    return RoleDef.model_validate(_known_finders(settings))


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
