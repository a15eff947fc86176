"""What waits for a person, oldest due first: their own tasks, those that their groups can take,
late ones that were escalated to them, and all of these of people for whom they stand in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from workflows.access.conditions import held_by_people_condition
from workflows.access.permissions import escalated_to_a_former_role
from workflows.definitions.models import Step
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.format.definition import excluded_parties
from workflows.execution.models import ASKED, AddedPerson, WorkflowInstance, WorkItem
from workflows.execution.queries.closed_tasks import EarlierComment
from workflows.execution.queries.holders import HolderKind, find_holder_kind
from workflows.execution.queries.inbox_narrowing import ANY_TASK, InboxCursor, TaskConditions
from workflows.execution.queries.inbox_reach import (
    PersonEligibility,
    ReachEligibility,
    Row,
    WorkReach,
    find_work_reach,
    is_escalated_to,
    is_offered_to,
)
from workflows.execution.queries.inbox_rows import (
    count_reachable_tasks,
    read_inbox_rows,
    task_rows,
)
from workflows.people.models import User

PAGE = 50
CAP = 1000
MORE = 8
"""One in so many more tasks are read than are shown, since some may not be the person's to do: a
second reading would cost as much as the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """One task as the list shows it; `acted_for` is the username of who is away and in whose place
    it would be done, `acted_for_name` what people read."""

    id: int
    request_id: int
    round: int
    step: str
    row: str
    reference: str
    title: str
    workflow: str
    requester: str
    requester_id: int | None
    template_id: int
    is_requester_away: bool
    since: datetime | None
    due: datetime | None
    state: str
    holder_kind: HolderKind
    mine: bool
    suspended: bool
    needed: int
    agreed: int
    escalated: bool
    acted_for: str = ""
    acted_for_name: str = ""
    expires: datetime | None = None
    last: EarlierComment | None = None

    @property
    def step_and_row(self) -> str:
        """The step by its title, and the row that it is about."""
        return f"{self.step} · {self.row}" if self.row else self.step

    @property
    def place(self) -> InboxCursor:
        """Where the row stands in the list."""
        return InboxCursor(self.due, self.id)

    @property
    def can_be_taken(self) -> bool:
        """Whether this person could make it theirs now, or theirs in whose place they act."""
        return self.holder_kind == HolderKind.ROLE and not self.suspended


@dataclass(frozen=True, slots=True)
class InboxPage:
    """One page of the list; `after` is where the next page begins, if there is one. `found` is how
    many tasks were read for it, and its rows are the first of these."""

    rows: list[InboxRow]
    after: InboxCursor | None
    found: int = 0


@dataclass(frozen=True, slots=True)
class InboxCount:
    """How many tasks wait; `more` when there are more than were counted."""

    value: int
    is_capped: bool = False

    def __str__(self) -> str:
        return f"{self.value:,}{'+' if self.is_capped else ''}"


def inbox_page(
    user: User,
    *,
    now: datetime | None = None,
    limit: int = PAGE,
    enough: int | None = None,
    after: InboxCursor | None = None,
    reach: WorkReach | None = None,
    conditions: TaskConditions = ANY_TASK,
) -> InboxPage:
    """The next tasks of this person behind `after` that meet the conditions. One statement, and one
    for what reaches them where the caller does not know it.

    Tasks on which they have agreed already, or from which separation of duties keeps them, are
    left out; where that leaves no more than `enough` (`limit`, unless it is said), a further piece
    is read. Up to `limit` are looked for, and `enough` of them are on the page.
    """
    reach = reach or find_work_reach(user, now or timezone.now())
    enough = limit if enough is None else enough
    theirs: list[tuple[Row, PersonEligibility]] = []
    eligibility = ReachEligibility(reach)
    while True:
        piece_size = limit + 1 - len(theirs) + limit // MORE
        piece = read_inbox_rows(reach, after, piece_size, conditions)
        theirs += eligibility.in_whose_right(piece)
        if len(theirs) > limit:
            after = _place_of(theirs[limit - 1][0])
        elif len(piece) < piece_size:
            after = None
        else:
            after = _place_of(piece[-1])
            if len(theirs) <= enough:
                continue
        rows = [_inbox_row(row, person, user) for row, person in theirs[: min(enough, limit)]]
        return InboxPage(rows, after, found=min(len(theirs), limit))


def _place_of(row: Row) -> InboxCursor:
    return InboxCursor(row["due_at"], row["id"])


def count_inbox_tasks(
    user: User, *, now: datetime | None = None, cap: int = CAP, reach: WorkReach | None = None
) -> InboxCount:
    """How many tasks wait for this person, counted up to `cap`."""
    reach = reach or find_work_reach(user, now or timezone.now())
    total = count_reachable_tasks(reach, cap + 1)
    if total > cap:
        return InboxCount(cap, is_capped=True)
    return InboxCount(total - _count_barred_tasks(reach))


