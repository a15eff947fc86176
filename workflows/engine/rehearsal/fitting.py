"""Made-up values that are what their fields ask for."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from workflows.engine.rehearsal.clocks import to_moment
from workflows.engine.routing.graph import Graph
from workflows.engine.timing.dates import local_day_of, start_of_day
from workflows.engine.values.bounds import BoundContext, Limit, parse_bound
from workflows.engine.values.constraints import constraint_refusal
from workflows.engine.values.field_types.base import FieldSpec, ValueRefused, type_of_field
from workflows.engine.values.field_types.numbers import round_decimal
from workflows.engine.values.patterns import compile_pattern

PARTS: Final = 100
"""Numbers between two ends are drawn at so many places."""
USUAL_DECIMALS: Final = 2


def fit_value(graph: Graph, key: str, value: Any, data: Mapping[str, Any], moment: int) -> Any:
    """The value, or one near it that the field takes; what was drawn where there is none."""
    fields = graph.definition.all_fields
    return _fit(fields[key], value, bound_context(graph, fields, data, moment))


def fit_cell(
    graph: Graph,
    columns: Mapping[str, FieldSpec],
    name: str,
    value: Any,
    row: Mapping[str, Any],
    moment: int,
) -> Any:
    """The same for a column of a list, among the others of its row."""
    return _fit(columns[name], value, bound_context(graph, columns, row, moment))


def bound_context(
    graph: Graph, fields: Mapping[str, FieldSpec], data: Mapping[str, Any], moment: int
) -> BoundContext:
    """What bounds are counted from at a moment of the simulated calendar."""
    today = local_day_of(to_moment(moment), graph.zone)
    return BoundContext(fields, data, today, graph.zone)


def draw_number_between(spec: Any, context: BoundContext, random: Random) -> Any:
    """A number from the least to the most that the field takes; None where it does not say both."""
    if spec.min is None or spec.max is None:
        return None
    ends = _ends(spec, context)
    if len(ends) < 2 or not all(isinstance(end, Decimal) for end in ends):
        return None
    least, most = ends
    share = Decimal(random.randrange(PARTS + 1)) / PARTS
    return round_decimal(least + (most - least) * share, _decimals_of(spec))  # type: ignore[operator]


def _decimals_of(spec: FieldSpec) -> int:
    shape = type_of_field(spec).shape(spec)
    return 0 if shape is None else min(shape.decimals, USUAL_DECIMALS)


def _fit(spec: Any, value: Any, context: BoundContext) -> Any:
    if value is None or type_of_field(spec).names_person:
        return value
    if _fits(spec, value, context):
        return value
    near = [
        _fit_text(spec, value),
        *(_at_limit(spec, limit, context) for limit in _ends(spec, context)),
    ]
    return next((each for each in near if each is not None and _fits(spec, each, context)), value)


def _fits(spec: Any, value: Any, context: BoundContext) -> bool:
    fields: Any = context.fields
    refusal = constraint_refusal(
        spec, value, fields, context.data, today=context.today, zone=context.zone
    )
    return refusal is None


def _fit_text(spec: Any, value: Any) -> Any:
    if spec.pattern is not None:
        return compile_pattern(spec.pattern).example
    return value[: spec.max_length] if spec.max_length and isinstance(value, str) else None


def _ends(spec: Any, context: BoundContext) -> list[Limit]:
    kind = type_of_field(spec).kind
    ends = [parse_bound(kind, end) for end in (spec.min, spec.max) if end is not None]
    limits = [context.limit(end) for end in ends]
    return [limit for limit in limits if limit is not None]


def _at_limit(spec: Any, limit: Limit, context: BoundContext) -> Any:
    """The value at an end, as the field keeps it."""
    field_type = type_of_field(spec)
    raw: object = limit
    if not isinstance(limit, Decimal):
        is_moment = isinstance(limit, datetime)
        day: date = local_day_of(limit, context.zone) if isinstance(limit, datetime) else limit
        if field_type.is_day:
            raw = day
        elif not is_moment:
            raw = start_of_day(day, context.zone) + timedelta(hours=12)
    try:
        return field_type.clean(spec, raw)
    except ValueRefused:
        return None
