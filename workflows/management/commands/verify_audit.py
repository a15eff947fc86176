"""Checks the audit trail's seals."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext

from workflows.engine.texts import plural_text, text
from workflows.language.formats import count_text
from workflows.management.base import EXIT_FOUND, HandoffCommand
from workflows.monitoring.facts import TrailDefect
from workflows.monitoring.messages import describe_trail_defect
from workflows.monitoring.queries.trail_verification import (
    MOST,
    VerificationResult,
    parse_chain_head,
    verify_trail,
)


class Command(HandoffCommand):
    """Walks the chain of seals; 1 and the first broken row if it was tampered with."""

    help = "Check the audit trail's seals: names the first row that does not fit, and exits with 1."

    def add_arguments(self, parser: CommandParser) -> None:
        """Heads that were sent outside, and whether to go on after the first break."""
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            metavar="DATE:POSITION:HASH",
            help="a daily head as it was sent outside; may be given more than once",
        )
        parser.add_argument("--all", action="store_true", help="name all that is broken")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Verify, and say what was found."""
        heads = [parse_chain_head(text) for text in options["head"]]
        verification = verify_trail(now=timezone.now(), heads=heads, everything=options["all"])
        self.show(options, _result_data(verification), _render_result(verification))
        return EXIT_FOUND if verification.broken_count else None


def _result_data(verification: VerificationResult) -> dict[str, Any]:
    return {
        "ok": not verification.broken_count,
        "sealed": verification.sealed,
        "hash": verification.hash,
        "waiting": verification.waiting,
        "late": verification.late,
        "heads": {"checked": verification.heads, "from_outside": verification.outside},
        "found": verification.broken_count,
        "broken": [_defect_data(defect) for defect in verification.broken],
    }


def _defect_data(defect: TrailDefect) -> dict[str, Any]:
    return {
        "kind": defect.kind,
        "position": defect.position,
        "event": defect.event,
        "reference": defect.reference,
        "text": str(describe_trail_defect(defect)),
    }


def _render_result(verification: VerificationResult) -> str:
    if not verification.broken_count:
        return "\n".join(_describe_intact_trail(verification))
    unlisted_count = verification.broken_count - len(verification.broken)
    lines = [str(describe_trail_defect(defect)) for defect in verification.broken]
    if unlisted_count:
        lines.append(
            gettext("And %(count)s more; the first %(named)s are named.")
            % {"count": count_text(unlisted_count), "named": count_text(MOST)}
        )
    return "\n".join(lines)


def _describe_intact_trail(verification: VerificationResult) -> list[str]:
    lines = [
        plural_text(
            "%(count)s row of the trail fits its seal; the last is %(hash)s.",
            "%(count)s rows of the trail fit their seals; the last is %(hash)s.",
            verification.sealed,
            hash=verification.hash,
        )
    ]
    if verification.waiting:
        lines.append(
            plural_text(
                "%(count)s newer row waits for the sealer.",
                "%(count)s newer rows wait for the sealer.",
                verification.waiting,
            )
        )
    if verification.late:
        lines.append(
            plural_text(
                "%(count)s row was sealed more than a day after the time that it carries: replayed"
                " or demo history, a row from before there were seals, or one put in later.",
                "%(count)s rows were sealed more than a day after the time that they carry:"
                " replayed or demo history, rows from before there were seals, or rows put in"
                " later.",
                verification.late,
            )
        )
    if not verification.outside:
        lines.append(
            text(
                "No head from outside was compared: a chain that was cut off at its end or written"
                " anew by the database's owner fits too. Give one with --head."
            )
        )
    return [str(line) for line in lines]
