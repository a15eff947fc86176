"""The finished tasks of a workflow as events, request by request, in a stream."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from reporting.rows import Period, step_titles
from workflows.models import Field, WorkflowInstance, WorkflowTemplate, WorkItem

COLUMNS = (
    "id", "request_id", "step_id", "activation", "round", "step__role__key", "performer_name",
    "enabled_at", "started_at", "completed_at", "outcome", "document_versions",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One finished task. `resource` is its role, or the person where people may be named."""

    id: int
    activity: str
    resource: str
    role: str
    round: int
    outcome: str
    enabled: datetime | None
    start: datetime | None
    end: datetime
    documents: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRequest:
    """One request with its finished tasks, in the order in which they were done."""

    id: int
    reference: str
    title: str
    version: int
    state: str
    result: str
    requester: str
    data: Mapping[str, Any]
    done: tuple[Done, ...]


def requests_done(
    template: WorkflowTemplate, period: Period, *, people: bool
) -> Iterator[OneRequest]:
    """The requests that were started in a period, with what was done in each.

    Names of people are only there with `people`. A request in which nothing was done yet is left
    out: an event log knows no case without an event.
    """
    titles = step_titles(template)
    found = period.requests(template)
    heads = found.select_related("version").defer("marking").order_by("id").iterator(chunk_size=500)
    tasks = (
        WorkItem.objects.filter(request__in=found, state="done", completed_at__isnull=False)
        .order_by("request_id", "completed_at", "id")
        .values(*COLUMNS)
        .iterator(chunk_size=5000)
    )
    groups = groupby(tasks, key=lambda task: task["request_id"])
    group = next(groups, None)
    for head in heads:
        while group is not None and group[0] < head.pk:  # committed since the heads were read
            group = next(groups, None)
        if group is not None and group[0] == head.pk:
            done = tuple(_done(task, titles, people=people) for task in group[1])
            yield _request(head, done, people=people)
            group = next(groups, None)


def _done(task: Mapping[str, Any], titles: Mapping[int, str], *, people: bool) -> Done:
    role = task["step__role__key"] or ""
    return Done(
        id=task["id"],
        activity=titles[task["step_id"]],
        resource=task["performer_name"] if people else role,
        role=role,
        round=task["round"],
        outcome=task["outcome"],
        enabled=task["enabled_at"],
        start=task["started_at"],
        end=task["completed_at"],
        documents=task["document_versions"],
    )


def _request(head: WorkflowInstance, done: tuple[Done, ...], *, people: bool) -> OneRequest:
    definition = {key: value for key, value in head.data.items() if value is not None}
    return OneRequest(
        id=head.pk,
        reference=head.reference,
        title=head.title,
        version=head.version.number,
        state=head.state,
        result=head.result,
        requester=head.requester_name if people else "",
        data=definition,
        done=done,
    )


def people_fields(template: WorkflowTemplate) -> frozenset[str]:
    """The fields that hold people in any version of a workflow."""
    rows = Field.objects.filter(version__template=template, type="user")
    return frozenset(rows.values_list("key", flat=True))
