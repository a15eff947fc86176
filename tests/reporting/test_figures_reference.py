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


@pytest.mark.parametrize("name", ["manual_log_1", "manual_log_2"])
def test_the_hand_made_cases_wait_as_long_as_was_worked_out_by_hand(name: str) -> None:
    with shared("cases", f"{name}_expected.csv").open() as file:
        wanted = {
            (
                row["source_activity"],
                row["source_resource"],
                row["target_activity"],
                row["target_resource"],
            ): (float(row["wt_total_seconds"]), float(row["frequency"]))
            for row in csv.DictReader(file)
        }
    found = {
        (pair["from"], pair["from_resource"], pair["to"], pair["to_resource"]): (
            pair["total_s"],
            pair["count"],
        )
        for pair in handoffs_by_resource(read_log(shared("cases", f"{name}.csv")))
    }
    assert found == wanted
