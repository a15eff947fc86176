"""Calendars and their closures: written here, and what is kept of them in the process forgotten.

That a calendar changed is a fact that the rows' own signals record (`rights_trail.py`).
"""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from workflows.access.services.rights_trail import attribute_changes_to
from workflows.calendars.models import BusinessCalendar, Closure
from workflows.calendars.queries.working_calendars import check_calendar_columns, forget_calendars
from workflows.definitions.models import Step, TemplateVersion
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.people.models import User
from workflows.persistence.row_edits import RowEdits, delete_row, save_row, stored_rows

CHANGE, DELETE = "change_calendar", "delete_calendar"


def is_named_by_maps(calendar: BusinessCalendar) -> bool:
    """Whether a map counts in it, so that it has to stay."""
    key = calendar.key
    of_steps = Step.objects.filter(config__calendar=key)
    return TemplateVersion.objects.filter(calendar=key).exists() or of_steps.exists()


def save_calendar(
    calendar: BusinessCalendar, edits: RowEdits[Any], *, by: User, now: datetime
) -> BusinessCalendar:
    """Write a calendar as it was filled in, with what changed of its closures; all or nothing.

    Raises NotAllowed, NotFound and InvalidInput.
    """
    with transaction.atomic(), attribute_changes_to(by):
        _require_permission(by, "change" if calendar.pk is not None else "add")
        _check_calendar(calendar)
        closures = [row for row in edits.changed if isinstance(row, Closure)]
        _check_closures(calendar, [*closures, *edits.deleted])
        calendar.changed_at = now
        save_row(calendar, by=by, now=now, why=CHANGE)
        for row in edits.deleted:
            delete_row(row, by=by, now=now, why=CHANGE)
        for row in (*closures, *edits.added):
            row.calendar = calendar
            save_row(row, by=by, now=now, why=CHANGE)
    forget_calendars()
    return calendar


def delete_calendar(calendar: BusinessCalendar, *, by: User, now: datetime) -> None:
    """Delete a calendar that no map names. Raises NotAllowed and WrongState."""
    with transaction.atomic(), attribute_changes_to(by):
        _require_permission(by, "delete")
        if is_named_by_maps(calendar):
            raise WrongState("A map counts in '%(calendar)s', so it stays.", calendar=calendar.name)
        delete_row(calendar, by=by, now=now, why=DELETE)
    forget_calendars()


def _require_permission(by: User, verb: str) -> None:
    if not by.has_perm(f"workflows.{verb}_businesscalendar"):
        raise NotAllowed("You may not change calendars; ask an administrator.")


def _check_calendar(calendar: BusinessCalendar) -> None:
    try:
        calendar.full_clean()
        check_calendar_columns(calendar)
    except ValidationError as problem:
        raise InvalidInput(" ".join(problem.messages)) from None
    except ValueError as problem:
        raise InvalidInput("%(problem)s", problem=problem) from None


def _check_closures(calendar: BusinessCalendar, closures: list[Closure]) -> None:
    stored = stored_rows(closures)
    if any(row.calendar_id != calendar.pk for row in stored.values()):
        raise InvalidInput("A closure belongs to the calendar that is changed.")
    if len(stored) != len(closures):
        raise NotFound("There is no such closure; it may have been deleted.")
