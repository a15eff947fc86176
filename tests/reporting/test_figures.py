"""The definitions of the figures, each on a few rows, and all against a slow plain computation."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.metrics.figures import compute_figures, handoffs_by_resource
from reporting.metrics.quantiles import quantile

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class R:
    """A row by minutes after nine."""

    case_id: str
    activity: str
    e: float | None
    s: float | None
    c: float | None
    resource: str = "ann"
    business: float | None = None

    @property
    def enabled(self) -> datetime | None:
        return None if self.e is None else T0 + timedelta(minutes=self.e)

    @property
    def start(self) -> datetime | None:
        return None if self.s is None else T0 + timedelta(minutes=self.s)

    @property
    def end(self) -> datetime | None:
        return None if self.c is None else T0 + timedelta(minutes=self.c)


def test_waiting_is_from_enabled_to_start_and_working_from_start_to_end() -> None:
    found = compute_figures([R("1", "a", 0, 10, 25)])["activities_detail"]["a"]
    assert (found["waiting"]["total_s"], found["working"]["total_s"]) == (600, 900)


def test_without_enabled_a_row_waits_since_the_last_end_before_its_start() -> None:
    rows = [R("1", "a", None, 0, 10), R("1", "b", None, 0, 30), R("1", "c", None, 40, 50)]
    found = compute_figures(rows)
    assert found["activities_detail"]["c"]["waiting"]["total_s"] == 600
    assert found["handoffs_top5_by_total_waiting"][0]["from"] == "b"


def test_an_overlapping_row_never_enables_another() -> None:
    rows = [R("1", "a", None, 0, 20), R("1", "b", None, 10, 30)]
    assert compute_figures(rows)["activities_detail"]["b"]["waiting"] is None


def test_with_one_time_a_row_there_is_a_lead_in_and_the_report_says_so() -> None:
    found = compute_figures([R("1", "a", None, None, 0), R("1", "b", None, None, 30)])
    assert found["activities_detail"]["b"]["lead_in"]["total_s"] == 1800
    assert found["activities_detail"]["a"]["lead_in"] is None
    assert "waiting_all" not in found
    assert "cannot be told apart" in found["note"]


def test_rows_with_equal_times_keep_their_order() -> None:
    rows = [R("1", name, None, None, 0) for name in "bca"]
    assert compute_figures(rows)["top5_variants"][0]["trace"] == ["b", "c", "a"]


def test_a_request_takes_from_its_first_enabling_to_its_last_end() -> None:
    rows = [R("1", "a", 5, 10, 90), R("1", "b", 20, 30, 40)]
    assert compute_figures(rows)["case_duration"]["total_s"] == 85 * 60


def test_only_finished_cases_have_a_duration() -> None:
    rows = [R("1", "a", 0, 0, 10), R("2", "a", 0, 0, 1000)]
    assert compute_figures(rows, finished={"1"})["case_duration"]["max_s"] == 600


def test_rework_is_a_step_done_twice_in_one_request() -> None:
    rows = [R("1", x, None, None, i) for i, x in enumerate("abab")] + [R("2", "a", None, None, 0)]
    found = compute_figures(rows)["rework"]
    assert (found["cases_with_repeat"], found["case_rate"]) == (1, 0.5)
    assert found["instance_rate"] == pytest.approx(2 / 5)
    assert found["cases_per_activity"] == {"a": 1, "b": 1}


def test_open_rows_count_only_in_the_queue() -> None:
    rows = [R("1", "a", 0, 1, 2), R("1", "b", 2, None, None)]
    found = compute_figures(rows, now=T0 + timedelta(minutes=62))
    assert found["events"] == 1
    assert found["queue_now"]["b"]["open"] == 1
    assert found["queue_now"]["b"]["oldest_s"] == 3600


def test_the_gap_is_the_actual_median_over_what_was_expected() -> None:
    rows = [R("1", "a", 0, 1, 2, business=b) for b in (100.0, 300.0, 200.0)]
    found = compute_figures(rows, expected={"a": 150.0, "never": 10.0})
    assert found["gap"] == {"a": 50.0}
    assert found["expected"]["a"]["actual_median_s"] == 200.0


def test_nothing_gives_empty_figures_and_no_error() -> None:
    found = compute_figures([])
    assert (found["cases"], found["events"], found["case_duration"]) == (0, 0, None)


def test_hand_offs_of_resources_tell_apart_who_gave_to_whom() -> None:
    rows = [R("1", "a", None, 0, 5, "ann"), R("1", "b", None, 10, 20, "bob")]
    found = handoffs_by_resource(rows)[0]
    assert (found["from_resource"], found["to_resource"], found["total_s"]) == ("ann", "bob", 300)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1), st.sampled_from([0.0, 0.5, 0.9, 1.0]))
def test_quantiles_interpolate_between_neighbours(values: list[int], share: float) -> None:
    ordered = sorted(values)
    found = quantile(ordered, share)
    below = sum(value < found - 1e-3 for value in ordered)
    assert ordered[0] - 1e-3 <= found <= ordered[-1] + 1e-3
    assert below <= share * (len(ordered) - 1) + 1


minutes = st.integers(0, 400)
logs = st.lists(
    st.tuples(st.sampled_from("123"), st.sampled_from("abc"), minutes, minutes), max_size=40
)


@given(logs)
def test_figures_agree_with_a_slow_and_obvious_computation(raw: list[Any]) -> None:
    rows = [R(case, activity, None, min(x, y), max(x, y)) for case, activity, x, y in raw]
    found = compute_figures(rows)
    total, count = 0.0, 0
    traces = set()
    for case in {row.case_id for row in rows}:
        own = sorted((r for r in rows if r.case_id == case), key=lambda r: (r.s, r.c))
        traces.add(tuple(r.activity for r in own))
        for row in own:
            ends = [other.c for other in own if other is not row and other.c <= row.s]
            if ends:
                total, count = total + row.s - max(ends), count + 1
    assert found["variants"] == len(traces)
    waiting = found.get("waiting_all") or {"n": 0, "total_s": 0}
    assert (waiting["n"], waiting["total_s"]) == (count, pytest.approx(total * 60))


@given(logs)
def test_lead_ins_are_the_pairwise_differences(raw: list[Any]) -> None:
    rows = [R(case, activity, None, None, max(x, y)) for case, activity, x, y in raw]
    total = 0.0
    for case in {row.case_id for row in rows}:
        ends = sorted(row.c for row in rows if row.case_id == case)
        total += sum(later - sooner for sooner, later in pairwise(ends))
    found = compute_figures(rows)["lead_in_all"] or {"total_s": 0}
    assert found["total_s"] == pytest.approx(total * 60)
