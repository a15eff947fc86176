"""Closing an account: with it ends whatever would still act, show or stand in as that person.

A closed account opens nothing, wherever it is asked. What is kept elsewhere in its name would come
back with it if it were opened again, so it is ended when the account is closed, by whichever page.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db import transaction

from workflows.access.services import accounts
from workflows.access.services.rights_trail import attribute_changes_to
from workflows.access.services.tokens import revoke_tokens_of
from workflows.connections.services.credentials import revoke_keys_acting_as
from workflows.links.services.decision_links import end_decision_links_of
from workflows.links.services.status_links import withdraw_links_of
from workflows.people.models import User
from workflows.people.services.absences import end_absences_of


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedPowers:
    """How much ended with an account."""

    tokens: int = 0
    webhook_keys: int = 0
    links: int = 0
    absences: int = 0
    sessions: int = 0


def save_account(
    account: User,
    *,
    by: User,
    now: datetime,
    groups: Collection[Group] | None = None,
    permissions: Collection[Permission] | None = None,
) -> User:
    """Write an account as it was filled in; where that closes it, what acts as it ends with it.
    Raises NotAllowed."""
    with transaction.atomic():
        was_open = User.objects.filter(pk=account.pk, is_active=True).exists()
        accounts.save_account(account, by=by, now=now, groups=groups, permissions=permissions)
        if was_open and not account.is_active:
            end_powers(account, by=by, now=now)
    return account


def close_account(account: User, *, by: User, now: datetime) -> EndedPowers:
    """Close an account. Raises NotAllowed; nothing is done to one that is closed."""
    with transaction.atomic():
        row = User.objects.select_for_update(of=("self",)).get(pk=account.pk)
        if not row.is_active:
            return EndedPowers()
        row.is_active = False
        accounts.save_account(row, by=by, now=now)
        ended = end_powers(row, by=by, now=now)
        account.is_active = False
    return ended


def end_powers(account: User, *, by: User, now: datetime) -> EndedPowers:
    """End what acts, shows or stands in as somebody whose account was just closed."""
    with transaction.atomic(), attribute_changes_to(by):
        return EndedPowers(
            tokens=revoke_tokens_of(account, now=now),
            webhook_keys=revoke_keys_acting_as(account, by=by, now=now),
            links=end_decision_links_of(account, now) + withdraw_links_of(account, by=by, now=now),
            absences=end_absences_of(account, by=by, now=now),
            sessions=_end_sessions(account, now),
        )


def _end_sessions(account: User, now: datetime) -> int:
    """Sign somebody out everywhere."""
    keys = list(_session_keys_of(account, now))
    Session.objects.filter(pk__in=keys).delete()
    return len(keys)


def _session_keys_of(account: User, now: datetime) -> Iterator[str]:
    """A session says whose it is inside its text alone, so all that run are read."""
    for session in Session.objects.filter(expire_date__gt=now).iterator():
        if session.get_decoded().get(SESSION_KEY) == str(account.pk):
            yield str(session.pk)
