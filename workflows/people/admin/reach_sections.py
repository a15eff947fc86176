"""How far somebody reaches, in words: what the page of who leaves, and of a group, shows."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.utils.translation import gettext, ngettext, ngettext_lazy

from workflows.access.conditions import AUDIT, MANAGE, VIEW
from workflows.access.models import ApiToken
from workflows.admin_site.links import change_url
from workflows.definitions.models import PartOwner, WorkflowTemplate
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.people.lifecycle.ownership import natural_successor, workflow_of
from workflows.people.models import Absence, User
from workflows.people.queries.directory import RoleUse, find_role_uses
from workflows.people.queries.person_names import full_name_of
from workflows.people.queries.reach import (
    NamedInRequest,
    OwnedSchedule,
    Reach,
    StrandedStep,
    find_steps_stranded_without_group,
)

MOST_SHOWN = 50
"""So many things of a kind are named; of more there is the number."""


@dataclass(frozen=True, slots=True)
class ReachLine:
    """One thing: what it is called, where it is in the admin, and to whom it falls by itself."""

    text: str
    url: str = ""
    falls_to: str = ""


@dataclass(frozen=True, slots=True)
class ReachSection:
    """Things of one kind: how many there are, and those that the reader may see by name."""

    title: str
    lines: Sequence[ReachLine]
    unnamed: int = 0


def visible_workflow_ids(reader: User) -> frozenset[int]:
    """The workflows of which this person may know. One statement."""
    rows = WorkflowTemplate.objects.with_verbs(reader, VIEW, MANAGE, AUDIT)
    return frozenset(rows.values_list("pk", flat=True))


LinesOfRow = Callable[[Any], tuple[int | None, ReachLine]]


def _owned(row: Any) -> tuple[int | None, ReachLine]:
    """A thing that falls to somebody by itself."""
    workflow, heir = workflow_of(row), natural_successor(row)
    falls_to = full_name_of(heir) if heir is not None else ""
    url = "" if isinstance(row, PartOwner) else change_url(row)
    text = _part_text(row) if isinstance(row, PartOwner) else str(row)
    return workflow.pk if workflow is not None else None, ReachLine(text, url, falls_to)


def _part_text(row: PartOwner) -> str:
    if row.step is not None:
        return f"{row.version}: {row.step}"
    return gettext("%(version)s: trigger %(number)s") % {
        "version": row.version,
        "number": (row.trigger or 0) + 1,
    }


def _of_request(row: Any) -> tuple[int | None, ReachLine]:
    """A task, an incident or a question, by its request."""
    step = getattr(row, "step", None) or row.work_item.step
    return row.request.template_id, ReachLine(f"{row.request.reference}: {step}")


def _named(row: NamedInRequest) -> tuple[int | None, ReachLine]:
    instance = row.instance
    text = f"{instance.reference}: {row.field}"
    return instance.template_id, ReachLine(text, change_url(instance))


def _stranded(row: StrandedStep) -> tuple[int | None, ReachLine]:
    version = row.step.version
    sentence = gettext("%(version)s: %(step)s (needs %(needed)s, %(left)s left)")
    places = {"version": version, "step": row.step, "needed": row.needed, "left": row.left}
    return version.template_id, ReachLine(sentence % places, change_url(version))


def _scheduled(row: OwnedSchedule) -> tuple[int | None, ReachLine]:
    return row.version.template_id, ReachLine(f"{row.version.name}: {row.cron}")


def _request(row: WorkflowInstance) -> tuple[int | None, ReachLine]:
    return row.template_id, ReachLine(f"{row.reference}: {row.title}", change_url(row))


def _plain(row: Any) -> tuple[int | None, ReachLine]:
    return None, ReachLine(full_name_of(row) if isinstance(row, User) else str(row))


def _token(row: ApiToken) -> tuple[int | None, ReachLine]:
    return None, ReachLine(row.name)


def _absent(row: Absence) -> tuple[int | None, ReachLine]:
    return None, ReachLine(full_name_of(row.person))


STRANDED_TITLE = ngettext_lazy(
    "%(count)s step would have too few people without them",
    "%(count)s steps would have too few people without them",
    "count",
)
TASKS_TITLE = ngettext_lazy("Has %(count)s task", "Has %(count)s tasks", "count")
_KINDS: Sequence[tuple[Any, str, LinesOfRow]] = (
    (
        ngettext_lazy("Owns %(count)s workflow", "Owns %(count)s workflows", "count"),
        "workflows",
        _owned,
    ),
    (
        ngettext_lazy("Deputy of %(count)s workflow", "Deputy of %(count)s workflows", "count"),
        "deputised",
        _owned,
    ),
    (
        ngettext_lazy(
            "Owner or deputy of %(count)s step or trigger",
            "Owner or deputy of %(count)s steps and triggers",
            "count",
        ),
        "parts",
        _owned,
    ),
    (
        ngettext_lazy(
            "%(count)s schedule starts because they answer for it",
            "%(count)s schedules start because they answer for them",
            "count",
        ),
        "schedules",
        _scheduled,
    ),
    (
        ngettext_lazy(
            "Owner or deputy of %(count)s connection",
            "Owner or deputy of %(count)s connections",
            "count",
        ),
        "connections",
        _owned,
    ),
    (
        ngettext_lazy(
            "Owner or deputy of %(count)s resource",
            "Owner or deputy of %(count)s resources",
            "count",
        ),
        "resources",
        _owned,
    ),
    (
        ngettext_lazy("Answers for %(count)s program", "Answers for %(count)s programs", "count"),
        "programs",
        _plain,
    ),
    (TASKS_TITLE, "tasks", _of_request),
    (
        ngettext_lazy(
            "Was added to %(count)s task, to agree besides or as it is late",
            "Was added to %(count)s tasks, to agree besides or as they are late",
            "count",
        ),
        "added_to",
        _of_request,
    ),
    (STRANDED_TITLE, "steps", _stranded),
    (
        ngettext_lazy(
            "%(count)s running request names them in a field by which a role is found",
            "%(count)s running requests name them in a field by which a role is found",
            "count",
        ),
        "fields",
        _named,
    ),
    (
        ngettext_lazy(
            "%(count)s running request will still ask them as a manager",
            "%(count)s running requests will still ask them as a manager",
            "count",
        ),
        "turns",
        _request,
    ),
    (
        ngettext_lazy(
            "%(count)s open incident is in their name",
            "%(count)s open incidents are in their name",
            "count",
        ),
        "incidents",
        _of_request,
    ),
    (
        ngettext_lazy(
            "Was asked %(count)s question, and has not answered",
            "Was asked %(count)s questions, and has not answered",
            "count",
        ),
        "questions",
        _of_request,
    ),
    (
        ngettext_lazy(
            "%(count)s request of theirs is running",
            "%(count)s requests of theirs are running",
            "count",
        ),
        "requests",
        _request,
    ),
    (
        ngettext_lazy(
            "%(count)s webhook key is theirs, or acts as them",
            "%(count)s webhook keys are theirs, or act as them",
            "count",
        ),
        "webhook_keys",
        _owned,
    ),
    (
        ngettext_lazy("%(count)s token acts as them", "%(count)s tokens act as them", "count"),
        "tokens",
        _token,
    ),
    (
        ngettext_lazy(
            "Stands in for %(count)s person who is or will be away",
            "Stands in for %(count)s people who are or will be away",
            "count",
        ),
        "absences",
        _absent,
    ),
    (
        ngettext_lazy("Manages %(count)s person", "Manages %(count)s people", "count"),
        "reports",
        _plain,
    ),
    (
        ngettext_lazy("Is in %(count)s group", "Is in %(count)s groups", "count"),
        "groups",
        _plain,
    ),
)
"""Each kind of things: how many there are in words, where they are in a reach, a line of one."""


def describe_reach(reach: Reach, reader: User) -> list[ReachSection]:
    """Everything that is somebody's, kind by kind."""
    visible = visible_workflow_ids(reader)
    return [
        section
        for title, name, line_of in _KINDS
        if (section := _section(title, map(line_of, getattr(reach, name)), visible)) is not None
    ]


