"""What steps hold of resources: which they are, and what they want with a request's values.

Whether it is free is nobody's to say here: the services ask it under the resources' locks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from workflows.engine.format.definition import BaseStep, Definition, EndStep, HoldingStep
from workflows.engine.routing.bypassed_approvals import steps_ahead_of
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.rows import data_with_rows, have_gone, read_rows
from workflows.engine.timing.dates import to_zone_time
from workflows.engine.values.field_types.base import type_of_field
from workflows.engine.values.fields import field_moment, typed_field_value

BOOKS: Final = "books"
SPENDS: Final = "spends"
Purpose = Literal["books", "spends"]


@dataclass(frozen=True, slots=True, order=True)
class HoldKey:
    """Whose hold it is: of a step, as a booking or a draw; in an each-branch of the row that
    `place` says (as `rows.write_rows` writes it)."""

    step: str
    place: str
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class BookingWish:
    """So many of a resource from one moment until another. Of days, whole ones."""

    resource: str
    group: str
    starts: datetime
    ends: datetime
    count: int
    whole_days: bool = False


@dataclass(frozen=True, slots=True)
class SpendingWish:
    """So much of a budget. Without a currency it is the budget's; without a day it is today's."""

    budget: str
    group: str | None
    amount: Decimal
    currency: str | None
    day: datetime | None = None


Wish = BookingWish | SpendingWish


class WishUnclear(ValueError):
    """The values say something that cannot be held: which of `WHY` it is, and of which fields."""

    def __init__(self, why: str, *fields: str) -> None:
        super().__init__(why, *fields)
        self.why, self.fields = why, fields


MISSING: Final = "missing"
"""A field is empty that has to say what is wanted."""
BACKWARDS: Final = "backwards"
"""The end does not come after the beginning."""
NONE_WANTED: Final = "none_wanted"
"""Less than one, or less than nothing, is wanted."""


def holding_steps(graph: Graph) -> Mapping[str, HoldingStep]:
    """The steps that book or spend, by their keys."""
    key = "\0holding"
    if key not in graph.memo:
        graph.memo[key] = {  # type: ignore[assignment]
            name: step
            for name, step in graph.steps.items()
            if isinstance(step, HoldingStep) and (step.books or step.spends)
        }
    return graph.memo[key]  # type: ignore[return-value]


def holds_something(definition: Definition) -> bool:
    """Whether any step of a map books or spends."""
    return any(any(purposes_of(step)) for step in definition.steps.values())


def purposes_of(step: BaseStep) -> Iterator[Purpose]:
    """By which of its keys a step holds something."""
    if isinstance(step, HoldingStep):
        if step.books is not None:
            yield "books"
        if step.spends is not None:
            yield "spends"


def confirmed_by(step: BaseStep) -> tuple[str, ...]:
    """The steps whose holds are confirmed when this one is left by a usual way, or reached."""
    return tuple(step.confirms or ()) if isinstance(step, HoldingStep | EndStep) else ()


def held_behind(graph: Graph, target: str) -> Iterator[str]:
    """The steps whose holds are given back when the request comes to this one: those that lie
    ahead of it, and it not ahead of them."""
    steps = holding_steps(graph)
    if steps:
        ahead = steps_ahead_of(graph, target)
        for key in steps:
            if key in ahead and key != target and target not in steps_ahead_of(graph, key):
                yield key


def fields_of_hold(step: HoldingStep, purpose: str) -> tuple[str, ...]:
    """The fields that say what a step wants."""
    if purpose == "books":
        assert step.books is not None
        said: tuple[Any, ...] = (step.books.resource, step.books.from_, step.books.until)
        said = (*said, step.books.amount)
    else:
        assert step.spends is not None
        said = (step.spends.budget, step.spends.amount, step.spends.day)
    return tuple(name for name in said if isinstance(name, str))


def fields_behind_hold(graph: Graph, step: str, purpose: str) -> frozenset[str]:
    """The same, and of a row's columns also the field in which the row stands; none where a map
    has no step that holds something so."""
    holding = holding_steps(graph).get(step)
    if holding is None or not any(purpose == own for own in purposes_of(holding)):
        return frozenset()
    names = frozenset(fields_of_hold(holding, purpose))
    rows = {name.partition(".")[0] for name in names if "." in name}
    return names | {scope.source for scope in graph.row_scopes[step] if scope.name in rows}


def is_place_of(graph: Graph, step: str, place: str) -> bool:
    """Whether a step stands in as many each-branches as a place names rows of."""
    return len(graph.row_scopes[step]) == len(read_rows(place))


# -- what is wanted ----------------------------------------------------------------------------


def read_wish(graph: Graph, key: HoldKey, data: Mapping[str, Any]) -> Wish | None:
    """What a step wants with these values; None where they want nothing: no resource is named, or
    no amount, or the row is not there any more. Raises WishUnclear."""
    step = graph[key.step]
    assert isinstance(step, HoldingStep)
    scopes, rows = graph.row_scopes[key.step], read_rows(key.place)
    if have_gone(scopes, rows, data):
        return None
    data = data_with_rows(scopes, rows, data)
    if key.purpose == "books":
        return _read_booking(graph, step, data)
    return _read_spending(graph, step, data)


def _read_booking(graph: Graph, step: HoldingStep, data: Mapping[str, Any]) -> BookingWish | None:
    said = step.books
    assert said is not None
    resource = data.get(said.resource)
    if resource is None:
        return None
    _require_values(data, said.from_, said.until)
    starts, ends = _moment(graph, said.from_, data), _moment(graph, said.until, data)
    until_day = _is_day(graph, said.until)
    if until_day:
        ends = _day_after(graph, ends)
    if ends <= starts:
        raise WishUnclear(BACKWARDS, said.from_, said.until)
    group = graph.definition.all_fields[said.resource].of or ""
    whole_days = until_day and _is_day(graph, said.from_)
    return BookingWish(str(resource), group, starts, ends, _count(graph, step, data), whole_days)


def _count(graph: Graph, step: HoldingStep, data: Mapping[str, Any]) -> int:
    amount = step.books.amount if step.books is not None else None
    if not isinstance(amount, str):
        return amount or 1
    _require_values(data, amount)
    count = typed_field_value(graph.definition.all_fields[amount], data[amount])
    if count < 1 or count != int(count):
        raise WishUnclear(NONE_WANTED, amount)
    return int(count)


def _read_spending(graph: Graph, step: HoldingStep, data: Mapping[str, Any]) -> SpendingWish | None:
    said = step.spends
    assert said is not None
    field = graph.definition.all_fields[said.amount]
    amount = typed_field_value(field, data.get(said.amount))
    if amount is None or amount == 0:
        return None
    if amount < 0:
        raise WishUnclear(NONE_WANTED, said.amount)
    _require_values(data, said.budget, *([said.day] if said.day else []))
    group = graph.definition.all_fields[said.budget].of or said.of
    day = _moment(graph, said.day, data) if said.day else None
    return SpendingWish(str(data[said.budget]), group, amount, field.currency, day)


def _require_values(data: Mapping[str, Any], *fields: str) -> None:
    empty = [name for name in fields if data.get(name) is None]
    if empty:
        raise WishUnclear(MISSING, *empty)


def _moment(graph: Graph, field: str, data: Mapping[str, Any]) -> datetime:
    try:
        return field_moment(graph.definition.all_fields[field], data[field], zone=graph.zone)
    except (ValueError, TypeError, ArithmeticError):
        raise WishUnclear(MISSING, field) from None


def _is_day(graph: Graph, field: str) -> bool:
    return type_of_field(graph.definition.all_fields[field]).is_day


def _day_after(graph: Graph, moment: datetime) -> datetime:
    """The beginning of the next day in the zone in which days count."""
    day = to_zone_time(moment, graph.zone)
    following = day.date() + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=graph.zone)
