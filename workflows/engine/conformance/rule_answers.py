"""A map whose rules are answered from outside: by what a log knows, else in every way in turn.

A log seldom knows the values that a rule asks for. Then any way is possible: the walk is done once
for each answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from workflows.engine.conformance.row_counts import ListSizes
from workflows.engine.errors import HandoffError
from workflows.engine.format.definition import DecisionStep, HumanStep, ParallelStep, TableStep
from workflows.engine.routing.advance import advance
from workflows.engine.routing.chains import ChainQuestion
from workflows.engine.routing.effects import BlockOpened, Effect, Event
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking
from workflows.engine.routing.rows import split_slot
from workflows.engine.rules.evaluation import RuleProblem
from workflows.engine.rules.fact_names import COUNT_OF, OUTCOME_OF, fact_words, names_facts
from workflows.engine.tables.decision import TableDecision

MOST_ANSWERS = 512
"""So many ways of one move are looked at; ten rules of unknown answer have twice as many."""

BY_DECISIONS = "?decisions"
"""Stands among a map's questions for all its rules that ask nothing but what was decided: where it
is true, they are answered by the decisions of the walk itself. It can be no rule's text."""

Truths = tuple[bool | None, ...]
"""For each rule of the map whether it holds; None where that is not known."""


@dataclass
class RuleAnswers:
    """The answers of one walk: what is known, then a script, then no."""

    known: Mapping[str, bool | None] = field(default_factory=dict)
    script: tuple[bool, ...] = ()
    given: dict[str, bool] = field(default_factory=dict)

    def begin(self, known: Mapping[str, bool | None], script: tuple[bool, ...]) -> None:
        """Another walk, with these answers."""
        self.known, self.script, self.given = known, script, {}

    def answer(self, rule: str) -> bool:
        """Whether the rule holds; within one walk it does or does not."""
        known = self.known.get(rule)
        if known is not None:
            return known
        if rule not in self.given:
            place = len(self.given)
            self.given[rule] = self.script[place] if place < len(self.script) else False
        return self.given[rule]

    def other_scripts(self) -> Iterator[tuple[bool, ...]]:
        """The scripts by which what was answered beyond this one would have been otherwise."""
        taken = tuple(self.given.values())
        for place in range(len(self.script), len(taken)):
            yield (*taken[:place], not taken[place])


@dataclass(frozen=True)
class AnsweredGraph(Graph):
    """A map that asks for the truth of its rules here, and not of a request's values."""

    answers: RuleAnswers = field(default_factory=RuleAnswers)

    def holds(self, rule_text: str, data: Mapping[str, Any]) -> bool:
        """What the answers of this walk say, or its decisions."""
        if self._is_decided(rule_text):
            return super().holds(rule_text, data)
        return self.answers.answer(rule_text)

    def _is_decided(self, rule: str) -> bool:
        """Whether what was decided on this walk answers a rule."""
        return bool(self.answers.known.get(BY_DECISIONS)) and rule in rules_of_decisions(self)

    def decide_by_table(self, key: str, data: Mapping[str, Any]) -> TableDecision:
        """The first of the table's ways that the answers of this walk say; it writes nothing, as
        values are told by the log."""
        if self.answers.known.get(BY_DECISIONS) and rule_of_table(key, "") in rules_of_decisions(
            self
        ):
            found = super().decide_by_table(key, data)
            return TableDecision((), {}, found.way, found.to)
        *asked, last = self.leaving[key]
        for link in asked:
            if self.answers.answer(rule_of_table(key, link.name)):
                return TableDecision((), {}, link.name, link.to)
        return TableDecision((), {}, last.name, last.to)


def rule_of_table(key: str, way: str) -> str:
    """Stands for the question whether a table chooses one of its ways; it can be no rule's text."""
    return f"\n{key}\n{way}"


def table_of_rule(rule: str) -> tuple[str, str] | None:
    """The table and the way that such a question is about; None for a rule of the map."""
    if not rule.startswith("\n"):
        return None
    _, key, way = rule.split("\n")
    return key, way


