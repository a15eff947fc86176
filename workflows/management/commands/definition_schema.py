"""Prints the JSON Schema of definition files, or the table of their keys."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from workflows.engine.format.files import json_schema
from workflows.engine.format.key_table import format_key_table
from workflows.management.base import HandoffCommand, json_text


class Command(HandoffCommand):
    """Print the schema, for editors and other programs; it is JSON with and without --json."""

    help = "Print the JSON Schema of definition files."

    def add_arguments(self, parser: CommandParser) -> None:
        """The schema, or the table that docs/definition.md ends with."""
        super().add_arguments(parser)
        parser.add_argument(
            "--keys", action="store_true", help="Print a table of every key, in Markdown, instead."
        )

    def run(self, options: Mapping[str, Any]) -> int | None:
        """The schema is the whole output."""
        schema = json_schema()
        written = format_key_table(schema) if options["keys"] else json_text(schema)
        self.show(options, schema, written)
        return None
