"""When requests come in: learnt rates, and moments spread by them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Final

from reporting.forecasts.history import History
from reporting.forecasts.week_profiles import arrival_rates
from workflows.engine.rehearsal.scenario import HOURS_OF_A_WEEK

WEEK: Final = HOURS_OF_A_WEEK * 3600
ENOUGH_WEEKS: Final = 4
"""The newer half of the time is learnt from, where it has so many weeks."""


def learn_arrival_rates(history: History, *, offset: int) -> tuple[float, ...]:
    """How many requests come in on average in each hour of the week: of the newer half of the
    history where that is long enough, since volumes change."""
    begin, end = history.first_start, history.until
    middle = begin + (end - begin) // 2
    if end - middle >= ENOUGH_WEEKS * WEEK:
        begin = middle
    moments = [each.started for each in history.requests if begin <= each.started < end]
    return tuple(arrival_rates(moments, begin=begin, end=end, offset=offset))


def spread_evenly(
    rates: Sequence[float], *, begin: int, end: int, offset: int, random: Random
) -> Iterator[datetime]:
    """One arrival for each that is expected on average, somewhere in its part of the time: as many
    as are likely, without the ups and downs of chance."""
    moment, expected, number = begin, 0.0, 0
    place = random.random()
    while moment < end:
        until = min(end, moment + 3600 - (moment + offset) % 3600)
        rate = rates[(moment + offset + 3 * 86400) // 3600 % HOURS_OF_A_WEEK]
        after = expected + rate * (until - moment) / 3600
        while rate > 0 and number + place <= after:
            yield datetime.fromtimestamp(
                moment + int((number + place - expected) / rate * 3600), UTC
            )
            number, place = number + 1, random.random()
        moment, expected = until, after
