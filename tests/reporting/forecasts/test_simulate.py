"""`simulate`: a period as it is likely to go, as a log."""

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import pytest
from django.core.management import CommandError, call_command

from reporting.eventlogs.readers.read import read_log
from tests.factories import NOW, make_user
from tests.reporting.forecasts.test_forecasting import make_past
from tests.shared import shared

MIDDLE, LAST_ARRIVAL = "2024-01-16T23:30:21", "2024-02-01T13:42:48"


def simulate_p2p(out: Path) -> None:
    """The second half of the simulated purchases, by their first."""
    log = shared("logs", "prosimos_p2p_a.csv.gz")
    period = ("--since", MIDDLE, "--until", LAST_ARRIVAL)
    call_command("simulate", "p2p", "--log", str(log), *period, "--out", str(out))


def hours_by_case(path: Path, since: datetime | None = None) -> list[float]:
    """How long the cases took that began at a moment or later, in hours."""
    begins: dict[str, datetime] = {}
    ends: dict[str, datetime] = {}
    for row in read_log(path):
        begun = row.start or row.last
        begins[row.case_id] = min(begins.get(row.case_id, begun), begun)
        ends[row.case_id] = max(ends.get(row.case_id, row.last), row.last)
    return [
        (ends[case] - begun).total_seconds() / 3600
        for case, begun in begins.items()
        if since is None or begun >= since
    ]


@pytest.mark.django_db
def test_the_median_of_the_second_half_is_foretold_by_the_first(tmp_path):
    out = tmp_path / "simulated.csv"
    simulate_p2p(out)
    since = datetime.fromisoformat(MIDDLE + "+00:00")
    real = median(hours_by_case(shared("logs", "prosimos_p2p_a.csv.gz"), since))
    assert median(hours_by_case(out)) == pytest.approx(real, rel=0.15)


SMALL = """case_id,activity,resource,start,end
1,Ask,ann,2024-01-01T09:00:00Z,2024-01-01T09:10:00Z
1,Look,ben,2024-01-01T10:00:00Z,2024-01-01T10:20:00Z
2,Ask,ann,2024-01-02T09:00:00Z,2024-01-02T09:10:00Z
2,Look,ben,2024-01-02T11:00:00Z,2024-01-02T11:20:00Z
3,Ask,ann,2024-01-03T09:00:00Z,2024-01-03T09:10:00Z
"""


def simulate_small(tmp_path: Path, log: str = SMALL, *options: str) -> Path:
    """A week by three days of a small log."""
    (tmp_path / "log.csv").write_text(log)
    out = tmp_path / "out.csv"
    period = ("--since", "2024-01-04", "--until", "2024-01-11")
    paths = ("--log", str(tmp_path / "log.csv"), "--out", str(out))
    call_command("simulate", "small", *paths, *period, *options)
    return out


@pytest.mark.django_db
def test_activities_and_people_are_written_as_in_the_log(tmp_path, capsys):
    rows = list(csv.DictReader(simulate_small(tmp_path, SMALL, "--json").read_text().splitlines()))
    answer = json.loads(capsys.readouterr().out)
    assert list(rows[0]) == ["case_id", "activity", "resource", "enabled", "start", "end"]
    assert {row["activity"] for row in rows} == {"Ask", "Look"}
    assert {row["resource"] for row in rows} == {"ann", "ben"}
    assert min(row["enabled"] for row in rows) >= "2024-01-04"
    assert answer["cases"] == len({row["case_id"] for row in rows})
    assert answer["learnt"]["requests"] == 3
    assert answer["unfinished"] == 0


@pytest.mark.django_db
def test_a_log_without_beginnings_gives_one_without(tmp_path):
    bare = "\n".join(
        ",".join(cell for place, cell in enumerate(line.split(",")) if place != 3)
        for line in SMALL.splitlines()
    )
    rows = list(csv.DictReader(simulate_small(tmp_path, bare).read_text().splitlines()))
    assert list(rows[0]) == ["case_id", "activity", "resource", "enabled", "end"]


@pytest.mark.django_db
def test_nothing_to_learn_from_is_refused_in_a_sentence(tmp_path):
    late = SMALL.replace("2024-01-0", "2024-03-0")
    with pytest.raises(CommandError, match="nothing was done"):
        simulate_small(tmp_path, late)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.django_db
def test_the_same_seed_gives_the_same_file_and_another_another(tmp_path):
    one, two, three = (
        simulate_small(tmp_path, SMALL, "--seed", seed).read_bytes() for seed in ("3", "3", "4")
    )
    assert one == two
    assert one != three


@pytest.mark.django_db
def test_our_own_requests_are_learnt_from(tmp_path, capsys):
    """One a day, checked after two hours and paid after five: so the days to come."""
    for name in ("olivia", "omar"):
        make_user(name)
    make_past(make_user("sam", groups=["staff"]))
    out, days = tmp_path / "out.csv", timedelta(days=10)
    period = ("--since", NOW.isoformat(), "--until", (NOW + days).isoformat())
    call_command("simulate", "sums", "--history", *period, "--out", str(out), "--json")
    answer = json.loads(capsys.readouterr().out)
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert answer["learnt"]["requests"] == 25
    assert {(row["activity"], row["resource"]) for row in rows} == {
        ("Check", "sam"),
        ("Pay", "sam"),
    }
    assert answer["cases"] in (9, 10, 11)
    assert median(hours_by_enabled(rows)) == pytest.approx(5, abs=1)


def hours_by_enabled(rows: list[dict[str, str]]) -> list[float]:
    """How long each case took from when its first task was there, in hours."""
    cases: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        cases.setdefault(row["case_id"], []).append(row)
    return [
        (
            max(datetime.fromisoformat(row["end"]) for row in case)
            - min(datetime.fromisoformat(row["enabled"]) for row in case)
        ).total_seconds()
        / 3600
        for case in cases.values()
    ]
