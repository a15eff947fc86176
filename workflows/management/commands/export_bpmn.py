"""Writes a workflow's map as BPMN 2.0, with its picture."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.queries.sources import find_named_version
from workflows.engine.bpmn.writing import write_bpmn
from workflows.management.base import HandoffCommand


class Command(HandoffCommand):
    """Write a file that any BPMN tool opens and `import_bpmn` reads again."""

    help = "Write a workflow's map as BPMN 2.0: its published version, else its newest."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workflow and version, and where to."""
        parser.add_argument("key", metavar="KEY", help="the workflow's key")
        parser.add_argument("--version", dest="number", type=int, metavar="N", help="its number")
        parser.add_argument("--out", metavar="FILE", help="write to this file, not to the screen")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """The file, or with --json where it is and how many steps it shows."""
        version = find_named_version(options["key"], number=options["number"])
        definition = definition_of(version)
        written = write_bpmn(definition)
        steps = len(definition.steps)
        result = {"key": definition.key, "version": version.number, "steps": steps}
        self.show_file(options, result, kind="bpmn", written=written, about=str(version))
        return None
