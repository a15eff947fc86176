"""What can come after where a request is: the ways on from a step, where each leads, and the steps
of the whole way. Worked out from the map and the request's data, with no statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from workflows.engine.format.definition import (
    ROUTING_KINDS,
    DecisionStep,
    EndStep,
    JoinStep,
    Link,
    ParallelStep,
    TableStep,
    display_title,
)
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.reachable_steps import (
    NO_FIELDS,
    Data,
    evaluate_condition,
    possible_links,
    possible_outcome_links,
    writable_fields,
)
from workflows.engine.routing.ways_ahead import find_steps_to_come
from workflows.execution.queries.position import InstancePosition


class DestinationKind(StrEnum):
    """Where a way leads: what only routes stands for the places behind it."""

    STEP = "step"
    MERGE = "merge"
    END = "end"
    ONE_OF = "one_of"
    ALL_OF = "all_of"


@dataclass(frozen=True, slots=True)
class Destination:
    """A place to go: its title (an end's: its result), or the places that it stands for.

    Of several places each says by which open rules of the map it comes (`rules`, as written), or
    that it comes where none of them holds.
    """

    kind: DestinationKind
    title: str = ""
    places: tuple["Destination", ...] = ()
    rules: tuple[str, ...] = ()
    by_rows: tuple[str, ...] = ()
    is_otherwise: bool = False


@dataclass(frozen=True, slots=True)
class NextStep:
    """A way on from a step: the outcome's label where a person chooses it; what comes by itself
    when the time of a task is up (`is_expiry`) nobody chooses."""

    destination: Destination
    outcome: str = ""
    is_failure: bool = False
    is_expiry: bool = False


@dataclass(frozen=True, slots=True)
class NextSteps:
    """The ways on that a request's data leave possible."""

    is_human: bool
    ways: tuple[NextStep, ...] = field(default=())


def find_next_steps(graph: Graph, key: str, data: Data) -> NextSteps:
    """Where the request can go from a step, with the data that it has. No statement."""
    changing, is_human = writable_fields(graph, key), graph.is_human(key)
    return NextSteps(
        is_human,
        tuple(
            NextStep(
                find_destination(graph, link.to, data, changing),
                _label_of(link) if is_human else "",
                link.kind == "on_error",
                link.kind == "expires",
            )
            for link in possible_outcome_links(graph, key, data)
        ),
    )


def _label_of(link: Link) -> str:
    if link.kind == "expires":
        return ""
    return display_title(link.name, link.route.label)


def find_destination(
    graph: Graph, key: str, data: Data, changing: frozenset[str] = NO_FIELDS
) -> Destination:
    """A step as somewhere to go: what only routes is where it can lead, with the data that the
    request has; `changing` are the fields that may change before it comes there."""
    return _find_destination(graph, key, data, changing, frozenset())


def _find_destination(
    graph: Graph, key: str, data: Data, changing: frozenset[str], passed: frozenset[str]
) -> Destination:
    step = graph[key]
    if isinstance(step, EndStep):
        return Destination(DestinationKind.END, display_title(step.result, None).lower())
    if isinstance(step, DecisionStep | ParallelStep | TableStep) and key not in passed:
        by_place: dict[Destination, list[Link]] = {}
        for link in possible_links(graph, key, data, changing):
            place = _find_destination(graph, link.to, data, changing, passed | {key})
            by_place.setdefault(place, []).append(link)
        if len(by_place) == 1:
            return next(iter(by_place))
        places = tuple(
            _place_by_rules(graph, place, links, data, changing)
            for place, links in by_place.items()
        )
        is_parallel = isinstance(step, ParallelStep)
        return Destination(
            DestinationKind.ALL_OF if is_parallel else DestinationKind.ONE_OF, places=places
        )
    kind = DestinationKind.MERGE if isinstance(step, JoinStep) else DestinationKind.STEP
    return Destination(kind, graph.title(key))


def _place_by_rules(
    graph: Graph, place: Destination, links: Sequence[Link], data: Data, changing: frozenset[str]
) -> Destination:
    """One of several places, with the open rules by which it comes, or the table."""
    if any(link.name in ("otherwise", "none") for link in links):
        return replace(place, is_otherwise=True)
    if links and isinstance(graph[links[0].source], TableStep):
        return replace(place, by_rows=tuple(link.route.label or "" for link in links))
    rules = [link.route.when for link in links if link.route.when is not None]
    if len(rules) < len(links) or any(
        evaluate_condition(graph, rule, data, changing) for rule in rules
    ):
        return place
    return replace(place, rules=tuple(rules))


# -- the whole way ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StepAhead:
    """A step of the way that the request is on: open now, with its round, or (0) still to come.

    `only_by` are the ways on one of which a step to come depends: outcomes that somebody may
    choose, and open rules. Without any it comes if all goes the likely way.
    """

    key: str
    round: int = 0
    only_by: tuple[Link, ...] = ()


def find_steps_ahead(position: InstancePosition) -> list[StepAhead]:
    """Where the request is now, and then what can still come if nothing exceptional happens and
    its data do not rule it out, as it would be met. Steps that only route do not come. No
    statement."""
    graph = position.map.graph
    here = {step.key: step.round for step in position.everywhere}
    coming = find_steps_to_come(graph, set(here), position.instance.data)
    order = steps_in_order(graph)
    return [StepAhead(key, here[key]) for key in order if key in here] + [
        StepAhead(key, only_by=coming[key])
        for key in order
        if key in coming and graph[key].kind not in ROUTING_KINDS
    ]


def steps_in_order(graph: Graph) -> list[str]:
    """The steps as a request meets them, breadth first; ends last."""
    ordered: list[str] = [graph.first] if graph.first else []
    seen = set(ordered)
    for key in ordered:
        for link in graph.leaving[key]:
            if link.kind != "reopen" and link.to not in seen:
                seen.add(link.to)
                ordered.append(link.to)
    return sorted(dict.fromkeys(ordered), key=lambda key: graph[key].kind == "end")
