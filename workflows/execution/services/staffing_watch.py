"""Work whose people have gone while it waited: rule 12 holds after the opening of a task too.

The clock, and whoever delivers the news that somebody went, asks of every open task who can still
finish it. It opens an incident where that is nobody, closes it when people are back, and hands
incidents on whose owner's account is closed.
Cheap conditions in SQL find the suspects; of these `standings` says exactly.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from workflows.access.conditions import role_members_sql
from workflows.access.conditions.role_lookups import ROLE_LOOKUPS
from workflows.access.permissions import sample_role_members
from workflows.definitions.queries.compiled_versions import VersionMap, cached_map
from workflows.engine.authority.eligibility import forward_roles, needs_own_roles
from workflows.engine.format.definition import HUMAN_KINDS, HumanStep, excluded_parties
from workflows.engine.format.directory_finders import field_of_word
from workflows.engine.format.quorums import fixed_votes, quorum_roles
from workflows.engine.format.role_finders import (
    FIELD,
    GROUPS,
    GROUPS_BY_FIELDS,
    REQUESTER,
    ROLE_FINDERS,
)
from workflows.engine.routing.advance import NOBODY
from workflows.execution.models import (
    AddedPerson,
    Incident,
    WorkflowInstance,
    WorkItem,
    WorkItemQuerySet,
)
from workflows.execution.services.assignment import find_staffing_problem
from workflows.execution.services.capacities import may_steer_request
from workflows.execution.services.effect_handlers import (
    find_barred_people,
    report_incident,
    retry_assignment,
)
from workflows.execution.services.unanswered_questions import (
    find_tasks_asking_nobody,
    go_on_without_answer,
)
from workflows.execution.services.unit_of_work import (
    UnitOfWork,
    find_locked_task,
    open_unit_of_work,
    write_trail,
)
from workflows.execution.services.voting.offers_watch import refresh_offers
from workflows.outbox.services.heartbeats import open_round_units
from workflows.people.models import RoleEntry
from workflows.people.queries.eligibility import OpenTask, find_task_eligibility, open_task_of
from workflows.people.services.recipients import incident_owner_for
from workflows.persistence.sql_text import sql_condition
from workflows.trail.changes import IncidentHandedOn
from workflows.trail.choices import TrailCommand
from workflows.trail.models import TrailEvent

MOST = 500
"""So many incidents are opened in one round, and as many closed; the next is a minute later."""
PIECE = 200
"""So many tasks are looked at with the same statements."""
CROWD = 50
"""More people of a role than this are never all kept from one task by what they did before."""


def watch_queues(*, now: datetime) -> int:
    """Open an incident on each open task that nobody can finish any more; returns how many.
    Incidents of before are closed where somebody is there again, and handed on where their owner
    is not there any more."""
    _refresh_role_entry_names()
    opened = 0
    with open_round_units("watch", now) as tasks:
        for pk in find_tasks_asking_nobody():
            with tasks.isolate_unit(f"task {pk}"):
                go_on_without_answer(pk, now=now)
        for pk in _restaffed_task_ids():
            with tasks.isolate_unit(f"task {pk}"):
                _close_incident(pk, now)
        for number, ids in enumerate(_offered_task_ids()):
            with tasks.isolate_unit(f"offers {number}"), transaction.atomic():
                refresh_offers(ids, now=now)
        for pk, instance_id in _incidents_without_owner():
            with tasks.isolate_unit(f"incident {pk}"), transaction.atomic():
                _hand_over_incident(
                    open_unit_of_work(actor=None, now=now, instance_id=instance_id), pk
                )
        for pk in _unstaffed_task_ids():
            with tasks.isolate_unit(f"task {pk}"):
                opened += _open_incident(pk, now)
            if opened >= MOST:
                break
    return opened


def _refresh_role_entry_names() -> None:
    """Keep what groups and people of roles are called, and find those again that were made anew
    under the name that a role has kept."""
    for kind, name in (("group", "group__name"), ("user", "user__username")):
        rows = RoleEntry.objects.filter(**{f"{kind}__isnull": False}).exclude(name=F(name))
        for row in rows.select_related(kind)[:MOST]:
            principal = getattr(row, kind)
            row.name = getattr(principal, "username", None) or principal.name
            row.save(update_fields=["name"])
    lost = RoleEntry.objects.filter(group=None, user=None)
    groups = dict(
        Group.objects.filter(name__in=lost.filter(finder=GROUPS.name).values("name")).values_list(
            "name", "pk"
        )
    )
    for name, pk in groups.items():
        lost.filter(finder=GROUPS.name, name=name).update(group=pk)


# -- suspects ---------------------------------------------------------------------------------


def _tasks_without_incident() -> WorkItemQuerySet:
    """Open tasks of people in running requests that no open incident speaks of yet."""
    open_incidents = Incident.objects.filter(
        request=OuterRef("request"), activation=OuterRef("activation"), state=Incident.OPEN
    )
    return _open_tasks().filter(~Exists(open_incidents))


def _open_tasks() -> WorkItemQuerySet:
    return WorkItem.objects.filter(
        is_open=True, step__kind__in=HUMAN_KINDS, request__state=WorkflowInstance.RUNNING
    ).exclude(request__source__in=WorkflowInstance.PAST)


def _unstaffed_task_ids() -> Iterator[int]:
    """The tasks that nobody can finish, each once."""
    seen: set[int] = set()
    for ids in _suspect_task_ids():
        for first in range(0, len(ids), PIECE):
            piece = [pk for pk in ids[first : first + PIECE] if pk not in seen]
            seen.update(piece)
            yield from (pk for pk, lacks in _check_staffing(piece) if lacks)


def _check_staffing(ids: Sequence[int]) -> Iterator[tuple[int, bool]]:
    """Of each of these tasks whether nobody can finish it."""
    rows = WorkItem.objects.filter(pk__in=ids).select_related("assignee")
    tasks = [
        OpenTask(
            instance=item.request,
            map=cached_map(item.request.version_id),
            marking=item.request.read_marking(),
            item=item,
        )
        for item in rows.prefetch_related("request__requester").order_by("pk")
    ]
    for eligibility in find_task_eligibility(tasks):
        yield eligibility.task.item.pk, eligibility.lack is not None


def _suspect_task_ids() -> Iterator[list[int]]:
    """Tasks that might lack somebody: held ones step by step of the map, then the queues."""
    yield _task_ids(
        _tasks_without_incident().filter(assignee__isnull=False).filter(_holder_left_condition())
    )
    held = _tasks_without_incident().filter(assignee__isnull=False)
    for step_id, version_map, step in _steps_of_tasks(held):
        if _changes_outside(version_map, step):
            yield _task_ids(held.filter(step_id=step_id))
            continue
        barred_condition = _barred_holder_condition(step)
        if barred_condition is not None:
            yield _task_ids(held.filter(barred_condition, step_id=step_id))
    for step_id, people in _thinly_staffed_steps(
        step for step in _steps_of_tasks(held) if needs_own_roles(step[2])
    ):
        yield _task_ids(held.filter(people, step_id=step_id))
    queued = _tasks_without_incident().filter(assignee=None)
    by_hand = AddedPerson.objects.filter(work_item=OuterRef("pk"), stand_in=True)
    yield _task_ids(queued.filter(Exists(by_hand), needed__gt=1))  # one of whom it may need
    for step_id, people in _thinly_staffed_steps(_steps_of_tasks(queued)):
        yield _task_ids(queued.filter(people, step_id=step_id))


def _offered_task_ids() -> Iterator[list[int]]:
    """Tasks that nobody has, of roles that find people in each request and may find others without
    a change of it, in pieces."""
    queued = _open_tasks().filter(assignee=None)
    for step_id, version_map, step in _steps_of_tasks(queued):
        if _changes_outside(version_map, step) or quorum_roles(step.quorum):
            ids = _task_ids(queued.filter(step_id=step_id))
            yield from (ids[first : first + PIECE] for first in range(0, len(ids), PIECE))


def _task_ids(tasks: WorkItemQuerySet) -> list[int]:
    return list(tasks.order_by("pk").values_list("pk", flat=True))


def _steps_of_tasks(tasks: WorkItemQuerySet) -> list[tuple[int, VersionMap, HumanStep]]:
    """The steps at which these tasks are, with their maps."""
    step_versions = tasks.order_by().values_list("step_id", "step__version_id").distinct()
    maps = [(step, cached_map(version)) for step, version in step_versions]
    return [
        (step, version_map, version_map.human(version_map.step_keys[step]))
        for step, version_map in sorted(maps, key=_step_id_of)
    ]


def _step_id_of(pair: tuple[int, VersionMap]) -> int:
    return pair[0]


def _holder_left_condition() -> Q:
    """The account is closed; or the step's role has a list, and the holder is not in it and was
    not put in its place."""
    inside = role_members_sql(
        "e.role_id = workflows_step.role_id AND {person} = workflows_workitem.assignee_id"
    )
    is_listed = Q(step__role__field=None, step__role__requester=False)
    for name in _finders_outside_lists():
        is_listed &= ~Q(step__role__other_finders__has_key=name)
    stands_in = AddedPerson.objects.filter(
        work_item=OuterRef("pk"), user=OuterRef("assignee"), stand_in=True
    )
    outside_list = sql_condition(f"NOT EXISTS ({inside})", {})
    return Q(assignee__is_active=False) | (is_listed & ~Exists(stands_in) & Q(outside_list))


def _finders_outside_lists() -> list[str]:
    """The role finders that find people in each request and have no column: a group by fields is
    told under the name of the groups."""
    return [
        GROUPS.name if finder is GROUPS_BY_FIELDS else name
        for name, finder in ROLE_FINDERS.items()
        if not finder.is_listed and finder not in (FIELD, REQUESTER)
    ]


def _changes_outside(version_map: VersionMap, step: HumanStep) -> bool:
    """Whether whom the step's role names may change without a change of the request."""
    role = version_map.graph.definition.roles.get(step.role or "")
    if role is None or role.is_static:
        return False
    return any(ROLE_LOOKUPS[finder.name].changes_outside for finder, _ in role.sources)


