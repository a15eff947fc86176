"""What becomes of one running request when its workflow has another map: worked out from the two
maps, the mapping of steps and the request's position, and from nothing else.

Whoever shows it, and whoever does it under the request's lock, ask the same function. It gives the
new position, or the first thing that keeps the request from having one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from workflows.engine.errors import text_of
from workflows.engine.format.definition import HumanStep, ParallelStep
from workflows.engine.format.definition import Step as MapStep
from workflows.engine.format.quorums import depends_on_people, quorum_field
from workflows.engine.routing.bypassed_approvals import find_bypassed_approvals
from workflows.engine.routing.effects import Effect
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Block, Marking, Parked, Person, Token
from workflows.engine.routing.merge import needed_arrivals
from workflows.engine.routing.mutable_marking import Electorate
from workflows.engine.routing.separation import forward_outcome, visible_field_keys
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated
from workflows.engine.versions import move_reasons as reasons
from workflows.engine.versions.block_opening import BranchState, OpeningWalk, branch_states
from workflows.engine.versions.map_relations import MapRelations
from workflows.engine.versions.move_reasons import MoveReason, Verdict
from workflows.engine.versions.request_values import missing_fields, unreadable_fields
from workflows.engine.versions.step_mapping import StepMapping

OUTSIDE_KINDS = frozenset({"automation", "wait", "subworkflow"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePlan:
    """What becomes of a request: why, and if it moves its new position with what follows from it.

    `passes` are approvals of the new map that lie behind the request and were never asked; those
    among them that the old map would still have asked are `skips`.
    """

    reason: MoveReason
    marking: Marking | None = None
    effects: tuple[Effect, ...] = ()
    passes: tuple[str, ...] = ()
    skips: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Whether it moves, stays or needs a person."""
        return self.reason.VERDICT


class _Stopped(Exception):
    """What keeps the request from moving."""

    def __init__(self, reason: MoveReason) -> None:
        super().__init__(reason.code)
        self.reason = reason


def plan_move(
    old: Graph,
    new: Graph,
    steps: StepMapping,
    marking: Marking,
    data: Mapping[str, Any],
    electorate: Electorate,
    *,
    mover: Person | None = None,
    asks_again: bool = True,
) -> MovePlan:
    """What becomes of a running request at this position, with these values.

    `electorate` is asked for steps of the new map whose quorum is everybody. `mover` is who moves
    it, and counts as one who steered it where it leaps over an approval by that.
    """
    try:
        return _Move(old, new, steps, marking, data, electorate, asks_again).plan(mover)
    except _Stopped as stopped:
        return MovePlan(reason=stopped.reason)


@dataclass(frozen=True)
class _Placed:
    """A token of the new map, with the parallel steps whose blocks are to be opened around it."""

    token: Token
    opens: tuple[str, ...] = ()


