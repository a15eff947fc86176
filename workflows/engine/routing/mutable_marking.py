"""A request's position while it is worked on: its tokens and blocks, changed in place.

It is the private working copy of one call of `advance`, thrown away afterwards.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workflows.engine.errors import InvalidInput, WrongState, text_of
from workflows.engine.format.definition import BranchDef, HumanStep, ParallelStep, display_title
from workflows.engine.format.directory_finders import logins_in
from workflows.engine.format.quorums import MOST as MOST_VOTES
from workflows.engine.format.quorums import fixed_votes, quorum_field, quorum_share, share_of
from workflows.engine.routing import effects as fx
from workflows.engine.routing.cancel_reasons import CancelReason
from workflows.engine.routing.chains import FindChain, find_no_chain
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.known_facts import with_facts, with_outcome
from workflows.engine.routing.marking import Block, Marking, Parked, Person, Token
from workflows.engine.routing.merge import with_branch_notes
from workflows.engine.routing.rows import (
    Rows,
    beyond_row,
    branch_index,
    branch_row,
    into_rows,
    slot_key,
)
from workflows.engine.routing.separation import RowView, barred_people
from workflows.engine.routing.step_troubles import RULE_FAILED, RuleFailed, StepTrouble
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated
from workflows.engine.texts import text

Values = Mapping[str, Any]
Electorate = Callable[[str], frozenset[Person]]
"""Everyone who may act on a step now; asked only for `quorum: all`."""


PeopleNamed = Callable[[str, Sequence[str]], Sequence[Person]]
"""Who is meant by the logins that stand in a field."""


def identify_by_login(field: str, logins: Sequence[str]) -> Sequence[Person]:
    """Where people are known by their logins."""
    return logins


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where a token comes from: the block and branch that it stands in, and the last step.

    `round` is given where a step is tried again and its round does not count up; `rows` where an
    approval is asked again beside the request's way. `refused` says that it comes by a way that is
    an exception.
    """

    block: int | None = None
    branch: int | None = None
    came_from: str | None = None
    round: int | None = None
    rows: tuple[int, ...] = ()
    refused: bool = False


