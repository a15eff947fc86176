"""Drives an event log through the real services and says what the map does not allow."""

import time
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from reporting.eventlogs.messages import account_sentences, left_out_sentences
from reporting.management.commands.import_log import add_read_options, log_read_options
from reporting.replay.log_replay import ReplayResult, replay_log
from workflows.management.base import EXIT_FOUND, HandoffCommand

SHOWN_CASES = 20
"""Refused cases that the text names; with --json all are there."""

EVERY_SECONDS = 5.0


class Command(HandoffCommand):
    """Replay a log; exits with 1 where a case is refused."""

    help = "Drive an event log through a workflow, decision by decision, with the log's clock."

    def add_arguments(self, parser: CommandParser) -> None:
        """On which map, which log, and what its activities mean."""
        parser.add_argument("source", metavar="KEY|FILE", help="a workflow's key, or a file")
        parser.add_argument("log", metavar="LOG", help="an event log, as import_log takes it")
        parser.add_argument("--mapping", metavar="FILE", help="what the log's activities mean")
        add_read_options(parser)

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Progress goes to stderr, the result to stdout."""
        outcome = replay_log(
            options["source"],
            options["log"],
            mapping=options["mapping"],
            now=timezone.now(),
            read_options=log_read_options(options),
            report=self._reporter(),
        )
        self.show(options, outcome.as_json(), _outcome_text(outcome))
        return EXIT_FOUND if outcome.refused else None

    def _reporter(self) -> Any:
        last = time.monotonic()

        def write_replay_progress(outcome: ReplayResult) -> None:
            nonlocal last
            if time.monotonic() - last >= EVERY_SECONDS:
                last = time.monotonic()
                self.stderr.write(_progress_line(outcome))

        return write_replay_progress


def _progress_line(outcome: ReplayResult) -> str:
    return f"{outcome.cases:,} cases, {outcome.decisions:,} decisions, {outcome.seconds:,.0f} s"


def _outcome_text(outcome: ReplayResult) -> str:
    seconds = max(outcome.seconds, 0.001)
    ended = ", ".join(f"{result} {count:,}" for result, count in outcome.ended.most_common())
    lines = [
        f"{outcome.cases:,} cases: {outcome.replayed:,} replayed,"
        f" {len(outcome.refused):,} refused.",
        f"Ended: {ended or 'none'}. Still open: {outcome.open:,}.",
        f"{outcome.decisions:,} decisions in {outcome.seconds:,.1f} s:"
        f" {outcome.replayed / seconds:,.0f} requests and {outcome.decisions / seconds:,.0f}"
        " decisions a second.",
    ]
    lines += [
        f"refused {r.case_id} (line {r.row}): {r.reason}" for r in outcome.refused[:SHOWN_CASES]
    ]
    if len(outcome.refused) > SHOWN_CASES:
        lines.append(f"… and {len(outcome.refused) - SHOWN_CASES:,} more; --json names them all.")
    return "\n".join(
        [*lines, *account_sentences(outcome.account), *left_out_sentences(outcome.account)]
    )
