"""The figures of real and simulated logs are those that two other programs computed."""

import csv

import pytest

from reporting.eventlogs.readers.read import read_log
from reporting.metrics.figures import compute_figures, handoffs_by_resource
from tests.reporting.comparing import differences, reference
from tests.shared import logs, shared


@pytest.mark.parametrize("log", logs(all_quick=True))
def test_every_figure_of_a_log_equals_the_reference(log: str) -> None:
    found = compute_figures(read_log(shared("logs", f"{log}.csv.gz")))
    assert list(differences(found, reference(log))) == []


Waits = dict[tuple[str, ...], tuple[float, float]]
"""By activities and people: the seconds waited in all, and how often."""


def waits_by_hand(name: str) -> Waits:
    pair = ("source_activity", "source_resource", "target_activity", "target_resource")
    with shared("cases", f"{name}_expected.csv").open() as file:
        return {
            tuple(row[column] for column in pair): (
                float(row["wt_total_seconds"]),
                float(row["frequency"]),
            )
            for row in csv.DictReader(file)
        }


@pytest.mark.parametrize("name", ["manual_log_1", "manual_log_2"])
def test_the_hand_made_cases_wait_as_long_as_was_worked_out_by_hand(name: str) -> None:
    pair = ("from", "from_resource", "to", "to_resource")
    handoffs = handoffs_by_resource(read_log(shared("cases", f"{name}.csv")))
    found = {tuple(row[of] for of in pair): (row["total_s"], row["count"]) for row in handoffs}
    assert found == waits_by_hand(name)
