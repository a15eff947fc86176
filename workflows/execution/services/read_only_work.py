"""A request as a command would see it, read without locks: to ask what may be done with it."""

from collections.abc import Mapping
from datetime import datetime

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.routing.marking import Marking
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.actor_facets import (
    RENAMED,
    actor_roles_facet,
    parse_ids,
    stood_in_for_facet,
)
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.people.models import User


def read_only_unit_of_work(
    request: WorkflowInstance,
    user: User | None,
    now: datetime,
    added_as: Mapping[int, str | None] | None = None,
) -> UnitOfWork:
    """The request, its map and where it stands; for showing, never for writing. `added_as` is what
    is known of the person's additions to tasks, by the tasks' ids; what else is known of them came
    with the request (`facets`)."""
    work = UnitOfWork(
        instance=request,
        map=cached_map(request.version_id),
        actor=user,
        now=now,
        marking=Marking.from_json(request.marking),
        added_as=added_as or {},
    )
    if user is not None:
        _take_facets(work, user)
    return work


def _take_facets(work: UnitOfWork, user: User) -> None:
    roles = actor_roles_facet()
    if roles.is_known_of(work.instance, user):
        work.roles[user.pk] = frozenset(parse_ids(roles.value_of(work.instance)))
    stood_in_for = stood_in_for_facet()
    if stood_in_for.is_known_of(work.instance, user):
        people = parse_ids(stood_in_for.value_of(work.instance))
        work.stood_in_for = tuple(sorted(people))
    work.renamed = not RENAMED.is_absent(work.instance, user)
