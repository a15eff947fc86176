"""What runs in the background: delivering what is due, and housekeeping on the clock."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from celery import shared_task
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from reporting.imports import clear_abandoned
from reporting.reviews.services import review_due
from reporting.rollups import keep_fresh
from workflows.automation.deliver import deliver_due
from workflows.models import Heartbeat
from workflows.services import outbox
from workflows.services.channel import through
from workflows.services.heads import write_head
from workflows.services.heartbeats import as_round, heard, units
from workflows.services.map_watch import watch_maps
from workflows.services.replies import forget_replies
from workflows.services.schedules import ensure_schedules
from workflows.services.seals import seal_all
from workflows.services.watch import watch_queues
from workflows.services.webhooks import forget_deliveries


def _round(name: str, act: Callable[[], Any]) -> None:
    """Run a round of the clock; the worker is alive, whatever comes of it."""
    heard(Heartbeat.WORKER, timezone.now())
    as_round(name, act, timezone.now)


@shared_task(name=outbox.RING)
def deliver() -> None:
    """Deliver what is due in the outbox; rung by the broker's bell and by the clock."""
    _round("deliver", lambda: deliver_due(timezone.now))


@shared_task
@through("clock")
def keep_schedules() -> None:
    """Make sure that every schedule has its next start written down."""
    _round("keep-schedules", lambda: ensure_schedules(now=timezone.now()))


@shared_task
@through("clock")
def watch() -> None:
    """Open incidents on work whose people have gone."""
    _round("watch", lambda: watch_queues(now=timezone.now()))


@shared_task
@through("clock")
def watch_published() -> None:
    """Find published maps that have gone wrong since."""
    _round("watch-maps", lambda: watch_maps(now=timezone.now()))


@shared_task
@through("clock")
def seal() -> None:
    """Seal what the trail has got since the last time."""
    _round("seal", lambda: seal_all(timezone.now))


@shared_task
@through("clock")
def keep_head() -> None:
    """Write down the head of the trail's chain and have it sent outside."""
    _round("keep-head", lambda: write_head(timezone.now()))


@shared_task
@through("clock")
def roll_up() -> None:
    """Clear away what killed imports of logs have left; keep the roll-ups of the reports fresh."""
    _round("clear imports", lambda: clear_abandoned(now=timezone.now()))
    _round("roll-up", lambda: keep_fresh(now=timezone.now()))


@shared_task
@through("clock")
def review() -> None:
    """Open the reviews that have fallen due and tell their people."""
    _round("review", lambda: review_due(now=timezone.now()))


@shared_task
@through("clock")
def forget() -> None:
    """Delete what nobody needs any more."""
    _round("forget", lambda: forget_all(timezone.now()))


def forget_all(now: datetime) -> None:
    """Delete sessions that have run out, messages long delivered, answers long given, and mails
    that lie as files; where one of these fails, the others are done all the same."""
    old = now - timedelta(days=settings.OUTBOX_KEEP_DAYS)
    parts: dict[str, Callable[[], Any]] = {
        "sessions": lambda: call_command("clearsessions"),
        "answers": lambda: forget_replies(now),
        "webhook signatures": lambda: forget_deliveries(now),
        "messages": lambda: outbox.forget_closed(before=old),
        "mails": lambda: forget_mail_files(old),
    }
    with units("forget", now) as all_parts:
        for name, act in parts.items():
            with all_parts.one(name):
                act()


def forget_mail_files(before: datetime) -> int:
    """Without a mail server mails become files; the old ones are deleted. How many there were."""
    folder = getattr(settings, "EMAIL_FILE_PATH", None)
    if folder is None or not Path(folder).is_dir():
        return 0
    old = [one for one in Path(folder).glob("*.log") if one.stat().st_mtime < before.timestamp()]
    for one in old:
        one.unlink(missing_ok=True)
    return len(old)