def _inbox_row(row: Row, person: PersonEligibility, user: User) -> InboxRow:
    name = f"{row['first_name'] or ''} {row['last_name'] or ''}".strip()
    version_map, is_assigned = cached_map(row["version"]), row["assignee_id"] is not None
    is_with_person = row["assignee_id"] == person.person_id
    is_suspended = row["request_state"] == WorkflowInstance.SUSPENDED
    return InboxRow(
        id=row["id"],
        request_id=row["request_number"],
        round=row["round"],
        step=version_map.graph.title(row["step_key"]),
        row=row["row_label"],
        reference=f"{row['prefix']}-{row['request_number']}",
        title=row["title"],
        workflow=row["workflow"],
        requester=name or row["requester_name"],
        requester_id=row["requester_id"],
        template_id=row["template_id"],
        is_requester_away=bool(row["requester_is_away"]),
        since=row["enabled_at"],
        due=row["due_at"],
        state=row["state"],
        holder_kind=find_holder_kind(
            version_map,
            row["step_key"],
            is_assigned=is_assigned,
            needed=row["needed"],
            is_asked=row["state"] == ASKED,
            is_offered=is_offered_to(row, person.person_id),
        ),
        mine=is_with_person and person.away is None,
        suspended=is_suspended,
        needed=row["needed"],
        agreed=len(row["votes"] or ()),
        escalated=is_escalated_to(row, user.pk) and not is_with_person,
        acted_for=person.away.username if person.away is not None else "",
        acted_for_name=person.away.name if person.away is not None else "",
        expires=row["expires_at"] if row["state"] != ASKED and not is_suspended else None,
    )


# -- what the count must leave out ------------------------------------------------------------


def _count_barred_tasks(reach: WorkReach) -> int:
    """How many of the counted tasks are not this person's to do after all.

    Own requests (theirs, or of the one person for whom they could act) are found by the
    requester's index; only steps that several people agree on, or that other steps' people may not
    do, are looked at task by task.
    """
    kept_apart, closely = [], []
    for step in Step.objects.filter(pk__in=reach.steps).only("kind", "not_by", "quorum"):
        barred_steps = excluded_parties(step)  # type: ignore[arg-type]
        if step.quorum or set(barred_steps) - {"requester"}:
            closely.append(step.pk)
        elif barred_steps:
            kept_apart.append(step.pk)
    own_requests = WorkItem.objects.filter(
        _own_request_condition(reach, kept_apart),
        in_queue=True,
        step_id__in=kept_apart,
        request__state__in=WorkflowInstance.LIVE,
    )
    rows = _tasks_to_inspect(reach, closely)
    open_rows = sum(1 for _ in ReachEligibility(reach).in_whose_right(rows))
    return (own_requests.count() if kept_apart else 0) + len(rows) - open_rows


def _own_request_condition(reach: WorkReach, steps: Iterable[int]) -> Q:
    """The person asked for it; or the only one did for whom they could act on the step."""
    condition = Q(request__requester=reach.user)
    for person in reach.people:
        others_steps = [other.steps for other in reach.people if other is not person]
        alone = person.steps.intersection(steps).difference(*others_steps)
        if alone:
            condition |= Q(step_id__in=alone, request__requester=person.id)
    return condition


def _tasks_to_inspect(reach: WorkReach, closely: list[int]) -> list[dict[str, Any]]:
    """The counted tasks that may not be theirs after all: those at steps to be looked at closely,
    and those that they have, or that were escalated to them, by a role that they may have left;
    and whatever is with those for whom they stand in."""
    user, steps = reach.user, reach.steps
    parts = [WorkItem.objects.filter(in_queue=True, step_id__in=closely)]
    if reach.is_own:
        held = WorkItem.objects.filter(
            assignee=user, is_open=True, step__role__field=None, step__role__requester=False
        )
        escalated = WorkItem.objects.filter(pk__in=escalated_to_a_former_role(user), is_open=True)
        offered = AddedPerson.objects.filter(user=user, found=True).values("work_item")
        parts += [
            WorkItem.objects.filter(pk__in=offered, is_open=True),
            held.exclude(step_id__in=reach.own_steps),
            escalated.exclude(assignee=user, step_id__in=steps).exclude(
                in_queue=True, step_id__in=steps
            ),
        ]
    if reach.people:
        of_others = held_by_people_condition(user, reach.people_ids, reach.now)
        parts.append(WorkItem.objects.filter(of_others).exclude(in_queue=True, step_id__in=steps))
    first, *other_parts = (task_rows(part.order_by(), reach) for part in parts)
    return list(first.union(*other_parts))
