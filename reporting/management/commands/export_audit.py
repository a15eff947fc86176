"""Writes the audit trail as CSV."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from reporting.audit.queries.csv_lines import select_trail_rows, trail_csv_lines, trail_json_lines
from reporting.metrics.timestamps import parse_day_range
from reporting.ui.whole_file import is_stdout, write_whole_file
from workflows.definitions.models import WorkflowTemplate
from workflows.definitions.queries.sources import find_named_workflow
from workflows.management.base import HandoffCommand


class Command(HandoffCommand):
    """The trail as CSV, on stdout or into a file that is only there when it is whole."""

    help = "Write the audit trail as CSV: one row a recorded change, oldest first."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which part of the trail, and where to."""
        parser.add_argument("--workflow", metavar="KEY", help="only this workflow")
        parser.add_argument("--since", metavar="D", help="recorded on this day or later")
        parser.add_argument("--until", metavar="D", help="recorded before this day")
        parser.add_argument("--out", metavar="FILE", help="write to this file instead of stdout")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Stream the rows."""
        since, until = parse_day_range(options["since"], options["until"], ("--since", "--until"))
        events = select_trail_rows(
            templates=self._select_templates(options["workflow"]), since=since, until=until
        )
        if options["out"] and not is_stdout(options["out"]):
            rows = write_whole_file(Path(options["out"]), trail_csv_lines(events)) - 1  # the header
            text = f"{rows:,} rows of the trail are in {options['out']}."
            self.show(options, {"rows": rows, "file": options["out"]}, text)
        else:
            for line in trail_json_lines(events) if options["json"] else trail_csv_lines(events):
                self.stdout.write(line, ending="")
        return None

    def _select_templates(self, key: str | None) -> list[WorkflowTemplate] | None:
        return [find_named_workflow(key)] if key else None
