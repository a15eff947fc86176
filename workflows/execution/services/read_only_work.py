"""A request as a command would see it, read without locks: to ask what may be done with it."""

from collections.abc import Mapping
from datetime import datetime

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.actor_facets import (
    RENAMED,
    actor_roles_facet,
    parse_ids,
    parse_pairs,
    stood_in_for_facet,
    stood_in_roles_facet,
)
from workflows.execution.queries.instance_record import ABSENCES, ADDED_PEOPLE
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
        marking=request.read_marking(),
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
        work.stood_in_for = tuple(sorted(parse_ids(stood_in_for.value_of(work.instance))))
        _take_those_away(work, user)
    if ADDED_PEOPLE.is_known_of(work.instance):
        _take_additions(work)
    work.renamed = not RENAMED.is_absent(work.instance, user)


def _take_additions(work: UnitOfWork) -> None:
    """Who was added to the tasks of which it is known as what the person was."""
    work.others_added = {pk: {} for pk in work.added_as}
    for row in ADDED_PEOPLE.rows_of(work.instance):
        if row.work_item_id in work.others_added:
            as_what = "" if row.stand_in else row.role
            work.others_added[row.work_item_id][row.user_id] = as_what


def _take_those_away(work: UnitOfWork, user: User) -> None:
    """Who they are for whom the person stands in, and in which roles."""
    roles = stood_in_roles_facet()
    if not (work.stood_in_for and roles.is_known_of(work.instance, user)):
        return
    pairs = list(parse_pairs(roles.value_of(work.instance)))
    for pk in work.stood_in_for:
        work.roles[pk] = frozenset(role for role, person in pairs if person == pk)
    if ABSENCES.is_known_of(work.instance, user):
        away = {period.person_id: period.person for period in ABSENCES.rows_of(work.instance)}
        work.stood_in_people = [away[pk] for pk in work.stood_in_for]
