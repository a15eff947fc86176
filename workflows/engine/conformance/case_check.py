"""One case of a log on a map: it fits, or leaves it at a row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Literal

from workflows.engine.conformance.known_values import RuleReader, fields_of_step, written_by_tables
from workflows.engine.conformance.map_walker import LoggedDecision, MapWalker, RowMove
from workflows.engine.conformance.positions import Positions
from workflows.engine.conformance.row_counts import CaseLists, RowCounter
from workflows.engine.conformance.rule_answers import Truths
from workflows.engine.format.definition import ApprovalStep
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.separation import visible_field_keys
from workflows.engine.routing.void_approvals import REQUIRE, reaction_to_change

START: Final = "start"
IGNORE: Final = "ignore"


class LeaveCause(StrEnum):
    """Why a case leaves the map at a row."""

    NOT_REACHED = "not_reached"
    AGAINST_RULE = "against_rule"
    NO_STEP = "no_step"
    BEFORE_START = "before_start"
    STARTED_ALREADY = "started_already"
    TOO_MANY_WAYS = "too_many_ways"


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """A row as the map understands it: the start, nothing that counts, decisions of which it makes
    one, or (None) nothing that the map has. `values` hold from this row on."""

    activity: str
    meaning: Literal["start", "ignore"] | tuple[LoggedDecision, ...] | None
    is_whole: bool = False
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leave:
    """Where a case leaves the map: the row, the steps at which it stood, and why."""

    row: int
    activity: str
    steps: tuple[str, ...]
    cause: LeaveCause


@dataclass(frozen=True, slots=True)
class CaseVerdict:
    """What is found of one case. `has_ended` says that it may have come to an end of the map."""

    leave: Leave | None = None
    has_ended: bool = False

    @property
    def fits(self) -> bool:
        """Whether the map allows all that the case did."""
        return self.leave is None


class CaseChecker:
    """Judges cases on one map, each for itself; what was worked out for one serves the next."""

    def __init__(self, graph: Graph, *, reopens: bool = False) -> None:
        self.walker = MapWalker(graph, reopens=reopens)
        self.rules = RuleReader(graph)
        self.rows = RowCounter(graph)
        self.watched = {
            key: frozenset(
                name
                for name in visible_field_keys(step, graph.definition)
                if reaction_to_change(step, graph.definition.all_fields[name]) == REQUIRE
            )
            for key, step in graph.steps.items()
            if isinstance(step, ApprovalStep)
        }

    def judge(self, rows: Sequence[LoggedRow]) -> CaseVerdict:
        """Whether the case fits. Where it would if the rules were not asked, a rule is against
        it."""
        lists = self.rows.count(_steps_of(row) for row in rows)
        verdict = _CaseWalk(self, lists, follows_rules=True).walk(rows)
        leave = verdict.leave
        asks = bool(self.rules.fields) or self.rules.asks_decisions
        if leave is None or leave.cause != LeaveCause.NOT_REACHED or not asks:
            return verdict
        freely = _CaseWalk(self, lists, follows_rules=False).walk(rows[: leave.row + 1])
        if freely.leave is not None:
            return verdict
        return replace(verdict, leave=replace(leave, cause=LeaveCause.AGAINST_RULE))


@dataclass(slots=True)
class _CaseWalk:
    """A case on its way: where it may be, what is known of its values, and which approvals may be
    asked again, since something that they showed may have changed."""

    checker: CaseChecker
    lists: CaseLists
    follows_rules: bool
    positions: Positions | None = None
    before: Truths = ()
    values: dict[str, Any] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    changed: dict[str, set[str]] = field(default_factory=dict)
    in_blocks: dict[str, set[str]] = field(default_factory=dict)

    def walk(self, rows: Sequence[LoggedRow]) -> CaseVerdict:
        has_start = any(row.meaning == START for row in rows)
        for number, row in enumerate(rows):
            if row.meaning == IGNORE:
                continue
            cause = self._take(row, has_start=has_start)
            if cause is not None:
                return CaseVerdict(Leave(number, row.activity, self._standing(), cause))
        if self.positions is None:
            return CaseVerdict()
        settled = self.checker.walker.settle(self.positions, self._truths())
        return CaseVerdict(has_ended=bool(settled.ends))

    def _take(self, row: LoggedRow, *, has_start: bool) -> LeaveCause | None:
        """Go on by a row; why that cannot be, else None."""
        if row.meaning is None:
            return LeaveCause.NO_STEP
        if self.positions is None and row.meaning != START and has_start:
            return LeaveCause.BEFORE_START
        if self.positions is not None and row.meaning == START:
            return LeaveCause.STARTED_ALREADY
        if self.positions is None:
            changes = self._learn_values(row)
            self.before = self._truths()
            self.positions = self.checker.walker.start(self.before, self.lists)
        else:
            self.before = self._truths()
            changes = self._learn_values(row)
        if isinstance(row.meaning, tuple):
            return self._decide(row, row.meaning, changes)
        return None

    def _decide(
        self, row: LoggedRow, decisions: tuple[LoggedDecision, ...], changes: set[str]
    ) -> LeaveCause | None:
        assert self.positions is not None
        walker = self.checker.walker
        settled = walker.settle(self.positions, self.before)
        self._note_outside_writes(settled)
        self._forget_contested_values(decisions)
        truths = self._truths()
        repeats = frozenset(self._askable_again(decisions))
        closed = walker.closed_conditions(self.before, truths)
        move = RowMove(decisions, row.is_whole, repeats, closed)
        after = walker.follow(settled, move, truths)
        if not after:
            cut = self.positions.is_cut or after.is_cut
            return LeaveCause.TOO_MANY_WAYS if cut else LeaveCause.NOT_REACHED
        self.positions = after
        for decision in decisions:
            unsaid = fields_of_step(walker.graph, decision.step) - row.values.keys()
            self._note_writes(decision.step, unsaid | changes)
        for step in {*after.open_steps, *(decision.step for decision in decisions)}:
            self._note_changes(written_by_tables(walker.graph, step))
        return None

    # -- values -----------------------------------------------------------------------------

    def _truths(self) -> Truths:
        if not self.follows_rules:
            return self.checker.walker.unknown
        return self.checker.rules.truths(self.values)

    def _learn_values(self, row: LoggedRow) -> set[str]:
        """What the row says of values; the fields that it changes."""
        changes = {key for key, value in row.values.items() if self.told.get(key) != value}
        self.told.update(row.values)
        self.values.update(self.checker.rules.clean(row.values))
        return changes

    def _note_writes(self, step: str, written: frozenset[str]) -> None:
        """What the row may have written. An approval saw it; but where branches write beside each
        other, the join may bring back what another branch wrote before, and where several people
        agree, the others have not seen it."""
        self._note_changes(written)
        is_of_several = getattr(self.checker.walker.graph[step], "quorum", None) is not None
        unseen = self.changed.get(step, set()) | written if is_of_several else set()
        for block in self._blocks_around(step):
            unseen |= self.in_blocks.setdefault(block, set())
            self.in_blocks[block] |= written
        self.changed[step] = unseen

    def _forget_contested_values(self, decisions: tuple[LoggedDecision, ...]) -> None:
        """A value that was written in a parallel block is the join's to say."""
        for decision in decisions:
            for block in self._blocks_around(decision.step):
                for key in self.in_blocks.get(block, ()):
                    self.values.pop(key, None)

    def _blocks_around(self, step: str) -> tuple[str, ...]:
        return self.checker.walker.graph.chain[step]

    def _note_changes(self, fields: set[str] | frozenset[str]) -> None:
        for noted in self.changed.values():
            noted |= fields

    def _note_outside_writes(self, settled: Positions) -> None:
        """Work outside that may be done by now may have changed what was approved."""
        walker = self.checker.walker
        for step in walker.outside_steps(settled):
            self._note_changes(fields_of_step(walker.graph, step))

    def _askable_again(self, decisions: tuple[LoggedDecision, ...]) -> Iterator[str]:
        for decision in decisions:
            watched = self.checker.watched.get(decision.step, frozenset())
            if watched & self.changed.get(decision.step, set()):
                yield decision.step

    def _standing(self) -> tuple[str, ...]:
        if self.positions is None:
            return (START,)
        return self.checker.walker.standing(self.positions, self.before)


def _steps_of(row: LoggedRow) -> tuple[str, ...]:
    """The steps that a row may be of."""
    return tuple(each.step for each in row.meaning) if isinstance(row.meaning, tuple) else ()
