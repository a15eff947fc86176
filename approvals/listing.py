"""The list of requests: who asked, in which state, of which workflow, with which words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet

from approvals.by_itself import Standings, standings
from approvals.reading import case_of
from approvals.request_page import answers, open_tasks, state_words
from approvals.wording import person
from workflows.models import Incident, Step, WorkflowInstance, WorkflowTemplate, WorkItem
from workflows.permissions import (
    AUDIT,
    MANAGE,
    START,
    VIEW,
    performs,
    templates_with,
    visible_requests,
)
from workflows.services.maps import cached_map

PAGE = 50
OPEN, FINISHED, ANY = "open", "finished", "any"
MINE, ALL = "mine", "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the list is narrowed to; `before` is the id that the page before ended at."""

    whose: str = MINE
    state: str = OPEN
    words: str = ""
    workflow: str = ""
    before: int | None = None

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Filters":
        """What the address says; whatever it does not say rightly is left at its default."""
        whose, state = query.get("whose", MINE), query.get("state", OPEN)
        before = query.get("before", "")
        return cls(
            whose=whose if whose in (MINE, ALL) else MINE,
            state=state if state in (OPEN, FINISHED, ANY) else OPEN,
            words=query.get("q", "").replace("\x00", "").strip()[:200],
            workflow=query.get("workflow", "").replace("\x00", "")[:60],
            before=int(before) if re.fullmatch("[0-9]{1,18}", before) else None,
        )

    def link(self, **changed: str | int) -> str:
        """The address of the same list with something changed, from its beginning."""
        said = {"whose": self.whose, "state": self.state, "q": self.words,
                "workflow": self.workflow, **changed}  # fmt: skip
        return f"?{urlencode({name: value for name, value in said.items() if value})}"

    @property
    def tabs(self) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """The choices over the list: name, and for each its label, link and whether it holds."""
        whose = [(MINE, "I asked for"), (ALL, "I may see")]
        states = [(OPEN, "Open"), (FINISHED, "Finished"), (ANY, "All")]
        return [
            ("Whose", [(label, self.link(whose=k), k == self.whose) for k, label in whose]),
            ("State", [(label, self.link(state=k), k == self.state) for k, label in states]),
        ]


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request as the list shows it."""

    request: WorkflowInstance
    requester: str
    state: str
    where: list[tuple[str, str]]
    otherwise: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class RequestsPage:
    """One page of the list, with the workflows to choose from and the link to the next page."""

    rows: list[RequestRow]
    workflows: list[WorkflowTemplate]
    next: str


def requests_page(user: User, filters: Filters, now: datetime) -> RequestsPage:
    """The newest requests that fit. At most seven statements, however many rows."""
    found = list(_matching(user, filters)[: PAGE + 1])
    rows, more = found[:PAGE], len(found) > PAGE
    tasks, incidents = open_tasks(rows), _open_incidents(rows)
    graphs = {request.pk: cached_map(request.version_id).graph for request in rows}
    known = standings(graphs, [task for open_now in tasks.values() for task in open_now])
    return RequestsPage(
        rows=[_row(request, tasks, incidents, known, now) for request in rows],
        workflows=_workflows(user),
        next=filters.link(before=rows[-1].pk) if more else "",
    )


def _matching(user: User, filters: Filters) -> QuerySet[WorkflowInstance]:
    rows = (
        WorkflowInstance.objects.filter(requester=user)
        if filters.whose == MINE
        else visible_requests(user)
    )
    if filters.state == OPEN:
        rows = rows.filter(state__in=WorkflowInstance.LIVE)
    elif filters.state == FINISHED:
        rows = rows.exclude(state__in=WorkflowInstance.LIVE)
    if filters.words:
        by_reference = WorkflowInstance.objects.by_reference(filters.words).values("pk")
        rows = rows.filter(Q(pk__in=by_reference) | Q(title__icontains=filters.words))
    if filters.workflow:
        rows = rows.filter(template__key=filters.workflow)
    if filters.before is not None:
        rows = rows.filter(pk__lt=filters.before)
    return rows.select_related("template", "requester").order_by("-pk")


def _open_incidents(requests: list[WorkflowInstance]) -> dict[int, list[Incident]]:
    """The open incidents of these requests, by request. One statement."""
    incidents: dict[int, list[Incident]] = {request.pk: [] for request in requests}
    rows = Incident.objects.filter(request_id__in=list(incidents), state=Incident.OPEN)
    for incident in rows.select_related("owner").order_by("id"):
        incidents[incident.request_id].append(incident)
    return incidents


def _row(
    request: WorkflowInstance,
    tasks: dict[int, list[WorkItem]],
    incidents: dict[int, list[Incident]],
    known: Standings,
    now: datetime,
) -> RequestRow:
    open_now = tasks[request.pk]
    told = answers(case_of(request, None, now), open_now, incidents[request.pk], known)
    held_up = "" if told.waiting or not request.is_live else f"{told.where} {told.who}"
    return RequestRow(
        request=request,
        requester=person(request.requester, request.requester_name or _came_by(request)),
        state=state_words(request),
        where=[(one.step, one.holder) for one in told.waiting],
        otherwise=held_up,
        since=open_now[0].enabled_at if open_now else request.completed_at or request.started_at,
    )


def _came_by(request: WorkflowInstance) -> str:
    return f"nobody; it came by {request.get_source_display()}"  # type: ignore[attr-defined]


def _workflows(user: User) -> list[WorkflowTemplate]:
    """The workflows that this person has to do with. One statement."""
    asked = WorkflowInstance.objects.filter(template=OuterRef("pk"), requester=user)
    works = Step.objects.filter(performs(user, "pk"), version__template=OuterRef("pk"))
    granted = templates_with(user, START, VIEW, MANAGE, AUDIT)
    theirs = Q(Exists(asked)) | Q(Exists(works)) | Q(pk__in=granted)
    return list(WorkflowTemplate.objects.filter(theirs).only("key", "name").order_by("name"))
