"""What a rehearsal costs: CPU seconds for 100 and for 10,000 requests of the purchase workflow, and
simulated decisions a second. Ends with 1 where it takes longer than `MOST` says."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from workflows.engine.format.files import read_definition
from workflows.engine.rehearsal.rehearsing import Rehearsal, rehearse
from workflows.engine.rehearsal.supposing import Site, suppose_scenario
from workflows.engine.routing.graph import Graph
from workflows.engine.timing.working_time import calendar_named

MAP = Path(__file__).parents[1] / "workflows" / "demo" / "maps" / "purchase_approval.yaml"
MOST = {100: 2.0, 10_000: 60.0}
"""Seconds that so many runs may take."""


def rehearse_purchase(runs: int) -> Rehearsal:
    """A rehearsal of the demo's purchase workflow without a site."""
    definition = read_definition(MAP.read_bytes(), name=MAP.name)
    calendar = calendar_named(definition.calendar, UTC)
    scenario = suppose_scenario(
        definition,
        Site(calendar=calendar),
        starts_at=datetime(2026, 1, 5, tzinfo=UTC),
        runs=runs,
    )
    return rehearse(Graph(definition, UTC), scenario, calendar=calendar, runs=runs)


def main() -> None:
    """Both sizes, one after the other."""
    too_slow = False
    for runs, most in MOST.items():
        begun, clock = time.process_time(), time.perf_counter()
        rehearsal = rehearse_purchase(runs)
        cpu, passed = time.process_time() - begun, time.perf_counter() - clock
        moments = sum(len(run.moments) for run in rehearsal.runs)
        print(
            f"{runs:>7,} runs: {cpu:6.2f} s of CPU, {passed:6.2f} s on the clock,"
            f" {moments / cpu:,.0f} moments a second (at most {most:g} s)"
        )
        too_slow |= cpu > most
    sys.exit(too_slow)


if __name__ == "__main__":
    main()
