"""Brings a process's event log in as requests, with its own times."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from reporting.imports import import_log
from workflows.management.base import HandoffCommand, person


class Command(HandoffCommand):
    """Import a log under a workflow; a key that does not exist yet gets an observed map."""

    help = (
        "Bring an event log (CSV or XES, also gzipped) in as requests with the log's own times."
        " A KEY that does not exist yet gets a map made from the log, to learn from and to redraw."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workflow, which log."""
        parser.add_argument("source", metavar="KEY|FILE", help="a workflow's key, or a file")
        parser.add_argument(
            "log", metavar="LOG", help="the event log: .csv, .csv.gz, .xes, .xes.gz"
        )
        parser.add_argument("--as", dest="person", metavar="USER", help="in this person's name")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Import, and say what came in."""
        done = import_log(
            options["source"],
            options["log"],
            actor=person(options["person"]),
            now=timezone.now(),
        )
        data = {
            "workflow": done.version.template.key,
            "version": done.version.number,
            "observed": done.observed,
            "cases": done.cases,
            "rows": done.rows,
        }
        how = "with a map observed in the log" if done.observed else "on its map"
        text = (
            f"{done.cases:,} cases with {done.rows:,} rows are in '{data['workflow']}'"
            f" version {done.version.number}, {how}."
        )
        self.show(options, data, text)
        return None