@dataclass
class MutableMarking:
    """What a walk stands on and changes, with the effects of the changes."""

    graph: Graph
    marking: Marking
    initial_data: Values
    electorate: Electorate
    effects: list[fx.Effect] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.data = self.graph.worked_out.completed(self.initial_data)
        self.tokens = {token.id: token for token in self.marking.tokens}
        self.blocks = {block.id: block for block in self.marking.blocks}
        self.rounds = dict(self.marking.rounds)
        self.deciders = dict(self.marking.deciders)
        self.requester = self.marking.requester
        self.next_id = self.marking.next_id
        self.ended = self.marking.ended
        self.approved = dict(self.marking.approved)
        self.parked = self.marking.parked
        self.steered = self.marking.steered
        self.chains = dict(self.marking.chains)
        self.facts = dict(self.marking.facts)
        self.find_chain: FindChain = find_no_chain
        self.to_go: list[tuple[str, TokenPlace]] = []
        self.actors: frozenset[Person] = frozenset()
        self.people_named: PeopleNamed = identify_by_login
        self._names_before = {
            key: self.initial_data.get(name)
            for key, name in self.graph.fields_kept_apart.items()
            if key in self.deciders
        }

    def position(self) -> Marking:
        """The marking that the walk led to."""
        self._follow_names()
        return Marking(
            tokens=tuple(self.tokens.values()),
            blocks=tuple(self.blocks.values()),
            rounds=self.rounds,
            deciders=self.deciders,
            requester=self.requester,
            next_id=self.next_id,
            ended=self.ended,
            approved=self.approved,
            parked=self.parked,
            steered=self.steered,
            chains=self.chains,
            facts=self.facts,
        )

    def go(self, target: str, place: TokenPlace) -> None:
        """Take a token to a step, when its turn comes."""
        self.to_go.append((target, place))

    # -- cancelling -----------------------------------------------------------------------

    def _cancel_block(self, block: Block, reason: CancelReason) -> None:
        """Close a block with everything in it."""
        self._cancel_inside(block, reason)
        self._on_block_closed(block)
        del self.blocks[block.id]

    def _on_block_closed(self, block: Block) -> None:
        """For what counts by blocks."""

    def _cancel_inside(
        self, block: Block, reason: CancelReason, only: Collection[int] | None = None
    ) -> None:
        """Close what is open in a block; in these branches alone, where some are named."""

        def is_meant(part: Block | Token | Parked | TokenPlace) -> bool:
            return part.block == block.id and (only is None or part.branch in only)

        for inner in [b for b in self.blocks.values() if is_meant(b)]:
            self._cancel_block(inner, reason)
            self.effects.append(fx.BlockLeft(inner.id, reason))
        for token in [t for t in self.tokens.values() if is_meant(t)]:
            self._cancel_token(token, reason)
        if only is not None:
            self.parked = tuple(way for way in self.parked if not is_meant(way))
            self.to_go = [way for way in self.to_go if not is_meant(way[1])]

    def _cancel_everything(self, reason: CancelReason) -> None:
        for block in [b for b in self.blocks.values() if b.block is None]:
            self._cancel_block(block, reason)
            self.effects.append(fx.BlockLeft(block.id, reason))
        for token in list(self.tokens.values()):
            self._cancel_token(token, reason)

    def _cancel_token(self, token: Token, reason: CancelReason) -> None:
        del self.tokens[token.id]
        self.effects.append(fx.ActivationCancelled(token.id, reason))

    # -- small parts ----------------------------------------------------------------------

    def _open_token(self, activation: int) -> Token:
        token = self.tokens.get(activation)
        if token is None:
            raise WrongState("This work is no longer open.")
        return token

    def _add_token(self, key: str, number: int, place: TokenPlace, **token_fields: Any) -> Token:
        rows = self._rows_of(key, place)
        token = Token(
            self._next_number(), key, number, place.block, place.branch, rows=rows, **token_fields
        )
        self.tokens[token.id] = token
        return token

    def _note_opened(self, token: Token, came_from: str | None) -> None:
        self.effects.append(
            fx.ActivationOpened(
                token.id, token.step, token.round, came_from, token.needed, token.rows
            )
        )

    def _count_round(self, step: str, rows: Rows) -> int:
        """In an each-branch rounds are a row's own; of the step it is the highest of all."""
        slot = slot_key(step, rows)
        number = self.rounds[slot] = self.rounds.get(slot, 0) + 1
        if rows:
            self.rounds[step] = max(number, self.rounds.get(step, 0))
        return number

    def _mark_stuck(self, token: Token, trouble: StepTrouble) -> None:
        """The activation stays open, and waits on a person."""
        self.tokens[token.id] = replace(token, stuck=trouble.code)
        self.effects.append(fx.ActivationStuck(token.id, token.step, token.round, trouble))

    def _rule_failed(
        self,
        key: str,
        number: int,
        place: TokenPlace,
        problem: Exception,
        *,
        again: bool = False,
    ) -> None:
        token = self._add_token(key, number, place, stuck=RULE_FAILED, again=again)
        trouble = RuleFailed(text_of(problem))
        self.effects.append(fx.ActivationStuck(token.id, key, number, trouble))

    def _next_number(self) -> int:
        number, self.next_id = self.next_id, self.next_id + 1
        return number

    def _write_values(self, token: Token, writes: Values, seen: Values) -> None:
        self._change_data(writes, token.step, token.rows)
        self._note_at(token.block, token.branch, writes, seen)

    def _note_at(
        self, block_id: int | None, branch: int | None, writes: Values, seen: Values
    ) -> None:
        block = self.blocks.get(block_id) if block_id is not None else None
        if block is not None:
            self._note_in_branch(block, branch, writes, seen)

    def _note_in_branch(
        self, block: Block, branch: int | None, writes: Values, seen: Values
    ) -> None:
        """What a branch wrote and approved; its own row nobody else writes."""
        each = self._each_of(block, branch)
        if each is not None:
            writes = beyond_row(each.row_name, writes)
        if writes or seen:
            self.blocks[block.id] = with_branch_notes(block, branch, writes, seen)

    def _record_decider(self, step: str, rows: Rows, actor: Person) -> None:
        """Whoever decided last is last."""
        for slot in {step: None, slot_key(step, rows): None}:
            before = self.deciders.get(slot, ())
            self.deciders[slot] = (*(person for person in before if person != actor), actor)

    def _follow_names(self) -> None:
        """Whom fields name who are kept from steps by that: where a value is another, whoever it
        names now, and who took their own name out."""
        for key, name in self.graph.fields_kept_apart.items():
            value = self.data.get(name)
            if key in self._names_before and self._names_before[key] == value:
                continue
            self._names_before[key] = value
            named = self.people_named(name, logins_in(value)) if value else ()
            kept = (person for person in self.deciders.get(key, ()) if person in self.actors)
            people = tuple(dict.fromkeys((*named, *kept)))
            if people or key in self.deciders:
                self.deciders[key] = people

    def _people_so_far(self) -> Marking:
        self._follow_names()
        return Marking(deciders=self.deciders, requester=self.requester, steered=self.steered)

    # -- votes ----------------------------------------------------------------------------

    def _needed_votes(self, key: str, step: HumanStep, rows: Rows = ()) -> int:
        fixed, field = fixed_votes(step.quorum), quorum_field(step.quorum)
        if fixed is not None:
            return fixed
        if field is not None:
            return self._votes_by_field(field)
        view = RowView(self.graph, key, rows)
        people = len(self.electorate(key) - barred_people(step, self._people_so_far(), view))
        return share_of(quorum_share(step.quorum) or 100, people)

    def _votes_by_field(self, field: str) -> int:
        try:
            needed = int(self.data.get(field) or 0)
        except (TypeError, ValueError):
            needed = 0
        if not 1 <= needed <= MOST_VOTES:
            raise RuleCannotBeEvaluated(
                text(
                    "'%(field)s' says how many must agree: give it a whole number from 1 to 1000.",
                    field=display_title(field, self.graph.definition.fields[field].label),
                )
            )
        return needed

    # -- rows -----------------------------------------------------------------------------

    def _each_of(self, block: Block, branch: int | None) -> BranchDef | None:
        """The branch of the map, where it is one for each row."""
        if branch_row(branch) is None:
            return None
        step = self.graph[block.step]
        assert isinstance(step, ParallelStep)
        assert branch is not None
        return step.branches[branch_index(branch)]

    def _rows_around(
        self, step: str, block: int | None, branch: int | None, beside: Rows = ()
    ) -> Rows:
        """The rows that a step is about at a place: those of the each-branches in which it
        stands."""
        scopes = self.graph.row_scopes[step]
        if beside or not scopes:
            return beside[: len(scopes)]
        known: dict[tuple[str, int], int] = {}
        while block is not None and block in self.blocks:
            around, row = self.blocks[block], branch_row(branch)
            if row is not None and branch is not None:
                known[around.step, branch_index(branch)] = row
            block, branch = around.block, around.branch
        found = (known.get((scope.parallel, scope.index)) for scope in scopes)
        return tuple(row for row in found if row is not None)

    def _rows_of(self, step: str, place: TokenPlace) -> Rows:
        return self._rows_around(step, place.block, place.branch, place.rows)

    def _rows_of_block(self, block: Block) -> Rows:
        """The rows around a parallel step whose block runs."""
        return self._rows_around(block.step, block.block, block.branch)

    def _data_at(self, step: str, rows: Rows) -> Values:
        """The values as this step sees them, with those of its rows."""
        return self.graph.data_at(step, rows, self.data, self.chains)

    def _asked_at(self, step: str, rows: Rows) -> Values:
        """What rules may ask at this step: the values, and what is known beside them."""
        return with_facts(self.graph, step, rows, self._data_at(step, rows), self.facts)

    def _record_outcome(self, token: Token, outcome: str) -> None:
        """Keep how a step was decided, where a rule asks."""
        self.facts = with_outcome(self.graph, self.facts, token.step, token.rows, outcome)

    def _change_data(self, writes: Values, step: str = "", rows: Rows = ()) -> None:
        """Give values to fields, and to the rows that a step is about. Raises InvalidInput for a
        list of which branches run for each row."""
        held = self._lists_in_use()
        for key in writes:
            if key in held and writes[key] != self.data.get(key):
                raise InvalidInput(
                    "'%(field)s' cannot be changed now: '%(title)s' goes through its rows until"
                    " its join has passed.",
                    field=key,
                    title=self.graph.title(held[key]),
                )
        scopes = self.graph.row_scopes[step] if step else ()
        written = into_rows(scopes, rows, self.data, writes)
        # What is worked out from them is nobody's: it is noted of no branch, so that two cannot
        # disagree on it.
        self.data = self.graph.worked_out.completed({**self.data, **written})

    def _lists_in_use(self) -> dict[str, str]:
        """The fields through whose rows a running block goes, with its parallel step."""
        return lists_in_use(self.graph, self.blocks.values())


def lists_in_use(graph: Graph, blocks: Iterable[Block]) -> dict[str, str]:
    """The fields through whose rows one of these running blocks goes, with its parallel step."""
    return {
        branch.listed: block.step
        for block in blocks
        for branch in graph.branches_of(block.step)
        if branch.listed is not None
    }