def _barred_holder_condition(step: HumanStep) -> Q | None:
    """The holder asked for it, or did a step whose people are kept from this one; None where
    nobody is kept from it."""
    exclusions = excluded_parties(step)
    if not exclusions:
        return None
    if any(field_of_word(party) is not None for party in exclusions):
        return Q()
    is_requester = Q(assignee=F("request__requester")) if "requester" in exclusions else Q(pk=None)
    decisions = TrailEvent.objects.filter(
        request=OuterRef("request"),
        actor=OuterRef("assignee"),
        command=TrailCommand.DECIDE,
        step__in=exclusions,
    )
    return is_requester | Q(Exists(decisions)) if set(exclusions) - {"requester"} else is_requester


def _thinly_staffed_steps(
    steps: Iterable[tuple[int, VersionMap, HumanStep]],
) -> Iterator[tuple[int, Q]]:
    """The steps with so few people that a task there might lack somebody, each with a condition
    on its tasks."""
    listed_steps = list(steps)
    roles = {pk for _, version_map, step in listed_steps for pk in _listed_roles(version_map, step)}
    people = sample_role_members(dict.fromkeys(roles, CROWD + MOST))
    for step_id, version_map, step in listed_steps:
        person_ids = frozenset[int]().union(
            *(people[pk] for pk in _listed_roles(version_map, step))
        )
        needed = fixed_votes(step.quorum) or 1
        exclusions = excluded_parties(step)
        apart = CROWD if set(exclusions) - {"requester"} else int("requester" in exclusions)
        is_open = fixed_votes(step.quorum) is None or bool(quorum_roles(step.quorum))
        if is_open or len(person_ids) < needed + apart:
            is_alone = step.quorum is None and bool(person_ids)
            yield step_id, _all_barred_condition(person_ids, exclusions) if is_alone else Q()


