"""Requests in random positions, moved to maps that were changed at random, can go on to an end."""

from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import assume, event, given

from tests.engine.driving import Run
from tests.engine.random_changes import changed_map
from tests.engine.random_maps import sound_maps
from tests.engine.test_random_maps import (
    Company,
    check_position,
    many,
    one_move,
    seeds,
    started,
)
from workflows.engine.format.definition import Definition
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking
from workflows.engine.versions.move_planning import MovePlan, plan_move
from workflows.engine.versions.move_reasons import MOVE_REASONS, Verdict
from workflows.engine.versions.step_mapping import mapping_from_json
from workflows.engine.versions.step_matching import propose_steps


def plan(run: Run, company: Company, new: Graph) -> MovePlan:
    """What becomes of a request on another map."""

    def electorate(step: str) -> frozenset[Any]:
        return company.in_role(run, new.definition.roles[new.human(step).role or ""])

    steps = propose_steps(run.graph.definition, new.definition)
    assert mapping_from_json(steps.to_json()) == steps
    return plan_move(run.graph, new, steps, run.marking, run.data, electorate)


def moved(run: Run, company: Company, new: Graph, found: MovePlan) -> Run:
    """The request on its new map, with what has happened to it."""
    assert found.marking is not None

    def electorate(step: str) -> frozenset[Any]:
        return company.in_role(after, new.definition.roles[new.human(step).role or ""])

    after = Run(new, run.data, electorate, marking=found.marking)
    after.effects = [*run.effects, *found.effects]
    return after


def positions(data: dict[str, Any], random: Random) -> Iterator[tuple[Run, Company]]:
    """A few requests of a map, somewhere on their way."""
    definition = Definition.model_validate(data)
    for _ in range(3):
        run, company = started(definition, random)
        for _ in range(random.randint(0, 12)):
            if run.marking.ended or not one_move(run, company):
                break
        if not run.marking.ended:
            yield run, company


@given(sound_maps, seeds)
@many
def test_a_request_that_moves_stands_soundly_on_the_new_map_and_can_go_on(
    data: dict[str, Any], seed: int
) -> None:
    random = Random(seed)
    definition = changed_map(data, random)
    assume(definition is not None)
    assert definition is not None
    new = Graph(definition)
    for run, company in positions(data, random):
        found = plan(run, company, new)
        event(found.reason.code)
        assert MOVE_REASONS.parse(found.reason.code, found.reason.parameters) == found.reason
        if found.verdict is not Verdict.MOVES:
            assert found.marking is None
            continue
        after = moved(run, company, new, found)
        check_position(after, company)
        for _ in range(25):
            if not one_move(after, company):
                break
            check_position(after, company)


@given(sound_maps, seeds)
@many
def test_on_an_equal_map_every_request_moves_and_stands_where_it_stood(
    data: dict[str, Any], seed: int
) -> None:
    random = Random(seed)
    for run, company in positions(data, random):
        found = plan(run, company, Graph(Definition.model_validate(data)))
        if any(block.conflict for block in run.marking.blocks):
            assert found.reason.code == "conflict"
        else:
            assert (found.reason.code, found.effects) == ("same_steps", ())
            assert found.marking == run.marking
            assert found.passes == ()


@given(sound_maps, seeds)
@many
def test_who_decided_is_on_record_under_the_steps_new_names(
    data: dict[str, Any], seed: int
) -> None:
    random = Random(seed)
    definition = changed_map(data, random)
    assume(definition is not None)
    assert definition is not None
    for run, company in positions(data, random):
        found = plan(run, company, Graph(definition))
        steps = propose_steps(run.graph.definition, definition)
        for step, people in run.marking.deciders.items():
            after = found.marking or Marking(deciders={})
            for key in (steps.parts(step) or (step,)) if found.marking else ():
                assert {*people} <= {*after.deciders[key]}
