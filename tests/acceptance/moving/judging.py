"""Whether each request is whole on one side, and what was put back equal."""

from typing import Any

from django.db import connection
from django.utils import timezone

from tests.workflows.moves import agrees, rows_of
from workflows.execution.models import WorkflowInstance
from workflows.version_changes.models import MovedRequest
from workflows.version_changes.services.runs import put_back_requests


def read_all() -> dict[int, Any]:
    """Every row of every request, by its id."""
    return {request.pk: rows_of(request) for request in WorkflowInstance.objects.order_by("pk")}


def count_moved() -> int:
    """How many stand on the newer version."""
    connection.close()
    return WorkflowInstance.objects.filter(version__number=2).count()


def references_moved() -> set[str]:
    """Those that do."""
    return {row.reference for row in WorkflowInstance.objects.filter(version__number=2)}


def find_torn(before: dict[int, Any]) -> list[str]:
    """The requests that are neither as they were nor wholly on the newer version."""
    rows = WorkflowInstance.objects.select_related("version").order_by("pk")
    return [row.reference for row in rows if not _is_whole(row, before[row.pk])]


def _is_whole(request: WorkflowInstance, before: Any) -> bool:
    if not agrees(request):
        return False
    moves = MovedRequest.objects.filter(request=request, put_back_at=None).count()
    told = request.trail.filter(command="change_version").count()
    if request.version.number == 1:
        return moves == told == 0 and rows_of(request) == before
    elsewhere = request.work_items.open().exclude(step__version=request.version_id)
    return moves == told == 1 and not elsewhere.exists()


def put_some_back(before: dict[int, Any], count: int) -> list[tuple[str, Any, bool]]:
    """Put so many back and compare their rows."""
    moves = MovedRequest.objects.filter(put_back_at=None).order_by("pk")[:count]
    chosen = {moved.pk: moved.request_id for moved in moves}
    results = list(put_back_requests([*chosen], actor=None, reason="", clock=timezone.now))
    refused = sum(bool(result.why_not) for result in results)
    unequal = [
        pk for pk in chosen.values() if rows_of(WorkflowInstance.objects.get(pk=pk)) != before[pk]
    ]
    return [
        ("put back", len(results) - refused, refused == 0 and len(results) == len(chosen)),
        ("not equal, row by row, after being put back", len(unequal), not unequal),
    ]
