"""Writes a workflow's requests as an event log."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from reporting.eventlogs.writers.log import TYPES, log_lines
from reporting.metrics.native_rows import RequestPeriod
from reporting.metrics.timestamps import parse_day_range
from reporting.ui.whole_file import is_stdout, write_whole_file
from workflows.definitions.models import WorkflowTemplate
from workflows.definitions.queries.sources import find_named_workflow
from workflows.definitions.services.publishing import write_definition_trail
from workflows.management.base import HandoffCommand
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import LogExported


class Command(HandoffCommand):
    """The log on stdout, or in a file that is only there when it is whole."""

    help = "Write a workflow's finished tasks as an event log: XES, OCEL 2.0 (JSON) or CSV."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workflow, in which format, and where to."""
        parser.add_argument("workflow", metavar="KEY", help="the workflow's key")
        parser.add_argument("--format", choices=sorted(TYPES), default="xes")
        parser.add_argument("--since", metavar="D", help="requests started on this day or later")
        parser.add_argument("--until", metavar="D", help="requests started before this day")
        parser.add_argument(
            "--people", action="store_true", help="name people, not only roles; the trail tells it"
        )
        parser.add_argument("--out", metavar="FILE", help="write to this file instead of stdout")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Stream the log."""
        template = find_named_workflow(options["workflow"])
        since, until = parse_day_range(options["since"], options["until"], ("--since", "--until"))
        period = RequestPeriod(since=since, until=until)
        if options["people"]:
            _record_export(template, options)
        lines = log_lines(template, options["format"], period, people=options["people"])
        if options["out"] and not is_stdout(options["out"]):
            write_whole_file(Path(options["out"]), lines)
            text = f"The log of '{template.name}' is in {options['out']}."
            self.show(options, {"file": options["out"], "format": options["format"]}, text)
        else:
            for line in lines:
                self.stdout.write(line, ending="")
        return None


def _record_export(template: WorkflowTemplate, options: Mapping[str, Any]) -> None:
    """That people are named is a row of the trail, written before the first name is given out."""
    version = template.versions.select_related("template").order_by("-number").first()
    if version is not None:
        fact = LogExported(
            format=options["format"], since=options["since"], until=options["until"], people=True
        )
        write_definition_trail(
            version, TrailCommand.EXPORT_LOG, actor=None, now=timezone.now(), fact=fact
        )
