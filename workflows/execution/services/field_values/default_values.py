"""What fields open with: a constant, a day from today, or what is looked up of whoever asks.

A form shows it to be changed; where a request is started without a form, what is left out gets it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.authority.asked_fields import is_shown
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import FieldDef
from workflows.engine.format.field_parts import DefaultDef
from workflows.engine.timing.dates import local_day_of, start_of_day
from workflows.engine.values.bounds import parse_day_from_today
from workflows.engine.values.field_types.base import type_of_field
from workflows.engine.values.field_types.several import read_json_list
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.field_values.value_constraints import require_constraints
from workflows.execution.services.field_values.values import clean_values
from workflows.people.models import User


def default_values(
    version_map: VersionMap,
    keys: Iterable[str],
    requester: User | None,
    now: datetime,
    data: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Canonical values for those of the fields that are empty in `data` and open with one. What a
    field would not take, or is not asked for, it does not open with. One statement where
    a value of the last request is looked up, and what people's fields cost."""
    known = dict(data or {})
    fields = version_map.graph.definition.fields
    found: dict[str, Any] = {}
    for key in keys:
        field = fields.get(key)
        if field is None or field.default is None or known.get(key) is not None:
            continue
        value = _looked_up(version_map, key, field, requester, now)
        if value is not None and is_shown(version_map.graph, key, {**known, **found}):
            found |= _fitting(version_map, key, value, {**known, **found}, requester, now)
    return found


def with_row_defaults(version_map: VersionMap, given: Mapping[str, Any]) -> dict[str, Any]:
    """Raw values of a start, the rows of lists with what their columns open with where these are
    left out; a cell that is sent empty stays so."""
    fields = version_map.graph.definition.fields
    return {key: _opened_rows(fields.get(key), value) for key, value in given.items()}


def _opened_rows(field: FieldDef | None, raw: Any) -> Any:
    columns = (field.columns if field is not None else None) or {}
    opens = {key: each.default for key, each in columns.items() if each.default is not None}
    rows = read_json_list(raw) if opens else raw
    if not opens or not isinstance(rows, list):
        return raw
    return [{**opens, **row} if _says_something(row) else row for row in rows]


def _says_something(row: Any) -> bool:
    return isinstance(row, Mapping) and any(said not in (None, "") for said in row.values())


def _looked_up(
    version_map: VersionMap, key: str, field: FieldDef, requester: User | None, now: datetime
) -> Any:
    """The raw value; None where there is none."""
    default = field.default
    if not isinstance(default, DefaultDef):
        return _day_from_today(field, now) or default
    if requester is None:
        return None
    if default.requester:
        return requester.get_username()
    if default.manager_of:
        return requester.manager.get_username() if requester.manager else None
    return _last_value(version_map, key, requester)


def _day_from_today(field: FieldDef, now: datetime) -> str | None:
    from_today = parse_day_from_today(field.default)
    field_type = type_of_field(field)
    if from_today is None or field_type.kind != "date":
        return None
    zone = timezone.get_default_timezone()
    try:
        day = from_today.on(local_day_of(now, zone))
    except (OverflowError, ValueError):  # no calendar reaches so far
        return None
    return day.isoformat() if field_type.is_day else start_of_day(day, zone).isoformat()


def _last_value(version_map: VersionMap, key: str, requester: User) -> Any:
    """What this person's last request of the workflow says there, whatever its version."""
    requests = WorkflowInstance.objects.filter(
        template=version_map.template_id, requester=requester
    ).exclude(source__in=WorkflowInstance.PAST)
    data = requests.order_by("-started_at", "-pk").values_list("data", flat=True).first()
    return (data or {}).get(key)


def _fitting(
    version_map: VersionMap,
    key: str,
    value: Any,
    data: Mapping[str, Any],
    requester: User | None,
    now: datetime,
) -> dict[str, Any]:
    try:
        cleaned = clean_values(version_map, {key: value})
        name = requester.get_username() if requester else ""
        require_constraints(version_map, {**data, **cleaned}, [key], now, requester=name)
    except InvalidInput:
        return {}
    return cleaned
