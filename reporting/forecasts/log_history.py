"""An event log as a history: what its rows mean on a map, and what of it was known at a moment."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

from reporting.eventlogs.readers.rows import LogRow
from reporting.forecasts.history import History, PastRequest, PastTask
from reporting.replay.activity_mapping import (
    IGNORE,
    START,
    MappedDecision,
    Meaning,
    explain_unmapped_activity,
    read_mapping,
)
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition
from workflows.engine.routing.graph import Graph

END = ""
"""Stands for the end of a request among the steps that come next."""


class ActivityReader:
    """What a row of a log means on a map: by a mapping file; else its activity is a step's name or
    key, and where it does not say the outcome, that is seen from what comes next."""

    def __init__(self, definition: Definition, mapping: str | Path | None = None) -> None:
        self.definition, self.graph = definition, Graph(definition)
        self.mapping = read_mapping(mapping, definition, infers_outcomes=True)
        self.stops_after = cache(self._find_stops)

    @property
    def has_parallel_steps(self) -> bool:
        """Whether anything of the map is done side by side."""
        return any(step.kind == "parallel" for step in self.definition.steps.values())

    def meaning(self, activity: str, *, last: bool) -> Meaning:
        """`start`, `ignore`, or decisions, whose outcome is empty where only the step is said. What
        is no work of people is passed over. Raises InvalidInput for an activity that is nothing on
        the map."""
        meaning = self.mapping.meaning(activity, last=last)
        if meaning is None:
            raise InvalidInput(explain_unmapped_activity(self.definition, activity))
        if isinstance(meaning, tuple):
            meaning = tuple(each for each in meaning if self.graph.is_human(each.step)) or IGNORE
        return meaning

    def outcomes_of(self, step: str) -> Sequence[str]:
        """The outcomes of a step, in the map's order."""
        return list(self.graph.human(step).outcomes)

    def outcome_before(self, step: str, following: Iterable[str], *, is_over: bool) -> str:
        """The outcome after which these steps followed; empty where that cannot be known yet."""
        outcomes = self.outcomes_of(step)
        if len(outcomes) == 1:
            return outcomes[0]
        after = [*following, *([END] if is_over else [])]
        for come_to in after:
            for outcome in outcomes:
                if come_to in self.stops_after(self.graph.human(step).outcomes[outcome].to):
                    return outcome
        return ""

    def _find_stops(self, target: str) -> frozenset[str]:
        """The steps of people that may come next on the way to a step, and END."""
        stops, pending, passed = set[str](), [target], set[str]()
        while pending:
            at = pending.pop()
            if at in passed:
                continue
            passed.add(at)
            if self.graph.is_human(at):
                stops.add(at)
            elif self.graph[at].kind == "end":
                stops.add(END)
            else:
                pending += [link.to for link in self.graph.leaving[at]]
        return frozenset(stops)


def read_log_history(rows: Iterable[LogRow], reader: ActivityReader, *, until: datetime) -> History:
    """All that a log tells of the time before `until`: what began or ended later is not looked at,
    apart from whether a request was over by then."""
    cases: dict[str, list[LogRow]] = defaultdict(list)
    knows_begun = False
    for row in rows:
        cases[row.case_id].append(row)
        knows_begun = knows_begun or row.start is not None
    moment = int(until.timestamp())
    requests = []
    for name, case in cases.items():
        case.sort(key=lambda row: (row.start or row.last, row.last))
        request = _read_case(name, case, reader, until=until)
        if request is not None:
            requests.append(request)
    requests.sort(key=lambda request: (request.started, request.name))
    return History(until=moment, requests=tuple(requests), knows_begun=knows_begun)


def _read_case(
    name: str, case: list[LogRow], reader: ActivityReader, *, until: datetime
) -> PastRequest | None:
    known = [row for row in case if _first_known(row) < until]
    if not known:
        return None
    is_over = len(known) == len(case) and all(_is_done(row, until) for row in known)
    started = int(min(_first_known(row) for row in known).timestamp())
    request = PastRequest(name=name, started=started, is_over=is_over)
    request.requester = known[0].resource if _is_begun(known[0], until) else ""
    for index, row in enumerate(known):
        _read_row(request, row, known[:index], reader, until=until, last=row is case[-1])
    _see_outcomes(request, reader)
    return request


