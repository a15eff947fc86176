"""What of the ownership of workflows has rotted, as facts; the same few statements for all of them.

Only what its reader may know: the workflows that they may audit, and connections where they may see
connections.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, F, Max, Min, Q, QuerySet

from reporting.rollups.step_context import expected_step_microseconds
from workflows.access.permissions import count_members_without, sample_role_members
from workflows.connections.models import Connection, WebhookKey
from workflows.definitions.models import PartOwner, Role, Step, TemplateVersion, WorkflowTemplate
from workflows.engine.format.definition import HUMAN_KINDS
from workflows.execution.models import DONE, WorkItem
from workflows.monitoring.queries.step_health import FAILED_ATTEMPTS, steps_in_use
from workflows.outbox.models import Attempt
from workflows.people.models import User
from workflows.resources.models import Resource

IDLE = timedelta(days=60)
WEEK = timedelta(days=7)
QUARTER = timedelta(days=90)
FEWEST_TASKS = 5
"""Of fewer tasks nothing is said of what nobody meets."""


class DecayKind(StrEnum):
    """What has rotted, the worst first."""

    OWNER_MISSING = "owner_missing"
    OWNER_GONE = "owner_gone"
    CONNECTION_FAILING = "connection_failing"
    ROLE_EMPTY = "role_empty"
    DEPUTY_GONE = "deputy_gone"
    OWNER_IDLE = "owner_idle"
    ONE_PERSON = "one_person"
    EXPECTED_UNMET = "expected_unmet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decay:
    """One thing that has rotted: of which workflow it is, whom it is about, since when."""

    kind: DecayKind
    thing: str
    row: Any
    workflow: WorkflowTemplate | None = None
    person: User | None = None
    since: datetime | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)


def find_decay(reader: User | AnonymousUser, *, now: datetime) -> list[Decay]:
    """What a person may know of what has rotted, the worst first. A dozen statements at most, and
    one for each fifty roles of one person."""
    templates = WorkflowTemplate.objects.auditable_by(reader)
    steps = [step for step in steps_in_use(templates) if step.kind not in ("end",)]
    rows = [
        *_decay_of_owners(_owned_things(reader, templates), now),
        *_decay_of_roles(steps),
        *_decay_of_connections(reader, steps, now),
        *_decay_of_expectations(steps, now),
    ]
    order = list(DecayKind)
    return sorted(rows, key=lambda row: (order.index(row.kind), row.thing))


# -- owners ---------------------------------------------------------------------------------------


def _owned_things(
    reader: User | AnonymousUser, templates: QuerySet[WorkflowTemplate]
) -> Iterator[tuple[Any, WorkflowTemplate | None]]:
    """What has an owner, with the workflow that it is of."""
    published = templates.filter(versions__state=TemplateVersion.PUBLISHED)
    for workflow in published.select_related("owner", "deputy").order_by("name"):
        yield workflow, workflow
    parts = PartOwner.objects.filter(
        version__state=TemplateVersion.PUBLISHED, version__template__in=templates
    )
    for part in parts.select_related("owner", "deputy", "step", "version__template"):
        yield part, part.version.template
    keys = WebhookKey.objects.filter(template__in=templates, revoked_at=None)
    for key in keys.select_related("owner", "deputy", "template"):
        yield key, key.template
    for connection in _visible_connections(reader):
        yield connection, None
    for resource in _visible_resources(reader):
        yield resource, None


def _visible_connections(reader: User | AnonymousUser) -> QuerySet[Connection]:
    rows = Connection.objects.filter(is_active=True).select_related("owner", "deputy")
    if reader.has_perm("workflows.view_connection"):
        return rows
    return rows.filter(Q(owner=reader.pk) | Q(deputy=reader.pk))


def _visible_resources(reader: User | AnonymousUser) -> QuerySet[Resource]:
    rows = Resource.objects.filter(is_active=True).select_related("owner", "deputy")
    if reader.has_perm("workflows.view_resource"):
        return rows
    return rows.filter(Q(owner=reader.pk) | Q(deputy=reader.pk))


def _decay_of_owners(
    things: Iterable[tuple[Any, WorkflowTemplate | None]], now: datetime
) -> Iterator[Decay]:
    for row, workflow in things:
        owner, deputy = row.owner, row.deputy
        if owner is None:
            if not isinstance(row, PartOwner):
                yield _of(DecayKind.OWNER_MISSING, row, workflow)
        elif not owner.is_active:
            yield _of(DecayKind.OWNER_GONE, row, workflow, person=owner)
        elif _last_seen(owner) < now - IDLE:
            since = _last_seen(owner)
            yield _of(DecayKind.OWNER_IDLE, row, workflow, person=owner, since=since)
        if deputy is not None and not deputy.is_active:
            yield _of(DecayKind.DEPUTY_GONE, row, workflow, person=deputy)


def _of(kind: DecayKind, row: Any, workflow: WorkflowTemplate | None, **more: Any) -> Decay:
    thing = f"{row.version}: {row.step or row.trigger}" if isinstance(row, PartOwner) else str(row)
    return Decay(kind=kind, thing=thing, row=row, workflow=workflow, **more)


def _last_seen(person: User) -> datetime:
    """When somebody signed in last, or was given the account."""
    return person.last_login or person.date_joined


# -- roles ----------------------------------------------------------------------------------------


def _decay_of_roles(steps: Sequence[Step]) -> Iterator[Decay]:
    """Steps whose role has nobody, fewer than must agree, or one person."""
    human = [step for step in steps if step.kind in HUMAN_KINDS and _is_list(step.role)]
    counts = count_members_without({step.role_id for step in human if step.role_id})
    alone = sample_role_members({role: 2 for role, count in counts.items() if count == 1})
    people = User.objects.in_bulk([person for members in alone.values() for person in members])
    for step in human:
        count = counts[step.role_id or 0]
        needed = int(step.quorum) if step.quorum and step.quorum.isdigit() else 1
        workflow = step.version.template
        thing = f"{step.version}: {step}"
        if count < needed:
            numbers = {"left": count, "needed": needed}
            yield Decay(
                kind=DecayKind.ROLE_EMPTY, thing=thing, row=step, workflow=workflow, numbers=numbers
            )
        elif count == 1:
            (person,) = alone[step.role_id or 0]
            yield Decay(
                kind=DecayKind.ONE_PERSON,
                thing=thing,
                row=step,
                workflow=workflow,
                person=people.get(person),
            )


def _is_list(role: Role | None) -> bool:
    return role is not None and role.definition.is_static


# -- connections ----------------------------------------------------------------------------------


def _decay_of_connections(
    reader: User | AnonymousUser, steps: Sequence[Step], now: datetime
) -> Iterator[Decay]:
    """Connections by which nothing has gone well for a week, though it was tried."""
    steps_by_key: dict[str, list[int]] = {}
    for step in steps:
        key = ((step.config or {}).get("with") or {}).get("connection")
        if key is not None:
            steps_by_key.setdefault(str(key), []).append(step.pk)
    tried = _attempts_of([pk for ids in steps_by_key.values() for pk in ids], now)
    for connection in _visible_connections(reader) if tried else ():
        rows = [tried[pk] for pk in steps_by_key.get(connection.key, ()) if pk in tried]
        succeeded = max((row["success"] for row in rows if row["success"]), default=None)
        failures = [row["first_failed"] for row in rows if row["first_failed"]]
        failed_lately = sum(row["failed_week"] for row in rows)
        is_long = bool(failures) and min(failures) < now - WEEK
        if failed_lately and is_long and (succeeded is None or succeeded < now - WEEK):
            yield Decay(
                kind=DecayKind.CONNECTION_FAILING,
                thing=str(connection),
                row=connection,
                person=connection.owner,
                since=succeeded or min(failures),
                numbers={"failed": failed_lately},
            )


def _attempts_of(steps: Sequence[int], now: datetime) -> dict[int, Mapping[str, Any]]:
    if not steps:
        return {}
    bad, lately = Q(state__in=FAILED_ATTEMPTS), Q(started_at__gte=now - QUARTER)
    rows = (
        Attempt.objects.filter(step__in=steps)
        .order_by()
        .values("step")
        .annotate(
            success=Max("started_at", filter=Q(state=Attempt.SUCCEEDED)),
            first_failed=Min("started_at", filter=bad & lately),
            failed_week=Count("pk", filter=bad & Q(started_at__gte=now - WEEK)),
        )
    )
    return {row["step"]: row for row in rows}


# -- what nobody keeps up -------------------------------------------------------------------------


def _decay_of_expectations(steps: Sequence[Step], now: datetime) -> Iterator[Decay]:
    """Steps whose expected time no task of the last three months has met."""
    timed = [
        step
        for step in steps
        if step.expected
        and step.kind in HUMAN_KINDS
        and step.version.state == TemplateVersion.PUBLISHED
    ]
    done = WorkItem.objects.filter(
        step__in=[step.pk for step in timed], state=DONE, completed_at__gte=now - QUARTER
    )
    spent = F("waiting_business_seconds") + F("working_business_seconds")
    rows = done.order_by().values("step").annotate(tasks=Count("pk"), quickest=Min(spent))
    figures = {row["step"]: row for row in rows} if timed else {}
    for step in timed:
        row = figures.get(step.pk)
        if row is None or row["tasks"] < FEWEST_TASKS or row["quickest"] is None:
            continue
        expected = expected_step_microseconds(step) / 1_000_000
        if row["quickest"] > expected:
            yield Decay(
                kind=DecayKind.EXPECTED_UNMET,
                thing=f"{step.version}: {step}",
                row=step,
                workflow=step.version.template,
                numbers={"tasks": row["tasks"]},
            )