def _section(
    title: Any, lines: Iterable[tuple[int | None, ReachLine]], visible: Collection[int]
) -> ReachSection | None:
    """A section, unless there is nothing in it; with names only where the reader may see their
    workflow."""
    things = list(lines)
    if not things:
        return None
    named = [line for workflow, line in things if workflow is None or workflow in visible]
    shown = named[:MOST_SHOWN]
    return ReachSection(str(title % {"count": len(things)}), shown, len(things) - len(shown))


def describe_tasks(tasks: Sequence[WorkItem], reader: User) -> ReachSection | None:
    """The tasks that somebody could not finish any more, where there are any."""
    return _section(TASKS_TITLE, map(_of_request, tasks), visible_workflow_ids(reader))


def describe_stranded(steps: Sequence[StrandedStep], reader: User) -> ReachSection | None:
    """The steps that would have too few people, where there are any."""
    return _section(STRANDED_TITLE, map(_stranded, steps), visible_workflow_ids(reader))


ROLES_TITLE = ngettext_lazy(
    "Is in %(count)s role of maps in use", "Is in %(count)s roles of maps in use", "count"
)


def _role_use(use: RoleUse) -> tuple[int | None, ReachLine]:
    sentence = ngettext(
        "%(workflow)s, version %(version)s: %(role)s (%(count)s running request)",
        "%(workflow)s, version %(version)s: %(role)s (%(count)s running requests)",
        use.requests,
    )
    places = {"workflow": use.workflow, "version": use.version, "role": use.role}
    return use.workflow_id, ReachLine(sentence % {**places, "count": use.requests})


