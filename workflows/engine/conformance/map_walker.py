"""What rows of a log lead to on a map: from all positions that are possible to all that follow.

It is the engine's own `advance` that moves; what it answered once is remembered. Work outside (an
automation, a wait, a subworkflow), joins and decisions are silent: they happen between two rows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from workflows.engine.conformance.positions import PositionPool, Positions, tokens_unlike
from workflows.engine.conformance.row_counts import CaseLists
from workflows.engine.conformance.rule_answers import (
    BY_DECISIONS,
    AnsweredGraph,
    Truths,
    decisions_asked,
    every_way,
    questions_of_map,
    rules_of_decisions,
)
from workflows.engine.format.definition import EXPIRED, ApprovalStep, EndStep, HumanStep
from workflows.engine.format.quorums import fixed_votes
from workflows.engine.routing.effects import Decide, Event, Expire, Fail, Finish, Reopen, Start
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.known_facts import with_facts
from workflows.engine.routing.marking import Marking, Token
from workflows.engine.routing.separation import forward_outcome
from workflows.engine.routing.step_troubles import StepFailed
from workflows.engine.routing.token_walk import ExternalStep

MOST_POSITIONS = 2_000
MOST_REMEMBERED = 50_000
FAILED = "error"
"""The outcome that logs write of work outside that went wrong."""
REQUESTER = "requester"


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """A step that a row may be of; without `outcome` any of its outcomes is possible."""

    step: str
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class RowMove:
    """What a row does: it decides the first of these that is open. `is_whole` says that it is all
    of the step's work, and not one of several votes; `repeats` are approvals that may have been
    asked again by now, `closed` conditions that neither the values before it nor those after it
    fulfil: no outcome under one of them is possible."""

    decisions: tuple[LoggedDecision, ...]
    is_whole: bool = False
    repeats: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()


class MapWalker:
    """Where cases may be on one map. With `reopens` a finished one may go where its end says."""

    def __init__(self, graph: Graph, *, reopens: bool = False) -> None:
        self.graph = AnsweredGraph(graph.definition, graph.zone)
        self.reopens = reopens
        self.rules = questions_of_map(graph)
        approvals = {key for key, step in graph.steps.items() if isinstance(step, ApprovalStep)}
        self._pool = PositionPool(approvals, MOST_POSITIONS, decisions_asked(graph))
        self._moved: dict[tuple[Positions, RowMove, Truths, CaseLists], Positions] = {}
        self._settled: dict[tuple[Positions, Truths, bool, CaseLists], Positions] = {}
        self._lists = CaseLists()

    @property
    def unknown(self) -> Truths:
        """Nothing is known of any rule."""
        return (None,) * len(self.rules)

    def start(self, truths: Truths, lists: CaseLists) -> Positions:
        """Where a request is that was just started; its lists stay as long as this says."""
        self._lists = lists
        ways = self._ways(Marking(), Start(REQUESTER), truths)
        return self._pool.collect(ways, is_cut=lists.is_cut)

    def follow(self, settled: Positions, move: RowMove, truths: Truths) -> Positions:
        """Where a row leads from settled positions; nowhere (which is false) where the map does not
        allow it. `truths` are of the values that the row leaves."""
        place = (settled, move, truths, self._lists)
        found = self._moved.get(place)
        if found is None:
            self._make_room()
            markings = (
                after
                for marking in settled.markings.values()
                for after in self._apply(marking, move, truths)
            )
            found = self._moved[place] = self._pool.collect(markings, is_cut=settled.is_cut)
        return found

    def settle(self, positions: Positions, truths: Truths, *, fails: bool = True) -> Positions:
        """These and all to which silent moves may lead, also (`fails`) by what goes wrong."""
        place = (positions, truths, fails, self._lists)
        found = self._settled.get(place)
        if found is None:
            found = self._settled[place] = self._add_silent_moves(positions, truths, fails=fails)
        return found

    def standing(self, positions: Positions, truths: Truths) -> tuple[str, ...]:
        """Where a case stands, in the map's order: the steps that wait for people once work
        outside is done; else the ends it may be at; else whatever is open."""
        settled = self.settle(positions, truths, fails=False)
        waiting = {step for step in settled.open_steps if self.graph.is_human(step)}
        steps = waiting or settled.ends or settled.open_steps
        return tuple(key for key in self.graph.steps if key in steps)

    def closed_conditions(self, before: Truths, after: Truths) -> frozenset[str]:
        """The conditions that are known not to hold, whichever of these values count."""
        rows = zip(self.rules, before, after, strict=True)
        return frozenset(rule for rule, *truths in rows if truths == [False, False])

    def outside_steps(self, settled: Positions) -> frozenset[str]:
        """The work outside that may go on or have been done since."""
        return frozenset(step for step in settled.open_steps if self._is_outside(step))

    def _make_room(self) -> None:
        if len(self._moved) + len(self._settled) > MOST_REMEMBERED:
            self._moved.clear()
            self._settled.clear()
            self._pool.forget()

    # -- silent moves -----------------------------------------------------------------------

    def _add_silent_moves(self, positions: Positions, truths: Truths, *, fails: bool) -> Positions:
        found = positions
        fresh: Iterable[Marking] = list(positions.markings.values())
        while fresh:
            following = [
                after
                for marking in fresh
                for event in self._silent_events(marking, fails=fails)
                for after in self._ways(marking, event, truths)
            ]
            known = found
            found = self._pool.collect([*known.markings.values(), *following], is_cut=known.is_cut)
            fresh = [m for key, m in found.markings.items() if key not in known.markings]
        return found

    def _silent_events(self, marking: Marking, *, fails: bool) -> Iterator[Event]:
        for step in dict.fromkeys(token.step for token in marking.tokens):
            for token in tokens_unlike(marking, step) if self._is_outside(step) else ():
                yield from self._outside_events(token, "" if fails else "done")
        end = self.graph.steps.get(marking.ended or "")
        if self.reopens and fails and isinstance(end, EndStep) and end.reopen:
            yield Reopen()

    def _outside_events(self, token: Token, outcome: str) -> Iterator[Event]:
        """What may become of work outside; `outcome` where the log says it."""
        if outcome != FAILED:
            yield Finish(token.id)
        if outcome in ("", FAILED) and getattr(self.graph[token.step], "on_error", None):
            yield Fail(token.id, StepFailed("", ""))

    def _is_outside(self, step: str) -> bool:
        return isinstance(self.graph[step], ExternalStep)

    # -- rows -------------------------------------------------------------------------------

    def _apply(self, marking: Marking, move: RowMove, truths: Truths) -> Iterator[Marking]:
        for decision in move.decisions:
            tokens = list(tokens_unlike(marking, decision.step))
            for token in tokens:
                if self._is_outside(token.step):
                    for event in self._outside_events(token, decision.outcome):
                        yield from self._ways(marking, event, truths)
                else:
                    yield from self._decide(marking, token, decision, move, truths)
            if not tokens and decision.step in move.repeats and decision.step in marking.approved:
                yield from self._decide_again(marking, decision, move, truths)

    def _decide(
        self,
        marking: Marking,
        token: Token,
        decision: LoggedDecision,
        move: RowMove,
        truths: Truths,
    ) -> Iterator[Marking]:
        step = self.graph.human(token.step)
        if decision.outcome in ("", EXPIRED) and getattr(step, "expires", None):
            yield from self._ways(marking, Expire(token.id), truths)
        person = f"voter {len(token.votes)}"
        if move.is_whole:
            marking = _with_token(marking, replace(token, needed=1))
        closed = move.closed | self._closed_by_decisions(marking, token, truths)
        for outcome in _possible_outcomes(step, decision.outcome, closed):
            yield from self._ways(marking, Decide(token.id, person, outcome), truths)
            is_open = fixed_votes(step.quorum) is None
            if is_open and outcome == forward_outcome(step) and not move.is_whole:
                yield marking  # nobody knows how many there were

    def _closed_by_decisions(
        self, marking: Marking, token: Token, truths: Truths
    ) -> frozenset[str]:
        """The conditions of a step's outcomes that what was decided before does not fulfil."""
        known = dict(zip(self.rules, truths, strict=True))
        if not known.get(BY_DECISIONS):
            return frozenset()
        ways = self.graph.human(token.step).outcomes.values()
        asked = {way.when for way in ways if way.when} & rules_of_decisions(self.graph)
        data = with_facts(self.graph, token.step, (), {}, marking.facts)
        return frozenset(rule for rule in asked if not self.graph.rule(rule).holds(data))

    def _decide_again(
        self, marking: Marking, decision: LoggedDecision, move: RowMove, truths: Truths
    ) -> Iterator[Marking]:
        """An approval that was asked again beside the way, because what was approved changed."""
        token = Token(marking.next_id, decision.step, 0, again=True)
        asked = replace(marking, tokens=(*marking.tokens, token), next_id=marking.next_id + 1)
        yield from self._decide(asked, token, decision, replace(move, is_whole=True), truths)

    def _ways(self, marking: Marking, event: Event, truths: Truths) -> Iterator[Marking]:
        known = dict(zip(self.rules, truths, strict=True))
        return every_way(self.graph, marking, event, known, self._lists.sizes)


def _with_token(marking: Marking, changed: Token) -> Marking:
    tokens = (changed if token.id == changed.id else token for token in marking.tokens)
    return replace(marking, tokens=tuple(tokens))


def _possible_outcomes(step: HumanStep, outcome: str, closed: frozenset[str]) -> list[str]:
    """The outcomes that a row may have had: the one it names, or all."""
    names = [outcome] if outcome else list(step.outcomes)
    return [
        name for name in names if name in step.outcomes and step.outcomes[name].when not in closed
    ]
