"""How long a task lies before somebody looks at it, though they could."""

from random import Random
from typing import Protocol

from workflows.engine.rehearsal.clocks import OpenTime, WeekTime, to_moment
from workflows.engine.rehearsal.crew import Crew
from workflows.engine.rehearsal.records import TaskRecord
from workflows.engine.rehearsal.scenario import Clock, Scenario, StepTimes


class Waiting(Protocol):
    """A task, as far as its delay is concerned."""

    @property
    def key(self) -> str:
        """The step's key."""

    @property
    def record(self) -> TaskRecord:
        """Since when it is there."""


class Delays:
    """When the delay of a task is over, in whichever time it counts."""

    def __init__(self, scenario: Scenario, *, crew: Crew, calendar: OpenTime) -> None:
        self.scenario, self.crew, self.calendar = scenario, crew, calendar
        self._week_times: dict[tuple[float, ...], WeekTime] = {}

    def over_at(self, task: Waiting, now: int, random: Random) -> int:
        """The moment from which somebody may take it. What lay before now has lain already."""
        times = self.scenario.steps.get(task.key, StepTimes())
        came = task.record.enabled
        spread = times.delay
        if times.delay_by_hour:
            spread = times.delay_by_hour.get(self.crew.hour_of_week(came), spread)
        if came < now:
            left = spread.beyond(self._passed(times, came, now))
            if left is None:
                return now
            spread = left
        return max(now, self._after(times, came, spread.draw(random)))

    def _passed(self, times: StepTimes, came: int, now: int) -> float:
        if times.delay_hours:
            return self._week_time(times.delay_hours, now).between(came, now)
        return now - came if times.delay_counts == "elapsed" else self.calendar.between(came, now)

    def _after(self, times: StepTimes, came: int, seconds: int) -> int:
        if seconds == 0:
            return came
        if times.delay_hours:
            return self._week_time(times.delay_hours, came).add(came, seconds)
        return self._on_clock(came, seconds, times.delay_counts)

    def _on_clock(self, came: int, seconds: int, counts: Clock) -> int:
        after = None if counts == "elapsed" else self.calendar.add(came, seconds)
        return came + seconds if after is None else after

    def _week_time(self, hours: tuple[float, ...], now: int) -> WeekTime:
        """The zone's clock is taken as it was at the beginning: an hour twice a year is nothing in
        a delay."""
        found = self._week_times.get(hours)
        if found is None:
            ahead = to_moment(now).astimezone(self.crew.zone).utcoffset()
            offset = int(ahead.total_seconds()) if ahead else 0
            found = self._week_times[hours] = WeekTime(hours, offset=offset)
        return found
