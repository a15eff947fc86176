"""Prints the definition file of a workflow's version."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.queries.sources import find_named_version
from workflows.engine.format.files import write_definition
from workflows.management.base import HandoffCommand


class Command(HandoffCommand):
    """Print a definition file that `load_workflow` reads again."""

    help = "Print the definition file of a workflow: its published version, else its newest."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workflow, and which version of it."""
        parser.add_argument("key", metavar="KEY", help="the workflow's key")
        parser.add_argument("--version", dest="number", type=int, metavar="N", help="its number")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """YAML, or with --json the same as JSON; both can be loaded."""
        definition = definition_of(find_named_version(options["key"], number=options["number"]))
        self.show(options, definition.dump(), write_definition(definition).rstrip("\n"))
        return None
