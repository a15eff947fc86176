"""Prints the facts of the periodic review."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from reporting.metrics.timestamps import parse_day
from reporting.reviews.facts.choices import ReviewState
from reporting.reviews.messages.exported import export_facts
from reporting.reviews.models import workflow_reviews
from reporting.reviews.queries.due import review_interval, version_in_force
from reporting.reviews.queries.facts import gather_facts
from reporting.reviews.tables import review_text_lines
from workflows.definitions.queries.sources import find_named_workflow
from workflows.engine.errors import InvalidInput
from workflows.management.base import EXIT_FOUND, HandoffCommand


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
        template = find_named_workflow(options["key"])
        now = timezone.now()
        until = parse_day(options["until"], "--until") or now
        last = (
            workflow_reviews(template)
            .filter(state=ReviewState.CLOSED, period_end__lt=until)
            .first()
        )
        since = parse_day(options["since"], "--since")
        if since is None:
            long = review_interval(version_in_force(template))
            since = last.period_end if last else until - long
        if since >= until:
            raise InvalidInput("--since is not before --until; give an earlier day.")
        facts = gather_facts(template, since=since, until=until, now=now, last=last)
        self.show(options, export_facts(facts), "\n".join(review_text_lines(facts)))
        return EXIT_FOUND if facts.findings else None
