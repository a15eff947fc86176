"""Resources and the periods of budgets: the only place that writes them, and who may.

That a resource changed is a fact that the rows' own signals record (`rights_trail.py`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from workflows.access.services.rights_trail import attribute_changes_to
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.engine.values.resource_amounts import MOST_UNITS
from workflows.people.models import User
from workflows.persistence.row_edits import RowEdits, delete_row, save_row
from workflows.resources.models import BudgetPeriod, Hold, Resource
from workflows.resources.queries.resources import answers_for_resource, forget_resource_names
from workflows.resources.services.locks import lock_resources

CHANGE = "change_resource"
FIXED = ("key", "kind", "currency")
"""What a resource keeps: requests and what they hold were reckoned by it."""


def may_change_resource(user: User, resource: Resource) -> bool:
    """Whether the person answers for a resource: its owner, its deputy, or a superuser."""
    return user.is_active and (user.is_superuser or answers_for_resource(user, resource))


def save_resource(resource: Resource, edits: RowEdits[Any], *, by: User, now: datetime) -> Resource:
    """Write a resource as it was filled in, with what changed of its periods; all or nothing.

    Raises NotAllowed, NotFound, InvalidInput and WrongState.
    """
    with transaction.atomic(), attribute_changes_to(by):
        before = lock_resources([resource.pk])[0] if resource.pk is not None else None
        validate_resource(resource, before=before, by=by)
        save_row(resource, by=by, now=now, why=CHANGE)
        _save_periods(resource, edits, by=by, now=now)
    forget_resource_names()
    return resource


def validate_resource(resource: Resource, *, before: Resource | None, by: User) -> None:
    """Raises NotAllowed and InvalidInput with a sentence for the person who fills it in."""
    if not may_change_resource(by, before or resource):
        raise NotAllowed(
            "Only the resource's owner, its deputy or a superuser may change it; ask its owner."
        )
    if before is not None and any(getattr(before, n) != getattr(resource, n) for n in FIXED):
        raise InvalidInput("Key, kind and currency stay as they are; make another resource.")
    try:
        resource.full_clean()
    except ValidationError as problem:
        raise InvalidInput(" ".join(problem.messages)) from None
    if resource.is_budget and resource.person is not None:
        raise InvalidInput("A budget is nobody's time; leave the person empty.")
    _require_kind_of_group(resource)


def _require_kind_of_group(resource: Resource) -> None:
    others = Resource.objects.filter(group=resource.group).exclude(pk=resource.pk)
    if others.exclude(kind=resource.kind).exists():
        raise InvalidInput(
            "All of the group '%(group)s' are of one kind; choose another group, or the kind of"
            " the others.",
            group=resource.group,
        )


# -- periods of a budget --------------------------------------------------------------------------


def _save_periods(resource: Resource, edits: RowEdits[Any], *, by: User, now: datetime) -> None:
    changed = [row for row in edits.changed if isinstance(row, BudgetPeriod)]
    rows = [*changed, *edits.added]
    if rows and not resource.is_budget:
        raise InvalidInput("Only a budget has amounts for periods; take them out.")
    stored = {row.pk: row for row in resource.periods.select_for_update()}
    _require_own_periods(stored, [*changed, *edits.deleted])
    kept = {pk: row for pk, row in stored.items() if pk not in {row.pk for row in edits.deleted}}
    kept |= {row.pk: row for row in changed}
    for row in rows:
        row.resource = resource
        _check_period(row, stored.get(row.pk))
    _require_apart([*kept.values(), *edits.added])
    for row in edits.deleted:
        _delete_period(row, by=by, now=now)
    for row in rows:
        save_row(row, by=by, now=now, why=CHANGE)


def _require_own_periods(stored: dict[int, BudgetPeriod], rows: Iterable[BudgetPeriod]) -> None:
    if any(row.pk not in stored for row in rows):
        raise NotFound("There is no such period of this budget; it may have been deleted.")


def _check_period(row: BudgetPeriod, stored: BudgetPeriod | None) -> None:
    if row.units is None or not 0 <= row.units <= MOST_UNITS:
        raise InvalidInput("Write an amount that the currency has, zero or more.")
    if row.last_day < row.first_day:
        raise InvalidInput("The last day comes before the first; exchange them.")
    if stored is None:
        return
    # The counters are the database's; a page may have read them long ago.
    row.held_units, row.spent_units = stored.held_units, stored.spent_units
    if row.left_units < 0:
        raise InvalidInput("More is held and spent already; write a larger amount.")


def _require_apart(periods: Sequence[BudgetPeriod]) -> None:
    ordered = sorted(periods, key=lambda row: row.first_day)
    if any(later.first_day <= earlier.last_day for earlier, later in pairwise(ordered)):
        raise InvalidInput("Two periods of a budget have a day in common; part them.")


def _delete_period(row: BudgetPeriod, *, by: User, now: datetime) -> None:
    if Hold.objects.filter(period=row).exists():
        raise WrongState("Requests have drawn on this period, so it stays.")
    delete_row(row, by=by, now=now, why=CHANGE)
