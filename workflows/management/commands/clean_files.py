"""Finds uploaded files that no document names, and deletes them when told to."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from workflows.engine.errors import InvalidInput
from workflows.management.base import FOUND, HandoffCommand
from workflows.services.files import Files, clean, look

SHOWN = 20


class Command(HandoffCommand):
    """What a full disk or a killed command left; 1 while something is found that is not right."""

    help = (
        "Find stored files that no document names (a full disk or a killed command leaves such),"
        " and documents whose file is missing. Deletes nothing without --apply. Exits with 1 where"
        " orphans are left or files are missing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to delete, and what is too young for that."""
        parser.add_argument("--apply", action="store_true", help="delete the files; else only say")
        parser.add_argument(
            "--hours", type=float, default=24, metavar="N",
            help="leave files younger than this: a command may still be writing them (24)",
        )  # fmt: skip

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Look, then delete where told to."""
        if not 1 <= options["hours"] <= 24 * 3650:
            raise InvalidInput("--hours is a number from 1 on; a younger file may be in use.")
        found = look(now=timezone.now(), young=timedelta(hours=options["hours"]))
        deleted = clean(found) if options["apply"] else 0
        data = {**asdict(found), "deleted": deleted, "applied": options["apply"]}
        self.show(options, data, _text(found, deleted, is_applied=options["apply"]))
        left = found.orphans if not options["apply"] else []
        return FOUND if left or found.missing else None


def _text(found: Files, deleted: int, *, is_applied: bool) -> str:
    lines = [
        f"{found.looked_at:,} files looked at; {len(found.orphans):,} that no document names"
        f" ({found.orphan_bytes:,} bytes); {found.young:,} too young to tell."
    ]
    lines += [f"  {name}" for name in found.orphans[:SHOWN]]
    if len(found.orphans) > SHOWN:
        lines.append(f"  and {len(found.orphans) - SHOWN:,} more")
    if is_applied:
        lines.append(f"{deleted:,} deleted.")
    elif found.orphans:
        lines.append("Nothing was deleted; --apply deletes them.")
    lines += [f"MISSING: the file of {one}" for one in found.missing]
    return "\n".join(lines)
