"""Finds uploaded files that no document needs, and deletes them when told to."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from workflows.documents.services.orphaned_files import (
    FileInspection,
    delete_orphan_files,
    inspect_stored_files,
)
from workflows.engine.errors import InvalidInput
from workflows.management.base import EXIT_FOUND, HandoffCommand

LISTED_ORPHANS = 20


class Command(HandoffCommand):
    """What a full disk or a killed command left; 1 while something is found that is not right."""

    help = (
        "Find stored files that no document needs (a full disk or a killed command leaves such, and"
        " whoever withdraws a comment), and documents whose file is missing. Deletes nothing"
        " without --apply. Exits with 1 where orphans are left or files are missing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to delete, and what is too young for that."""
        parser.add_argument("--apply", action="store_true", help="delete the files; else only say")
        parser.add_argument(
            "--hours",
            type=float,
            default=24,
            metavar="N",
            help="leave files younger than this: a command may still be writing them (24)",
        )

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Look, then delete where told to."""
        if not 1 <= options["hours"] <= 24 * 3650:
            raise InvalidInput("--hours is a number from 1 on; a younger file may be in use.")
        scan = inspect_stored_files(now=timezone.now(), young=timedelta(hours=options["hours"]))
        deleted = delete_orphan_files(scan) if options["apply"] else 0
        data = {**asdict(scan), "deleted": deleted, "applied": options["apply"]}
        self.show(options, data, _render_file_scan(scan, deleted, is_applied=options["apply"]))
        remaining = scan.orphans if not options["apply"] else []
        return EXIT_FOUND if remaining or scan.missing else None


def _render_file_scan(scan: FileInspection, deleted: int, *, is_applied: bool) -> str:
    lines = [
        f"{scan.looked_at:,} files looked at; {len(scan.orphans):,} that no document needs"
        f" ({scan.orphan_bytes:,} bytes); {scan.young:,} too young to tell."
    ]
    lines += [f"  {name}" for name in scan.orphans[:LISTED_ORPHANS]]
    if len(scan.orphans) > LISTED_ORPHANS:
        lines.append(f"  and {len(scan.orphans) - LISTED_ORPHANS:,} more")
    if is_applied:
        lines.append(f"{deleted:,} deleted.")
    elif scan.orphans:
        lines.append("Nothing was deleted; --apply deletes them.")
    lines += [f"MISSING: the file of {missing_name}" for missing_name in scan.missing]
    return "\n".join(lines)
