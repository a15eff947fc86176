"""Rows that are read and written without the ORM's queries are the same rows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, models, transaction

from tests.factories import NOW
from tests.workflows import drawn
from tests.workflows.support import begin
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services.unit_of_work.locks import lock_open_tasks, lock_request
from workflows.persistence.bulk_sql import (
    COPY_THRESHOLD,
    insert_column_names,
    insert_rows,
    insert_values,
)
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db


def values(row: models.Model) -> dict[str, object]:
    """All columns of a row as Python sees them."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_a_locked_row_has_the_values_and_types_that_the_orm_reads() -> None:
    begin(drawn.sequential())
    request, task = WorkflowInstance.objects.get(), WorkItem.objects.get()
    with transaction.atomic():
        locked = lock_request(work_item_id=task.pk)
        assert locked is not None
        (locked_task,) = lock_open_tasks(locked, None, NOW).items.values()
    for ours, theirs in ((locked, request), (locked_task, task)):
        assert values(ours) == values(theirs)
        assert [type(v) for v in values(ours).values()] == [
            type(v) for v in values(theirs).values()
        ]
        assert not ours._state.adding
        assert ours == theirs


def test_an_unknown_request_is_not_found() -> None:
    assert lock_request(instance_id=0) is None


AWKWARD = '\ta\ttab\nand\r\nlines \\ \\N \\. \\t {"a": \'b\'},"" %s ß€😀 '
HOW_MANY = (1, COPY_THRESHOLD - 1, COPY_THRESHOLD, 3 * COPY_THRESHOLD)
"""Rows that come by a statement's values, and rows that PostgreSQL gets by COPY."""


def events(count: int) -> list[TrailEvent]:
    """Rows with values of every kind that text can hurt, and with none."""
    return [
        TrailEvent(
            recorded_at=NOW + timedelta(microseconds=number),
            command="decide",
            version=None if number % 2 else number,
            comment=AWKWARD * (number % 3),
            changes={"n": number, AWKWARD: [None, True, 1.5, AWKWARD]} if number % 5 else {},
        )
        for number in range(count)
    ]


def insert_unseen(rows: list[TrailEvent]) -> None:
    names = insert_column_names(TrailEvent)
    insert_values(TrailEvent, [[getattr(row, name) for name in names] for row in rows])


@pytest.mark.parametrize("count", HOW_MANY)
@pytest.mark.parametrize("insert", [insert_rows, insert_unseen])
def test_rows_come_back_as_they_were_given_however_many_there_are(
    count: int, insert: Callable[[Any], None]
) -> None:
    rows = events(count)
    insert(rows)
    kept = TrailEvent.objects.order_by("id")
    names = insert_column_names(TrailEvent)
    given = [[getattr(row, name) for name in names] for row in rows]
    assert [[getattr(row, name) for name in names] for row in kept] == given


@pytest.mark.parametrize("count", HOW_MANY)
def test_each_row_gets_the_key_that_it_has_and_no_other_gets_it(count: int) -> None:
    rows = events(count)
    insert_rows(rows)
    again = events(count)
    insert_rows(again)
    one = TrailEvent.objects.create(recorded_at=NOW, command="decide")
    for row in (*rows, *again):
        assert TrailEvent.objects.get(pk=row.pk).recorded_at == row.recorded_at
        assert not row._state.adding
    assert len({one.pk, *(row.pk for row in (*rows, *again))}) == 2 * count + 1


@pytest.mark.parametrize("count", [2, COPY_THRESHOLD, 3 * COPY_THRESHOLD])
def test_rows_of_which_one_is_refused_are_refused_whole(count: int) -> None:
    request = begin(drawn.sequential()).request
    names = insert_column_names(WorkflowInstance)
    values = {name: getattr(request, name) for name in names}
    refs = [f"case {number}" for number in range(count - 1)] + ["case 0"]
    rows = [[(values | {"case_ref": ref})[name] for name in names] for ref in refs]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_values(WorkflowInstance, rows)
    assert WorkflowInstance.everything.count() == 1


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite bounds no text")
@pytest.mark.parametrize("count", [2, COPY_THRESHOLD])
@pytest.mark.parametrize("text", ["x" * 41, "nul \0"])
def test_text_that_does_not_fit_is_refused_and_never_cut(count: int, text: str) -> None:
    rows = events(count)
    rows[-1].command = text
    with pytest.raises(DataError), transaction.atomic():
        insert_rows(rows)
    assert not TrailEvent.objects.exists()
