"""Writes a period of a workflow as it is likely to go, as an event log."""

from collections.abc import Mapping
from statistics import median
from typing import Any

from django.core.management.base import CommandError, CommandParser

from reporting.forecasts.simulating import Simulated, simulate, write_rows
from reporting.management.commands.import_log import add_read_options, log_read_options
from reporting.metrics.timestamps import parse_day_range
from workflows.management.base import HandoffCommand


class Command(HandoffCommand):
    """Simulate a period by what was learnt before it."""

    help = (
        "Learn times, outcomes, arrivals and people from a LOG or our own history before --since,"
        " and write a simulated log of the requests that come in until --until, each to its end. A"
        " KEY that does not exist gets a map that is observed in the log and not kept."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which map, what to learn from, which period, and where to write it."""
        parser.add_argument("source", metavar="KEY|FILE", help="a workflow's key, or a file")
        learnt = parser.add_mutually_exclusive_group(required=True)
        learnt.add_argument("--log", metavar="LOG", help="learn from this event log")
        learnt.add_argument("--history", action="store_true", help="learn from our own requests")
        parser.add_argument("--since", metavar="D", required=True, help="learn before this day")
        parser.add_argument("--until", metavar="D", required=True, help="requests in until then")
        parser.add_argument("--seed", metavar="N", type=int, default=1, help="the same, the same")
        parser.add_argument("--out", metavar="FILE", required=True, help="where the log is written")
        parser.add_argument("--mapping", metavar="FILE", help="what the log's activities mean")
        add_read_options(parser)

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Learn, simulate, write, and say what was learnt from."""
        since, until = parse_day_range(options["since"], options["until"], ("--since", "--until"))
        if since is None or until is None:
            raise CommandError("Give --since and --until: a day like 2026-03-31, or a moment.")
        simulated = simulate(
            options["source"],
            log=options["log"],
            since=since,
            until=until,
            seed=options["seed"],
            mapping=options["mapping"],
            read_options=log_read_options(options),
        )
        write_rows(simulated, options["out"])
        answer = {
            "workflow": simulated.learnt.definition.key,
            "since": since,
            "until": until,
            "seed": options["seed"],
            "out": options["out"],
            **describe(simulated),
        }
        self.show(options, answer, "\n".join(_lines(answer)))
        return None


def describe(simulated: Simulated) -> dict[str, Any]:
    """The figures of a simulated period, and of what it was learnt from."""
    learnt, runs = simulated.learnt, simulated.period.runs
    lengths = [run.ended - run.started for run in runs if run.ended is not None]
    return {
        "learnt": {
            "requests": len(learnt.history.requests),
            "running": simulated.period.running,
            "tasks": sum(learnt.seen.values()),
            "people": len(learnt.scenario.people),
            "seldom_seen": sorted(key for key, count in learnt.seen.items() if count < 5),
        },
        "cases": len(runs),
        "rows": len(simulated.rows),
        "unfinished": simulated.period.unfinished,
        "duration": {"median_s": median(lengths) if lengths else None},
    }


def _lines(answer: Mapping[str, Any]) -> list[str]:
    learnt = answer["learnt"]
    lines = [
        f"Learnt from {learnt['requests']:,} requests with {learnt['tasks']:,} finished tasks"
        f" ({learnt['running']:,} were open at the beginning).",
        f"{answer['cases']:,} requests with {answer['rows']:,} rows are in {answer['out']}.",
    ]
    middle = answer["duration"]["median_s"]
    if middle is not None:
        lines.append(f"Half of them take at most {middle / 3600:,.1f} hours.")
    if learnt["seldom_seen"]:
        lines.append(f"Seen fewer than five times: {', '.join(learnt['seldom_seen'])}.")
    if answer["unfinished"]:
        lines.append(f"{answer['unfinished']:,} did not come to an end.")
    return lines
