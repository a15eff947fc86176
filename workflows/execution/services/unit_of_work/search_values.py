"""The one writer of what requests are found by. Its callers hold the transaction of the request."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from workflows.engine.values.field_types.base import FieldSpec, type_of_field
from workflows.execution.models import SearchValue, WorkflowInstance
from workflows.execution.search_words import MOST_WORDS, split_search_words
from workflows.persistence.bulk_sql import insert_values

Fields = Mapping[str, FieldSpec]
TITLE = ""
Row = tuple[int, str, str, Decimal | None, bool]
"""Request, field, word, number, and whether that is an amount: the columns of an insert."""


def write_search_values(instance: WorkflowInstance, fields: Fields) -> None:
    """Write what a new request is found by. One statement."""
    rows = [*_title_rows(instance.pk, _found_title(instance))]
    rows += _field_rows(instance, fields, fields)
    _insert(rows)


def rewrite_search_values(
    instance: WorkflowInstance, fields: Fields, changed: Iterable[str]
) -> None:
    """Write anew what the request is found by for these fields. Two statements."""
    keys = sorted(changed)
    SearchValue.objects.filter(request=instance.pk, field__in=keys)._raw_delete("default")
    _insert([*_field_rows(instance, fields, keys)])


def replace_search_values(
    instance: WorkflowInstance, before: Iterable[str], fields: Fields
) -> None:
    """Another map says by which fields requests are found (`before` are those of until now)."""
    stale = {*before, *fields}
    if stale:
        SearchValue.objects.filter(request=instance.pk, field__in=stale)._raw_delete("default")
        _insert([*_field_rows(instance, fields, sorted(fields))])


def write_title_words(titles: Iterable[tuple[int, str]]) -> None:
    """Write the words of titles of many requests, given with their ids. One statement."""
    _insert([row for pk, title in titles for row in _title_rows(pk, title)])


def forget_search_values(instance_ids: Iterable[int]) -> None:
    """Forget what these requests are found by: they are taken out. One statement."""
    SearchValue.objects.filter(request__in=list(instance_ids))._raw_delete("default")


def _insert(rows: list[Row]) -> None:
    if rows:
        insert_values(SearchValue, rows)


def _found_title(instance: WorkflowInstance) -> str:
    """The title; and the name of a requester who has no account, whom no search of people finds."""
    name = instance.requester_name if instance.requester_id is None else ""
    return f"{instance.title} {name}"


def _title_rows(instance_id: int, title: str) -> Iterator[Row]:
    for word in split_search_words(title)[:MOST_WORDS]:
        yield instance_id, TITLE, word, None, False


def _field_rows(instance: WorkflowInstance, fields: Fields, keys: Iterable[str]) -> Iterator[Row]:
    for key in keys:
        value = instance.data.get(key)
        if value is not None:
            yield from _value_rows(instance.pk, key, fields[key], value)


def _value_rows(instance_id: int, key: str, spec: FieldSpec, value: Any) -> Iterator[Row]:
    field_type = type_of_field(spec)
    if field_type.kind == "number":
        number = _kept_number(value)
        if number is not None:
            yield instance_id, key, "", number, field_type.has_currency
        return
    for word in split_search_words(str(value))[:MOST_WORDS]:
        yield instance_id, key, word, None, False


def _kept_number(value: Any) -> Decimal | None:
    """The number, where the column can hold it."""
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        return None
    return number if number.is_finite() and abs(number) < Decimal(10) ** 15 else None
