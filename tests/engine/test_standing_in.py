"""Who stands in for whom: the one rule, by hand and over random absences."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.authority.standing_in import (
    MOST_DEPUTIES,
    AwayTime,
    StandIn,
    find_away_time,
    find_people_in_reach,
    find_stand_in_times,
    index_absences,
    resolve_stand_in,
)

DAY = timedelta(days=1)
START = datetime(2026, 3, 2, tzinfo=UTC)
RUTH, OMAR, PAULA, TOM, EVE = range(1, 6)


def away(
    person: int,
    deputy: int,
    first: int = 0,
    last: int = 10,
    *,
    only: frozenset[int] | None = None,
) -> AwayTime:
    """Away from the start of one day to the start of another."""
    return AwayTime(
        absence=person * 1000 + first * 10 + len(only or ()),
        person=person,
        deputy=deputy,
        begins_at=START + first * DAY,
        ends_at=START + last * DAY,
        workflows=only,
    )


def deputy_of(*times: AwayTime, day: float = 5, workflow: int | None = None) -> int | None:
    """Who stands in for Ruth."""
    stand_in = resolve_stand_in(index_absences(times), RUTH, workflow, START + day * DAY)
    return stand_in.deputy if stand_in is not None else None


def test_nobody_stands_in_for_who_is_there() -> None:
    assert resolve_stand_in({}, RUTH, None, START) is None
    assert deputy_of(away(RUTH, OMAR), day=10) is None
    assert deputy_of(away(RUTH, OMAR), day=0) == OMAR


def test_deputies_of_deputies_are_followed_three_deep_and_not_further() -> None:
    chain = [away(RUTH, OMAR), away(OMAR, PAULA), away(PAULA, TOM)]
    assert deputy_of(*chain[:2]) == PAULA
    assert deputy_of(*chain) == TOM
    assert deputy_of(*chain, away(TOM, EVE)) is None


def test_a_circle_ends_in_nobody() -> None:
    assert deputy_of(away(RUTH, OMAR), away(OMAR, RUTH)) is None
    assert deputy_of(away(RUTH, OMAR), away(OMAR, PAULA), away(PAULA, OMAR)) is None


def test_what_is_said_for_a_workflow_goes_before_what_is_said_for_all() -> None:
    times = [away(RUTH, OMAR), away(RUTH, PAULA, only=frozenset({7}))]
    assert (deputy_of(*times), deputy_of(*times, workflow=7)) == (OMAR, PAULA)
    alone = [away(RUTH, PAULA, only=frozenset({7}))]
    assert (deputy_of(*alone), deputy_of(*alone, workflow=8)) == (None, None)


def test_the_deputy_changes_while_they_are_away_themselves() -> None:
    periods = find_stand_in_times(index_absences([away(RUTH, OMAR), away(OMAR, PAULA, 3, 5)]), RUTH)
    days = [
        ((p.begins_at - START) // DAY, (p.ends_at - START) // DAY, p.stand_in.deputy)
        for p in periods
    ]
    assert days == [(0, 3, OMAR), (3, 5, PAULA), (5, 10, OMAR)]
    assert periods[1].stand_in.passed == (OMAR,)


def test_whoever_reaches_a_person_whose_absence_changed_is_worked_out_anew() -> None:
    absences = index_absences([away(RUTH, OMAR), away(OMAR, PAULA), away(EVE, TOM)])
    assert find_people_in_reach(absences, [PAULA]) == {RUTH, OMAR, PAULA}


PEOPLE = st.integers(1, 6)


@st.composite
def absences(draw: st.DrawFn) -> list[AwayTime]:
    """Absences of six people, in any order, with any deputies."""
    times = []
    for place in range(draw(st.integers(1, 12))):
        person = draw(PEOPLE)
        deputy = draw(PEOPLE.filter(lambda other, person=person: other != person))
        first = draw(st.integers(0, 8))
        only = draw(st.none() | st.frozensets(st.integers(7, 9), min_size=1))
        times.append(
            AwayTime(
                absence=place,
                person=person,
                deputy=deputy,
                begins_at=START + first * DAY,
                ends_at=START + draw(st.integers(first + 1, 10)) * DAY,
                workflows=only,
            )
        )
    return times


WORKFLOWS = st.sampled_from([None, 7, 8, 9, 10])


@given(absences(), PEOPLE, WORKFLOWS, st.integers(-1, 11))
def test_who_stands_in_is_there_is_another_and_is_named_by_the_way(
    times: list[AwayTime], person: int, workflow: int | None, day: int
) -> None:
    index, moment = index_absences(times), START + day * DAY
    stand_in = resolve_stand_in(index, person, workflow, moment)
    own = find_away_time(index, person, workflow, moment)
    assert (stand_in is None) == (own is None)
    if stand_in is None or own is None:
        return
    asked = [*stand_in.passed, *([stand_in.deputy] if stand_in.deputy is not None else [])]
    assert stand_in.absence == own.absence
    assert 1 <= len(asked) <= MOST_DEPUTIES
    assert len({person, *asked}) == len(asked) + 1
    expected, step = [], own
    for somebody in asked:
        expected.append(step.deputy)
        following = find_away_time(index, somebody, workflow, moment)
        assert (following is None) == (somebody == stand_in.deputy)
        step = following or step
    assert asked == expected


@given(absences(), PEOPLE, WORKFLOWS, st.integers(-1, 11))
def test_the_periods_say_at_every_moment_what_the_rule_says(
    times: list[AwayTime], person: int, workflow: int | None, day: int
) -> None:
    index, moment = index_absences(times), START + day * DAY + DAY / 2
    now = [p for p in find_stand_in_times(index, person) if p.begins_at <= moment < p.ends_at]
    by_workflow: dict[int | None, StandIn] = {p.workflow: p.stand_in for p in now}
    assert len(by_workflow) == len(now)
    said = by_workflow.get(workflow) or by_workflow.get(None)
    assert said == resolve_stand_in(index, person, workflow, moment)


@given(absences(), PEOPLE, PEOPLE)
def test_nobody_out_of_reach_is_touched_by_a_change(
    times: list[AwayTime], person: int, changed: int
) -> None:
    after = [time for time in times if time.person != changed]
    if person not in find_people_in_reach(index_absences(times), [changed]):
        assert find_stand_in_times(index_absences(times), person) == find_stand_in_times(
            index_absences(after), person
        )


@pytest.mark.parametrize("day", [0, 9.99])
def test_an_absence_holds_from_its_first_moment_to_just_before_its_end(day: float) -> None:
    assert deputy_of(away(RUTH, OMAR), day=day) == OMAR
