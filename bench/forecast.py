"""How good a forecast is, by the field's own measure, and how fast beside Prosimos.

The first half of each log foretells its second half; the distance of the simulated half from the
real one is set beside the distance of the two real halves. Then both simulators run one model.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django

LOGS = ("prosimos_p2p_a", "purchasing_example", "academic_credentials")
BAR, MEDIAN_BAR, SPEED_BAR = 1.2, 0.15, 5.0
CASES, TURNS = 2000, 3
SHARED = Path(os.environ.get("HANDOFF_SHARED", "../shared")) / "data" / "logs"


def halves(path: Path) -> tuple[datetime, datetime]:
    """The moment between the first and the last arrival, and the last."""
    from reporting.eventlogs.readers.read import read_log

    begins: dict[str, datetime] = {}
    for row in read_log(path):
        begun = row.start or row.last
        begins[row.case_id] = min(begins.get(row.case_id, begun), begun)
    first, last = min(begins.values()), max(begins.values())
    return first + (last - first) / 2, last


def compare(name: str, seed: int, python: str, folder: Path) -> dict[str, Any]:
    """Simulate the second half of a log, and measure."""
    from reporting.forecasts.simulating import simulate, write_rows

    path, out = SHARED / f"{name}.csv.gz", folder / f"{name}.csv"
    since, until = halves(path)
    key = name.replace("_", "-")
    write_rows(simulate(key, log=str(path), since=since, until=until, seed=seed), out)
    return _ask(python, "forecast_distances.py", str(path), since.isoformat(), str(out))


def _ask(python: str, script: str, *arguments: str) -> dict[str, Any]:
    command = [python, str(Path(__file__).parent / "peer" / script), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def distance_lines(name: str, seed: int, figures: dict[str, Any]) -> Iterator[str]:
    """One log's figures as a row of the table."""
    ratios = {key: figures["simulated"][key] / figures["halves"][key] for key in figures["halves"]}
    median = figures["median_hours"]["simulated"] / figures["median_hours"]["second"]
    same = figures["bottleneck"]["simulated"] == figures["bottleneck"]["second"]
    cells = "".join(f"{ratio:>11.2f}" for ratio in ratios.values())
    held = all(ratio <= BAR for ratio in ratios.values())
    yield (
        f"{name:<22}{seed:>5}{cells}{median:>9.2f}   {'same' if same else 'OTHER':<11}"
        f"{'held' if held else 'MISSED'}"
    )


def speeds(python: str, folder: Path) -> Iterator[str]:
    """Both on one model, in turns; processor time, since the machine may be busy."""
    from bench.prosimos_model import write_model
    from reporting.eventlogs.readers.read import read_log
    from reporting.eventlogs.services.observed_map import build_observed_map, survey_log
    from reporting.forecasts.learning import learn_scenario
    from reporting.forecasts.log_history import ActivityReader, read_log_history
    from reporting.forecasts.simulated_log import run_scenario
    from reporting.forecasts.staffing import BEGIN
    from workflows.calendars.queries.working_calendars import site_calendar
    from workflows.engine.rehearsal.supposing import Site
    from workflows.engine.routing.graph import Graph

    path = SHARED / f"{LOGS[0]}.csv.gz"
    since, _ = halves(path)
    rows = list(read_log(path))
    definition = build_observed_map("p2p", survey_log(rows))
    calendar = site_calendar(None)
    history = read_log_history(rows, ActivityReader(definition), until=since)
    learnt = learn_scenario(definition, history, Site(calendar=calendar))
    write_model(learnt, folder)
    ratios = []
    for _ in range(TURNS):
        begun = time.process_time()
        graph = Graph(learnt.definition)
        runs = run_scenario(graph, learnt.scenario, calendar=calendar, runs=CASES)
        seconds = time.process_time() - begun
        events = sum(task.step != BEGIN for run in runs for task in run.tasks)
        ours = events / seconds
        theirs = _ask(python, "prosimos_run.py", str(folder), str(CASES), since.isoformat())
        other = theirs["events"] / theirs["seconds"]
        ratios.append(ours / other)
        yield f"{events:>10,} events, {ours:>9,.0f} a second; Prosimos {other:>8,.0f} a second"
    middle = sorted(ratios)[len(ratios) // 2]
    yield f"{middle:.1f} times as fast (bar: {SPEED_BAR:g})"


def main() -> None:
    """Print both tables."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    seeds = [int(seed) for seed in os.environ.get("BENCH_SEEDS", "1 2 3").split()]
    with TemporaryDirectory() as made:
        folder = Path(made)
        if python := os.environ.get("DISTANCES_PYTHON"):
            print(f"{'distance / halves':<22}{'seed':>5}   relative      cycle  circadian   median")
            for name in LOGS:
                for seed in seeds:
                    figures = compare(name, seed, python, folder)
                    print(*distance_lines(name, seed, figures), sep="\n", flush=True)
        if python := os.environ.get("PROSIMOS_PYTHON"):
            print(*speeds(python, folder), sep="\n")


if __name__ == "__main__":
    main()
