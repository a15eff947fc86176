"""Rates: what an hour of a role and a call of a connection cost. Written here, and recorded."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from reporting.costs.models import CallRate, RoleRate
from workflows.engine.errors import InvalidInput, NotAllowed
from workflows.people.models import User
from workflows.persistence.row_edits import (
    changed_column_names,
    delete_row,
    describe_column_changes,
    save_row,
)
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import DELETED, MADE, RateChanged
from workflows.trail.services.recording import write_fact

Rate = RoleRate | CallRate


def save_rate(rate: Rate, *, by: User, now: datetime) -> Rate:
    """Write a rate as it was filled in. Raises NotAllowed and InvalidInput."""
    with transaction.atomic():
        before = type(rate)._default_manager.filter(pk=rate.pk).first()
        _require_permission(by, rate, "change" if before is not None else "add")
        try:
            rate.full_clean()
        except ValidationError as problem:
            raise InvalidInput(" ".join(problem.messages)) from None
        names = changed_column_names(rate, before) if before is not None else []
        if before is None or names:
            save_row(rate, by=by, now=now, why=TrailCommand.CHANGE_RATE)
        if before is None:
            _write_rate_fact(RateChanged(rate=str(rate), done=MADE), by, now)
        elif names:
            changed = describe_column_changes(rate, before, names)
            _write_rate_fact(RateChanged(rate=str(rate), changed=changed), by, now)
    return rate


def delete_rate(rate: Rate, *, by: User, now: datetime) -> None:
    """Delete a rate. Raises NotAllowed."""
    with transaction.atomic():
        _require_permission(by, rate, "delete")
        _write_rate_fact(RateChanged(rate=str(rate), done=DELETED), by, now)
        delete_row(rate, by=by, now=now, why=TrailCommand.CHANGE_RATE)


def _require_permission(by: User, rate: Rate, verb: str) -> None:
    if not by.has_perm(f"reporting.{verb}_{rate._meta.model_name}"):
        raise NotAllowed("You may not change rates; ask an administrator.")


def _write_rate_fact(fact: RateChanged, by: User, now: datetime) -> None:
    write_fact(TrailCommand.CHANGE_RATE, actor=by, now=now, fact=fact)
