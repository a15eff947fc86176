"""Fields that are worked out from others: in which order, and what they come to.

Nobody writes them. Whenever values of a request are written, the engine works them out again, in
one place for every door, so that a rule, a page and an export read the same. Columns of a list are
worked out within their row, where the list is read.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from workflows.engine.rules.evaluation import (
    Expression,
    RuleCannotBeEvaluated,
    RuleProblem,
    compile_expression,
)
from workflows.engine.rules.field_sums import evaluate_for_field
from workflows.engine.values.field_types.base import ValueRefused, type_of_field


@dataclass(frozen=True)
class WorkedOutField:
    """A field with its expression."""

    key: str
    spec: Any
    expression: Expression


@dataclass(frozen=True)
class WorkedOut:
    """The worked-out fields of a map, each behind those that it reads; those that read one another
    in a circle, or whose expression cannot be read, are left out and stay empty."""

    fields: tuple[WorkedOutField, ...] = ()
    circle: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()
    """All of them, also those that are left out."""
    zone: tzinfo | None = None
    columns: Mapping[str, "WorkedOut"] = field(default_factory=dict)
    """By list, the columns that are worked out within its rows."""

    def completed(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a request with what is worked out from them. What cannot be, because
        something that it reads is empty or it would not fit its field, is empty."""
        values = dict(data)
        for key, columns in self.columns.items():
            if isinstance(values.get(key), list):
                values[key] = columns.completed_rows(values[key])
        for key in self.keys:
            if values.get(key) is not None:
                values[key] = None
        for each in self.fields:
            value = self._value(each, values)
            if value is not None or data.get(each.key) is not None:
                values[each.key] = value
        return values

    def completed_rows(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Rows with the columns that are worked out; empty ones are left out."""
        whole_rows = (self.completed(row) for row in rows)
        return [{key: cell for key, cell in row.items() if cell is not None} for row in whole_rows]

    def _value(self, worked: WorkedOutField, values: Mapping[str, Any]) -> Any:
        assert self.zone is not None
        try:
            found = evaluate_for_field(worked.expression, worked.spec, values, worked.spec.round)
            return type_of_field(worked.spec).read(worked.spec, found, self.zone)
        except (RuleCannotBeEvaluated, ValueRefused, ArithmeticError, ValueError, TypeError):
            return None

    def dependents(self, keys: Collection[str]) -> frozenset[str]:
        """The worked-out fields that change, or may, when these do."""
        changed = set(keys)
        for each in self.fields:
            if each.expression.fields & changed:
                changed.add(each.key)
        return frozenset(changed) - frozenset(keys)

    def filled_with(self, filled: Iterable[str], unsure: Collection[str] = ()) -> frozenset[str]:
        """These fields, and the worked-out ones that have a value where they are filled in, but for
        those that are `unsure`; a list without rows has a sum too, and no least row."""
        known = {*filled}
        for each in self.fields:
            needed = each.expression.fields - each.expression.spared
            if needed <= known and each.key not in unsure:
                known.add(each.key)
        return frozenset(known)


def order_worked_out(fields: Mapping[str, Any], zone: tzinfo) -> WorkedOut:
    """The worked-out fields of a map, in an order in which each can be worked out."""
    open_fields: dict[str, WorkedOutField] = {}
    keys = frozenset(key for key, spec in fields.items() if spec.value is not None)
    for key in fields:
        if key in keys:
            try:
                expression = compile_expression(fields[key].value, fields, zone=zone)
            except RuleProblem:
                continue
            open_fields[key] = WorkedOutField(key, fields[key], expression)
    ordered: list[WorkedOutField] = []
    while True:
        ready = [f for f in open_fields.values() if not f.expression.fields & open_fields.keys()]
        if not ready:
            break
        ordered += ready
        for each in ready:
            del open_fields[each.key]
    return WorkedOut(tuple(ordered), _circle(open_fields), keys, zone, _by_list(fields, zone))


def _by_list(fields: Mapping[str, Any], zone: tzinfo) -> dict[str, WorkedOut]:
    """The lists that have worked-out columns, with these."""
    found = {}
    for key, spec in fields.items():
        columns = spec.columns or {}
        if any(column.value is not None for column in columns.values()):
            found[key] = order_worked_out(columns, zone)
    return found


def _circle(left: Mapping[str, WorkedOutField]) -> tuple[str, ...]:
    """The fields that read themselves, by way of others or not; not those that only read them."""
    return tuple(key for key in left if key in _read_by(key, left))


def _read_by(key: str, left: Mapping[str, WorkedOutField]) -> set[str]:
    read: set[str] = set()
    to_go = [key]
    while to_go:
        for other in left[to_go.pop()].expression.fields & left.keys():
            if other not in read:
                read.add(other)
                to_go.append(other)
    return read