class _Move:
    """One request between two maps."""

    def __init__(
        self,
        old: Graph,
        new: Graph,
        steps: StepMapping,
        marking: Marking,
        data: Mapping[str, Any],
        electorate: Electorate,
        asks_again: bool,
    ) -> None:
        self.old, self.new, self.steps = old, new, steps
        self.marking, self.data = marking, data
        self.electorate, self.asks_again = electorate, asks_again
        self.relations = MapRelations(old, new, steps)

    def plan(self, mover: Person | None) -> MovePlan:
        self._check_values()
        blocks = {block.id: self._moved_block(block) for block in self.marking.blocks}
        placed = [self._placed_token(token, blocks) for token in self.marking.tokens]
        parked = tuple(self._moved_parked(way, blocks) for way in self.marking.parked)
        moved = replace(
            self.relations.renamed_record(self.marking),
            tokens=tuple(place.token for place in placed),
            blocks=tuple(blocks.values()),
            parked=parked,
        )
        walk = OpeningWalk(self.new, moved, self.data, self.electorate)
        walk.asks_again = self.asks_again
        self._count_people(walk, placed)
        opened = self._open_blocks(walk, placed)
        passes, skips = self._approvals_behind(walk)
        if skips and mover is not None and mover not in walk.steered:
            walk.steered = (*walk.steered, mover)
        return MovePlan(
            reason=opened or self._plain_reason(placed),
            marking=walk.position(),
            effects=tuple(walk.effects),
            passes=passes,
            skips=skips,
        )

    def _plain_reason(self, placed: Iterable[_Placed]) -> MoveReason:
        for before, place in zip(self.marking.tokens, placed, strict=True):
            if before.step != place.token.step:
                return reasons.StepRenamed(
                    before.step, self.old.title(before.step), self.new.title(place.token.step)
                )
        return reasons.SameSteps()

    # -- values ---------------------------------------------------------------------------

    def _check_values(self) -> None:
        unreadable = unreadable_fields(self.old.definition, self.new, self.data)
        if unreadable:
            raise _Stopped(reasons.FieldsUnreadable(unreadable))
        at = [t for token in self.marking.tokens if (t := self.steps.target(token.step))]
        missing = missing_fields(self.old.definition, self.new, self.data, at)
        if missing:
            raise _Stopped(reasons.FieldsMissing(missing))

    # -- blocks that run ------------------------------------------------------------------

    def _moved_block(self, block: Block) -> Block:
        """A running block on the new map, where it has the same branches."""
        title = self.old.title(block.step)
        if block.conflict:
            raise _Stopped(reasons.ConflictOpen(block.step, title))
        key = self.steps.target(block.step)
        branches = self.relations.branches(block.step, key) if key else None
        if key is None or branches is None or not {*block.waits_for} <= branches.keys():
            raise _Stopped(reasons.BlockChanged(block.step, title))
        if self._running_chain(block.block) != self.new.chain[key]:
            raise _Stopped(reasons.BlockChanged(block.step, title))
        outer_branch = self._outer_branch(block, key)
        moved = self.relations.renamed_block(block, key, branches, outer_branch)
        if len(moved.arrived) >= needed_arrivals(self.new, moved):
            raise _Stopped(reasons.JoinWouldPass(block.step, title))
        return moved

    def _outer_branch(self, block: Block, key: str) -> int | None:
        """The branch of the block around it on which a running block is."""
        outer = self.marking.block(block.block) if block.block is not None else None
        if outer is None or block.branch is None:
            return block.branch
        around = self.steps.target(outer.step)
        assert around is not None, "the chain was compared"
        branch = self.relations.branch_of(outer, block.branch, around)
        if branch not in self.relations.branches_with(around, key):
            raise _Stopped(reasons.BlockChanged(block.step, self.old.title(block.step)))
        return branch

    def _running_chain(self, number: int | None) -> tuple[str | None, ...]:
        """The new map's parallel steps of the blocks that run around something."""
        chain: tuple[str | None, ...] = ()
        while number is not None:
            block = self.marking.block(number)
            assert block is not None
            chain = (self.steps.target(block.step), *chain)
            number = block.block
        return chain

    # -- open work ------------------------------------------------------------------------

    def _placed_token(self, token: Token, blocks: Mapping[int, Block]) -> _Placed:
        target = self._target_of(token)
        self._check_step(token, target)
        branch = token.branch
        if token.block is not None and branch is not None:
            before = self.marking.block(token.block)
            assert before is not None
            branch = self.relations.branch_of(before, branch, blocks[token.block].step)
        moved = replace(token, step=target, branch=branch)
        if token.again:
            return _Placed(moved)
        around, chain = self._running_chain(token.block), self.new.chain[target]
        if chain[: len(around)] != around:
            block = self.marking.block(token.block or 0)
            name = self.old.title(block.step) if block else ""
            raise _Stopped(reasons.OutOfBlock(token.step, self.old.title(token.step), name))
        opens = chain[len(around) :]
        self._check_branch(token, moved, blocks, opens)
        return _Placed(moved, opens)

    def _check_branch(
        self,
        token: Token,
        moved: Token,
        blocks: Mapping[int, Block],
        opens: tuple[str, ...],
    ) -> None:
        """Inside a block that runs it must be on the branch on which it was."""
        if moved.block is None:
            return
        block = blocks[moved.block]
        place = opens[0] if opens else moved.step
        if moved.branch not in self.relations.branches_with(block.step, place):
            raise _Stopped(
                reasons.OutOfBlock(
                    token.step, self.old.title(token.step), self.new.title(block.step)
                )
            )

    def _target_of(self, token: Token) -> str:
        parts = self.steps.parts(token.step)
        title = self.old.title(token.step)
        if not parts:
            raise _Stopped(reasons.StepRemoved(token.step, title))
        if len(parts) > 1:
            names = [self.new.title(part) for part in parts]
            raise _Stopped(reasons.StepSplit(token.step, title, names))
        return parts[0]

    def _check_step(self, token: Token, target: str) -> None:
        before, after = self.old[token.step], self.new[target]
        title = self.old.title(token.step)
        if before.kind != after.kind:
            raise _Stopped(reasons.KindChanged(token.step, title, before.kind, after.kind))
        is_under_way = before.kind in OUTSIDE_KINDS and token.stuck is None
        if is_under_way and _outside_work(before) != _outside_work(after):
            raise _Stopped(reasons.OutsideUnderWay(token.step, title))
        if token.votes and not self._votes_hold(token, target):
            raise _Stopped(reasons.VotesGiven(token.step, title, len(token.votes)))

    def _votes_hold(self, token: Token, target: str) -> bool:
        """Whether those who agreed agreed to what the new map asks."""
        before, after = self.old.human(token.step), self.new.human(target)
        shown = visible_field_keys(before, self.old.definition)
        return (
            (before.role, before.quorum) == (after.role, after.quorum)
            and forward_outcome(before) == forward_outcome(after)
            and shown == visible_field_keys(after, self.new.definition)
        )

    def _moved_parked(self, way: Parked, blocks: Mapping[int, Block]) -> Parked:
        """A way on that waits for an approval, to where it leads on the new map."""
        target = self.steps.target(way.to)
        block = blocks.get(way.block) if way.block is not None else None
        is_kept = target is not None and self.old[way.to].kind == self.new[target].kind
        if target is None or not is_kept or not self._leads_there(target, way, block):
            raise _Stopped(reasons.ApprovalOwed(way.to, self.old.title(way.to)))
        branch = way.branch
        if block is not None and branch is not None:
            before = self.marking.block(block.id)
            assert before is not None
            branch = self.relations.branch_of(before, branch, block.step)
        came_from = self.relations.renamed(way.came_from) if way.came_from else way.came_from
        return replace(way, to=target, branch=branch, came_from=came_from)

    def _leads_there(self, target: str, way: Parked, block: Block | None) -> bool:
        if block is not None:
            step = self.new[block.step]
            if isinstance(step, ParallelStep) and step.join == target:
                return True
        return self._running_chain(way.block) == self.new.chain[target]

    # -- how many must agree --------------------------------------------------------------

    def _count_people(self, walk: OpeningWalk, placed: Iterable[_Placed]) -> None:
        """Of steps that ask another number of people than before, or people of another role."""
        for before, place in zip(self.marking.tokens, placed, strict=True):
            step = self.new[place.token.step]
            if isinstance(step, HumanStep) and not self._asks_the_same(before, step):
                needed = self._needed_votes(walk, place.token.step, step)
                needed += len(place.token.extras)
                walk.tokens[before.id] = replace(place.token, needed=needed)

    def _needed_votes(self, walk: OpeningWalk, key: str, step: HumanStep) -> int:
        try:
            return walk.needed_votes(key, step)
        except RuleCannotBeEvaluated:
            raise _Stopped(reasons.FieldsMissing([quorum_field(step.quorum) or ""])) from None

    def _asks_the_same(self, token: Token, step: HumanStep) -> bool:
        before = self.old.human(token.step)
        if before.quorum != step.quorum:
            return False
        roles = self.old.definition.roles, self.new.definition.roles
        return not depends_on_people(step.quorum) or (
            roles[0].get(before.role or "") == roles[1].get(step.role or "")
        )

    # -- blocks that are opened -----------------------------------------------------------

    def _open_blocks(self, walk: OpeningWalk, placed: Iterable[_Placed]) -> MoveReason | None:
        """Open the blocks in which open work stands now; the reason that says so."""
        reason: MoveReason | None = None
        for before, place in zip(self.marking.tokens, placed, strict=True):
            inside = (*place.opens, place.token.step)[1:]
            for parallel, target in zip(place.opens, inside, strict=True):
                opened = self._open_block(walk, before, parallel, target)
                reason = reason or opened
        if reason is None:
            return None
        walk.walk_on()
        lost = [p for p in placed if p.token.id not in walk.tokens]
        if lost or walk.ended or any(block.conflict for block in walk.blocks.values()):
            raise _Stopped(self._join_would_pass(next(p for p in placed if p.opens).opens[0]))
        return reason

    def _open_block(
        self, walk: OpeningWalk, before: Token, parallel: str, target: str
    ) -> MoveReason:
        title, block = self.old.title(before.step), self.new.title(parallel)
        branches = self.relations.branches_with(parallel, target)
        of_rows = {n for n, b in enumerate(self.new.branches_of(parallel)) if b.each is not None}
        if len(branches) != 1 or branches & of_rows:
            raise _Stopped(reasons.BranchUnclear(before.step, title, block))
        (own,) = branches
        states = branch_states(self.relations, self.marking, before.step, parallel, own)
        for branch, state in states.items():
            if state is BranchState.HALF_DONE or (state is BranchState.DONE and branch in of_rows):
                name = self.new.title(self.relations.entry(parallel, branch))
                raise _Stopped(reasons.BranchHalfDone(before.step, title, block, name))
        try:
            opened = walk.open_around(before.id, parallel, own, states)
        except RuleCannotBeEvaluated as problem:
            why = text_of(problem)
            raise _Stopped(reasons.RuleUnclear(before.step, block, why)) from None
        if len(opened.arrived) >= needed_arrivals(self.new, opened):
            raise _Stopped(self._join_would_pass(parallel))
        names = {n: self.new.title(self.relations.entry(parallel, n)) for n in opened.waits_for}
        begins = (names[n] for n in names if n != own and n not in opened.arrived)
        return reasons.IntoBlock(
            before.step,
            title,
            block,
            begins=[*dict.fromkeys(begins)],
            counts=[names[n] for n in opened.arrived],
        )

    def _join_would_pass(self, parallel: str) -> MoveReason:
        return reasons.JoinWouldPass(parallel, self.new.title(parallel))

    # -- approvals behind it --------------------------------------------------------------

    def _approvals_behind(self, walk: OpeningWalk) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Approvals of the new map that lie behind the request's open work and were never asked,
        and those of them that the old map would still have asked."""
        passes: dict[str, bool] = {}
        for token in self.marking.tokens:
            if token.again:
                continue
            target = self._target_of(token)
            missed_before = self._missed(self.old, token.step)
            for key in self._missed(self.new, target):
                sources = self.steps.sources(key)
                if walk.deciders.get(key) or {*sources, key} & {*missed_before}:
                    continue
                passes[key] = bool(sources) or key in self.old.steps
        open_steps = {token.step for token in walk.tokens.values()}
        kept = [key for key in self.new.steps if key in passes and key not in open_steps]
        return tuple(kept), tuple(key for key in kept if passes[key])

    def _missed(self, graph: Graph, step: str) -> tuple[str, ...]:
        if graph.first is None:
            return ()
        return find_bypassed_approvals(graph, self.data, graph.first, step)


def _outside_work(step: MapStep) -> dict[str, Any]:
    """What a step asks of the outside; not what it is called, nor where it leads."""
    written = step.model_dump(exclude_unset=True)
    beside = {"name", "role", "expected", "to", "on_error"}
    return {key: value for key, value in written.items() if key not in beside}
