"""Requests that run already when a simulation begins: taken up as they stand."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from workflows.engine.format.definition import HumanStep
from workflows.engine.rehearsal.clocks import to_seconds
from workflows.engine.rehearsal.open_requests import OpenRequest, OpenTask
from workflows.engine.rehearsal.records import RunRecord, TaskRecord
from workflows.engine.rehearsal.scenario import RunningRequest, RunningTask
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking, Person, Token
from workflows.engine.routing.rows import rounds_by_step

DueOf = Callable[[str, OpenRequest, int], int | None]


def take_up_request(running: RunningRequest, number: int) -> OpenRequest:
    """A request as it stands, with no task yet."""
    record = RunRecord(
        number=number,
        started=to_seconds(running.started),
        requester=running.requester,
        name=running.name,
        visited=rounds_by_step(running.marking),
    )
    return OpenRequest(
        record=record, requester=running.requester, data=running.values, marking=running.marking
    )


def take_up_task(
    request: OpenRequest, token: Token, running: RunningTask, graph: Graph, due_of: DueOf
) -> OpenTask | None:
    """An open task as it stands; None for a step without people, whose record alone is kept."""
    step, enabled = graph[token.step], to_seconds(running.enabled)
    is_human = isinstance(step, HumanStep)
    record = TaskRecord(step=token.step, number=token.round, enabled=enabled, is_human=is_human)
    request.record.tasks.append(record)
    if not isinstance(step, HumanStep):
        request.outside[token.id] = record
        return None
    record.due = due_of(token.step, request, enabled)
    task = OpenTask(
        request=request,
        activation=token.id,
        key=token.step,
        step=step,
        record=record,
        came_from=running.came_from,
        graph=graph,
        rows=token.rows,
    )
    request.tasks[token.id] = task
    return task


def can_be_taken_up(marking: Marking, graph: Graph) -> bool:
    """Whether a request that stands like this can go on upon this map: it has all the steps, and
    the request waits on nobody who would have to put something right."""
    steps = [*(token.step for token in marking.tokens), *(block.step for block in marking.blocks)]
    stands_still = any(token.stuck for token in marking.tokens) or marking.parked
    conflicts = any(block.conflict for block in marking.blocks)
    return (
        bool(marking.tokens)
        and not stands_still
        and not conflicts
        and set(steps) <= set(graph.steps)
    )


def name_people(marking: Marking, names: Mapping[Person, str]) -> Marking:
    """The marking with people as a scenario knows them: by name."""

    def named(people: Iterable[Person]) -> tuple[Person, ...]:
        return tuple(names.get(person, person) for person in people)

    requester = marking.requester
    return replace(
        marking,
        requester=None if requester is None else names.get(requester, requester),
        deciders={step: named(people) for step, people in marking.deciders.items()},
        steered=named(marking.steered),
        tokens=tuple(
            replace(token, votes=named(token.votes), stand_ins=named(token.stand_ins))
            for token in marking.tokens
        ),
    )
