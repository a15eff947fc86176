"""Answers kept by key, so that a command that is sent twice is done once.

The key is a caller's `Idempotency-Key`, or the once-only key of a form (`once_only_forms`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from workflows.access.models import IdempotentReply
from workflows.engine.errors import InvalidInput, WrongState
from workflows.people.models import User

REPLY_RETENTION = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, its body, and when it was given, if that was before."""

    status: int
    body: Any
    given_at: datetime | None = None

    @property
    def is_repeated(self) -> bool:
        """Whether this was answered before, so nothing was done now."""
        return self.given_at is not None


class UsedBefore(InvalidInput):
    """The key came before, with something else; `reply` is what was answered then."""

    def __init__(self, message: str, reply: Reply, **parameters: object) -> None:
        super().__init__(message, **parameters)
        self.reply = reply


def answer_once(
    key: str, *, user: User, fingerprint: str, now: datetime, command: Callable[[], Reply]
) -> Reply:
    """What `act` answers; for a key that was seen before, what it answered then.

    The key's row is written first and in the command's transaction: of two at once the second
    waits for the first, and a command that is refused leaves no row behind.
    """
    with transaction.atomic():
        try:
            # A savepoint: after an error PostgreSQL takes nothing more in this transaction.
            with transaction.atomic():
                row = IdempotentReply.objects.create(
                    user=user, key=key, fingerprint=fingerprint, created_at=now
                )
        except IntegrityError:
            return _reply_given_before(user, key, fingerprint)
        reply = command()
        row.status, row.body = reply.status, reply.body
        row.save(update_fields=["status", "body"])
        return reply


def _reply_given_before(user: User, key: str, fingerprint: str) -> Reply:
    row = IdempotentReply.objects.filter(user=user, key=key).first()
    if row is None or row.status is None:
        raise WrongState("The first call with this key was just being forgotten; call again.")
    reply = Reply(row.status, row.body, given_at=row.created_at)
    if row.fingerprint != fingerprint:
        raise UsedBefore(
            "This Idempotency-Key was used for another call; use a new key for each new command.",
            reply,
        )
    return reply


def find_stored_reply(key: str, *, user: User, fingerprint: str) -> Reply | None:
    """What was answered to this key and call, if anything was."""
    row = IdempotentReply.objects.filter(user=user, key=key, fingerprint=fingerprint).first()
    if row is None or row.status is None:
        return None
    return Reply(row.status, row.body, given_at=row.created_at)


def find_reply_to_same(fingerprint: str, *, user: User, but: str, since: datetime) -> Reply | None:
    """The newest answer to the same call under another key `since` then, if there is one."""
    same = IdempotentReply.objects.filter(user=user, fingerprint=fingerprint, created_at__gt=since)
    row = same.exclude(key=but).order_by("-created_at").first()
    if row is None or row.status is None:
        return None
    return Reply(row.status, row.body, given_at=row.created_at)


def forget_key(key: str, *, user: User, before: datetime) -> None:
    """Let a key be new again if it was last used before that moment."""
    IdempotentReply.objects.filter(user=user, key=key, created_at__lt=before).delete()


def forget_replies(now: datetime) -> int:
    """Delete the answers that nobody will ask for again; how many there were."""
    return IdempotentReply.objects.filter(created_at__lt=now - REPLY_RETENTION).delete()[0]
