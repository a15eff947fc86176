"""What can still happen from where a request stands: the map's ways, less those that its data
rule out.

A rule whose fields are known and cannot change any more on the way to it is decided already.
What is empty, or may be filled in before the rule is asked, leaves it open: then both ways are
possible.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workflows.engine.definition import DecisionStep, HumanStep, Link, ParallelStep
from workflows.engine.graph import Graph
from workflows.engine.rules import RuleCannotBeEvaluated, RuleProblem

Data = Mapping[str, Any]
NOTHING: frozenset[str] = frozenset()


def verdict(graph: Graph, when: str | None, data: Data, changing: frozenset[str]) -> bool | None:
    """Whether a condition holds; None while its fields are empty or may still change."""
    if when is None:
        return True
    try:
        rule = graph.rule(when)
        return None if rule.fields & changing else rule.holds(data)
    except (RuleCannotBeEvaluated, RuleProblem):
        return None


def written_by(graph: Graph, key: str) -> frozenset[str]:
    """The fields that a step may change."""
    return frozenset(getattr(graph[key], "outputs", None) or ())


def ways(graph: Graph, key: str, data: Data, changing: frozenset[str] = NOTHING) -> list[Link]:
    """The ways out of a step that these data leave possible (reopening apart)."""
    step = graph[key]
    links = [link for link in graph.leaving[key] if link.kind != "reopen"]
    if isinstance(step, DecisionStep):
        return list(_first_that_may_hold(graph, links, data, changing))
    may = [link for link in links if verdict(graph, link.route.when, data, changing) is not False]
    if isinstance(step, ParallelStep):
        return _branches(graph, may, data, changing)
    return may


def _first_that_may_hold(
    graph: Graph, links: Iterable[Link], data: Data, changing: frozenset[str]
) -> Iterator[Link]:
    """A decision takes its first rule that is true: what stands behind such a rule is out."""
    for link in links:
        held = verdict(graph, link.route.when, data, changing)
        if held is not False:
            yield link
        if held:
            return


def _branches(graph: Graph, links: list[Link], data: Data, changing: frozenset[str]) -> list[Link]:
    """The branches that may begin; the way past all of them only where none is certain."""
    real = [link for link in links if link.name != "none"]
    certain = any(verdict(graph, link.route.when, data, changing) for link in real)
    return real if certain else links


def outcomes(graph: Graph, key: str, data: Data) -> list[Link]:
    """The outcomes that a person at this step may come to choose, with what it may fill in."""
    return ways(graph, key, data, written_by(graph, key))


def ahead(graph: Graph, starts: Iterable[str], data: Data) -> set[str]:
    """The steps that can still be reached from these on ways that are not exceptions."""
    changing: dict[str, frozenset[str]] = {}
    todo = [(key, _while_at(graph, starts)) for key in starts]
    while todo:
        key, fields = todo.pop()
        known = changing.get(key)
        if known is not None and fields <= known:
            continue
        changing[key] = fields | (known or NOTHING)
        after = changing[key] | written_by(graph, key)
        usual = (link for link in ways(graph, key, data, after) if _is_usual(link))
        todo += [(link.to, after) for link in usual]
    return set(changing) - set(starts)


def _while_at(graph: Graph, starts: Iterable[str]) -> frozenset[str]:
    """What may change while the request stands at these steps: each fills in, beside the others."""
    keys = [key for key in starts if isinstance(graph[key], HumanStep)]
    return NOTHING.union(*(written_by(graph, key) for key in keys)) if len(keys) > 1 else NOTHING


def _is_usual(link: Link) -> bool:
    return link.kind != "on_error" and not link.route.exception
