"""Checks the audit trail's seals."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from workflows.management.base import FOUND, HandoffCommand
from workflows.services.verify import MOST, Verified, read_head, verify


class Command(HandoffCommand):
    """Walks the chain of seals; 1 and the first broken row if it was tampered with."""

    help = "Check the audit trail's seals: names the first row that does not fit, and exits with 1."

    def add_arguments(self, parser: CommandParser) -> None:
        """Heads that were sent outside, and whether to go on after the first break."""
        parser.add_argument(
            "--head", action="append", default=[], metavar="DATE:POSITION:HASH",
            help="a daily head as it was sent outside; may be given more than once",
        )  # fmt: skip
        parser.add_argument("--all", action="store_true", help="name all that is broken")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Verify, and say what was found."""
        heads = [read_head(text) for text in options["head"]]
        found = verify(now=timezone.now(), heads=heads, everything=options["all"])
        self.show(options, _data(found), _text(found))
        return FOUND if found.found else None


def _data(found: Verified) -> dict[str, Any]:
    return {
        "ok": not found.found,
        "sealed": found.sealed,
        "hash": found.hash,
        "waiting": found.waiting,
        "late": found.late,
        "heads": {"checked": found.heads, "from_outside": found.outside},
        "found": found.found,
        "broken": [asdict(one) for one in found.broken],
    }


def _text(found: Verified) -> str:
    if not found.found:
        return "\n".join(_well(found))
    more = found.found - len(found.broken)
    lines = [one.text for one in found.broken]
    if more:
        lines.append(f"And {more:,} more; the first {MOST:,} are named.")
    return "\n".join(lines)


def _well(found: Verified) -> list[str]:
    lines = [f"{found.sealed:,} rows of the trail fit their seals; the last is {found.hash}."]
    if found.waiting:
        lines.append(f"{found.waiting:,} newer rows wait for the sealer.")
    if found.late:
        lines.append(
            f"{found.late:,} rows were sealed more than a day after the time that they carry:"
            " replayed or demo history, rows from before there were seals, or rows put in later."
        )
    if not found.outside:
        lines.append(
            "No head from outside was compared: a chain that was cut off at its end or written"
            " anew by the database's owner fits too. Give one with --head."
        )
    return lines
