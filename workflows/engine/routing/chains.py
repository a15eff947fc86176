"""Chains of managers: who is above somebody, as far up as the rule of a branch says.

Who is whose manager is the directory's to say, which the engine does not know: a walk asks for a
chain (`FindChain`) at the moment at which its block begins, and keeps whom it found in the marking.
`climb` is how a chain is found wherever somebody can say who is above whom.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from workflows.engine.errors import text_of
from workflows.engine.format.branches import ChainDef, chain_source
from workflows.engine.format.person_facts import PERSON_FACTS
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking, Person
from workflows.engine.routing.rows import branch_index, branch_row, split_slot
from workflows.engine.routing.step_troubles import (
    ChainInCircle,
    ChainTooShort,
    RuleFailed,
    StepTrouble,
)
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated, RuleProblem
from workflows.engine.texts import text


@dataclass(frozen=True, slots=True)
class Superior:
    """Somebody above somebody else, as a directory says it. Who has left is not active, and a chain
    steps over them."""

    person: Person
    login: str
    limit: Decimal | None = None
    department: str = ""
    cost_centre: str = ""
    place: str = ""
    is_active: bool = True

    def facts(self, level: int) -> dict[str, Any]:
        """What the rule of a chain may ask of them: so many levels up; None where nothing is
        said."""
        said = {name: getattr(self, name) or None for name in PERSON_FACTS if name != "level"}
        limit = None if self.limit is None else str(self.limit)
        return {**said, "limit": limit, "level": level}


@dataclass(frozen=True, slots=True)
class ChainQuestion:
    """Which chain is asked for: `key` is under which it is kept, `data` the values as the parallel
    step sees them, `position` who has asked and decided so far."""

    key: str
    step: str
    chain: ChainDef
    data: Mapping[str, Any]
    position: Marking = field(default_factory=Marking)


class ChainNotFound(RuleCannotBeEvaluated):
    """There is no such chain now: `trouble` says why."""

    def __init__(self, trouble: StepTrouble) -> None:
        super().__init__(text("Whom the chain of managers has cannot be said here."))
        self.trouble = trouble


FindChain = Callable[[ChainQuestion], tuple[str, ...]]
"""Whom a chain has now, by login and from below. Raises ChainNotFound."""


def find_no_chain(question: ChainQuestion) -> tuple[str, ...]:
    """Where nobody knows who is above whom."""
    raise ChainNotFound(ChainTooShort(question.step, question.chain.until, "nobody"))


def climb(
    graph: Graph,
    question: ChainQuestion,
    starts: Superior | None,
    above: Callable[[Person], Superior | None],
) -> tuple[str, ...]:
    """The managers above whoever it starts from, up to the first for whom the rule holds.

    Who has left, and who asked, are stepped over. Raises ChainNotFound where it does not come to
    such a manager: there is nobody above the last, they are more than `levels`, the directory goes
    round in a circle, or the rule cannot be worked out.
    """
    chain, title = question.chain, graph.title(question.step)
    if starts is None:
        raise ChainNotFound(ChainTooShort(title, chain.until, "nobody"))
    logins: list[str] = []
    for superior in _climb_above(title, starts, above):
        if not superior.is_active or superior.person == question.position.requester:
            continue
        logins.append(superior.login)
        if _is_far_enough(graph, question, superior, len(logins)):
            return tuple(logins)
        if len(logins) >= chain.most:
            raise ChainNotFound(
                ChainTooShort(title, chain.until, "levels", starts.login, logins, chain.most)
            )
    raise ChainNotFound(ChainTooShort(title, chain.until, "top", starts.login, logins, chain.most))


def _climb_above(
    title: str, starts: Superior, above: Callable[[Person], Superior | None]
) -> Iterator[Superior]:
    seen = {starts.person: starts.login}
    superior = above(starts.person)
    while superior is not None:
        if superior.person in seen:
            people = [*seen.values(), superior.login]
            raise ChainNotFound(ChainInCircle(title, people[people.index(superior.login) :]))
        seen[superior.person] = superior.login
        yield superior
        superior = above(superior.person)


def _is_far_enough(graph: Graph, question: ChainQuestion, superior: Superior, level: int) -> bool:
    """Whether the rule holds of this manager; of whom the directory does not say what it asks it
    does not hold."""
    facts = superior.facts(level)
    try:
        rule = graph.chain_rule(question.chain)
        return rule.holds({**question.data, **facts})
    except (RuleCannotBeEvaluated, RuleProblem) as problem:
        if not isinstance(problem, RuleProblem) and _lacks_only_facts(
            rule.fields, facts, question.data
        ):
            return False
        raise ChainNotFound(RuleFailed(text_of(problem))) from None


def _lacks_only_facts(
    names: frozenset[str], facts: Mapping[str, Any], data: Mapping[str, Any]
) -> bool:
    lacking = {name for name in names if {**data, **facts}.get(name) is None}
    return bool(lacking) and lacking <= facts.keys()


def awaited_in_chains(marking: Marking) -> frozenset[str]:
    """The managers (logins) whose turn has not come yet."""
    found = set[str]()
    for block in marking.blocks:
        for branch in block.pending:
            source, row = chain_source(block.step, branch_index(branch)), branch_row(branch)
            for key, logins in marking.chains.items():
                if split_slot(key)[0] == source and row is not None:
                    found.update(logins[row : row + 1])
    return frozenset(found)
