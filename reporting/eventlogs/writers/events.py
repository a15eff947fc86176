"""The tasks of a workflow as events, request by request, in a stream."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from reporting.metrics.native_rows import RequestPeriod, report_step_titles
from workflows.definitions.models import Field, WorkflowTemplate
from workflows.engine.routing.rows import Rows, read_rows
from workflows.engine.values.field_types.base import FIELD_TYPES, FieldType
from workflows.execution.models import WorkflowInstance, WorkItem

EXPORTED_COLUMNS = (
    "id",
    "request_id",
    "step_id",
    "activation",
    "round",
    "step__role__key",
    "performer_name",
    "decided_for__username",
    "enabled_at",
    "started_at",
    "completed_at",
    "outcome",
    "document_versions",
    "paused_seconds",
    "paused_business_seconds",
    "votes",
    "rows",
    "row_label",
)
FieldOfVersion = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedTask:
    """One task, done or (without `end`) open. `resource` is its role, or the person where people
    may be named; `acted_for` is who was away and in whose place that one decided; `row` which row
    or person of an each-branch it is about, or only the how-manieth where people are not named."""

    id: int
    activation: int
    activity: str
    resource: str
    acted_for: str
    role: str
    round: int
    outcome: str
    enabled: datetime | None
    start: datetime | None
    end: datetime | None
    documents: Mapping[str, int | list[int]]
    paused: float
    paused_business: float
    votes: Sequence[Mapping[str, str]]
    row: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedRequest:
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
    tasks: tuple[ExportedTask, ...]

    @property
    def done(self) -> Sequence[ExportedTask]:
        """The tasks that are done."""
        return [task for task in self.tasks if task.end is not None]

    @property
    def open(self) -> Sequence[ExportedTask]:
        """The tasks that are not."""
        return [task for task in self.tasks if task.end is None]


def exported_requests(
    template: WorkflowTemplate,
    period: RequestPeriod,
    *,
    people: bool,
    untold: frozenset[str] = frozenset(),
) -> Iterator[ExportedRequest]:
    """The requests that were started in a period, with their tasks.

    Names of people, and what people write (titles, texts, documents), are only there with
    `people`. A request without a task is left out: an event log knows no case without an event.
    """
    titles = report_step_titles(template)
    field_types = _exported_field_types(template, people=people, hidden=untold)
    instances = period.requests(template)
    heads = (
        instances.select_related("version").defer("marking").order_by("id").iterator(chunk_size=500)
    )
    tasks = (
        WorkItem.objects.filter(request__in=instances)
        .exclude(state="cancelled")
        .order_by("request_id", "completed_at", "id")
        .values(*EXPORTED_COLUMNS)
        .iterator(chunk_size=5000)
    )
    groups = groupby(tasks, key=lambda task: task["request_id"])
    group = next(groups, None)
    for head in heads:
        while group is not None and group[0] < head.pk:  # committed since the heads were read
            group = next(groups, None)
        if group is not None and group[0] == head.pk:
            every = [_build_task(task, titles, people=people) for task in group[1]]
            yield _build_request(head, every, field_types, people=people)
            group = next(groups, None)


def _build_task(
    task: Mapping[str, Any], titles: Mapping[int, str], *, people: bool
) -> ExportedTask:
    role = task["step__role__key"] or ""
    return ExportedTask(
        id=task["id"],
        activation=task["activation"],
        activity=titles[task["step_id"]],
        resource=task["performer_name"] if people else role,
        acted_for=(task["decided_for__username"] or "") if people else "",
        role=role,
        round=task["round"],
        outcome=task["outcome"],
        enabled=task["enabled_at"],
        start=task["started_at"],
        end=task["completed_at"],
        documents=task["document_versions"],
        paused=task["paused_seconds"],
        paused_business=task["paused_business_seconds"],
        votes=[_build_vote(vote, people=people) for vote in task["votes"]],
        row=task["row_label"] if people else _number_rows(read_rows(task["rows"])),
    )


def _number_rows(rows: Rows) -> str:
    """The how-manieth row it is, of a branch within a branch both: `3`, or `3.1`."""
    return ".".join(str(row + 1) for row in rows)


def _build_vote(vote: Mapping[str, Any], *, people: bool) -> dict[str, str]:
    """One vote of a step that several people decide; who it was and what they wrote only where
    people may be named."""
    ballot = {"outcome": vote["outcome"], "at": str(vote["at"])}
    if not people:
        return ballot
    in_place_of = {"acted_for": vote["acted_for"]} if "acted_for" in vote else {}
    return {"by": vote["by"], **in_place_of, **ballot, "comment": vote["comment"]}


def _build_request(
    head: WorkflowInstance,
    tasks: list[ExportedTask],
    field_types: Mapping[FieldOfVersion, FieldType],
    *,
    people: bool,
) -> ExportedRequest:
    done = [task for task in tasks if task.end is not None]
    pending = [task for task in tasks if task.end is None]
    return ExportedRequest(
        id=head.pk,
        reference=head.case_ref or head.reference,
        title=head.title if people else "",
        version=head.version.number,
        state=head.state,
        result=head.result,
        requester=head.requester_name if people else "",
        data={
            key: field_types[head.version_id, key].log_value(value)
            for key, value in head.data.items()
            if value is not None and (head.version_id, key) in field_types
        },
        tasks=(*done, *pending),
    )


def exported_field_keys(
    template: WorkflowTemplate, *, people: bool, untold: frozenset[str] = frozenset()
) -> list[str]:
    """The keys of the fields whose values are told, of any version. Without people a field must
    name nobody in any version of the workflow."""
    return sorted({key for _, key in _exported_field_types(template, people=people, hidden=untold)})


def _exported_field_types(
    template: WorkflowTemplate, *, people: bool, hidden: frozenset[str]
) -> Mapping[FieldOfVersion, FieldType]:
    """The types of the fields whose values are told."""
    rows = Field.objects.filter(version__template=template)
    types = {
        (version, key): FIELD_TYPES[name]
        for version, key, name in rows.values_list("version_id", "key", "type")
    }
    personal = {key for (_, key), kind in types.items() if kind.is_personal and not people}
    untold = personal | hidden
    return {place: kind for place, kind in types.items() if place[1] not in untold}
