"""What a history teaches: arrivals, people, times and outcomes."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from reporting.eventlogs.readers.rows import LogRow
from reporting.eventlogs.services.observed_map import build_observed_map, survey_log
from reporting.forecasts.arrivals import spread_evenly
from reporting.forecasts.history import History, PastRequest, PastTask
from reporting.forecasts.learning import Learnt, learn_scenario
from reporting.forecasts.log_history import ActivityReader, read_log_history
from reporting.forecasts.staffing import BEGIN
from reporting.forecasts.standing import find_running
from tests.engine.driving import decision, draw, end, task
from workflows.engine.errors import InvalidInput
from workflows.engine.rehearsal.supposing import Site
from workflows.engine.routing.graph import Graph
from workflows.engine.timing.working_time import calendar_named

MONDAY = datetime(2024, 1, 1, 9, tzinfo=UTC)
CALENDAR = calendar_named("24/7", UTC)


def row(case: int, activity: str, who: str, start: float, minutes: float) -> LogRow:
    """A row that begins so many hours after the first Monday, nine o'clock."""
    begun = MONDAY + timedelta(hours=start)
    return LogRow(str(case), activity, who, None, begun, begun + timedelta(minutes=minutes))


def weekday_cases(weeks: int = 4) -> list[LogRow]:
    """One request each working day at nine: Ann checks for half an hour, Ben pays two hours after
    that for an hour; every fifth is only checked."""
    rows = []
    for number in range(weeks * 5):
        begins = (number // 5 * 7 + number % 5) * 24
        rows.append(row(number, "Check", "ann", begins, 30))
        if number % 5 != 4:
            rows.append(row(number, "Pay", "ben", begins + 2.5, 60))
    return rows


def learn(rows: list[LogRow], until: datetime) -> Learnt:
    """The scenario of a log's time before a moment, on the map that the log shows."""
    definition = build_observed_map("sums", survey_log(rows))
    history = read_log_history(rows, ActivityReader(definition), until=until)
    return learn_scenario(definition, history, Site(calendar=CALENDAR))


def test_times_people_and_outcomes_are_those_of_the_log() -> None:
    learnt = learn(weekday_cases(), MONDAY + timedelta(weeks=4))
    check, pay = learnt.scenario.steps["check"], learnt.scenario.steps["pay"]
    assert set(check.working.samples) == {1800}
    assert set(pay.working.samples) == {3600}
    assert check.outcomes is not None
    assert dict(check.outcomes.weights) == {"to_pay": 16.0, "end": 4.0}
    assert {person.name for person in learnt.scenario.people} >= {"ann", "ben"}


def test_hours_of_the_week_in_which_nobody_ever_worked_are_no_hours_of_work() -> None:
    learnt = learn(weekday_cases(), MONDAY + timedelta(weeks=4))
    ann = next(person for person in learnt.scenario.people if person.name == "ann")
    assert [hour for hour, share in enumerate(ann.hours[:24]) if share] == [9]
    assert not any(ann.hours[5 * 24 :])


def test_nothing_after_the_moment_is_learnt_from() -> None:
    rows = weekday_cases()
    until = MONDAY + timedelta(weeks=2)
    early = [each for each in rows if each.last < until]
    assert learn(rows, until).scenario.steps == learn(early, until).scenario.steps


def test_what_waits_while_everybody_is_busy_is_no_delay() -> None:
    """Three requests at once, one person: the second and the third wait for the first."""
    rows = []
    for week in range(3):
        for number in range(3):
            rows.append(row(week * 10 + number, "Ask", "eve", week * 168, 0))
            rows.append(row(week * 10 + number, "Do", "ann", week * 168 + number, 60))
    learnt = learn(rows, MONDAY + timedelta(weeks=3))
    assert max(learnt.scenario.steps["do"].delay.samples) == 0


def test_what_waits_though_somebody_is_free_is_a_delay() -> None:
    learnt = learn(weekday_cases(), MONDAY + timedelta(weeks=4))
    assert min(learnt.scenario.steps["pay"].delay.samples) > 0


def test_a_request_that_was_open_stands_at_the_step_that_comes_next() -> None:
    rows = weekday_cases()
    learnt = learn(rows, MONDAY + timedelta(days=14, hours=1))
    running = list(
        find_running(learnt.history, Graph(learnt.definition), learnt.scenario.steps, seed=1)
    )
    assert [each.name for each in running] == ["10"]
    assert [token.step for token in running[0].marking.tokens] == ["pay"]


def test_what_was_decided_and_who_asked_is_known_where_a_request_stands() -> None:
    rule = "count_of.look.ok > 0 and requester.place == 'Bonn'"
    graph = draw(
        {
            "look": task(ok="talk", no={"to": "done", "exception": True}),
            "talk": task(ok="choose", no={"to": "done", "exception": True}),
            "choose": decision("short", long=rule),
            "long": task(ok="done"),
            "short": task(ok="done"),
            "done": end(),
        }
    )
    begin = int(MONDAY.timestamp())
    done = [
        PastTask(
            step=key,
            activity=key,
            who="ann",
            enabled=begin + at,
            begun=begin + at,
            completed=begin + at + 60,
            outcome="ok",
        )
        for at, key in enumerate(("look", "talk"))
    ]
    for place, step in (("Bonn", "long"), ("Rome", "short")):
        request = PastRequest(
            name="1", started=begin, is_over=False, tasks=done, known={"requester.place": place}
        )
        history = History(until=begin + 3600, requests=(request,))
        (running,) = find_running(history, graph, {}, seed=1)
        assert [token.step for token in running.marking.tokens] == [step]


def test_somebody_who_is_at_work_is_still_at_work() -> None:
    learnt = learn(weekday_cases(), MONDAY + timedelta(days=14, minutes=10))
    running = list(
        find_running(learnt.history, Graph(learnt.definition), learnt.scenario.steps, seed=1)
    )
    assert [(task.who, task.begun) for task in running[0].tasks] == [
        ("ann", MONDAY + timedelta(days=14))
    ]


def test_requests_that_begin_at_several_steps_begin_at_each_as_often() -> None:
    rows = weekday_cases()
    rows += [row(100 + number, "Pay", "ben", number * 168 + 50, 60) for number in range(4)]
    learnt = learn(rows, MONDAY + timedelta(weeks=4))
    outcomes = learnt.scenario.steps[BEGIN].outcomes
    assert outcomes is not None
    assert dict(outcomes.weights) == {"to_check": 20.0, "to_pay": 4.0}


def test_as_many_arrive_as_are_expected() -> None:
    learnt = learn(weekday_cases(), MONDAY + timedelta(weeks=4))
    begin = int((MONDAY + timedelta(weeks=4)).timestamp())
    moments = list(
        spread_evenly(
            learnt.scenario.arrivals.per_hour,
            begin=begin,
            end=begin + 14 * 86400,
            offset=0,
            random=Random(1),
        )
    )
    assert len(moments) in (9, 10, 11)
    assert all(moment.weekday() < 5 and moment.hour == 9 for moment in moments)
    assert moments == sorted(moments)


def test_an_activity_that_is_nothing_on_the_map_is_refused() -> None:
    rows = weekday_cases()
    definition = build_observed_map("sums", survey_log(rows))
    other = [*rows, row(99, "Dance", "ann", 5, 1)]
    with pytest.raises(InvalidInput, match="'Dance' is no step"):
        read_log_history(other, ActivityReader(definition), until=MONDAY + timedelta(weeks=4))


def lone_worker(starts_after: list[float], *, hours: float, every: float) -> list[LogRow]:
    """Requests at even distances, each given to the customer when Eve has asked; whose part begins
    so many hours after that, and takes always as long."""
    rows = []
    for number, after in enumerate(starts_after):
        asked = number * every
        rows.append(row(number, "Ask", "eve", asked, 0))
        rows.append(row(number, "Send papers", "customer", asked + after, hours * 60))
    return rows


def limit_of(name: str, rows: list[LogRow]) -> int:
    """How many tasks somebody may have in hand at once."""
    learnt = learn(rows, max(each.last for each in rows) + timedelta(seconds=1))
    return next(person.at_once for person in learnt.scenario.people if person.name == name)


def test_whom_nobody_ever_waited_for_has_no_limit() -> None:
    """Ten at a time for ten days each: they are ten customers, and an eleventh would not wait."""
    rows = lone_worker([0.0] * 120, hours=240, every=24)
    assert limit_of("customer", rows) > 1000


def test_whom_others_waited_for_has_the_limit_that_was_seen() -> None:
    """Two at a time, and each has waited for one of the two before it."""
    rows = lone_worker([number * 0.5 for number in range(120)], hours=3, every=1)
    assert limit_of("customer", rows) == 2


def test_a_limit_is_kept_where_too_little_tells_against_it() -> None:
    rows = lone_worker([0.0] * 15, hours=48, every=24)
    assert limit_of("customer", rows) == 2
