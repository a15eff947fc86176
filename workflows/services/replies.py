"""Answers kept by `Idempotency-Key`, so that a command that is sent twice is done once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from workflows.engine.errors import InvalidInput, WrongState
from workflows.models import IdempotentReply

KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, its body, and whether it was given before."""

    status: int
    body: Any
    again: bool = False


def once(
    key: str, *, user: User, fingerprint: str, now: datetime, act: Callable[[], Reply]
) -> Reply:
    """What `act` answers; for a key that was seen before, what it answered then.

    The key's row is written first and in the command's transaction: of two at once the second
    waits for the first, and a command that is refused leaves no row behind.
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                row = IdempotentReply.objects.create(
                    user=user, key=key, fingerprint=fingerprint, created_at=now
                )
        except IntegrityError:
            return _given_before(user, key, fingerprint)
        reply = act()
        row.status, row.body = reply.status, reply.body
        row.save(update_fields=["status", "body"])
        return reply


def _given_before(user: User, key: str, fingerprint: str) -> Reply:
    row = IdempotentReply.objects.filter(user=user, key=key).first()
    if row is None or row.status is None:
        raise WrongState("The first call with this key was just being forgotten; call again.")
    if row.fingerprint != fingerprint:
        raise InvalidInput(
            "This Idempotency-Key was used for another call; use a new key for each new command."
        )
    return Reply(row.status, row.body, again=True)


def forget_replies(now: datetime) -> int:
    """Delete the answers that nobody will ask for again; how many there were."""
    return IdempotentReply.objects.filter(created_at__lt=now - KEPT).delete()[0]