def describe_group_reach(group: Group, reader: User) -> list[ReachSection]:
    """Which roles of maps in use a group is in, and what would strand without it."""
    visible = visible_workflow_ids(reader)
    sections = (
        _section(ROLES_TITLE, map(_role_use, find_role_uses([group])), visible),
        _section(STRANDED_TITLE, map(_stranded, find_steps_stranded_without_group(group)), visible),
    )
    return [section for section in sections if section is not None]


def propose_successors(reach: Reach) -> Iterator[tuple[User, str]]:
    """Who might take over, each with why, and once: whom it falls to, and who else is in their
    groups."""
    seen = {reach.person.pk}
    for person, why in (*_natural_candidates(reach), *_colleagues(reach)):
        if person is not None and person.is_active and person.pk not in seen:
            seen.add(person.pk)
            yield person, why


def natural_candidate(reach: Reach) -> User | None:
    """Who takes over unless somebody else is chosen: their manager, or the deputy of what they own.
    Nobody who is only in the same groups: that is to be chosen."""
    people = (person for person, _ in _natural_candidates(reach))
    return next((person for person in people if person is not None and person.is_active), None)


MOST_PROPOSED = 10


def _natural_candidates(reach: Reach) -> Iterator[tuple[User | None, str]]:
    yield reach.person.manager, gettext("their manager")
    for workflow in reach.workflows:
        yield workflow.deputy, gettext("deputy of %(thing)s") % {"thing": workflow}
    for connection in reach.connections:
        if connection.deputy != reach.person:
            yield connection.deputy, gettext("deputy of %(thing)s") % {"thing": connection}


def _colleagues(reach: Reach) -> Iterator[tuple[User | None, str]]:
    colleagues = User.objects.filter(
        groups__in=reach.groups, is_active=True, service_account=None
    ).distinct()
    for colleague in colleagues.order_by("username")[:MOST_PROPOSED]:
        yield colleague, gettext("in the same groups")
