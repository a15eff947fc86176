"""What runs in the background: delivering what is due, and housekeeping on the clock."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from celery import shared_task
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from reporting.eventlogs.services.removal import clear_abandoned_imports
from reporting.forecasts.forecasting import refresh_forecasts
from reporting.reviews.services.opening import process_due_reviews
from reporting.rollups.services import refresh_roll_ups
from workflows.access.services.idempotency import forget_replies
from workflows.automation.services.delivery import deliver_due
from workflows.automation.triggers.webhooks import forget_deliveries
from workflows.definitions.services.map_watch import audit_published_maps
from workflows.definitions.services.schedule_planning import ensure_schedules
from workflows.documents.services.kept_uploads import forget_old_uploads
from workflows.execution.services.form_drafts import forget_form_drafts
from workflows.execution.services.staffing_watch import watch_queues
from workflows.links.services.decision_links import forget_decision_links
from workflows.links.services.public_entries import forget_public_entries
from workflows.notices.services.settling import delete_old_notices
from workflows.outbox.heartbeat_models import Heartbeat
from workflows.outbox.services import messages as outbox
from workflows.outbox.services.heartbeats import open_round_units, record_sign_of_life, run_as_round
from workflows.people.services.absences import follow_time_zones
from workflows.trail.choices import TrailChannel
from workflows.trail.services.channel import channel_scope
from workflows.trail.services.daily_heads import write_trail_head
from workflows.trail.services.sealing import seal_all

FORECAST_AT_MOST = 3600.0
"""Seconds after which the forecasts of no other workflow are begun."""


def _run_round(name: str, act: Callable[[], Any]) -> None:
    """Run a round of the clock; the worker is alive, whatever comes of it."""
    record_sign_of_life(Heartbeat.WORKER, timezone.now())
    run_as_round(name, act, timezone.now)


@shared_task(name=outbox.DELIVER_TASK_NAME)
def deliver_outbox_task() -> None:
    """Deliver what is due in the outbox; rung by the broker's bell and by the clock."""
    _run_round("deliver", lambda: deliver_due(timezone.now))


@shared_task
@channel_scope(TrailChannel.CLOCK)
def keep_schedules() -> None:
    """Make sure that every schedule has its next start written down."""
    _run_round("keep-schedules", lambda: ensure_schedules(now=timezone.now()))


@shared_task
@channel_scope(TrailChannel.CLOCK)
def watch() -> None:
    """Open incidents on work whose people have gone."""
    _run_round("watch", lambda: watch_queues(now=timezone.now()))
    _run_round("absences", lambda: follow_time_zones(timezone.now()))


@shared_task
@channel_scope(TrailChannel.CLOCK)
def watch_published() -> None:
    """Find published maps that have gone wrong since."""
    _run_round("watch-maps", lambda: audit_published_maps(now=timezone.now()))


@shared_task
@channel_scope(TrailChannel.CLOCK)
def seal() -> None:
    """Seal what the trail has got since the last time."""
    _run_round("seal", lambda: seal_all(timezone.now))


@shared_task
@channel_scope(TrailChannel.CLOCK)
def keep_head() -> None:
    """Write down the head of the trail's chain and have it sent outside."""
    _run_round("keep-head", lambda: write_trail_head(timezone.now()))


@shared_task
@channel_scope(TrailChannel.CLOCK)
def roll_up() -> None:
    """Clear away what killed imports of logs have left; keep the roll-ups of the reports fresh."""
    _run_round("clear imports", lambda: clear_abandoned_imports(now=timezone.now()))
    _run_round("roll-up", lambda: refresh_roll_ups(now=timezone.now()))


@shared_task
@channel_scope(TrailChannel.CLOCK)
def forecast() -> None:
    """Foretell what comes of everything that is open, and judge what was foretold."""
    _run_round("forecast", lambda: refresh_forecasts(now=timezone.now(), within=FORECAST_AT_MOST))


@shared_task
@channel_scope(TrailChannel.CLOCK)
def review() -> None:
    """Open the reviews that have fallen due and tell their people."""
    _run_round("review", lambda: process_due_reviews(now=timezone.now()))


@shared_task
@channel_scope(TrailChannel.CLOCK)
def forget() -> None:
    """Delete what nobody needs any more."""
    _run_round("forget", lambda: delete_expired_rows(timezone.now()))


def delete_expired_rows(now: datetime) -> None:
    """Delete sessions that have run out, messages long delivered, answers long given, drafts that
    nobody sent, and mails that lie as files; where one of these fails, the others are done all the
    same."""
    old = now - timedelta(days=settings.OUTBOX_KEEP_DAYS)
    parts: dict[str, Callable[[], Any]] = {
        "sessions": lambda: call_command("clearsessions"),
        "answers": lambda: forget_replies(now),
        "drafts": lambda: forget_form_drafts(now),
        "public forms": lambda: forget_public_entries(now),
        "kept uploads": lambda: forget_old_uploads(now),
        "decision links": lambda: forget_decision_links(now),
        "webhook signatures": lambda: forget_deliveries(now),
        "messages": lambda: outbox.delete_closed_messages(before=old),
        "notices": lambda: delete_old_notices(before=old),
        "mails": lambda: delete_old_mail_files(old),
    }
    with open_round_units("forget", now) as all_parts:
        for name, act in parts.items():
            with all_parts.isolate_unit(name):
                act()


def delete_old_mail_files(before: datetime) -> int:
    """Without a mail server mails become files; the old ones are deleted. How many there were."""
    folder = getattr(settings, "EMAIL_FILE_PATH", None)
    if folder is None or not Path(folder).is_dir():
        return 0
    old = [path for path in Path(folder).glob("*.log") if path.stat().st_mtime < before.timestamp()]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
