"""Values worth trying: those at which a rule changes its mind, and what people usually write."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import permutations
from typing import Any, Final

from rule_engine import ast

from workflows.engine.errors import HandoffError
from workflows.engine.rules.comparisons import CannotJudge, collect_rule_constants
from workflows.engine.rules.evaluation import RuleProblem, rule_syntax_of
from workflows.engine.rules.explanations import rule_child_nodes
from workflows.engine.values.field_types.base import FieldSpec, ValueRefused, type_of_field

USUAL_NUMBERS: Final = tuple(Decimal(10) ** power for power in range(7))
USUAL_DAYS: Final = (-30, -1, 0, 1, 7, 30)
MOST_LITERALS: Final = 6
Literals = Mapping[str, frozenset[str]]
"""What the rules of a map set each field against, as it is written."""


def collect_literals(
    rules: Iterable[str], fields: Mapping[str, FieldSpec]
) -> dict[str, frozenset[str]]:
    """The constants around which each field is to be tried."""
    found: dict[str, set[str]] = {}
    for rule in rules:
        for key, written in _literals_of(rule, fields).items():
            found.setdefault(key, set()).update(written)
    return {key: frozenset(written) for key, written in found.items()}


def _literals_of(rule: str, fields: Mapping[str, FieldSpec]) -> Literals:
    try:
        return collect_rule_constants(rule, fields)
    except CannotJudge:
        pass
    try:
        tree = rule_syntax_of(rule, fields)
    except RuleProblem:
        return {}
    names, written = set[str](), set[str]()
    _walk(tree, names, written)
    written |= set(_combined_numbers(written))
    return {name: frozenset(written) for name in names if name in fields}


def _walk(node: Any, names: set[str], written: set[str]) -> None:
    """Of a rule that calculates: every field and every constant in it."""
    if node.cls is ast.SymbolExpression:
        names.add(node.args[1])
    elif node.cls in (ast.FloatExpression, ast.StringExpression, ast.DatetimeExpression):
        written.add(str(node.args[1]))
    for child in rule_child_nodes(node):
        _walk(child, names, written)


def _combined_numbers(written: Iterable[str]) -> Iterator[str]:
    """Where `a * 1.19 > 10000` changes its mind is at 10000 / 1.19, and the like."""
    numbers = [number for each in sorted(written) if (number := _number(each)) is not None]
    for one, other in permutations(numbers[:MOST_LITERALS], 2):
        yield from (str(one + other), str(one - other), str(one * other))
        if other:
            yield f"{one / other:.6f}"


def _number(written: str) -> Decimal | None:
    try:
        return Decimal(written)
    except InvalidOperation:
        return None


def values_around(spec: FieldSpec, literals: Collection[str], today: date) -> list[Any]:
    """Canonical values of a field at, just below and just above each constant, and usual ones."""
    field_type = type_of_field(spec)
    if field_type.holds_several or field_type.holds_rows:
        return []
    if spec.choices:
        return list(spec.choices)
    if field_type.kind == "boolean":
        return [True, False]
    if field_type.holds_document or field_type.names_person:
        return []
    if field_type.kind == "number":
        return _clean_all(spec, _numbers_around(spec, literals))
    if field_type.kind == "date":
        return _clean_all(spec, _dates_around(literals, today, whole_days=field_type.is_day))
    return [*sorted(literals), "Something else"]


def _numbers_around(spec: FieldSpec, literals: Iterable[str]) -> list[Decimal]:
    """People give no amounts below zero, unless a rule speaks of some."""
    shape = type_of_field(spec).shape(spec)
    unit = Decimal(1).scaleb(-min(shape.decimals, 2)) if shape else Decimal(1)
    middles = [number for each in literals if (number := _number(each)) is not None]
    around = {middle + step for middle in middles for step in (-unit, Decimal(0), unit)}
    around |= {*USUAL_NUMBERS, Decimal(0)}
    lowest = min([*middles, Decimal(0)])
    return sorted(number for number in around if number >= 0 or lowest < 0)


def _dates_around(
    literals: Iterable[str], today: date, *, whole_days: bool
) -> list[date] | list[datetime]:
    moments = {datetime(today.year, today.month, today.day, 12, tzinfo=UTC)}
    moments = {moment + timedelta(days=days) for moment in moments for days in USUAL_DAYS}
    for each in literals:
        try:
            written = datetime.fromisoformat(each)
        except ValueError:
            continue
        exact = written if written.tzinfo else written.replace(tzinfo=UTC)
        moments |= {exact + timedelta(days=days) for days in (-1, 0, 1)}
        moments |= {exact + timedelta(seconds=step) for step in (-1, 0, 1)}
    return sorted({moment.date() for moment in moments}) if whole_days else sorted(moments)


def _clean_all(spec: FieldSpec, raw: Iterable[object]) -> list[Any]:
    """Those that the field takes, each once."""
    kept: dict[Any, None] = {}
    for value in raw:
        try:
            kept[type_of_field(spec).clean(spec, value)] = None
        except (ValueRefused, HandoffError):
            continue
    return list(kept)
