"""Work whose people have gone while it waited: rule 12 holds after the opening of a task too.

The clock asks of every open task who can still finish it. It opens an incident where that is
nobody, closes it when people are back, and hands incidents on whose owner's account is closed.
Cheap conditions in SQL find the suspects; of these `standings` says exactly.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import BooleanField, Exists, F, OuterRef, Q
from django.db.models.expressions import RawSQL

from workflows.engine.advance import NOBODY
from workflows.engine.definition import HUMAN_KINDS, HumanStep, not_by
from workflows.engine.marking import Marking
from workflows.engine.standing import needs_own_roles, roles_that_go_on
from workflows.models import (
    AddedPerson,
    Incident,
    RoleEntry,
    TrailEvent,
    WorkflowInstance,
    WorkItem,
)
from workflows.models.runs import WorkItemQuerySet
from workflows.permissions import listed, some_of
from workflows.services.acting import may_steer
from workflows.services.case import Case, open_case, open_item, write_trail
from workflows.services.handlers import incident, kept_away, look_again
from workflows.services.heartbeats import units
from workflows.services.maps import VersionMap, cached_map
from workflows.services.people import why_nobody
from workflows.services.standing import OpenTask, standings, task_of
from workflows.services.whom import named_for, tell

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
    _learn_names()
    opened = 0
    with units("watch", now) as tasks:
        for pk in _mendable():
            with tasks.one(f"task {pk}"):
                _mended(pk, now)
        for pk, request in _ownerless():
            with tasks.one(f"incident {pk}"), transaction.atomic():
                _hand_on(open_case(actor=None, now=now, instance_id=request), pk)
        for pk in _deserted():
            with tasks.one(f"task {pk}"):
                opened += _open_incident(pk, now)
            if opened >= MOST:
                break
    return opened


def _learn_names() -> None:
    """Keep what groups and people of roles are called, and find those again that were made anew
    under the name that a role has kept."""
    for kind, name in (("group", "group__name"), ("user", "user__username")):
        rows = RoleEntry.objects.filter(**{f"{kind}__isnull": False}).exclude(name=F(name))
        for row in rows.select_related(kind)[:MOST]:
            found = getattr(row, kind)
            row.name = getattr(found, "username", None) or found.name
            row.save(update_fields=["name"])
    lost = RoleEntry.objects.filter(group=None, user=None)
    groups = dict(
        Group.objects.filter(name__in=lost.filter(is_group=True).values("name")).values_list(
            "name", "pk"
        )
    )
    for name, pk in groups.items():
        lost.filter(is_group=True, name=name).update(group=pk)


# -- suspects ---------------------------------------------------------------------------------


def _watched() -> WorkItemQuerySet:
    """Open tasks of people in running requests that no open incident speaks of yet."""
    told = Incident.objects.filter(
        request=OuterRef("request"), activation=OuterRef("activation"), state=Incident.OPEN
    )
    return _open_tasks().filter(~Exists(told))


def _open_tasks() -> WorkItemQuerySet:
    return WorkItem.objects.filter(
        is_open=True, step__kind__in=HUMAN_KINDS, request__state=WorkflowInstance.RUNNING
    ).exclude(request__source__in=WorkflowInstance.PAST)


def _deserted() -> Iterator[int]:
    """The tasks that nobody can finish, each once."""
    seen: set[int] = set()
    for ids in _suspects():
        for first in range(0, len(ids), PIECE):
            piece = [pk for pk in ids[first : first + PIECE] if pk not in seen]
            seen.update(piece)
            yield from (pk for pk, lacks in _looked_at(piece) if lacks)


def _looked_at(ids: Sequence[int]) -> Iterator[tuple[int, bool]]:
    """Of each of these tasks whether nobody can finish it."""
    rows = WorkItem.objects.filter(pk__in=ids).select_related("request__requester", "assignee")
    tasks = [
        OpenTask(
            instance=item.request,
            map=cached_map(item.request.version_id),
            marking=Marking.from_json(item.request.marking),
            item=item,
        )
        for item in rows.order_by("pk")
    ]
    for standing in standings(tasks):
        yield standing.task.item.pk, standing.lack is not None


def _suspects() -> Iterator[list[int]]:
    """Tasks that might lack somebody: held ones step by step of the map, then the queues."""
    yield _ids(_watched().filter(assignee__isnull=False).filter(_holder_left()))
    held = _watched().filter(assignee__isnull=False)
    for step_id, _, step in _steps(held):
        kept = _barred_holder(step)
        if kept is not None:
            yield _ids(held.filter(kept, step_id=step_id))
    for step_id, people in _thin(step for step in _steps(held) if needs_own_roles(step[2])):
        yield _ids(held.filter(people, step_id=step_id))
    queued = _watched().filter(assignee=None)
    for step_id, people in _thin(_steps(queued)):
        yield _ids(queued.filter(people, step_id=step_id))


def _ids(tasks: WorkItemQuerySet) -> list[int]:
    return list(tasks.order_by("pk").values_list("pk", flat=True))


def _steps(tasks: WorkItemQuerySet) -> list[tuple[int, VersionMap, HumanStep]]:
    """The steps at which these tasks are, with their maps."""
    found = tasks.order_by().values_list("step_id", "step__version_id").distinct()
    maps = [(step, cached_map(version)) for step, version in found]
    return [(step, one, one.human(one.step_keys[step])) for step, one in sorted(maps, key=_first)]


def _first(pair: tuple[int, VersionMap]) -> int:
    return pair[0]


def _holder_left() -> Q:
    """The account is closed; or the step's role has a list, and the holder is not in it and was
    not put in its place."""
    inside = listed(
        "e.role_id = workflows_step.role_id AND {person} = workflows_workitem.assignee_id"
    )
    is_listed = Q(step__role__field=None, step__role__requester=False)
    stands_in = AddedPerson.objects.filter(
        work_item=OuterRef("pk"), user=OuterRef("assignee"), stand_in=True
    )
    left = RawSQL(f"NOT EXISTS ({inside})", [], BooleanField())  # noqa: S611
    return Q(assignee__is_active=False) | (is_listed & ~Exists(stands_in) & Q(left))


def _barred_holder(step: HumanStep) -> Q | None:
    """The holder asked for it, or did a step whose people are kept from this one; None where
    nobody is kept from it."""
    others = not_by(step)
    if not others:
        return None
    asked = Q(assignee=F("request__requester")) if "requester" in others else Q(pk=None)
    did = TrailEvent.objects.filter(
        request=OuterRef("request"), actor=OuterRef("assignee"), command="decide", step__in=others
    )
    return asked | Q(Exists(did)) if set(others) - {"requester"} else asked


def _thin(steps: Iterable[tuple[int, VersionMap, HumanStep]]) -> Iterator[tuple[int, Q]]:
    """The steps with so few people that a task there might lack somebody, each with a condition
    on its tasks."""
    known = list(steps)
    roles = {pk for _, one, step in known for pk in _listed_roles(one, step)}
    people = some_of(dict.fromkeys(roles, CROWD + MOST))
    for step_id, one, step in known:
        there = frozenset[int]().union(*(people[pk] for pk in _listed_roles(one, step)))
        needed = step.quorum if isinstance(step.quorum, int) else 1
        others = not_by(step)
        apart = CROWD if set(others) - {"requester"} else int("requester" in others)
        if step.quorum == "all" or len(there) < needed + apart:
            is_alone = step.quorum is None and bool(there)
            yield step_id, _all_barred(there, others) if is_alone else Q()


def _listed_roles(one: VersionMap, step: HumanStep) -> list[int]:
    roles = one.graph.definition.roles
    return [one.role_ids[key] for key in roles_that_go_on(step) if roles[key].is_static]


def _all_barred(people: frozenset[int], others: Sequence[str]) -> Q:
    """Each of these people is kept from the task."""
    condition = Q()
    for person in sorted(people):
        asked = Q(request__requester=person) if "requester" in others else Q(pk=None)
        did = TrailEvent.objects.filter(
            request=OuterRef("request"), actor=person, command="decide", step__in=others
        )
        condition &= asked | Q(Exists(did)) if set(others) - {"requester"} else asked
    return condition


# -- what is done -----------------------------------------------------------------------------


def _open_incident(task_id: int, now: datetime) -> bool:
    """Open the incident, unless the task is over by now, or somebody came back meanwhile."""
    with transaction.atomic():
        case = open_case(actor=None, now=now, work_item_id=task_id)
        item = open_item(case, task_id)
        if item is None or case.instance.state != WorkflowInstance.RUNNING:
            return False
        (standing,) = standings([task_of(case, item)])
        if standing.lack is None:
            return False
        step = case.map.step_keys[item.step_id]
        message = why_nobody(standing, standing.lack)
        case.new_incidents.append(incident(case, step, item.activation, NOBODY, message))
        case.save("watch")
        write_trail(case, "watch", item=item, from_state=item.state, outcome=NOBODY)
    return True


def _mendable() -> Iterator[int]:
    """Tasks with an open incident that nobody is there, where somebody is there again."""
    rows = Incident.objects.filter(code=NOBODY, state=Incident.OPEN)
    told = rows.filter(request=OuterRef("request"), activation=OuterRef("activation"))
    ids, mended = _ids(_open_tasks().filter(Exists(told))), 0
    for first in range(0, len(ids), PIECE):
        for pk, lacks in _looked_at(ids[first : first + PIECE]):
            if not lacks and mended < MOST:
                mended += 1
                yield pk


def _mended(task_id: int, now: datetime) -> None:
    """Close the incident, and give the task to whom its role names."""
    with transaction.atomic():
        case = open_case(actor=None, now=now, work_item_id=task_id)
        item = open_item(case, task_id)
        token = case.marking.token(item.activation) if item is not None else None
        if item is None or token is None or case.instance.state != WorkflowInstance.RUNNING:
            return
        (standing,) = standings([task_of(case, item)])
        if standing.lack is None:
            look_again(case, token)
            case.save("watch")
            write_trail(case, "watch", item=item, from_state=item.state, outcome="somebody")


def _ownerless() -> list[tuple[int, int]]:
    """Open incidents whose owner may not be able to put them right any more, with their requests:
    the account is closed, they do not answer for the workflow now, or they have decided something
    in the request since."""
    answers = (
        Q(owner=F("request__template__owner"))
        | Q(owner=F("request__template__deputy"))
        | Q(owner__is_superuser=True)
    )
    since = TrailEvent.objects.filter(
        request=OuterRef("request"), actor=OuterRef("owner"), command="decide",
        recorded_at__gte=OuterRef("opened_at"),
    )  # fmt: skip
    doubtful = Q(owner__is_active=False) | Q(owner=None) | ~answers | Q(Exists(since))
    rows = Incident.objects.filter(doubtful, state=Incident.OPEN).order_by("pk")
    return list(rows.values_list("pk", "request_id"))


def _hand_on(case: Case, incident_id: int) -> None:
    """Give an open incident to who stands in, and say so."""
    row = Incident.objects.select_related("owner", "step").get(pk=incident_id)
    away = kept_away(case, row.step.key)
    person = named_for(case.instance, away)
    if row.state != Incident.OPEN or person is None or person == row.owner:
        return
    if row.owner is not None and may_steer(case, row.owner, row.step.key):
        return
    Incident.objects.filter(pk=row.pk).update(owner=person)
    before = row.owner.get_username() if row.owner else ""
    case.note("incident_owner", {"from": before, "to": person.get_username()})
    tell(
        case, away, subject=f"An incident at '{row.step}' is yours now", text=row.message,
        about="incident",
    )  # fmt: skip
    case.save("watch")
    write_trail(
        case, "watch", step=row.step.key, activation=row.activation,
        from_state=case.instance.state, outcome="handed_on",
    )  # fmt: skip
