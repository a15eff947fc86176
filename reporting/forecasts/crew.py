"""Who does the work of which step, when they are at work, and how much of it side by side."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

from reporting.forecasts.history import History, PastTask
from reporting.forecasts.week_profiles import count_hours, hour_speeds, hours_at_work
from workflows.engine.rehearsal.clocks import WeekTime

SELDOM: Final = 0.1
"""Whoever did less than this share of what each of a step's people does on average only helped
out."""
OFTEN_AT_ONCE: Final = 0.05
"""Whoever has several tasks side by side for more of their time than this has no limit but the most
that was seen."""
LIMIT_IS_FELT: Final = 0.5
"""Work that comes without regard to a queue finds somebody at their limit as often as they are
there. Where less than this share of that waited, what was seen is no limit."""
OFTEN_ENOUGH: Final = 20
"""That is only said where so many would have had to wait."""
NO_LIMIT: Final = 10_000
LARGE_CREW: Final = 40
"""Of so many people somebody is always free."""
NOBODY: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastWorker:
    """One who worked: the hours of the week in which they do, and how many tasks at once."""

    name: str
    hours: tuple[float, ...]
    at_once: int
    time: WeekTime
    busy: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCrew:
    """Everybody who worked, and the people of each step, by how often they did it."""

    workers: Mapping[str, PastWorker]
    of_steps: Mapping[str, tuple[str, ...]]
    speeds: Mapping[str, WeekTime]
    """How readily each step's people begin something in each hour of the week."""


def learn_crew(history: History, *, offset: int) -> PastCrew:
    """The people of a history."""
    doers = _count_doers(history)
    of_steps = {step: _usual_doers(counts) for step, counts in doers.items()}
    by_person, by_step = _group_done(history)
    moments = {step: _moments(tasks) for step, tasks in by_step.items()}
    workers = {
        name: _learn_worker(
            name,
            tasks,
            moments,
            is_alone=all(of_steps[task.step] == (name,) for task in tasks),
            offset=offset,
        )
        for name, tasks in by_person.items()
    }
    starts = {name: [_began(task) for task in tasks] for name, tasks in by_person.items()}
    speeds = {
        step: WeekTime(
            hour_speeds(
                count_hours((at for name in names for at in starts.get(name, ())), offset=offset)
            ),
            offset=offset,
        )
        for step, names in of_steps.items()
    }
    return PastCrew(workers=workers, of_steps=of_steps, speeds=speeds)


def _count_doers(history: History) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for task in history.tasks():
        if task.begun is not None or task.completed is not None:
            counts[task.step][task.who] += 1
    return counts


def _usual_doers(counts: Mapping[str, int]) -> tuple[str, ...]:
    average = sum(counts.values()) / len(counts)
    return tuple(sorted(name for name, count in counts.items() if count >= SELDOM * average))


def _group_done(
    history: History,
) -> tuple[dict[str, list[PastTask]], dict[str, list[PastTask]]]:
    by_person: dict[str, list[PastTask]] = defaultdict(list)
    by_step: dict[str, list[PastTask]] = defaultdict(list)
    for task in history.done_tasks():
        by_person[task.who].append(task)
        by_step[task.step].append(task)
    return by_person, by_step


def _began(task: PastTask) -> int:
    assert task.completed is not None
    return task.completed if task.begun is None else task.begun


def _moments(tasks: Iterable[PastTask]) -> list[int]:
    """When somebody was at work for certain: when they began, and just before they were done."""
    moments = []
    for task in tasks:
        assert task.completed is not None
        moments.append(_began(task))
        if task.completed > _began(task):
            moments.append(task.completed - 1)
    return moments


def _learn_worker(
    name: str,
    tasks: Sequence[PastTask],
    moments: Mapping[str, list[int]],
    *,
    is_alone: bool,
    offset: int,
) -> PastWorker:
    """Hours are taken from all who do the same steps: of one person too little is seen."""
    steps = sorted({task.step for task in tasks})
    hours = hours_at_work(
        count_hours((at for step in steps for at in moments[step]), offset=offset)
    )
    time = WeekTime(hours, offset=offset)
    return PastWorker(
        name=name,
        hours=hours,
        at_once=NO_LIMIT if name == NOBODY else _learn_at_once(tasks, time, is_alone=is_alone),
        time=time,
        busy=tuple(sorted((begun, completed) for begun, completed, _ in _in_hand(tasks))),
    )


def _in_hand(tasks: Iterable[PastTask]) -> Iterator[tuple[int, int, PastTask]]:
    """From when until when each task that took time was in hand."""
    for task in tasks:
        if task.begun is not None and task.completed is not None and task.completed > task.begun:
            yield task.begun, task.completed, task


