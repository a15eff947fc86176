"""Runs in Prosimos' own environment: simulates so many cases of a model, and prints the events and
the processor's seconds as JSON.

    python prosimos_run.py FOLDER CASES STARTS_AT
"""

import json
import sys
import time
from pathlib import Path

from prosimos.simulation_engine import run_simulation


def main(folder: str, cases: str, starts_at: str) -> None:
    """One simulation, its log written, as Prosimos is used."""
    out, begun = f"{folder}/prosimos.csv", time.process_time()
    run_simulation(f"{folder}/model.bpmn", f"{folder}/model.json", int(cases), None, out, starts_at)
    seconds = time.process_time() - begun
    with Path(out).open(encoding="utf-8") as log:
        events = sum(1 for _ in log) - 1
    print(json.dumps({"events": events, "seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
