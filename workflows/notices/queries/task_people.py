"""Who is around an open task: who has it, or the team that could take it, and whom was added."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workflows.access.permissions import active_role_members
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.routing.advance import barred_people
from workflows.execution.models import AddedPerson, WorkItem
from workflows.notices.choices import NoticeRelation
from workflows.people.models import RoleEntry
from workflows.people.queries.eligibility import OpenTask, find_task_eligibility

People = Mapping[NoticeRelation, frozenset[int]]


@dataclass(frozen=True, slots=True)
class TaskAudience:
    """The people around a task by what they are to it, and the groups of its role."""

    people: People
    team_ids: tuple[int, ...] = field(default=())


def find_task_audience(item: WorkItem) -> TaskAudience:
    """Who is around an open task now: its holder, else the people of its role, without those who
    are kept from it or have voted on it already; and whoever was added to it."""
    added = _added_people_who_may_act(item)
    if item.assignee_id is not None:
        return TaskAudience(
            {
                NoticeRelation.HOLDER: frozenset({item.assignee_id}),
                NoticeRelation.ADDED_PERSON: added - {item.assignee_id},
            }
        )
    role_id = _role_id_of_queue(item)
    if role_id is None:
        members = _people_found(item)
        return TaskAudience(
            {NoticeRelation.TEAM_MEMBER: members, NoticeRelation.ADDED_PERSON: added - members}
        )
    members = frozenset(active_role_members([role_id]).values_list("pk", flat=True))
    members -= find_barred_ids(item) | _voter_ids(item)
    if len(members) == 1 and item.needed == 1:
        return TaskAudience(
            {NoticeRelation.HOLDER: members, NoticeRelation.ADDED_PERSON: added - members}
        )
    groups = RoleEntry.objects.filter(role_id=role_id, group__isnull=False)
    return TaskAudience(
        {NoticeRelation.TEAM_MEMBER: members, NoticeRelation.ADDED_PERSON: added - members},
        tuple(groups.order_by("pk").values_list("group_id", flat=True)),
    )


def _added_people_who_may_act(item: WorkItem) -> frozenset[int]:
    """Who was added to the task and may act on it now, as every other place asks it: not who has
    left the role to which it was escalated, nor who is kept from it. No statement more where nobody
    was added."""
    if not AddedPerson.objects.filter(work_item=item, found=False).exists():
        return frozenset()
    task = OpenTask(
        instance=item.request,
        map=cached_map(item.request.version_id),
        marking=item.request.read_marking(),
        item=item,
    )
    (eligibility,) = find_task_eligibility([task])
    around = eligibility.around
    return frozenset(int(person) for person in around.added - around.barred - around.voted)


def _people_found(item: WorkItem) -> frozenset[int]:
    """The people among several whom the step's role finds in the request, without those who are
    kept from it or have voted already."""
    offered = AddedPerson.objects.filter(work_item=item, found=True, user__is_active=True)
    people = frozenset(offered.values_list("user_id", flat=True))
    return people - find_barred_ids(item) - _voter_ids(item) if people else people


def _role_id_of_queue(item: WorkItem) -> int | None:
    """The role whose list could take the task; None where its role names one person."""
    version_map = cached_map(item.request.version_id)
    key = version_map.step_keys[item.step_id]
    role = version_map.role_of(key)
    if role is None or not role.is_static:
        return None
    return version_map.role_ids[version_map.human(key).role or ""]


def find_barred_ids(item: WorkItem) -> frozenset[int]:
    """Whom separation of duties keeps from the task."""
    version_map = cached_map(item.request.version_id)
    step = version_map.human(version_map.step_keys[item.step_id])
    marking = item.request.read_marking()
    view = version_map.view_of_task(item.step_id, item.rows)
    return frozenset(int(person) for person in barred_people(step, marking, view))


def _voter_ids(item: WorkItem) -> frozenset[int]:
    """Who has agreed to it already, where several have to."""
    token = item.request.read_marking().token(item.activation)
    return frozenset(int(person) for person in (token.voters if token is not None else ()))
