"""Makes a draft map of what an event log shows, with how sure each part of it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from reporting.discovery.log_survey import survey_log_file
from reporting.discovery.results import discovery_as_json
from reporting.eventlogs.account import Account
from reporting.eventlogs.messages import account_sentences, left_out_sentences
from reporting.eventlogs.services.observed_map import check_workflow_key
from reporting.management.commands.import_log import add_read_options, log_read_options
from reporting.ui.whole_file import is_stdout, write_whole_file
from workflows.engine.discovery.discover import Discovery, PlaceNames, discover
from workflows.engine.discovery.draft import DraftNames
from workflows.engine.format.definition import display_title
from workflows.engine.format.files import write_definition
from workflows.management.base import HandoffCommand

DEFAULT_KEEP = 80.0


class Command(HandoffCommand):
    """The map of the ways that most cases go."""

    help = (
        "Make a draft map of an event log: its frequent ways, parallel blocks and decisions. Prints"
        " what is proposed; the definition file goes to --out, to be completed and loaded."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which log, how much of it, and where to."""
        parser.add_argument("log", metavar="LOG", help="an event log, as import_log takes it")
        parser.add_argument(
            "--keep",
            metavar="PERCENT",
            type=float,
            default=DEFAULT_KEEP,
            help="hide the rarest ways while at least so many cases are kept (80)",
        )
        parser.add_argument("--no-joins", action="store_true", help="propose no parallel blocks")
        parser.add_argument("--key", default="observed", help="the new workflow's key")
        parser.add_argument("--name", default="", help="the new workflow's name")
        parser.add_argument("--out", metavar="FILE", help="write the definition file here")
        add_read_options(parser)

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Read, propose, write."""
        if not 0 < options["keep"] <= 100:
            raise CommandError("--keep is a percentage: more than 0, and 100 at most.")
        check_workflow_key(options["key"])
        account = Account(str(options["log"]))
        survey = survey_log_file(
            options["log"], read_options=log_read_options(options), account=account
        )
        name = options["name"] or display_title(options["key"], None)
        found = discover(
            survey,
            DraftNames(options["key"], name),
            share=options["keep"] / 100,
            finds_blocks=not options["no_joins"],
        )
        self._write(options, found, account)
        return None

    def _write(self, options: Mapping[str, Any], found: Discovery, account: Account) -> None:
        lines = _summary(found, options["keep"])
        if options["out"] and is_stdout(options["out"]):
            self.stdout.write(write_definition(found.definition))
            return
        if options["out"]:
            write_whole_file(Path(options["out"]), [write_definition(found.definition)])
            lines.append(f"The draft is in {options['out']}.")
        text = "\n".join([*lines, *account_sentences(account), *left_out_sentences(account)])
        self.show(options, discovery_as_json(found, keep=options["keep"]), text)


def _summary(found: Discovery, keep: float) -> list[str]:
    lines = [
        f"{found.cases:,} cases, {len(found.survey.traces):,} different courses.",
        f"Asked for {keep:g}% of cases: {found.ways.kept:,} ({found.ways.share:.1%}) are kept, on"
        f" {len(found.definition.steps)} steps; each of their ways is gone by"
        f" {found.ways.least:,} cases or more.",
        f"{found.fit:,} cases ({found.fit_share:.1%}) fit the draft.",
    ]
    for join in found.joins:
        branches = " | ".join(_names(branch) for branch in join.branches)
        lines.append(
            f"join ({join.sure:.0%} sure, {join.whole:.0%} of {join.cases:,} cases go through it"
            f" whole): {branches}"
        )
    lines += [
        f"beside each other, and no block ({left.sure:.0%} sure): {_names(left.activities)}"
        for left in found.not_nested
    ]
    for decision in found.decisions:
        ways = ", ".join(f"{_names(way.to) or 'end'} {way.share:.0%}" for way in decision.ways)
        lines.append(f"after {_names(decision.after) or 'start'}: {ways}")
        if decision.rule is not None:
            lines.append(
                f"  a rule is right in {decision.rule.accuracy:.0%} of {decision.rule.cases:,}"
                f" cases: {_rule_text(decision.rule.conditions)}, else"
                f" {decision.rule.otherwise or 'end'}"
            )
    return lines


def _rule_text(conditions: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{when} → {way or 'end'}" for when, way in conditions)


def _names(place: PlaceNames) -> str:
    return " + ".join(place)
