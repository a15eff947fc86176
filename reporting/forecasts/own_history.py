"""Our own requests as a history to learn from."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone

from reporting.forecasts.history import History, PastRequest, PastTask
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.format.definition import HUMAN_KINDS, Definition
from workflows.engine.rules.fact_names import REQUESTER, fact_words
from workflows.execution.choices import TaskState
from workflows.execution.models import WorkflowInstance, WorkItem

MOST_REQUESTS: Final = 2000
"""The newest requests are learnt from: what was years ago says little, and costs much."""
COLUMNS = (
    *("request_id", "step__key", "decided_by__username", "performer_name"),
    *("enabled_at", "started_at", "completed_at", "outcome", "came_from", "round"),
    *("paused_seconds", "assignee__username"),
)


def read_own_history(
    template: WorkflowTemplate, definition: Definition, *, until: datetime
) -> History:
    """What our own rows tell of the time before a moment, of steps that the map still has. Two
    statements."""
    requests = {
        values["pk"]: _read_request(values, until)
        for values in WorkflowInstance.objects.filter(template=template, started_at__lt=until)
        .exclude(state__in=WorkflowInstance.NOT_HERE)
        .order_by("-started_at", "-id")
        .values(
            *("pk", "prefix", "started_at", "completed_at", "requester__username"),
            *("requester_name", "data", "state", "marking__facts"),
        )[:MOST_REQUESTS]
    }
    tasks = defaultdict[int, list[PastTask]](list)
    rows = WorkItem.objects.filter(
        Q(enabled_at__isnull=True) | Q(enabled_at__lt=until),
        request__in=list(requests),
        step__kind__in=sorted(HUMAN_KINDS),
    ).exclude(state=TaskState.CANCELLED)
    for values in rows.order_by("id").values_list(*COLUMNS).iterator(chunk_size=5000):
        task = _read_task(values, definition, until)
        if task is not None:
            tasks[values[0]].append(task)
    for pk, request in requests.items():
        request.tasks = sorted(tasks[pk], key=lambda task: task.begun or task.enabled)
    return History(
        until=int(until.timestamp()),
        requests=tuple(sorted(requests.values(), key=lambda each: (each.started, each.name))),
        zone=str(timezone.get_default_timezone()),
    )


def _read_request(values: dict[str, Any], until: datetime) -> PastRequest:
    ended = values["completed_at"]
    is_live = values["state"] in WorkflowInstance.LIVE
    return PastRequest(
        name=f"{values['prefix']}-{values['pk']}",
        started=int(values["started_at"].timestamp()),
        requester=values["requester__username"] or values["requester_name"],
        is_over=not is_live and (ended is None or ended < until),
        values=values["data"],
        known=_known_of_requester(values["marking__facts"] or {}),
    )


def _known_of_requester(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if fact_words(name)[0] == REQUESTER}


def _read_task(values: Any, definition: Definition, until: datetime) -> PastTask | None:
    _, key, decided_by, name, enabled, started, completed, outcome, *others = values
    came_from, number, paused, holder = others
    who = decided_by or name
    step = definition.steps.get(key)
    if step is None or step.kind not in HUMAN_KINDS:
        return None
    is_done = completed is not None and completed < until
    is_begun = started is not None and started < until
    first_known = enabled or started or completed
    if first_known is None:
        return None
    return PastTask(
        step=key,
        activity=key,
        who=who if is_done else (holder or "") if is_begun else "",
        enabled=int(first_known.timestamp()),
        begun=int(started.timestamp()) if is_begun else None,
        completed=int(completed.timestamp()) if is_done else None,
        outcome=outcome if is_done and outcome in getattr(step, "outcomes", ()) else "",
        came_from=came_from or None,
        number=number,
        is_first=enabled is None,
        rested=int(paused or 0),
    )
