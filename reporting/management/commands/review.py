"""Prints the facts of the periodic review."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from reporting.moments import day
from reporting.reviews.facts import gather
from reporting.reviews.models import Review, reviews_of
from reporting.reviews.rows import version_in_force
from reporting.reviews.services import every, fixes
from reporting.reviews.tables import lines_of
from workflows.engine.errors import InvalidInput, NotFound
from workflows.management.base import FOUND, HandoffCommand
from workflows.models import WorkflowTemplate


class Command(HandoffCommand):
    """The facts of a workflow's review as of now; nothing is written."""

    help = (
        "Print the facts of a workflow's review: since the last one's period (or for one period)"
        " up to now. Exits 1 when there are findings."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workflow, and another period where one is wanted."""
        parser.add_argument("key", metavar="KEY", help="the workflow's key")
        parser.add_argument("--since", metavar="D", help="from this day on")
        parser.add_argument("--until", metavar="D", help="up to before this day")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Gather and print."""
        template = WorkflowTemplate.objects.filter(key=options["key"]).first()
        if template is None:
            raise NotFound(f"There is no workflow '{options['key']}'; check its key.")
        now = timezone.now()
        until = day(options["until"], "--until") or now
        last = reviews_of(template).filter(state=Review.CLOSED, period_end__lt=until).first()
        since = day(options["since"], "--since")
        if since is None:
            long = every(version_in_force(template))
            since = last.period_end if last else until - long
        if since >= until:
            raise InvalidInput("--since is not before --until; give an earlier day.")
        found = gather(
            template, since=since, until=until, now=now, last=last.facts if last else None
        )
        decided = last.findings.prefetch_related("decisions") if last else ()
        found["fixes"] = fixes(decided, found["measures"])
        self.show(options, found, "\n".join(lines_of(found)))
        return FOUND if found["findings"] else None
