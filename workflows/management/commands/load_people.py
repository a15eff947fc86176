"""Loads what a company's directory says of its people: all of a file, or nothing of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from workflows.engine.errors import InvalidInput
from workflows.management.base import HandoffCommand, find_acting_user, printable_line
from workflows.people.services.directory_import import (
    BadDirectory,
    DirectoryRow,
    describe_problems,
    load_people,
    read_directory,
)


class Command(HandoffCommand):
    """Load a directory; where rows are wrong, each is named and nothing is written."""

    help = (
        "Load people from a CSV file with the columns login, name (or first_name, last_name), mail,"
        " time_zone, language, manager (a login), department, cost_centre, place, approval_limit."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and what to do with it."""
        parser.add_argument("file", metavar="FILE", help="a CSV file in UTF-8")
        parser.add_argument("--create", action="store_true", help="make accounts that are missing")
        parser.add_argument("--dry-run", action="store_true", help="say what would be written")
        parser.add_argument("--as", dest="actor", metavar="USER", help="the person who does it")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Read all of the file before the first row is written."""
        rows = _read_file(options["file"])
        actor = find_acting_user(options["actor"])
        try:
            result = load_people(
                rows, by=actor, create=options["create"], dry_run=options["dry_run"]
            )
        except BadDirectory as refused:
            for line in describe_problems(refused.problems):
                self.stderr.write(printable_line(line))
            raise
        figures = {
            "created": result.created,
            "changed": result.changed,
            "unchanged": result.unchanged,
            "dry_run": bool(options["dry_run"]),
        }
        done = "would be made" if options["dry_run"] else "made"
        text = (
            f"{result.created} {done}, {result.changed} changed, {result.unchanged} as they were."
        )
        self.show(options, figures, text)
        return None


def _read_file(path: str) -> list[DirectoryRow]:
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            return read_directory(file)
    except OSError as problem:
        raise InvalidInput(
            "'%(path)s' cannot be read: %(problem)s.", path=path, problem=problem.strerror
        ) from None
    except UnicodeDecodeError:
        raise InvalidInput("'%(path)s' is no UTF-8 text; save it as such.", path=path) from None
