"""Chains of managers where nobody is known: in a rehearsal, or in a forecast from what is past."""

from decimal import Decimal
from random import Random
from typing import Final

from workflows.engine.format.directory_finders import logins_in
from workflows.engine.format.person_facts import PERSON_FACTS
from workflows.engine.routing.chains import ChainNotFound, ChainQuestion, Superior, climb
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Person
from workflows.engine.routing.step_troubles import ChainTooShort
from workflows.engine.rules.evaluation import RuleProblem

MOST_SUPPOSED: Final = 3
"""So many managers are asked at most, where the map's rule does not say how many by itself."""
ENOUGH: Final = Decimal(10) ** 12
"""The approval limit of the last of them."""


def superior_name(level: int) -> str:
    """What a supposed manager is called."""
    return f"superior {level}"


class SupposedChains:
    """Who is above whom in a rehearsal: `superior 1`, above them `superior 2`, and so on; the last
    who is asked is drawn, and has an approval limit that covers everything."""

    def __init__(self, graph: Graph, random: Random) -> None:
        self.graph, self.random = graph, random

    def find(self, question: ChainQuestion) -> tuple[str, ...]:
        """Whom a chain has. Raises ChainNotFound."""
        most = question.chain.most
        last = 1 + self.random.randrange(min(most, MOST_SUPPOSED))
        names = [superior_name(number) for number in range(1, most + 1)]
        everybody = [Superior(name, name) for name in names]
        everybody[last - 1] = Superior(names[last - 1], names[last - 1], ENOUGH)
        start = _starts(question)
        above: dict[Person, Superior] = {
            below.person: superior
            for below, superior in zip([start, *everybody], everybody, strict=False)
            if below is not None
        }
        try:
            return climb(self.graph, question, start, above.get)
        except ChainNotFound as problem:
            if start is None or not self._is_drawn(question, problem):
                raise
            return tuple(names[:last])

    def _is_drawn(self, question: ChainQuestion, problem: ChainNotFound) -> bool:
        """Whether the rule asks of managers what is not supposed of any: their department, say."""
        if not isinstance(problem.trouble, ChainTooShort):
            return False
        try:
            facts = self.graph.chain_rule(question.chain).fields & PERSON_FACTS.keys()
        except RuleProblem:
            return False
        return facts != {"level"}


def _starts(question: ChainQuestion) -> Superior | None:
    chain, position = question.chain, question.position
    person: Person | None = position.requester
    if chain.person_field is not None:
        person = next(iter(logins_in(question.data.get(chain.person_field))), None)
    elif chain.step_read is not None:
        person = next(iter(position.deciders.get(chain.step_read, ())[-1:]), None)
    return None if person is None else Superior(person, str(person))
