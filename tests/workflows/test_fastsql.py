"""Rows that are read and written without the ORM's queries are the same rows."""

import pytest
from django.db import models, transaction

from tests.workflows import drawn
from tests.workflows.support import begin
from workflows.models import WorkflowInstance, WorkItem
from workflows.services.locks import lock_open_tasks, lock_request

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
        (locked_task,) = lock_open_tasks(locked, None)
    for ours, theirs in ((locked, request), (locked_task, task)):
        assert values(ours) == values(theirs)
        assert [type(v) for v in values(ours).values()] == [
            type(v) for v in values(theirs).values()
        ]
        assert not ours._state.adding
        assert ours == theirs


def test_an_unknown_request_is_not_found() -> None:
    assert lock_request(instance_id=0) is None
