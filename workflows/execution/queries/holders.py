"""Who has a task, or who could take it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from workflows.definitions.queries.compiled_versions import VersionMap, map_of_step
from workflows.engine.format.definition import RoleDef
from workflows.engine.format.quorums import quorum_roles
from workflows.execution.models import ASKED, Incident, WorkItem
from workflows.people.models import User
from workflows.people.queries.person_names import NamesByLogin
from workflows.people.queries.stand_ins import AwayNote, away_note_of


class HolderKind(StrEnum):
    """Who has a request at one of its steps."""

    PERSON = "person"
    """One person has the task, or is the only one who may do it."""
    ROLE = "role"
    """Anybody in the step's role can take it."""
    SEVERAL = "several"
    """Several people of the role have to agree."""
    NOBODY = "nobody"
    """Its role names one person, and there is none."""
    SYSTEM = "system"
    """No person does the step."""
    REQUESTER = "requester"
    """It waits for the requester to answer a question."""
    RESOLVER = "resolver"
    """An incident, which a person has to resolve."""
    OVER = "over"
    """Nobody any more: the task is over; the person is who had it last."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has it: the person where there is one, and the groups (`names`) and people (`logins`) of
    the role. Of a task that waits for the requester, `returns_to` is whose it is then. Where so
    many of each of several roles have to agree, `parts` are these. `added` are the ids of who was
    asked by hand to agree besides. `called` knows what the people are called."""

    kind: HolderKind
    person: User | None = None
    names: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()
    away: AwayNote | None = None
    returns_to: User | None = None
    parts: Mapping[str, int] = field(default_factory=dict)
    added: tuple[int, ...] = ()
    called: NamesByLogin | None = field(default=None, compare=False, repr=False)


def find_holder(
    version_map: VersionMap,
    task: WorkItem,
    incident: Incident | None = None,
    called: NamesByLogin | None = None,
) -> Holder:
    """Who has a task, or who could take it; no statement. `called` is asked for the names of those
    whom its role names one by one."""
    version_map = map_of_step(version_map, task.step_id)
    key = version_map.step_keys[task.step_id]
    kind = find_holder_kind(
        version_map,
        key,
        is_assigned=task.assignee_id is not None,
        needed=task.needed,
        is_open=task.is_open,
        is_stuck=incident is not None,
        is_asked=task.state == ASKED,
        is_offered=_is_offered(version_map, key, task),
    )
    if kind == HolderKind.REQUESTER:
        return Holder(kind, task.request.requester, returns_to=task.assignee)
    if kind == HolderKind.RESOLVER and incident is not None:
        away = away_note_of(incident.owner, version_map.template_id)
        return Holder(kind, incident.owner, away=away)
    if kind == HolderKind.OVER:
        return Holder(kind, task.assignee)
    if kind == HolderKind.PERSON:
        away = away_note_of(task.assignee, version_map.template_id)
        return Holder(kind, task.assignee, away=away)
    role = version_map.role_of(key) if kind != HolderKind.SYSTEM else None
    step = version_map.graph.human(key) if kind == HolderKind.SEVERAL else None
    parts = quorum_roles(step.quorum) if step is not None else {}
    names, logins = _names_of_role(role)
    added = _added_by_hand(task) if kind == HolderKind.SEVERAL else ()
    called = called or NamesByLogin()
    called.ask_for(logins, added)
    return Holder(kind, names=names, logins=logins, parts=parts, added=added, called=called)


def _added_by_hand(task: WorkItem) -> tuple[int, ...]:
    """The ids of who was asked to agree besides; of a list that leaves the markings out, nobody."""
    if "marking" in task.request.get_deferred_fields():
        return ()
    token = task.request.read_marking().token(task.activation)
    extras = token.extras if token is not None else ()
    return tuple(person for person in extras if isinstance(person, int))


def _is_offered(version_map: VersionMap, key: str, task: WorkItem) -> bool:
    """Whether several people were found who share the task as a queue."""
    role = version_map.role_of(key) if task.in_queue else None
    return role is not None and not role.is_static and role.is_shared(task.request.data)


def _names_of_role(role: RoleDef | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What its lists name, groups and people; of people who are found in the request, where they
    are found."""
    if role is None:
        return (), ()
    if not role.is_static:
        return tuple(str(finder.people_text(setting, {})) for finder, setting in role.sources), ()
    names, logins = list[str](), list[str]()
    for finder, setting in role.sources:
        (logins if finder.lists_logins else names).extend(finder.listed_names(setting))
    return tuple(names), tuple(logins)


def find_holder_kind(
    version_map: VersionMap,
    key: str,
    *,
    is_assigned: bool,
    needed: int,
    is_open: bool = True,
    is_stuck: bool = False,
    is_asked: bool = False,
    is_offered: bool = False,
) -> HolderKind:
    """What has a task of a step, from the columns of its row."""
    if not is_open:
        return HolderKind.OVER
    if is_stuck:
        return HolderKind.RESOLVER
    if is_asked:
        return HolderKind.REQUESTER
    if is_assigned:
        return HolderKind.PERSON
    if not version_map.graph.is_human(key):
        return HolderKind.SYSTEM
    if needed > 1:
        return HolderKind.SEVERAL
    role = version_map.role_of(key)
    is_queue = role is not None and (role.is_static or is_offered)
    return HolderKind.ROLE if is_queue else HolderKind.NOBODY
