"""What runs in the background: delivering what is due, and housekeeping on the clock."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from reporting.reviews.services import review_due
from reporting.rollups import keep_fresh
from workflows.automation.deliver import deliver_due
from workflows.services import outbox
from workflows.services.channel import through
from workflows.services.heads import write_head
from workflows.services.replies import forget_replies
from workflows.services.schedules import ensure_schedules
from workflows.services.seals import seal_all
from workflows.services.watch import watch_queues
from workflows.services.webhooks import forget_deliveries


@shared_task(name=outbox.RING)
def deliver() -> None:
    """Deliver what is due in the outbox; rung by the broker's bell and by the clock."""
    deliver_due(timezone.now)


@shared_task
@through("clock")
def keep_schedules() -> None:
    """Make sure that every schedule has its next start written down."""
    ensure_schedules(now=timezone.now())


@shared_task
@through("clock")
def watch() -> None:
    """Open incidents on work whose people have gone."""
    watch_queues(now=timezone.now())


@shared_task
@through("clock")
def seal() -> None:
    """Seal what the trail has got since the last time."""
    seal_all(timezone.now)


@shared_task
@through("clock")
def keep_head() -> None:
    """Write down the head of the trail's chain and have it sent outside."""
    write_head(timezone.now())


@shared_task
@through("clock")
def roll_up() -> None:
    """Keep the roll-ups of the reports fresh."""
    keep_fresh(now=timezone.now())


@shared_task
@through("clock")
def review() -> None:
    """Open the reviews that have fallen due and tell their people."""
    review_due(now=timezone.now())


@shared_task
@through("clock")
def forget() -> None:
    """Delete sessions that have run out, messages long delivered, and answers long given."""
    call_command("clearsessions")
    forget_replies(timezone.now())
    forget_deliveries(timezone.now())
    outbox.forget_closed(before=timezone.now() - timedelta(days=settings.OUTBOX_KEEP_DAYS))
