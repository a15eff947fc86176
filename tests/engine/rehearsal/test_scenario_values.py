"""What a rehearsal supposes is plain values that say the same on any machine."""

from datetime import UTC, datetime
from random import Random

import pytest

from workflows.engine.rehearsal.scenario import (
    Arrivals,
    Scenario,
    Shares,
    Spread,
    StepTimes,
    Worker,
    hour_of_week,
)


def test_a_spread_is_read_between_its_samples_as_the_figures_are():
    spread = Spread.of([30, 10, 20])
    assert [spread.quantile(share) for share in (0, 0.25, 0.5, 0.9, 1)] == [10, 15, 20, 28, 30]
    assert spread.mean == 20


def test_a_spread_of_one_sample_is_always_that():
    assert Spread((7,)).draw(Random(1)) == 7
    assert Spread((7,)).mean == 7


@pytest.mark.parametrize("samples", [(), (2, 1), (-1, 3)])
def test_a_spread_that_cannot_be_one_is_refused(samples):
    with pytest.raises(ValueError, match="spread"):
        Spread(samples)


def test_shares_are_drawn_as_often_as_they_weigh():
    random, shares = Random(3), Shares((("yes", 3), ("never", 0), ("no", 1)))
    drawn = [shares.draw(random) for _ in range(4000)]
    assert "never" not in drawn
    assert 0.72 < drawn.count("yes") / 4000 < 0.78


def test_shares_among_fewer_names_keep_their_proportion():
    shares = Shares((("a", 1), ("b", 2), ("c", 1)))
    assert shares.among(["b", "c"]) == Shares((("b", 2), ("c", 1)))
    assert shares.among(["nothing"]) is None


def test_a_later_round_goes_before_where_it_came_from():
    first, later, after = (Shares(((name, 1),)) for name in ("first", "later", "after"))
    times = StepTimes(
        outcomes=first, outcomes_in_round={2: later}, outcomes_after={"revise": after}
    )
    assert times.shares(came_from=None, number=1) == first
    assert times.shares(came_from="revise", number=1) == after
    assert times.shares(came_from="revise", number=5) == later


def test_hours_of_the_week_are_all_or_none():
    with pytest.raises(ValueError, match="168"):
        Worker(name="ann", roles=("staff",), hours=(1.0,))
    with pytest.raises(ValueError, match="168"):
        Arrivals(per_hour=(1.0, 2.0))


def test_two_people_of_one_name_are_refused():
    twice = (Worker(name="ann", roles=("a",)), Worker(name="ann", roles=("b",)))
    with pytest.raises(ValueError, match="one name"):
        Scenario(starts_at=datetime(2026, 1, 5, tzinfo=UTC), people=twice)


def test_the_week_begins_on_monday():
    assert hour_of_week(datetime(2026, 1, 5, 9, tzinfo=UTC)) == 9
    assert hour_of_week(datetime(2026, 1, 11, 23, tzinfo=UTC)) == 167
