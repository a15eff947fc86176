"""Runs a map on paper, through the real engine, and says what went wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from reporting.costs.queries import Rates
from reporting.rehearsals.costs import cost_per_run
from reporting.rehearsals.output import (
    alternative_json,
    comparison_text,
    rehearsal_json,
    rehearsal_text,
    run_json,
    run_text,
)
from reporting.rehearsals.preparing import Setting, learn_setting, suppose_setting
from workflows.definitions.queries.sources import Source, read_source
from workflows.engine.rehearsal.comparing import Alternative
from workflows.engine.rehearsal.rehearsing import Rehearsal
from workflows.engine.rehearsal.what_if import read_changes
from workflows.management.base import EXIT_FOUND, HandoffCommand

MOST_RUNS = 100_000


class Command(HandoffCommand):
    """Rehearse a map; exits with 1 where anything went wrong."""

    help = (
        "Run a map on paper, through the real engine and on a simulated calendar, and say what went"
        " wrong, the most harmful first. Nothing is written."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which map, how often, and how chance falls."""
        parser.add_argument("source", metavar="KEY|FILE", help="a workflow's key, or a file")
        parser.add_argument("--runs", type=int, default=100, help="how many requests (100)")
        parser.add_argument(
            "--seed", type=int, default=1, help="another number, another course of chance (1)"
        )
        parser.add_argument(
            "--history",
            action="store_true",
            help="learn arrivals, people, times and outcomes from our own requests of it",
        )
        parser.add_argument(
            "--what-if",
            action="append",
            default=[],
            metavar="CHANGE",
            help=(
                "set beside today what it would be with a change: person:ROLE[:N], without:STEP,"
                " parallel:STEP,STEP, threshold:STEP:FROM:TO, volume:FACTOR or automate:STEP;"
                " changes made together are joined by +, and the option may be given again"
            ),
        )
        parser.add_argument(
            "--example", type=int, metavar="N", help="print this run from beginning to end instead"
        )

    def run(self, options: Mapping[str, Any]) -> int | None:
        """The findings, or one run."""
        if not 1 <= options["runs"] <= MOST_RUNS:
            raise CommandError(f"--runs is a number from 1 to {MOST_RUNS:,}.")
        alternatives = [read_changes(written) for written in options["what_if"]]
        source = read_source(options["source"])
        setting = _find_setting(source, options)
        rehearsal = setting.rehearse(options["runs"])
        if options["example"] is not None:
            self._show_run(options, rehearsal)
        else:
            others = setting.rehearse_alternatives(alternatives, options["runs"])
            self._show_rehearsal(options, setting, rehearsal, others)
        return EXIT_FOUND if rehearsal.findings else None

    def _show_run(self, options: Mapping[str, Any], rehearsal: Rehearsal) -> None:
        run = rehearsal.run(options["example"])
        if run is None:
            raise CommandError(f"There is no run {options['example']}; give one that is named.")
        self.show(options, run_json(run), run_text(run))

    def _show_rehearsal(
        self,
        options: Mapping[str, Any],
        setting: Setting,
        rehearsal: Rehearsal,
        others: Sequence[Alternative],
    ) -> None:
        rates, today = Rates(), timezone.localdate()
        cost = cost_per_run(setting.definition, rehearsal.figures, rates, today)
        data = rehearsal_json(rehearsal, cost)
        text = rehearsal_text(setting.definition, rehearsal, cost)
        if others:
            costs = [
                cost_per_run(each.definition, each.rehearsal.figures, rates, today)
                for each in others
            ]
            data["what_if"] = [
                alternative_json(each, each_cost)
                for each, each_cost in zip(others, costs, strict=True)
            ]
            text = f"{text}\n\n{comparison_text(rehearsal, others)}"
        self.show(options, data, text)


def _find_setting(source: Source, options: Mapping[str, Any]) -> Setting:
    seed, now = options["seed"], timezone.now()
    if options["history"]:
        return learn_setting(source.definition, source.version, seed=seed, now=now)
    return suppose_setting(source.definition, source.version, seed=seed, runs=options["runs"])
