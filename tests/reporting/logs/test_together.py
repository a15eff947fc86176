"""Many logs in one database: each keeps its own figures, and the page agrees with the command."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from reporting.bottlenecks.queries import Bottlenecks, Span, Totals, collect_bottlenecks
from reporting.eventlogs.services.importing import import_log
from reporting.metrics.native_rows import RequestPeriod, compute_workflow_figures
from reporting.rollups.models import DAY, StaleCell, StepRollUp
from reporting.rollups.services import rebuild_roll_ups, refresh_roll_ups
from tests.factories import NOW, make_user, publish_map, start_request
from tests.reporting.logs.writing import file
from tests.shared import LOGS, QUICK, shared
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import WorkItem
from workflows.execution.services import work_items as tasks

pytestmark = pytest.mark.django_db

SALES = (
    "case_id,activity,resource,start,end\n"
    "S1,Check,bob,2026-03-04T09:30:00Z,2026-03-04T10:00:00Z\n"
    "S1,Decide,eve,2026-03-14T10:00:00Z,2026-03-14T10:10:00Z\n"
)
REPAIRS = (
    "case_id,activity,resource,enabled,start,end\n"
    "R1,Repair,joe,2026-03-14T08:00:00Z,2026-03-14T09:00:00Z,2026-03-14T10:00:00Z\n"
)
ONE_TIME = "case_id,activity,end\nT1,Begin,2026-03-13T10:00:00Z\nT1,End,2026-03-14T10:00:00Z\n"


def figures_of(key: str) -> tuple[Bottlenecks, dict[str, Any]]:
    template = WorkflowTemplate.objects.get(key=key)
    return collect_bottlenecks(template, Span()), compute_workflow_figures(
        template, RequestPeriod(), now=NOW
    )


def differences(key: str) -> list[str]:
    """Where the page (from roll-ups) and the command (from rows) say different things."""
    page, command = figures_of(key)
    found = []
    steps = page.by_step()
    for step, told in command["activities_detail"].items():
        totals = steps.get(step) or Totals()
        if totals.completed != told["count"]:
            found.append(f"{step}: {totals.completed} done, {told['count']}")
        for kind in ("waiting", "working", "lead_in"):
            found += [f"{step} {kind}: {one}" for one in unlike(totals, kind, told.get(kind))]
    pairs = page.by_handoff()
    for handoff in command["handoffs"]:
        totals = pairs[handoff["from"], handoff["to"]]
        if abs(page.waited(totals) / 1e6 - handoff["total_s"]) > 0.01:
            found.append(f"{handoff}: {page.waited(totals) / 1e6}")
    known = command["known"]
    for kind in ("waiting", "working", "lead_in"):
        if getattr(page.known_times, kind) != known[kind]:
            found.append(f"known {kind}: {page.known_times}, {known}")
    duration = command["case_duration"]
    if page.requests["finished"] != duration["n"]:
        found.append(f"{page.requests['finished']} finished, {duration['n']}")
    if abs(page.requests["duration"] / 1e6 - duration["total_s"]) > 0.01:
        found.append(f"durations: {page.requests['duration'] / 1e6}, {duration['total_s']}")
    if page.requests["repeated"] != command["rework"]["cases_with_repeat"]:
        found.append(f"{page.requests['repeated']} repeat, {command['rework']}")
    return found


def unlike(totals: Totals, kind: str, wanted: dict[str, Any] | None) -> list[str]:
    spread = totals.spread(kind)
    if wanted is None:
        return [f"{len(spread)} values"] if len(spread) else []
    found = []
    if len(spread) != wanted["n"]:
        found.append(f"{len(spread)} values, {wanted['n']}")
    if abs(getattr(totals, kind) / 1e6 - wanted["total_s"]) > 0.01:
        found.append(f"in all {getattr(totals, kind) / 1e6}, {wanted['total_s']}")
    for got, name in zip(totals.at(kind), ("median_s", "p90_s"), strict=True):
        allowed = 0.002 if spread.is_exact else 0.01 * wanted[name] + 1.002
        if got is None or abs(got - wanted[name]) > allowed:
            found.append(f"{name} {got}, {wanted[name]}")
    return found


def bring_in(tmp_path: Path, **logs: str) -> None:
    for key, text in logs.items():
        import_log(key, file(tmp_path, text, f"{key}.csv"), actor=None, now=NOW)
        refresh_roll_ups(now=NOW + timedelta(minutes=5))


def test_a_log_that_knows_more_takes_nothing_from_another(tmp_path: Path) -> None:
    bring_in(tmp_path, sales=SALES, repairs=REPAIRS, pauses=ONE_TIME)
    page, _ = figures_of("sales")
    assert page.by_step()["Decide"].at("waiting")[0] == 10 * 86400
    assert differences("sales") == differences("repairs") == differences("pauses") == []
    assert figures_of("pauses")[0].known_times.kind == "lead_in"


def test_one_row_that_knows_more_takes_nothing_from_the_others_of_its_log(tmp_path: Path) -> None:
    more = "S2,Check,bob,2026-03-14T09:00:00Z,2026-03-14T09:30:00Z,2026-03-14T10:00:00Z\n"
    head, *rows = SALES.splitlines()
    text = head.replace("start", "enabled,start") + "\n"
    text += "".join(row.replace("b,", "b,,").replace("e,2", "e,,2") + "\n" for row in rows)
    text += more + "S3,Check,bob,,,2026-03-14T10:00:00Z\nS3,Decide,eve,,,2026-03-15T10:00:00Z\n"
    bring_in(tmp_path, sales=text)
    page, command = figures_of("sales")
    assert command["known"] == {
        "tasks": 5,
        "enabled": 1,
        "start": 3,
        "waiting": 2,
        "working": 3,
        "lead_in": 1,
    }
    decide = command["activities_detail"]["Decide"]
    assert (decide["waiting"]["total_s"], decide["lead_in"]["total_s"]) == (864000, 86400)
    assert differences("sales") == []
    assert page.known_times.is_mixed
    assert "3 of 5 tasks (60%)" in command["note"]


def test_the_page_says_for_what_share_times_are_known(client: Client, tmp_path: Path) -> None:
    text = SALES + "S3,Check,bob,,2026-03-14T10:00:00Z\nS3,Decide,eve,,2026-03-15T10:00:00Z\n"
    bring_in(tmp_path, sales=text)
    client.force_login(make_user("root", is_superuser=True))
    page = client.get("/reports/workflow/sales/").content.decode()
    assert "When work began is known of 2 of 4 tasks (50%)" in page
    assert 'data-label="Lead-in">' in page


def test_a_live_decision_takes_nothing_from_an_imported_past(tmp_path: Path) -> None:
    version = publish_map()
    key, step = version.template.key, version.steps.filter(kind="approval").first()
    text = (
        "case_id,activity,resource,start,end\n"
        f"P1,{step.key},ann,2026-02-02T10:00:00Z,2026-02-02T10:10:00Z\n"
        f"P1,{step.key},ann,2026-02-12T10:10:00Z,2026-02-12T10:20:00Z\n"
    )
    import_log(key, file(tmp_path, text), actor=None, now=NOW)
    item = start_request(version).work_items.get()
    tasks.decide(item.pk, actor=make_user("mia"), outcome="approve", now=NOW + timedelta(days=1))
    refresh_roll_ups(now=NOW + timedelta(days=2))
    page, command = figures_of(key)
    waits = page.by_step()[str(step)].spread("waiting")
    assert 10 * 86400 * 1_000_000 in waits.values
    assert len(waits) == 2
    assert differences(key) == []
    assert command["known"]["start"] == 3


@pytest.mark.parametrize(
    "names", [QUICK, pytest.param(LOGS, marks=pytest.mark.slow)], ids=["quick", "all"]
)
def test_page_and_command_agree_on_every_log_in_one_database(names: tuple[str, ...]) -> None:
    for name in names:
        path = shared("logs", f"{name}.csv.gz")
        import_log(name.replace("_", "-"), path, actor=None, now=NOW)
    refresh_roll_ups(now=NOW + timedelta(minutes=5))
    found = {name: differences(name.replace("_", "-")) for name in names}
    assert found == {name: [] for name in names}


# -- rolling up -------------------------------------------------------------------------------


def test_days_on_which_nothing_happens_cost_nothing(tmp_path: Path) -> None:
    old = "case_id,activity,end\n1,A,1900-03-04\n1,A,2199-03-04\n2,B,2026-03-04\n"
    import_log("old", file(tmp_path, old), actor=None, now=NOW)
    days = refresh_roll_ups(now=NOW)
    assert {date(1900, 3, 4), date(2199, 3, 4), date(2026, 3, 4)} <= set(days)
    assert len(days) <= 6
    assert len(rebuild_roll_ups(now=NOW)) <= 6
    assert differences("old") == []
    assert len(figures_of("old")[0].weeks.mondays()) < 100


def test_a_moment_that_nobody_can_mean_ends_no_roll_up(tmp_path: Path) -> None:
    bring_in(tmp_path, sales=SALES)
    far = NOW.replace(year=9999, month=12, day=31)
    item = WorkItem.objects.get(step__name="Check")
    WorkItem.objects.filter(pk=item.pk).update(completed_at=far)
    refresh_roll_ups(now=NOW + timedelta(days=2))
    rebuild_roll_ups(now=NOW + timedelta(days=2))
    days = StepRollUp.objects.filter(grain=DAY).values_list("day", flat=True)
    assert set(days) == {date(2026, 3, 14)}
    assert not StaleCell.objects.exists()


def test_a_roll_up_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    import_log("sales", file(tmp_path, SALES), actor=None, now=NOW)
    assert refresh_roll_ups(now=NOW, within=0) == []
    assert StaleCell.objects.filter(grain=DAY).count() > 0
    assert figures_of("sales")[0].fresh is None
    refresh_roll_ups(now=NOW + timedelta(minutes=5))
    assert not StaleCell.objects.exists()
    assert differences("sales") == []


def test_a_day_that_is_marked_again_while_it_is_rolled_up_stays_marked(tmp_path: Path) -> None:
    from reporting.rollups.services import mark_stale, roll_up_day

    bring_in(tmp_path, sales=SALES)
    day = date(2026, 3, 14)
    mark_stale([day])
    old = StaleCell.objects.get(grain=DAY, day=day).marked
    StepRollUp.objects.filter(day=day).delete()
    mark_stale([day])
    roll_up_day(day, old)
    assert StaleCell.objects.filter(grain=DAY, day=day).exists()
    assert not StepRollUp.objects.filter(grain=DAY, day=day).exists()
    refresh_roll_ups(now=NOW + timedelta(hours=1))
    assert differences("sales") == []
