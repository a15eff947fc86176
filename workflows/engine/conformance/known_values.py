"""What a log knows of a case's values, and which rules that makes true or false."""

from collections.abc import Mapping
from typing import Any

from workflows.engine.conformance.rule_answers import (
    BY_DECISIONS,
    Truths,
    questions_of_map,
    table_of_rule,
)
from workflows.engine.format.definition import (
    AutomationStep,
    HumanStep,
    SubworkflowStep,
    TableStep,
    WaitStep,
)
from workflows.engine.routing.graph import Graph, find_reachable
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated, RuleProblem
from workflows.engine.rules.fact_names import fact_words
from workflows.engine.tables.compiling import TableProblem
from workflows.engine.values.field_types.base import ValueRefused, type_of_field

SETS_FIELDS = "set_fields"
MOST_REMEMBERED = 20_000


def fields_written_outside(graph: Graph, step: str) -> frozenset[str]:
    """The fields that a step writes without a person: nobody reads in a log when."""
    found = graph[step]
    if not isinstance(found, AutomationStep | WaitStep | SubworkflowStep | TableStep):
        return frozenset()
    written = set(found.outputs or ())
    if isinstance(found, AutomationStep) and found.action == SETS_FIELDS:
        written |= set(found.with_ or {})
    return frozenset(written)


class RuleReader:
    """Which rules of a map hold, by the values that a log knows; cheap where it was asked before.

    A rule is known where all of its fields are, and no step outside writes any of them. Who asked
    is not in a log; what was decided is, and rules that ask nothing else are the walk's to answer.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph, self.rules = graph, questions_of_map(graph)
        outside = frozenset[str]().union(*(fields_written_outside(graph, s) for s in graph.steps))
        self._fields: dict[str, frozenset[str]] = {}
        self.asks_decisions = BY_DECISIONS in self.rules
        for text in self.rules:
            if text == BY_DECISIONS:
                continue
            try:
                fields = _fields_asked(graph, text)
            except (RuleProblem, TableProblem):
                continue
            if not fields & outside and not any(map(fact_words, fields)):
                self._fields[text] = fields
        self.fields = tuple(sorted(frozenset[str]().union(*self._fields.values())))
        self._truths: dict[tuple[Any, ...], Truths] = {}

    def clean(self, values: Mapping[str, str]) -> dict[str, Any]:
        """The values of fields that rules ask for, as fields have them. What cannot be read is not
        known."""
        cleaned: dict[str, Any] = {}
        for key in self.fields:
            if key in values:
                spec = self.graph.definition.all_fields[key]
                try:
                    cleaned[key] = type_of_field(spec).clean(spec, values[key])
                except ValueRefused:
                    cleaned[key] = None
        return cleaned

    def truths(self, values: Mapping[str, Any]) -> Truths:
        """What holds with these values; what is None, or not there, is not known."""
        place = tuple(repr(values.get(key)) for key in self.fields)
        found = self._truths.get(place)
        if found is None:
            if len(self._truths) > MOST_REMEMBERED:
                self._truths.clear()
            found = self._truths[place] = tuple(self._truth(rule, values) for rule in self.rules)
        return found

    def _truth(self, rule: str, values: Mapping[str, Any]) -> bool | None:
        if rule == BY_DECISIONS:
            return True
        fields = self._fields.get(rule)
        if fields is None or any(values.get(key) is None for key in fields):
            return None
        table = table_of_rule(rule)
        try:
            if table is not None:
                return self.graph.decide_by_table(table[0], values).way == table[1]
            return self.graph.rule(rule).holds(values)
        except RuleCannotBeEvaluated:
            return None


def _fields_asked(graph: Graph, rule: str) -> frozenset[str]:
    table = table_of_rule(rule)
    if table is not None:
        return graph.table(table[0]).input_keys
    asked = graph.rule(rule)
    return asked.fields | asked.facts


def fields_of_step(graph: Graph, step: str) -> frozenset[str]:
    """The fields that a step may write."""
    found = graph[step]
    if isinstance(found, HumanStep):
        return frozenset(found.outputs or ())
    return fields_written_outside(graph, step)


def written_by_tables(graph: Graph, step: str) -> frozenset[str]:
    """The fields that decision tables may write from a step on, before people have the next task
    there; work that waited for an approval may go through several."""
    key = f"written by tables behind {step}"
    if key not in graph.memo:
        people = {other for other in graph.steps if graph.is_human(other)}
        behind = {step} | find_reachable(graph.following[step], graph.following, people)
        tables = (found for at in behind if isinstance(found := graph[at], TableStep))
        graph.memo[key] = frozenset(name for table in tables for name in table.outputs or ())
    return graph.memo[key]