def _listed_roles(version_map: VersionMap, step: HumanStep) -> list[int]:
    roles = version_map.graph.definition.roles
    return [version_map.role_ids[key] for key in forward_roles(step) if roles[key].is_static]


def _all_barred_condition(people: frozenset[int], exclusions: Sequence[str]) -> Q:
    """Each of these people is kept from the task; any task, where a field says who is."""
    if any(field_of_word(party) is not None for party in exclusions):
        return Q()
    condition = Q()
    for person in sorted(people):
        is_requester = Q(request__requester=person) if "requester" in exclusions else Q(pk=None)
        decisions = TrailEvent.objects.filter(
            request=OuterRef("request"),
            actor=person,
            command=TrailCommand.DECIDE,
            step__in=exclusions,
        )
        condition &= (
            is_requester | Q(Exists(decisions)) if set(exclusions) - {"requester"} else is_requester
        )
    return condition


# -- what is done -----------------------------------------------------------------------------


def _open_incident(task_id: int, now: datetime) -> bool:
    """Open the incident, unless the task is over by now, or somebody came back meanwhile."""
    with transaction.atomic():
        work = open_unit_of_work(actor=None, now=now, work_item_id=task_id)
        item = find_locked_task(work, task_id)
        if item is None or work.instance.state != WorkflowInstance.RUNNING:
            return False
        (eligibility,) = find_task_eligibility([open_task_of(work, item)])
        if eligibility.lack is None:
            return False
        step = work.map.step_keys[item.step_id]
        trouble = find_staffing_problem(eligibility, eligibility.lack)
        work.new_incidents.append(report_incident(work, step, item.activation, trouble))
        work.save(TrailCommand.WATCH)
        write_trail(work, TrailCommand.WATCH, item=item, from_state=item.state, outcome=NOBODY)
    return True


