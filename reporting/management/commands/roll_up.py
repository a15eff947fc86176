"""Rolls up what has changed, as the clock does, or makes the roll-ups anew."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from reporting.metrics.timestamps import parse_day
from reporting.rollups.services import rebuild_roll_ups, refresh_roll_ups
from workflows.management.base import HandoffCommand


class Command(HandoffCommand):
    """Keeps the roll-ups that the report pages read."""

    help = "Roll up what has changed since the last time; with --rebuild, everything anew."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to begin anew, and from when."""
        parser.add_argument("--rebuild", action="store_true", help="make all roll-ups anew")
        parser.add_argument("--since", metavar="D", help="anew from the week of this day on")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Roll up and say which days."""
        since = parse_day(options["since"], "--since")
        now = timezone.now()
        if options["rebuild"] or since is not None:
            days = rebuild_roll_ups(now=now, since=since.date() if since else None)
        else:
            days = refresh_roll_ups(now=now)
        data = {
            "days": len(days),
            "first": days[0] if days else None,
            "last": days[-1] if days else None,
            "rolled_up_to": now,
        }
        between = f", {days[0]} to {days[-1]}" if days else ""
        self.show(options, data, f"Rolled up: {len(days):,} days{between}.")
        return None