def _read_row(
    request: PastRequest,
    row: LogRow,
    before: Sequence[LogRow],
    reader: ActivityReader,
    *,
    until: datetime,
    last: bool,
) -> None:
    request.values = {**request.values, **row.data} if row.data else request.values
    meaning = reader.meaning(row.activity, last=last)
    if meaning == IGNORE:
        return
    if meaning == START:
        request.start = (row.activity, row.resource)
        request.started = int(row.last.timestamp()) if _is_done(row, until) else request.started
        return
    assert isinstance(meaning, tuple)
    step, outcome = _choose_decision(meaning, request, reader)
    outcome = outcome or (row.outcome if row.outcome in reader.outcomes_of(step) else "")
    handed_over = row.enabled or _handed_over_at(row, before, in_parallel=reader.has_parallel_steps)
    begun = int(row.start.timestamp()) if row.start and row.start <= until else None
    enabled = int((handed_over or _first_known(row)).timestamp())
    is_done = _is_done(row, until)
    request.tasks.append(
        PastTask(
            step=step,
            activity=row.activity,
            who=row.resource if begun is not None or is_done else "",
            enabled=enabled if begun is None else min(enabled, begun),
            begun=begun,
            completed=int(row.last.timestamp()) if is_done else None,
            outcome=outcome if is_done else "",
            is_first=handed_over is None,
            rested=int(row.paused),
            came_from=request.tasks[-1].step if request.tasks else None,
            number=1 + sum(task.step == step for task in request.tasks),
        )
    )


def _choose_decision(
    meaning: tuple[MappedDecision, ...], request: PastRequest, reader: ActivityReader
) -> tuple[str, str]:
    """The step and the outcome; of several decisions the first whose step may come now."""
    if len(meaning) > 1 and request.tasks:
        task = request.tasks[-1]
        outcomes = reader.graph.human(task.step).outcomes
        route = outcomes.get(task.outcome)
        stops = reader.stops_after(route.to) if route else frozenset[str]()
        for decision in meaning:
            if decision.step in stops:
                return decision.step, decision.outcome
    return meaning[0].step, meaning[0].outcome


def _see_outcomes(request: PastRequest, reader: ActivityReader) -> None:
    """Fill in the outcomes that the log does not write, by what came next."""
    steps = [task.step for task in request.tasks]
    for index, task in enumerate(request.tasks):
        if not task.outcome and task.completed is not None:
            task.outcome = reader.outcome_before(
                task.step, steps[index + 1 :], is_over=request.is_over
            )


def _handed_over_at(row: LogRow, before: Sequence[LogRow], *, in_parallel: bool) -> datetime | None:
    """Since when a row waited: the end of what came before it. Where the map has nothing side by
    side, what overlaps did not wait; else it waited for what was over when it began."""
    if not before:
        return None
    moment = row.start or row.last
    if not in_parallel:
        return min(moment, max(other.last for other in before))
    return max((other.last for other in before if other.last <= moment), default=moment)


def _first_known(row: LogRow) -> datetime:
    return min(moment for moment in (row.enabled, row.start, row.last) if moment is not None)


def _is_begun(row: LogRow, until: datetime) -> bool:
    return (row.start or row.last) <= until


def _is_done(row: LogRow, until: datetime) -> bool:
    return row.end is not None and row.end <= until


def activity_names(history: History) -> dict[tuple[str, str], str]:
    """How the log writes each step and outcome: as it did most often."""
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for task in history.done_tasks():
        for key in ((task.step, task.outcome), (task.step, END)):
            counts[key][task.activity] += 1
    return {key: max(sorted(names), key=lambda name: names[name]) for key, names in counts.items()}
