"""Says which cases of a log, or of our own history, fit a map, and where the others leave it."""

import time
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser

from reporting.conformance.checks import Report, check_history, check_log
from reporting.conformance.results import ConformanceResult
from reporting.eventlogs.account import Account
from reporting.eventlogs.messages import account_sentences, left_out_sentences
from reporting.management.commands.import_log import add_read_options, log_read_options
from reporting.metrics.native_rows import RequestPeriod
from reporting.metrics.timestamps import parse_day_range
from reporting.replay.activity_mapping import read_mapping
from workflows.definitions.queries.sources import Source, find_named_workflow, read_source
from workflows.management.base import EXIT_FOUND, HandoffCommand

SHOWN_DEVIATIONS = 20
"""So many the text names; with --json all are there."""
EVERY_SECONDS = 5.0


class Command(HandoffCommand):
    """Replay on paper; exits with 1 where a case leaves the map."""

    help = (
        "Say which cases of an event log (or, with --history, of our own requests) fit a map, and"
        " where the others leave it. Nothing is written."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """On which map, what, and what a log's activities mean."""
        parser.add_argument("source", metavar="KEY|FILE", help="a workflow's key, or a file")
        parser.add_argument(
            "log", metavar="LOG", nargs="?", help="an event log, as import_log takes it"
        )
        parser.add_argument("--mapping", metavar="FILE", help="what the log's activities mean")
        parser.add_argument(
            "--history", action="store_true", help="our own requests of this workflow, not a log"
        )
        parser.add_argument("--since", metavar="D", help="requests started on this day or later")
        parser.add_argument("--until", metavar="D", help="requests started before this day")
        add_read_options(parser)

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Progress goes to stderr, the result to stdout."""
        _refuse_half_said(options)
        source = read_source(options["source"])
        account = Account(str(options["log"]))
        if options["history"]:
            result = self._check_history(source, options)
        else:
            result = check_log(
                read_mapping(options["mapping"], source.definition, infers_outcomes=True),
                options["log"],
                read_options=log_read_options(options),
                account=account,
                report=self._reporter(),
            )
        self.show(options, result.as_json(), _result_text(result, account))
        return EXIT_FOUND if result.left else None

    def _check_history(self, source: Source, options: Mapping[str, Any]) -> ConformanceResult:
        since, until = parse_day_range(options["since"], options["until"], ("--since", "--until"))
        template = find_named_workflow(source.definition.key)
        period = RequestPeriod(since=since, until=until)
        return check_history(source.definition, template, period, report=self._reporter())

    def _reporter(self) -> Report:
        last = time.monotonic()

        def write_progress(result: ConformanceResult) -> None:
            nonlocal last
            if time.monotonic() - last >= EVERY_SECONDS:
                last = time.monotonic()
                self.stderr.write(f"{result.cases:,} cases, {result.fit:,} fit")

        return write_progress


def _refuse_half_said(options: Mapping[str, Any]) -> None:
    if bool(options["log"]) == options["history"]:
        raise CommandError("Give a LOG, or --history for our own requests; one of the two.")
    if options["history"] and options["mapping"]:
        raise CommandError("--mapping is for a LOG: our own requests name the steps of their map.")
    if not options["history"] and (options["since"] or options["until"]):
        raise CommandError("--since and --until go with --history; a LOG is taken whole.")


def _result_text(result: ConformanceResult, account: Account) -> str:
    lines = [
        f"{result.cases:,} cases: {result.fit:,} fit the map ({result.share:.1%}), of which"
        f" {result.open:,} have not come to an end; {result.left:,} leave it."
    ]
    deviations = result.deviations
    for entry in deviations[:SHOWN_DEVIATIONS]:
        written = entry.as_json(result.titles)
        lines.append(f"{entry.count:>7,}  {written['message']} Example: {entry.example}.")
    if len(deviations) > SHOWN_DEVIATIONS:
        more = len(deviations) - SHOWN_DEVIATIONS
        lines.append(f"… and {more:,} more ways to leave it; --json names them all.")
    return "\n".join([*lines, *account_sentences(account), *left_out_sentences(account)])