def _learn_at_once(tasks: Sequence[PastTask], time: WeekTime, *, is_alone: bool) -> int:
    """How many tasks somebody has in hand at once at most. No limit where none was ever felt, as
    with what customers do each for themselves; of several people others may have been free."""
    in_hand = sorted(_in_hand(tasks), key=lambda each: each[:2])
    most = _usual_at_once([(begun, completed) for begun, completed, _ in in_hand])
    return NO_LIMIT if is_alone and not _is_felt(most, in_hand, time) else most


def _is_felt(most: int, in_hand: Sequence[tuple[int, int, PastTask]], time: WeekTime) -> bool:
    """Whether what came when so many were in hand had to wait; also where little would tell."""
    if not in_hand:
        return True
    reached = waited = 0
    full = 0.0
    ends: list[int] = []
    for begun, completed, task in in_hand:
        while ends and ends[0] <= begun:
            heappop(ends)
        heappush(ends, completed)
        if len(ends) >= most:
            full += time.between(begun, min(ends))
            reached += not task.is_first
            waited += not task.is_first and time.between(task.enabled, begun) > 0
    there = time.between(in_hand[0][0], in_hand[-1][1])
    expected = reached * min(1.0, full / there) if there else 0.0
    return expected < OFTEN_ENOUGH or waited >= LIMIT_IS_FELT * expected


def _usual_at_once(busy: Sequence[tuple[int, int]]) -> int:
    """How many tasks somebody has in hand at once: one, where more are hardly ever seen."""
    lasted: dict[int, int] = defaultdict(int)
    count, before = 0, 0
    for moment, change in sorted(
        [(begin, 1) for begin, _ in busy] + [(end, -1) for _, end in busy]
    ):
        lasted[count] += moment - before
        count, before = count + change, moment
    lasted.pop(0, None)
    more = sum(time for number, time in lasted.items() if number > 1)
    return max(lasted) if more > OFTEN_AT_ONCE * sum(lasted.values()) else 1


class FreeTime:
    """How much time went by in which somebody of a step's people was there and free, measured in
    the time of the week in which they begin something: what waits then waits for no one's sake."""

    def __init__(self, names: Sequence[str], crew: PastCrew, speed: WeekTime, *, offset: int):
        self.speed = speed
        self._moments: list[int] = []
        self._passed: list[float] = []
        if len(names) <= LARGE_CREW and NOBODY not in names:
            self._sweep([crew.workers[name] for name in names if name in crew.workers], offset)

    def between(self, begin: int, end: int) -> float:
        """The free time between two moments."""
        if end <= begin:
            return 0.0
        if not self._moments:
            return self.speed.between(begin, end)
        return max(0.0, self._until(end) - self._until(begin))

    def _until(self, moment: int) -> float:
        place = bisect_right(self._moments, moment) - 1
        if place < 0:
            return self.speed.position(moment) - self.speed.position(self._moments[0])
        passed = self._passed[place]
        if self._open[place]:
            passed += self.speed.between(self._moments[place], moment)
        return passed

    def _sweep(self, workers: Sequence[PastWorker], offset: int) -> None:
        """Walk through all moments at which somebody becomes free or busy, comes or goes."""
        changes = _changes(workers, offset)
        if not changes:
            return
        active = [0] * len(workers)
        present = [False] * len(workers)
        free, passed, before = 0, 0.0, changes[0][0]
        self._open: list[bool] = []
        for moment, kind, index, value in changes:
            if free > 0:
                passed += self.speed.between(before, moment)
            before = moment
            was = present[index] and active[index] < workers[index].at_once
            if kind == PRESENCE:
                present[index] = bool(value)
            else:
                active[index] += value
            free += (present[index] and active[index] < workers[index].at_once) - was
            self._moments.append(moment)
            self._passed.append(passed)
            self._open.append(free > 0)


PRESENCE, TASKS = 0, 1


def _changes(workers: Sequence[PastWorker], offset: int) -> list[tuple[int, int, int, int]]:
    """Who comes and goes, begins and is done, in the order of time."""
    begins = [worker.busy[0][0] for worker in workers if worker.busy]
    if not begins:
        return []
    first = min(begins) // 3600 * 3600 - 7 * 86400
    last = max(end for worker in workers for _, end in worker.busy) + 7 * 86400
    changes = []
    for index, worker in enumerate(workers):
        changes += [(begin, TASKS, index, 1) for begin, _ in worker.busy]
        changes += [(end, TASKS, index, -1) for _, end in worker.busy]
        was = False
        for hour in range(first, last, 3600):
            there = worker.time.is_open(hour)
            if there != was:
                changes.append((hour, PRESENCE, index, int(there)))
                was = there
    return sorted(changes)
