"""Writes the audit trail as CSV."""

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from reporting.audit_csv import csv_lines, json_lines, trail_rows
from reporting.moments import day
from workflows.engine.errors import InvalidInput, NotFound
from workflows.management.base import HandoffCommand
from workflows.models import WorkflowTemplate


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
        events = trail_rows(
            templates=self._templates(options["workflow"]),
            since=day(options["since"], "--since"),
            until=day(options["until"], "--until"),
        )
        if options["out"]:
            rows = _write(Path(options["out"]), csv_lines(events))
            text = f"{rows:,} rows of the trail are in {options['out']}."
            self.show(options, {"rows": rows, "file": options["out"]}, text)
        else:
            for line in json_lines(events) if options["json"] else csv_lines(events):
                self.stdout.write(line, ending="")
        return None

    def _templates(self, key: str | None) -> list[WorkflowTemplate] | None:
        if not key:
            return None
        found = list(WorkflowTemplate.objects.filter(key=key))
        if not found:
            raise NotFound(f"There is no workflow '{key}'; check its key.")
        return found


def _write(path: Path, lines: Iterable[str]) -> int:
    """Write beside the file and put it in place at the end; returns how many rows it has."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    count = -1
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            for line in lines:
                file.write(line)
                count += 1
        part.replace(path)
    except OSError as problem:
        with contextlib.suppress(OSError):
            part.unlink()
        raise InvalidInput(
            f"'{path}' cannot be written: {problem.strerror}; give another --out."
        ) from problem
    return count
