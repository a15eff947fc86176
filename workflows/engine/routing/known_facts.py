"""What is known of a request beside its values: who asked, and what was decided so far.

It is kept in the marking, of what the rules of the map ask and nothing more: what the directory
said of the requester when the request started, the last outcome of steps, and how often they had
which.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from workflows.engine.format.definition import AutomationStep, Definition, ParallelStep, TableStep
from workflows.engine.format.request_facts import CountDef
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking
from workflows.engine.routing.rows import Rows, shared_rows, slot_key
from workflows.engine.rules.fact_names import (
    COUNT_OF,
    OUTCOME_OF,
    REQUESTER,
    fact_words,
    names_facts,
    names_in,
)

Facts = Mapping[str, Any]
"""What is known, by the names that rules have for it; in each-branches by name and row."""


def asked_facts(graph: Graph) -> frozenset[str]:
    """The facts that rules of the map may ask, by their names; worked out once."""
    known = graph.memo.get("asked facts")
    if known is None:
        definition = graph.definition
        texts = (rule for rule in fact_rules(definition) if names_facts(rule))
        known = frozenset(name for rule in texts for name in names_in(rule, definition.facts))
        graph.memo["asked facts"] = known
    return known


def fact_rules(definition: Definition) -> Iterator[str]:
    """Every text of a map in which facts can be asked."""
    for link in definition.links():
        if link.route.when is not None:
            yield link.route.when
    for step in definition.steps.values():
        if isinstance(step, ParallelStep):
            yield from (branch.chain.until for branch in step.branches if branch.chain)
        elif isinstance(step, TableStep):
            yield from step.inputs or ()
        elif isinstance(step, AutomationStep) and step.action == "set_fields":
            yield from (text for text in (step.with_ or {}).values() if isinstance(text, str))


def asks_of_requester(graph: Graph) -> frozenset[str]:
    """What rules of the map ask of whoever asked."""
    return frozenset(name for name in asked_facts(graph) if fact_words(name)[0] == REQUESTER)


def with_known(marking: Marking, known: Facts) -> Marking:
    """A marking in which more is known than was."""
    return replace(marking, facts={**marking.facts, **known}) if known else marking


def with_facts(
    graph: Graph, step: str, rows: Rows, data: Mapping[str, Any], facts: Facts
) -> Mapping[str, Any]:
    """The values that rules at a step may ask: the request's, and what is known beside them. In an
    each-branch what was decided is what was decided about its row."""
    asked = asked_facts(graph)
    if not asked:
        return data
    return {**{name: _known(graph, name, step, rows, facts) for name in asked}, **data}


def _known(graph: Graph, name: str, step: str, rows: Rows, facts: Facts) -> Any:
    nothing = 0 if isinstance(graph.definition.facts[name], CountDef) else None
    return facts.get(slot_key(name, _own_rows(graph, name, step, rows)), nothing)


def _own_rows(graph: Graph, name: str, step: str, rows: Rows) -> Rows:
    """The rows of which a fact is asked: none where its step is about other ones."""
    head, *words = fact_words(name)
    if not rows or head == REQUESTER:
        return ()
    scopes = graph.row_scopes[words[0]]
    shared = shared_rows(scopes, graph.row_scopes[step])
    return rows[:shared] if shared == len(scopes) else ()


def with_outcome(graph: Graph, facts: Facts, step: str, rows: Rows, outcome: str) -> dict[str, Any]:
    """What is known when a step had this outcome, of what the map's rules ask."""
    known = dict(facts)
    last, count = f"{OUTCOME_OF}.{step}", f"{COUNT_OF}.{step}.{outcome}"
    for own in dict.fromkeys(((), rows)):
        if last in asked_facts(graph):
            known[slot_key(last, own)] = outcome
        if count in asked_facts(graph):
            slot = slot_key(count, own)
            known[slot] = known.get(slot, 0) + 1
    return known