def rules_of_map(graph: Graph) -> tuple[str, ...]:
    """Every condition that decides a way on this map, once."""
    found: dict[str, None] = {}
    for key, step in graph.steps.items():
        if isinstance(step, DecisionStep):
            found.update((rule.when, None) for rule in step.rules or [])
        elif isinstance(step, TableStep):
            found.update((rule_of_table(key, link.name), None) for link in graph.leaving[key])
        elif isinstance(step, ParallelStep):
            found.update((branch.when, None) for branch in step.branches if branch.when)
        elif isinstance(step, HumanStep):
            found.update((way.when, None) for way in step.outcomes.values() if way.when)
    return tuple(found)


def questions_of_map(graph: Graph) -> tuple[str, ...]:
    """What is asked of a log on this map: its conditions, and, where some of them ask what was
    decided, whether the walk itself answers these."""
    return rules_of_map(graph) + ((BY_DECISIONS,) if rules_of_decisions(graph) else ())


def rules_of_decisions(graph: Graph) -> frozenset[str]:
    """The rules of a map, and the tables, that ask nothing but what was decided, and not in rows of
    a list: which row a log is about is not known."""
    known = graph.memo.get("rules of decisions")
    if known is None:
        known = graph.memo["rules of decisions"] = frozenset(_asked_of_decisions(graph))
    return known


def decisions_asked(graph: Graph) -> frozenset[str]:
    """The facts that these ask."""
    return frozenset().union(*_asked_of_decisions(graph).values())


def _asked_of_decisions(graph: Graph) -> dict[str, frozenset[str]]:
    found = {rule for link in graph.links if (rule := link.route.when) is not None}
    asked = {rule: _asked_by_rule(graph, rule) for rule in found if names_facts(rule)}
    for key, step in graph.steps.items():
        if isinstance(step, TableStep):
            asked[rule_of_table(key, "")] = frozenset(step.inputs or ())
    return {
        rule: names
        for rule, names in asked.items()
        if names and all(_is_decided_once(graph, name) for name in names)
    }


def _asked_by_rule(graph: Graph, rule: str) -> frozenset[str]:
    try:
        read = graph.rule(rule)
    except RuleProblem:
        return frozenset()
    return read.fields | read.facts


def _is_decided_once(graph: Graph, name: str) -> bool:
    head, *words = fact_words(name) or ("",)
    return head in (OUTCOME_OF, COUNT_OF) and not graph.row_scopes.get(words[0])


def _find_chain(sizes: Mapping[str, int], question: ChainQuestion) -> tuple[str, ...]:
    """Who was above whom is not in a log: a chain has as many as its rows say, and somebody."""
    source, _ = split_slot(question.key)
    return ("",) * max(sizes.get(source, 1), 1)


def every_way(
    graph: AnsweredGraph,
    marking: Marking,
    event: Event,
    known: Mapping[str, bool | None],
    sizes: Sequence[ListSizes] = ((),),
) -> Iterator[Marking]:
    """Where an event may lead, for each answer that is not known, and each of these sizes of lists
    where it opens branches for their rows. What the map does not allow, or goes round without a
    person, leads nowhere."""
    for place, lists in enumerate(sizes):
        opened = False
        for moved, opens in _every_answer(graph, marking, event, known, dict(lists)):
            opened |= opens
            if opens or not place:
                yield moved
        if not opened:
            return


def _every_answer(
    graph: AnsweredGraph,
    marking: Marking,
    event: Event,
    known: Mapping[str, bool | None],
    sizes: Mapping[str, int],
) -> Iterator[tuple[Marking, bool]]:
    """Where it leads with lists of these sizes, and whether branches for rows were opened on the
    way."""
    data: dict[str, Any] = {field: [{}] * size for field, size in sizes.items()}
    find_chain = partial(_find_chain, sizes)
    scripts: list[tuple[bool, ...]] = [()]
    walks = 0
    while scripts and walks < MOST_ANSWERS:
        walks += 1
        graph.answers.begin(known, scripts.pop())
        result = None
        with suppress(HandoffError):
            result = advance(
                *(graph, marking, data, event), asks_again=False, find_chain=find_chain
            )
        scripts.extend(graph.answers.other_scripts())
        if result is not None:
            yield result.marking, any(_opens_rows(graph, effect) for effect in result.effects)


def _opens_rows(graph: Graph, effect: Effect) -> bool:
    """Whether an effect opens a block that goes through a list."""
    return isinstance(effect, BlockOpened) and any(
        branch.each is not None for branch in graph.branches_of(effect.step)
    )