def _restaffed_task_ids() -> Iterator[int]:
    """Tasks with an open incident that nobody is there, where somebody is there again."""
    rows = Incident.objects.filter(code=NOBODY, state=Incident.OPEN)
    task_incidents = rows.filter(request=OuterRef("request"), activation=OuterRef("activation"))
    ids, mended = _task_ids(_open_tasks().filter(Exists(task_incidents))), 0
    for first in range(0, len(ids), PIECE):
        for pk, lacks in _check_staffing(ids[first : first + PIECE]):
            if not lacks and mended < MOST:
                mended += 1
                yield pk


def _close_incident(task_id: int, now: datetime) -> None:
    """Close the incident, and give the task to whom its role names."""
    with transaction.atomic():
        work = open_unit_of_work(actor=None, now=now, work_item_id=task_id)
        item = find_locked_task(work, task_id)
        token = work.marking.token(item.activation) if item is not None else None
        if item is None or token is None or work.instance.state != WorkflowInstance.RUNNING:
            return
        (eligibility,) = find_task_eligibility([open_task_of(work, item)])
        if eligibility.lack is None:
            retry_assignment(work, token)
            work.save(TrailCommand.WATCH)
            write_trail(
                work, TrailCommand.WATCH, item=item, from_state=item.state, outcome="somebody"
            )


def _incidents_without_owner() -> list[tuple[int, int]]:
    """Open incidents whose owner may not be able to put them right any more, with their requests:
    the account is closed, they do not answer for the workflow now, or they have decided something
    in the request since."""
    answers = (
        Q(owner=F("request__template__owner"))
        | Q(owner=F("request__template__deputy"))
        | Q(owner__is_superuser=True)
        | Q(owner=F("step__part_owners__owner"))
        | Q(owner=F("step__part_owners__deputy"))
    )
    since = TrailEvent.objects.filter(
        request=OuterRef("request"),
        actor=OuterRef("owner"),
        command=TrailCommand.DECIDE,
        recorded_at__gte=OuterRef("opened_at"),
    )
    doubtful = Q(owner__is_active=False) | Q(owner=None) | ~answers | Q(Exists(since))
    rows = Incident.objects.filter(doubtful, state=Incident.OPEN).order_by("pk")
    return list(rows.values_list("pk", "request_id"))


def _hand_over_incident(work: UnitOfWork, incident_id: int) -> None:
    """Give an open incident to who stands in, and say so."""
    row = Incident.objects.select_related("owner", "step").get(pk=incident_id)
    away = find_barred_people(work, row.step.key)
    person = incident_owner_for(work.instance, away, step_id=row.step_id, now=work.now)
    if row.state != Incident.OPEN or person is None or person == row.owner:
        return
    if row.owner is not None and may_steer_request(work, row.owner, row.step.key):
        return
    Incident.objects.filter(pk=row.pk).update(owner=person)
    before = row.owner.get_username() if row.owner else ""
    work.note(IncidentHandedOn(before=before, to=person.get_username()))
    work.save(TrailCommand.WATCH)
    write_trail(
        work,
        TrailCommand.WATCH,
        step=row.step.key,
        activation=row.activation,
        from_state=work.instance.state,
        outcome="handed_on",
    )
