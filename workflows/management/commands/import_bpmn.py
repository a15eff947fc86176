"""Reads a BPMN 2.0 file as a draft, and lists what the draft does not say."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from workflows.definitions.services.publishing import load_definition
from workflows.engine.bpmn.process import Unsupported
from workflows.engine.bpmn.reading import read_bpmn
from workflows.engine.bpmn.xml_tree import MAX_BYTES
from workflows.management.base import EXIT_FOUND, HandoffCommand, find_acting_user
from workflows.persistence.files import read_bytes


class Command(HandoffCommand):
    """Load a BPMN file as a draft version; 1 where something of it is not supported."""

    help = "Load a BPMN 2.0 file as a draft version, and list what the draft does not say."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, which of its processes, and what the workflow is called."""
        parser.add_argument("file", metavar="FILE", help="a BPMN 2.0 file")
        parser.add_argument("--process", metavar="ID", help="the process, where it has several")
        parser.add_argument("--key", metavar="KEY", help="the workflow's key (made from its name)")
        parser.add_argument("--as", dest="actor", metavar="USER", help="who does it, and owns it")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Read the whole file before the first row is written."""
        actor = find_acting_user(options["actor"])
        draft = read_bpmn(
            read_bytes(options["file"], 4 * MAX_BYTES),
            name=options["file"],
            process_id=options["process"],
            key=options["key"],
            owner=actor.username if actor else None,
        )
        version, is_new = load_definition(draft.definition, actor=actor, now=timezone.now())
        rows = [describe_unsupported(row) for row in draft.unsupported]
        result = {
            "key": draft.definition.key,
            "version": version.number,
            "steps": len(draft.definition.steps),
            "unsupported": rows,
        }
        lines = [f"{options['file']}: {'loaded as' if is_new else 'is already'} {version}."]
        lines += [_line_of(row) for row in rows]
        self.show(options, result, "\n".join(lines))
        return EXIT_FOUND if rows else None


def describe_unsupported(row: Unsupported) -> dict[str, Any]:
    """A row of the list as plain data."""
    return {
        "element": row.element,
        "id": row.id,
        "name": row.name,
        "line": row.line,
        "why": str(row.why),
    }


def _line_of(row: Mapping[str, Any]) -> str:
    named = f" '{row['name']}'" if row["name"] else ""
    return f"  line {row['line']}: {row['element']}{named}: {row['why']}"
