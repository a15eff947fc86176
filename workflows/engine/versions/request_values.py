"""A request's values under another map: which cannot be read, and which it would have to have."""

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any

from workflows.engine.authority.row_columns import ANYWHERE, field_at
from workflows.engine.format.definition import Definition
from workflows.engine.format.field_parts import ColumnDef, FieldDef
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.reachable_steps import (
    every_field,
    find_reachable_steps,
    writable_fields,
)
from workflows.engine.rules.asked_cells import AskedCells
from workflows.engine.values.constraints import constraint_refusal
from workflows.engine.values.field_types.base import ValueRefused, type_of_field
from workflows.engine.values.field_types.documents import are_documents, file_count_refusal
from workflows.engine.values.field_types.rows import (
    columns_of,
    is_always_asked,
    max_rows_of,
    min_rows_of,
)

Spec = FieldDef | ColumnDef


def unreadable_fields(old: Definition, new: Graph, data: Mapping[str, Any]) -> list[str]:
    """The fields whose value is not one of what the new map says that they are."""
    fields = new.definition.fields
    return [
        key
        for key in fields
        if data.get(key) is not None
        and key in old.fields
        and (
            not _is_readable(old.fields[key], field_at(new, key, ANYWHERE), data[key])
            or _is_newly_refused(old, new.definition, key, data)
        )
    ]


def _is_newly_refused(old: Definition, new: Definition, key: str, data: Mapping[str, Any]) -> bool:
    """Whether the new map asks of the value what the old one did not, and it is not that."""
    refusals = [
        constraint_refusal(each.fields[key], data[key], each.fields, data) for each in (old, new)
    ]
    return refusals[0] is None and refusals[1] is not None


def _is_readable(before: Spec, after: Spec, value: Any) -> bool:
    if (before.type, before.currency) == (after.type, after.currency):
        if type_of_field(after).holds_rows:
            return _are_rows_readable(before, after, value)
        return not are_documents(value) or _are_files_taken(before, after, len(value))
    if before.currency != after.currency or type_of_field(after).holds_document:
        return False
    return _is_canonical(after, value)


def _is_canonical(after: Spec, value: Any) -> bool:
    try:
        return bool(type_of_field(after).clean(after, value) == value)
    except (ValueRefused, ArithmeticError, TypeError, ValueError):
        return False


def _are_rows_readable(before: Spec, after: Spec, rows: Any) -> bool:
    """Whether every cell stands under a column that can read it, and no row lacks one that was not
    asked for before. Nor are they too many or too few, if they were not already."""
    columns = columns_of(before), columns_of(after)
    asked_before, asked_after = (AskedCells(each, UTC) for each in columns)
    return _is_number_taken(after, rows) >= _is_number_taken(before, rows) and all(
        _is_row_readable(*columns, row)
        and _lacking(asked_after, row) <= _lacking(asked_before, row)
        for row in rows
    )


def _lacking(cells: AskedCells, row: Mapping[str, Any]) -> frozenset[str]:
    """What a row would have to say beside what it says, under conditions."""
    return frozenset(cells.lacking(cells.settled(row)))


def _are_files_taken(before: Spec, after: Spec, count: int) -> bool:
    """Whether so many files are neither too many nor too few, if they were not already."""
    return file_count_refusal(after, count) is None or file_count_refusal(before, count) is not None


def _is_number_taken(spec: Spec, rows: Any) -> bool:
    return min_rows_of(spec) <= len(rows) <= max_rows_of(spec)


def _is_row_readable(
    before: Mapping[str, Any], after: Mapping[str, Any], row: Mapping[str, Any]
) -> bool:
    asked = [
        key
        for key, column in after.items()
        if is_always_asked(column) and not _is_asked(before.get(key))
    ]
    return all(row.get(key) is not None for key in asked) and all(
        key in after and _is_cell_readable(before.get(key), after[key], cell)
        for key, cell in row.items()
    )


def _is_cell_readable(before: Any, after: Any, cell: Any) -> bool:
    return _is_canonical(after, cell) if before is None else _is_readable(before, after, cell)


def _is_asked(column: Any) -> bool:
    return column is not None and is_always_asked(column)


def missing_fields(
    old: Definition, new: Graph, data: Mapping[str, Any], at: Iterable[str]
) -> list[str]:
    """The fields that the new map requires of whoever starts and the old one did not, that are
    empty, and that no step where the request stands or ahead of it fills in."""
    asked_before = _asked_at_start(old)
    lacking = [
        key
        for key in _asked_at_start(new.definition)
        if key not in asked_before and data.get(key) is None
    ]
    if not lacking:
        return []
    here = [*at]
    ahead = {*here} | find_reachable_steps(new, here, {}, every_field(new))
    filled = frozenset[str]().union(*(writable_fields(new, key) for key in ahead))
    return [key for key in lacking if key not in filled]


def _asked_at_start(definition: Definition) -> list[str]:
    start = definition.start
    return [
        key
        for key in ((start.fields or []) if start else [])
        if key in definition.fields
        and definition.fields[key].required
        and definition.fields[key].when is None
    ]
