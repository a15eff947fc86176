"""Parallel blocks: opened with their branches, arrived at by each of them, joined once, or left."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.branches import chain_source
from workflows.engine.format.definition import (
    BranchDef,
    EndStep,
    JoinStep,
    ParallelStep,
    RowScope,
)
from workflows.engine.routing import effects as fx
from workflows.engine.routing.cancel_reasons import BlockLeftFor, EnoughArrived, RowRefused
from workflows.engine.routing.chains import ChainNotFound, ChainQuestion
from workflows.engine.routing.hold_tracking import HoldTracker
from workflows.engine.routing.marking import Block
from workflows.engine.routing.merge import (
    combined_branch_notes,
    conflicting_fields,
    merged_branch_values,
    needed_arrivals,
)
from workflows.engine.routing.mutable_marking import TokenPlace, Values
from workflows.engine.routing.rows import (
    MOST_ROWS,
    Rows,
    branch_index,
    branch_row,
    data_with_rows,
    number_branch,
    slot_key,
)
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated
from workflows.engine.texts import text


class BlockWalk(HoldTracker):
    """What a walk does at parallel steps, at their joins, and on ways out of their blocks."""

    most_hops: int
    """So many steps the walk may take; with each branch that opens as many as the map has more."""

    # -- opening --------------------------------------------------------------------------

    def _split_branches(self, key: str, step: ParallelStep, number: int, place: TokenPlace) -> None:
        if step.join is None:
            raise DefinitionProblem(
                "The parallel step '%(key)s' names no join; add `join`.", key=key
            )
        rows = self._rows_of(key, place)
        try:
            self._find_chains(key, step, rows)
            open_branches = self._branches_to_open(key, step, rows)
        except ChainNotFound as problem:
            self._chain_failed(key, number, place, problem)
            return
        except RuleCannotBeEvaluated as problem:
            self._rule_failed(key, number, place, problem)
            return
        block = Block(
            self._next_number(),
            key,
            number,
            tuple(open_branches),
            block=place.block,
            branch=place.branch,
            pending=rows_that_wait(step, open_branches),
        )
        self.blocks[block.id] = block
        self.most_hops += len(self.graph.steps) * len(open_branches)
        needs = needed_arrivals(self.graph, block)
        self.effects.append(
            fx.BlockOpened(block.id, key, step.join, number, open_branches, needs, rows)
        )
        if not open_branches:
            self._fire_join(block)
        # The last one added is walked first, and branches begin in the order of the map.
        for index, target in reversed(open_branches.items()):
            if index not in block.pending:
                self.go(target, TokenPlace(block.id, index, key))

    def _find_chains(self, key: str, step: ParallelStep, rows: Rows) -> None:
        """Ask who the managers are through whom branches go, and keep them: from now on nobody asks
        again. Raises ChainNotFound."""
        chains = [(i, branch.chain) for i, branch in enumerate(step.branches) if branch.chain]
        if not chains:
            return
        data, people = self._asked_at(key, rows), self._people_so_far()
        found = [
            fx.ChainFound(key, kept, self.find_chain(question), chain.until)
            for index, chain in chains
            for kept in [slot_key(chain_source(key, index), rows)]
            for question in [ChainQuestion(kept, key, chain, data, people)]
        ]
        self.effects += found
        self.chains |= {chain.key: chain.people for chain in found}

    def _chain_failed(
        self, key: str, number: int, place: TokenPlace, problem: ChainNotFound
    ) -> None:
        token = self._add_token(key, number, place, stuck=problem.trouble.code)
        self.effects.append(fx.ActivationStuck(token.id, key, number, problem.trouble))

    def _branches_to_open(
        self, key: str, step: ParallelStep, rows: Rows, *, own: int | None = None
    ) -> dict[int, str]:
        """The branches whose condition holds now, by number; of each-branches one for each row.
        On the branch `own` there is work already, whatever its condition."""
        data, open_branches = self._asked_at(key, rows), dict[int, str]()
        for index, branch in enumerate(step.branches):
            if index == own:
                open_branches[index] = branch.to
                continue
            if branch.each is not None:
                for row in self._rows_to_open(branch, self._listed(key, index, rows), data):
                    open_branches[number_branch(index, row)] = branch.to
            elif branch.when is None or self.graph.holds(branch.when, data):
                open_branches[index] = branch.to
        return open_branches

    def _listed(self, key: str, index: int, rows: Rows) -> Sequence[Any]:
        """What an each-branch goes through here."""
        branch = self.graph.branches_of(key)[index]
        if branch.listed is None:
            return self.chains.get(slot_key(chain_source(key, index), rows), ())
        listed = self._data_at(key, rows).get(branch.listed) or ()
        if len(listed) > MOST_ROWS:
            raise RuleCannotBeEvaluated(
                text(
                    "'%(field)s' has more than %(most)s rows, and a branch for each is too many.",
                    field=branch.listed,
                    most=MOST_ROWS,
                )
            )
        return listed

    def _rows_to_open(
        self, branch: BranchDef, listed: Sequence[Any], data: Values
    ) -> Iterator[int]:
        scope, data = (RowScope("", 0, branch.row_name, ""),), {**data, "": listed}
        for row in range(len(listed)):
            if branch.when is None or self.graph.holds(
                branch.when, data_with_rows(scope, (row,), data)
            ):
                yield row

    # -- arriving -------------------------------------------------------------------------

    def _arrive_at_join(self, block: Block, place: TokenPlace) -> None:
        assert place.branch is not None
        block = replace(block, arrived=(*block.arrived, place.branch))
        self.blocks[block.id] = block
        self.effects.append(fx.BranchArrived(block.id, place.branch, place.came_from or block.step))
        if place.refused:
            block = self._stop_other_rows(block, place.branch)
        if len(block.arrived) >= needed_arrivals(self.graph, block):
            self._check_merge(block)
        else:
            self._begin_next_row(block, place.branch)

    def _stop_other_rows(self, block: Block, branch: int) -> Block:
        """Somebody refused; where the map says so, the rows that have not arrived are not needed
        any more."""
        each = self._each_of(block, branch)
        if each is None or each.stop_on is None:
            return block
        index = branch_index(branch)
        dropped = {
            other
            for other in block.waits_for
            if branch_index(other) == index and other not in block.arrived
        }
        self._cancel_inside(block, RowRefused(self.graph.title(block.step)), only=dropped)
        self._give_back_branches(block, sorted(dropped))
        block = replace(
            self.blocks[block.id],
            pending=tuple(other for other in block.pending if other not in dropped),
            dropped=(*block.dropped, *sorted(dropped)),
        )
        self.blocks[block.id] = block
        return block

    def _begin_next_row(self, block: Block, branch: int) -> None:
        """One row after another: the next of its branch begins when one has arrived."""
        index = branch_index(branch)
        later = next((other for other in block.pending if branch_index(other) == index), None)
        if later is None or branch_row(branch) is None:
            return
        pending = tuple(other for other in block.pending if other != later)
        self.blocks[block.id] = replace(block, pending=pending)
        target = self.graph.branches_of(block.step)[index].to
        self.go(target, TokenPlace(block.id, later, block.step))

    def _check_merge(self, block: Block) -> None:
        conflicts = conflicting_fields(block)
        if conflicts:
            self._cancel_inside(block, self._not_needed_reason(block))
            self.blocks[block.id] = replace(block, conflict=True)
            self.effects.append(fx.MergeConflicted(block.id, self._join_key_of(block), conflicts))
        else:
            self._fire_join(block)

    def _fire_join(self, block: Block) -> None:
        join_key = self._join_key_of(block)
        late = _not_arrived(block)
        # With the block its late branches end: a token that still comes finds no block (see `run`),
        # and cannot fire the join twice.
        self._give_back_branches(block, late)
        self._cancel_block(block, self._not_needed_reason(block))
        self.effects.append(fx.JoinFired(block.id, join_key, late))
        # Over what branches wrote that are not needed any more.
        rows = self._rows_of_block(block)
        self._change_data(merged_branch_values(block), block.step, rows)
        self._pass_notes_up(block, [str(branch) for branch in block.arrived])
        self._count_round(join_key, rows)
        join = self.graph[join_key]
        assert isinstance(join, JoinStep)
        self.go_on(join.to, TokenPlace(block.block, block.branch, join_key))

    # -- leaving --------------------------------------------------------------------------

    def _leave_blocks(self, target: str, place: TokenPlace) -> TokenPlace:
        # Blocks nest: a way out of this one may lead out of the one around it as well.
        while place.block is not None:
            block = self.blocks[place.block]
            inside = self.graph.body.get(block.step, frozenset())
            if target in inside or target == self._join_key_of(block):
                return place
            reason = BlockLeftFor(self.graph.title(target))
            if not isinstance(self.graph[target], EndStep):  # an end says itself what stays
                self._give_back_branches(block, _not_arrived(block, place.branch))
            self._cancel_block(block, reason)
            self.effects.append(fx.BlockLeft(block.id, reason))
            self._pass_notes_up(block, sorted({*block.written, *block.seen}))
            place = replace(place, block=block.block, branch=block.branch, round=None)
        return place

    def _pass_notes_up(self, block: Block, branches: list[str]) -> None:
        """What a block's branches wrote counts as written by the branch around the block."""
        outer = self.blocks.get(block.block) if block.block is not None else None
        if outer is None:
            return
        data = self._data_at(block.step, self._rows_of_block(block))
        written, seen = combined_branch_notes(block, branches, data)
        self._note_in_branch(outer, block.branch, written, seen)

    def _join_key_of(self, block: Block) -> str:
        step = self.graph[block.step]
        assert isinstance(step, ParallelStep)
        assert step.join is not None
        return step.join

    def _not_needed_reason(self, block: Block) -> EnoughArrived:
        return EnoughArrived(self.graph.title(self._join_key_of(block)))


def rows_that_wait(step: ParallelStep, opened: Iterable[int]) -> tuple[int, ...]:
    """The rows that do not begin with the block: all but the first of a branch that goes through
    its rows one at a time."""
    begun: set[int] = set()
    pending = []
    for branch in opened:
        index = branch_index(branch)
        if index in begun and step.branches[index].one_at_a_time:
            pending.append(branch)
        begun.add(index)
    return tuple(pending)


def _not_arrived(block: Block, leaving: int | None = None) -> tuple[int, ...]:
    """The branches of a block that have not come to its join, but for the one that leaves it."""
    return tuple(b for b in block.waits_for if b not in block.arrived and b != leaving)
