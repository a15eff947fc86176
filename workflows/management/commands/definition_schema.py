"""Prints the JSON Schema of definition files."""

from collections.abc import Mapping
from typing import Any

from workflows.engine.format.files import json_schema
from workflows.management.base import HandoffCommand, json_text


class Command(HandoffCommand):
    """Print the schema, for editors and other programs; it is JSON with and without --json."""

    help = "Print the JSON Schema of definition files."

    def run(self, options: Mapping[str, Any]) -> int | None:
        """The schema is the whole output."""
        schema = json_schema()
        self.show(options, schema, json_text(schema))
        return None
