"""A request whose step has become a branch of a parallel block: the block is opened around it.

The work that is open stays as it is, on its branch. A branch whose work this request has done
already counts as come; one of which nothing is done begins; where some is done, a person looks.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from workflows.engine.format.definition import HumanStep, ParallelStep
from workflows.engine.routing import effects as fx
from workflows.engine.routing.bypassed_approvals import steps_ahead_of
from workflows.engine.routing.marking import Block, Marking
from workflows.engine.routing.merge import needed_arrivals
from workflows.engine.routing.mutable_marking import TokenPlace
from workflows.engine.routing.parallel_blocks import rows_that_wait
from workflows.engine.routing.reachable_steps import is_usual_link
from workflows.engine.routing.token_walk import TokenWalk
from workflows.engine.versions.map_relations import MapRelations, branch_steps

WORK_KINDS = frozenset({"approval", "task", "automation", "wait", "subworkflow"})


class BranchState(StrEnum):
    """How much of a branch a request has done already."""

    OPEN = "open"
    DONE = "done"
    HALF_DONE = "half_done"


def branch_states(
    relations: MapRelations, marking: Marking, step: str, parallel: str, own: int
) -> dict[int, BranchState]:
    """How much of each other branch of a parallel step of the new map a request has done, of which
    open work stands at this step of the old map."""
    count = len(_parallel(relations, parallel).branches)
    past = _finished_steps(relations, marking, step)
    return {
        branch: _state_of(relations, parallel, branch, past)
        for branch in range(count)
        if branch != own
    }


def _parallel(relations: MapRelations, key: str) -> ParallelStep:
    step = relations.new[key]
    assert isinstance(step, ParallelStep)
    return step


def _finished_steps(relations: MapRelations, marking: Marking, step: str) -> frozenset[str]:
    """The steps of the new map whose work is behind this request: done, and not ahead of it on the
    old map, where it would be done again."""
    old = relations.old
    open_steps = {token.step for token in marking.tokens}
    still_ahead = steps_ahead_of(old, step) | open_steps | {step}
    return frozenset(
        target
        for key in old.steps
        if key not in still_ahead and _is_done(relations, marking, key)
        for target in relations.steps.parts(key)
        if len(relations.steps.parts(key)) == 1
    )


def _is_done(relations: MapRelations, marking: Marking, key: str) -> bool:
    step = relations.old[key]
    if step.kind == "approval":
        approval = marking.approved.get(key)
        return approval is not None and approval.votes_of is None
    if isinstance(step, HumanStep):
        return bool(marking.deciders.get(key))
    return step.kind in WORK_KINDS and marking.rounds.get(key, 0) > 0


def _state_of(
    relations: MapRelations, parallel: str, branch: int, past: frozenset[str]
) -> BranchState:
    """Done where a usual way leads through finished work alone to the join."""
    graph, join = relations.new, _parallel(relations, parallel).join
    inside = branch_steps(graph, parallel, branch)
    work = {key for key in inside if graph[key].kind in WORK_KINDS}
    if not work & past:
        return BranchState.OPEN
    passable = past | {key for key in inside if graph[key].kind not in WORK_KINDS}
    seen: set[str] = set()
    pending = [relations.entry(parallel, branch)]
    while pending:
        key = pending.pop()
        if key == join:
            return BranchState.DONE
        if key in seen or key not in passable or key not in inside:
            continue
        seen.add(key)
        pending += [link.to for link in graph.leaving[key] if is_usual_link(link)]
    return BranchState.HALF_DONE


class OpeningWalk(TokenWalk):
    """The walk of a request onto a new map."""

    def needed_votes(self, key: str, step: HumanStep) -> int:
        """How many must agree at a step."""
        return self._needed_votes(key, step)

    def open_around(
        self, activation: int, parallel: str, own: int, states: Mapping[int, BranchState]
    ) -> Block:
        """Open a parallel step's block around a token, which stays on its own branch.

        Raises RuleCannotBeEvaluated where it cannot be said which other branches begin.
        """
        step = self.graph[parallel]
        assert isinstance(step, ParallelStep)
        assert step.join is not None
        token = self.tokens[activation]
        rows = self._rows_around(parallel, token.block, token.branch)
        self._find_chains(parallel, step, rows)
        running = self._branches_to_open(parallel, step, rows, own=own)
        done = tuple(n for n in running if n != own and states.get(n) is BranchState.DONE)
        round_number = self.rounds[parallel] = self.rounds.get(parallel, 0) + 1
        block = Block(
            self._next_number(),
            parallel,
            round_number,
            tuple(running),
            arrived=done,
            block=token.block,
            branch=token.branch,
            pending=rows_that_wait(step, running),
        )
        self.blocks[block.id] = block
        self.tokens[activation] = replace(token, block=block.id, branch=own)
        needs = needed_arrivals(self.graph, block)
        self.effects.append(
            fx.BlockOpened(block.id, parallel, step.join, round_number, running, needs, rows)
        )
        for number in done:
            self.effects.append(fx.BranchArrived(block.id, number, running[number]))
        self._place_approvals(block, parallel, done)
        for number, target in reversed(running.items()):
            if number != own and number not in done and number not in block.pending:
                self.go(target, TokenPlace(block.id, number, parallel))
        return block

    def _place_approvals(self, block: Block, parallel: str, done: tuple[int, ...]) -> None:
        """What was approved on a branch that counts as come was approved inside the block."""
        for number in done:
            for key in branch_steps(self.graph, parallel, number):
                approval = self.approved.get(key)
                if approval is not None and approval.block == block.block:
                    self.approved[key] = replace(approval, block=block.id, branch=number)
