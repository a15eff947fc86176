"""Runs in the distances' own environment: how far a simulated log is from the half that it
foretells, beside how far the two real halves are from each other.

    python forecast_distances.py LOG SINCE SIMULATED
"""

import json
import sys

import pandas as pd
from log_distance_measures.circadian_event_distribution import (
    circadian_event_distribution_distance,
)
from log_distance_measures.config import AbsoluteTimestampType, EventLogIDs, discretize_to_hour
from log_distance_measures.cycle_time_distribution import cycle_time_distribution_distance
from log_distance_measures.relative_event_distribution import (
    relative_event_distribution_distance,
)

IDS = EventLogIDs(
    case="case_id", activity="activity", start_time="start", end_time="end", resource="resource"
)
BOTH = AbsoluteTimestampType.BOTH


def read(path: str) -> pd.DataFrame:
    """A log, with moments."""
    log = pd.read_csv(path, dtype={"case_id": str})
    for name in ("enabled", "start", "end"):
        if name in log:
            log[name] = pd.to_datetime(log[name], utc=True, format="ISO8601")
    if "start" not in log:
        log["start"] = log["end"]
    return log


def distances(one: pd.DataFrame, other: pd.DataFrame) -> dict[str, float]:
    """The field's three measures."""
    relative = relative_event_distribution_distance(
        one, IDS, other, IDS, discretize_type=BOTH, discretize_event=discretize_to_hour
    )
    cycle = cycle_time_distribution_distance(one, IDS, other, IDS, pd.Timedelta(hours=1))
    circadian = circadian_event_distribution_distance(one, IDS, other, IDS, discretize_type=BOTH)
    return {"relative": relative, "cycle": cycle, "circadian": circadian}


def median_hours(log: pd.DataFrame) -> float:
    """The median cycle time."""
    cases = log.groupby("case_id").agg(begin=("start", "min"), end=("end", "max"))
    return float((cases.end - cases.begin).median() / pd.Timedelta(hours=1))


def top_bottleneck(log: pd.DataFrame, has_enabled: bool) -> str:
    """The activity for which most time was waited in all."""
    log = log.sort_values(["start", "end"]).copy()
    if not has_enabled:
        log["enabled"] = log.groupby("case_id")["end"].shift()
    waited = (log.start - log.enabled).dt.total_seconds()
    return str(waited.groupby(log.activity).sum().idxmax())


def main(path: str, since: str, simulated_path: str) -> None:
    """Print the figures of one log as JSON."""
    log, simulated = read(path), read(simulated_path)
    has_enabled = "enabled" in log
    begins = log.groupby("case_id")["start"].min()
    is_first = log.case_id.map(begins) < pd.Timestamp(since)
    first, second = log[is_first], log[~is_first]
    answer = {
        "halves": distances(first, second),
        "simulated": distances(simulated, second),
        "median_hours": {"second": median_hours(second), "simulated": median_hours(simulated)},
        "bottleneck": {
            "second": top_bottleneck(second, has_enabled),
            "simulated": top_bottleneck(simulated, has_enabled),
        },
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
