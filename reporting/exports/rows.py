"""The tasks of a workflow as events, request by request, in a stream."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from reporting.rows import Period, step_titles
from workflows.models import Field, WorkflowInstance, WorkflowTemplate, WorkItem

COLUMNS = (
    "id", "request_id", "step_id", "activation", "round", "step__role__key", "performer_name",
    "enabled_at", "started_at", "completed_at", "outcome", "document_versions",
    "paused_seconds", "paused_business_seconds", "votes",
)  # fmt: skip
TOLD = ("number", "integer", "money", "boolean", "date", "datetime", "choice")
"""Types of fields whose values name nobody. What people write as they like (texts, documents,
people) is told only where people are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task, done or (without `end`) open. `resource` is its role, or the person where people
    may be named."""

    id: int
    activation: int
    activity: str
    resource: str
    role: str
    round: int
    outcome: str
    enabled: datetime | None
    start: datetime | None
    end: datetime | None
    documents: Mapping[str, int]
    paused: float
    paused_business: float
    votes: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRequest:
    """One request with its tasks, those done first, in the order in which they were done.

    `reference` is what the request is called in the log that it came from, or here.
    """

    id: int
    reference: str
    title: str
    version: int
    state: str
    result: str
    requester: str
    data: Mapping[str, Any]
    tasks: tuple[Task, ...]

    @property
    def done(self) -> Sequence[Task]:
        """The tasks that are done."""
        return [task for task in self.tasks if task.end is not None]

    @property
    def open(self) -> Sequence[Task]:
        """The tasks that are not."""
        return [task for task in self.tasks if task.end is None]


def requests_of(
    template: WorkflowTemplate, period: Period, *, people: bool
) -> Iterator[OneRequest]:
    """The requests that were started in a period, with their tasks.

    Names of people, and what people write (titles, texts, documents), are only there with
    `people`. A request without a task is left out: an event log knows no case without an event.
    """
    titles = step_titles(template)
    told = frozenset(fields_told(template, people=people))
    found = period.requests(template)
    heads = found.select_related("version").defer("marking").order_by("id").iterator(chunk_size=500)
    tasks = (
        WorkItem.objects.filter(request__in=found)
        .exclude(state="cancelled")
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
            every = [_task(task, titles, people=people) for task in group[1]]
            yield _request(head, every, told, people=people)
            group = next(groups, None)


def _task(task: Mapping[str, Any], titles: Mapping[int, str], *, people: bool) -> Task:
    role = task["step__role__key"] or ""
    return Task(
        id=task["id"],
        activation=task["activation"],
        activity=titles[task["step_id"]],
        resource=task["performer_name"] if people else role,
        role=role,
        round=task["round"],
        outcome=task["outcome"],
        enabled=task["enabled_at"],
        start=task["started_at"],
        end=task["completed_at"],
        documents=task["document_versions"],
        paused=task["paused_seconds"],
        paused_business=task["paused_business_seconds"],
        votes=[_vote(vote, people=people) for vote in task["votes"]],
    )


def _vote(vote: Mapping[str, Any], *, people: bool) -> dict[str, str]:
    """One vote of a step that several people decide; who it was and what they wrote only where
    people may be named."""
    said = {"outcome": vote["outcome"], "at": str(vote["at"])}
    return {"by": vote["by"], **said, "comment": vote["comment"]} if people else said


def _request(
    head: WorkflowInstance, tasks: list[Task], told: frozenset[str], *, people: bool
) -> OneRequest:
    done = [task for task in tasks if task.end is not None]
    still = [task for task in tasks if task.end is None]
    return OneRequest(
        id=head.pk,
        reference=head.case_ref or head.reference,
        title=head.title if people else "",
        version=head.version.number,
        state=head.state,
        result=head.result,
        requester=head.requester_name if people else "",
        data={k: v for k, v in head.data.items() if v is not None and k in told},
        tasks=(*done, *still),
    )


def fields_told(template: WorkflowTemplate, *, people: bool) -> list[str]:
    """The keys of the fields whose values are told, of any version. Without people a field must
    name nobody in any version of the workflow."""
    fields = Field.objects.filter(version__template=template).values_list("key", "type")
    untold = set() if people else {key for key, kind in fields if kind not in TOLD}
    return sorted({key for key, _ in fields} - untold)
