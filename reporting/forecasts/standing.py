"""How the requests that were open at a moment stood then: from there a simulation goes on."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from random import Random

from reporting.forecasts.history import History, PastRequest, PastTask
from workflows.engine.errors import HandoffError
from workflows.engine.rehearsal.scenario import RunningRequest, RunningTask, StepTimes
from workflows.engine.routing import effects as fx
from workflows.engine.routing.advance import AdvanceResult, advance
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.known_facts import with_outcome
from workflows.engine.routing.marking import Marking, Token
from workflows.engine.routing.supposed_chains import SupposedChains


def find_running(
    history: History, graph: Graph, steps: Mapping[str, StepTimes], *, seed: int
) -> Iterator[RunningRequest]:
    """The open requests of a history, each at the step that was open or, where only what was done
    is known, at one that is drawn from what usually comes next."""
    random = Random(seed)
    for request in history.requests:
        if not request.is_over and request.tasks:
            yield from _stand(request, graph, steps, random)


def _stand(
    request: PastRequest, graph: Graph, steps: Mapping[str, StepTimes], random: Random
) -> Iterator[RunningRequest]:
    open_tasks = [task for task in request.tasks if task.completed is None]
    if open_tasks:
        yield _at_open_task(request, open_tasks[0], graph)
        return
    last = max(request.tasks, key=lambda task: task.completed or 0)
    times = steps.get(last.step, StepTimes())
    shares = times.shares(came_from=last.came_from, number=last.number)
    outcome = last.outcome or (shares.draw(random) if shares else "")
    if outcome not in graph.human(last.step).outcomes:
        return
    result = _decide(request, last, outcome, graph)
    if result is None or result.marking.ended is not None:
        return
    yield _running(request, result.marking, _tasks_after(result, last))


def _at_open_task(request: PastRequest, task: PastTask, graph: Graph) -> RunningRequest:
    known = RunningTask(
        activation=1,
        enabled=_moment(task.enabled),
        came_from=task.came_from,
        begun=None if task.begun is None else _moment(task.begun),
        who=task.who or None,
    )
    return _running(request, _marking_at(request, task, graph), (known,))


def _decide(
    request: PastRequest, task: PastTask, outcome: str, graph: Graph
) -> AdvanceResult | None:
    event = fx.Decide(1, task.who, outcome)
    try:
        chains = SupposedChains(graph, Random(0))
        marking = _marking_at(request, task, graph)
        return advance(graph, marking, request.values, event, find_chain=chains.find)
    except HandoffError:
        return None


def _tasks_after(result: AdvanceResult, last: PastTask) -> tuple[RunningTask, ...]:
    assert last.completed is not None
    return tuple(
        RunningTask(
            activation=effect.activation,
            enabled=_moment(last.completed),
            came_from=effect.came_from,
        )
        for effect in result.effects
        if isinstance(effect, fx.ActivationOpened)
    )


def _marking_at(request: PastRequest, task: PastTask, graph: Graph) -> Marking:
    """One token at the step; how often each step was come to is counted, and what was decided
    before is what rules may ask of it."""
    rounds, facts = dict[str, int](), dict(request.known)
    for each in request.tasks:
        rounds[each.step] = max(each.number, rounds.get(each.step, 0))
        if each.outcome and each is not task:
            facts = with_outcome(graph, facts, each.step, (), each.outcome)
    return Marking(
        tokens=(Token(id=1, step=task.step, round=rounds[task.step]),),
        rounds=rounds,
        requester=request.requester or None,
        facts=facts,
        next_id=2,
    )


def _running(
    request: PastRequest, marking: Marking, tasks: tuple[RunningTask, ...]
) -> RunningRequest:
    return RunningRequest(
        name=request.name,
        marking=marking,
        started=_moment(request.started),
        requester=request.requester or None,
        values=request.values,
        tasks=tasks,
    )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
