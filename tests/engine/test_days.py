"""One rule about dates: a date is that day in the site's zone, from its first moment on."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.test_fields import Spec
from workflows.engine.format.definition import Definition
from workflows.engine.routing.graph import Graph
from workflows.engine.rules.evaluation import (
    RuleCannotBeEvaluated,
    RuleProblem,
    compile_expression,
    compile_rule,
)
from workflows.engine.timing.dates import (
    FIRST_DAY,
    LAST_DAY,
    is_allowed_moment,
    local_day_of,
    start_of_day,
)
from workflows.engine.values.fields import clean_field_value, field_moment

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "America/Havana",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "America/Toronto",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
)
FIELDS = {
    "day": Spec("date"),
    "until": Spec("date"),
    "at": Spec("datetime"),
    "then": Spec("datetime"),
}

zones = st.sampled_from(ZONES).map(ZoneInfo)
days = st.dates(FIRST_DAY, LAST_DAY)


@pytest.mark.parametrize(
    ("zone", "day", "moment"),
    [
        ("UTC", "2026-03-03", "2026-03-03T00:00Z"),
        ("Europe/Berlin", "2026-03-03", "2026-03-02T23:00Z"),
        ("Europe/Berlin", "2026-03-30", "2026-03-29T22:00Z"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00Z"),  # 00:00 is left out: 01:00
        ("Asia/Beirut", "2021-03-28", "2021-03-27T22:00Z"),
        ("America/Havana", "2020-11-01", "2020-11-01T04:00Z"),  # 00:00 comes twice: the first
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30Z"),  # 23:30 to 00:30
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00Z"),  # that day was left out
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00Z"),
    ],
)
def test_a_day_begins_with_its_first_moment_on_the_sites_clocks(
    zone: str, day: str, moment: str
) -> None:
    assert start_of_day(date.fromisoformat(day), ZoneInfo(zone)) == datetime.fromisoformat(moment)


@given(days, zones)
def test_no_moment_before_the_beginning_of_a_day_belongs_to_it(day: date, zone: Any) -> None:
    moment = start_of_day(day, zone)
    assert local_day_of(moment - timedelta(seconds=1), zone) < day
    first = local_day_of(moment, zone)
    assert first == day or (str(zone), day) == ("Pacific/Apia", date(2011, 12, 30))


@given(days, st.timedeltas(timedelta(days=-20), timedelta(days=20)), zones)
def test_waits_rules_and_sums_agree_about_every_night(day: date, by: timedelta, zone: Any) -> None:
    """A moment is before a date in a rule exactly if a wait until the date still waits then, and
    exactly if the moment, taken for a date, is an earlier one."""
    moment = start_of_day(day, zone) + by
    if not is_allowed_moment(moment, zone):
        return
    data = {
        "day": clean_field_value("day", FIELDS["day"], day.isoformat(), zone=zone),
        "at": clean_field_value("at", FIELDS["at"], moment, zone=zone),
    }
    waits = moment < field_moment(FIELDS["day"], data["day"], zone=zone)
    assert compile_rule("at < day", FIELDS, zone=zone).holds(data) is waits
    written = compile_rule(f"at < d'{day}'", FIELDS, zone=zone)
    assert written.holds(data) is waits
    before = compile_expression("at - day", FIELDS, zone=zone).value(data) < timedelta(0)
    assert before is waits
    if zone.key not in ("Pacific/Apia", "America/Havana", "America/Toronto"):  # a day comes twice
        as_date = compile_expression("at", FIELDS, zone=zone).value(data).local_date
        assert (as_date < day) is waits


@given(days, st.integers(-400, 400), zones)
def test_a_date_is_moved_by_whole_days_on_the_calendar(day: date, count: int, zone: Any) -> None:
    after = day + timedelta(days=count)
    data = {"day": day.isoformat(), "until": after.isoformat()}
    sign, size = ("+", count) if count >= 0 else ("-", -count)
    moved = compile_expression(f"day {sign} t'P{size}D'", FIELDS, zone=zone).value(data)
    assert moved.local_date == after
    assert compile_rule("until - day == until - day", FIELDS, zone=zone).holds(data)
    between = compile_expression("until - day", FIELDS, zone=zone).value(data)
    assert between == timedelta(days=count)


def test_a_moment_is_moved_by_the_time_that_passes() -> None:
    """In the night of 29 March 2026 an hour is left out in Berlin."""
    berlin = ZoneInfo("Europe/Berlin")
    data = {"at": "2026-03-28T11:00:00Z", "then": "2026-03-29T10:00:00Z", "day": "2026-03-29"}
    later = compile_expression("at + t'P1D'", FIELDS, zone=berlin).value(data)
    assert later == datetime(2026, 3, 29, 11, tzinfo=UTC)
    assert compile_rule("then - at == t'PT23H'", FIELDS, zone=berlin).holds(data)
    noon = compile_expression("day + t'PT12H'", FIELDS, zone=berlin).value(data)
    assert noon == datetime(2026, 3, 29, 11, tzinfo=UTC)
    plain = compile_rule("at == d'2026-03-28T12:00'", FIELDS, zone=berlin)
    assert plain.holds(data)


@pytest.mark.parametrize(
    "written", ["d'0001-01-01'", "d'9999-12-31'", "d'1899-12-31'", "d'2200-01-01T00:00Z'"]
)
def test_a_rule_with_a_date_that_no_field_can_have_is_refused(written: str) -> None:
    with pytest.raises(RuleProblem, match="between the years 1900 and 2199"):
        compile_rule(f"day < {written}", FIELDS)


def test_a_date_far_out_in_an_old_record_cannot_be_worked_with_and_does_no_harm() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for value in ("0001-01-01", "9999-12-31", "soon", 5):
        with pytest.raises((ValueError, TypeError, ArithmeticError)):
            field_moment(FIELDS["day"], value, zone=berlin)
    with pytest.raises(ValueError, match="9999"):
        field_moment(FIELDS["at"], "9999-12-31T23:59:59Z", zone=berlin)


def test_a_published_rule_that_would_be_refused_today_cannot_be_evaluated() -> None:
    """A running request waits on an incident then, as for any rule that cannot be worked out."""
    end = {"kind": "end", "result": "x"}
    head = {"format": 1, "key": "x", "name": "X", "fields": {"day": {"type": "date"}}}
    graph = Graph(Definition.model_validate(head | {"steps": {"end": end}}))
    with pytest.raises(RuleCannotBeEvaluated, match="between the years"):
        graph.holds("day < d'9999-12-31'", {"day": "2026-03-03"})
    assert graph.holds("day < d'2199-12-31'", {"day": "2026-03-03"})
