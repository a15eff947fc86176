"""What can still happen from where a request stands: the map's ways, less those that its data
rule out.

A rule whose fields are known and cannot change any more on the way to it is decided already.
What is empty, or may be filled in before the rule is asked, leaves it open: then both ways are
possible.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from workflows.engine.format.definition import (
    UNCHOSEN_WAYS,
    DecisionStep,
    HumanStep,
    Link,
    ParallelStep,
    TableStep,
)
from workflows.engine.routing.graph import Graph
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated, RuleProblem
from workflows.engine.rules.fact_names import REQUESTER, fact_words
from workflows.engine.tables.compiling import TableProblem
from workflows.engine.tables.possible_ways import find_possible_ways

Data = Mapping[str, Any]
LinkChoice = Callable[[str, Sequence[Link]], Sequence[Link]]
NO_FIELDS: frozenset[str] = frozenset()


def evaluate_condition(
    graph: Graph, when: str | None, data: Data, changing: frozenset[str]
) -> bool | None:
    """Whether a condition holds; None while its fields are empty or may still change, or what it
    asks beside them is not known here, or may be decided anew."""
    if when is None:
        return True
    try:
        rule = graph.rule(when)
        is_open = rule.fields & changing or not is_settled(rule.facts, data)
        return None if is_open else rule.holds(data)
    except (RuleCannotBeEvaluated, RuleProblem):
        return None


def is_settled(facts: Iterable[str], data: Data) -> bool:
    """Whether facts are known here and stay so: of who asked they do."""
    return all(name in data and fact_words(name)[0] == REQUESTER for name in facts)


def writable_fields(graph: Graph, key: str) -> frozenset[str]:
    """The fields that a step may change, and what is worked out from them; with a column of its
    row the list."""
    outputs = frozenset(getattr(graph[key], "outputs", None) or ())
    names = {name.partition(".")[0] for name in outputs if "." in name}
    outputs |= {scope.source for scope in graph.row_scopes[key] if scope.name in names}
    return outputs | graph.worked_out.dependents(outputs)


def every_field(graph: Graph) -> frozenset[str]:
    """What may change where nothing is known of a request's values."""
    return frozenset(graph.definition.all_fields)


def possible_links(
    graph: Graph, key: str, data: Data, changing: frozenset[str] = NO_FIELDS
) -> list[Link]:
    """The ways out of a step that these data leave possible (reopening apart)."""
    step = graph[key]
    links = [link for link in graph.leaving[key] if link.kind != "reopen"]
    if isinstance(step, DecisionStep):
        return list(_first_that_may_hold(graph, links, data, changing))
    if isinstance(step, TableStep):
        return _possible_by_table(graph, key, links, data, changing)
    possible = [
        link
        for link in links
        if evaluate_condition(graph, link.route.when, data, changing) is not False
    ]
    if isinstance(step, ParallelStep):
        return _possible_branches(graph, possible, data, changing)
    return possible


def _first_that_may_hold(
    graph: Graph, links: Iterable[Link], data: Data, changing: frozenset[str]
) -> Iterator[Link]:
    """A decision takes its first rule that is true: what stands behind such a rule is out."""
    for link in links:
        held = evaluate_condition(graph, link.route.when, data, changing)
        if held is not False:
            yield link
        if held:
            return


def _possible_by_table(
    graph: Graph, key: str, links: list[Link], data: Data, changing: frozenset[str]
) -> list[Link]:
    """The ways of the rows that may hold; all where the table cannot be asked."""
    try:
        table = graph.table(key)
        unsettled = {
            name for name in table.input_keys if fact_words(name) and not is_settled([name], data)
        }
        names = find_possible_ways(table, data, changing | unsettled)
    except (RuleCannotBeEvaluated, TableProblem):
        return links
    return [link for link in links if link.name in names]


def _possible_branches(
    graph: Graph, links: list[Link], data: Data, changing: frozenset[str]
) -> list[Link]:
    """The branches that may begin; the way past all of them only where none is certain."""
    real = [link for link in links if link.name != "none"]
    certain = any(evaluate_condition(graph, link.route.when, data, changing) for link in real)
    return real if certain else links


def possible_outcome_links(graph: Graph, key: str, data: Data) -> list[Link]:
    """The outcomes that a person at this step may come to choose, with what it may fill in."""
    return possible_links(graph, key, data, writable_fields(graph, key))


def find_reachable_steps(
    graph: Graph, starts: Iterable[str], data: Data, unknown: frozenset[str] = NO_FIELDS
) -> set[str]:
    """The steps that can still be reached from these on ways that are not exceptions; whatever
    the fields say that are unknown."""
    return set(changing_fields_ahead(graph, starts, data, unknown=unknown)) - set(starts)


def changing_fields_ahead(
    graph: Graph,
    starts: Iterable[str],
    data: Data,
    chosen: LinkChoice | None = None,
    unknown: frozenset[str] = NO_FIELDS,
) -> dict[str, frozenset[str]]:
    """Each step that can be reached on usual ways (the starts too), with the fields that may have
    changed before the request comes there; `chosen` narrows the ways out of a step."""
    changing: dict[str, frozenset[str]] = {}
    pending = [(key, unknown | _concurrently_writable_fields(graph, starts)) for key in starts]
    while pending:
        key, fields = pending.pop()
        recorded = changing.get(key)
        if recorded is not None and fields <= recorded:
            continue
        changing[key] = fields | (recorded or NO_FIELDS)
        after = changing[key] | writable_fields(graph, key)
        links = usual_links(graph, key, data, after)
        pending += [(link.to, after) for link in (chosen(key, links) if chosen else links)]
    return changing


def usual_links(graph: Graph, key: str, data: Data, changing: frozenset[str]) -> list[Link]:
    """The ways out of a step that these data leave possible and that are no exceptions."""
    return [link for link in possible_links(graph, key, data, changing) if is_usual_link(link)]


def _concurrently_writable_fields(graph: Graph, starts: Iterable[str]) -> frozenset[str]:
    """What may change while the request stands at these steps: each fills in, beside the others."""
    keys = [key for key in starts if isinstance(graph[key], HumanStep)]
    return (
        NO_FIELDS.union(*(writable_fields(graph, key) for key in keys))
        if len(keys) > 1
        else NO_FIELDS
    )


def is_usual_link(link: Link) -> bool:
    """Whether a way is no exception."""
    return link.kind not in UNCHOSEN_WAYS and not link.route.exception
