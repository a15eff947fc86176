"""Writes a decision table of a workflow's map as DMN 1.3."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.queries.sources import find_named_version
from workflows.definitions.queries.table_files import find_named_table
from workflows.engine.dmn.writing import write_dmn
from workflows.management.base import HandoffCommand


class Command(HandoffCommand):
    """Write a file that DMN tools open and `import_dmn` reads again."""

    help = "Write a decision table of a workflow's map as DMN 1.3."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workflow, version and step, and where to."""
        parser.add_argument("key", metavar="KEY", help="the workflow's key")
        parser.add_argument("--step", metavar="STEP", help="the table, where the map has several")
        parser.add_argument("--version", dest="number", type=int, metavar="N", help="its number")
        parser.add_argument("--out", metavar="FILE", help="write to this file, not to the screen")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """The file, or with --json where it is and how many rows it has."""
        version = find_named_version(options["key"], number=options["number"])
        definition = definition_of(version)
        step = find_named_table(definition, options["step"])
        written = write_dmn(definition, step)
        rows = len(getattr(definition.steps[step], "rows", None) or ())
        result = {"key": definition.key, "version": version.number, "step": step, "rows": rows}
        self.show_file(options, result, kind="dmn", written=written, about=f"'{step}' of {version}")
        return None
