"""Rules that compare fields with constants: which values are worth trying.

Such a rule can only change its mind at the constants that it names. One value at each of them,
one between each two, and one beyond the last stand for all values there are: what a rule says of
these is what it says of any. A rule that does more than compare is not judged.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from rule_engine import ast  # type: ignore[import-untyped]

from workflows.engine.fields import FieldSpec
from workflows.engine.rules import RuleProblem, syntax_of
from workflows.engine.rulewords import children_of

ANOTHER: Final = "\u2026another text\u2026"
"""A text that no rule names."""
_FAR: Final = 2
"""So many days and seconds around a date are tried: more than zones can move it."""
_CONSTANTS: Final = (ast.FloatExpression, ast.StringExpression, ast.DatetimeExpression)


class CannotJudge(Exception):
    """The rule does more than compare fields with constants."""


Constants = Mapping[str, frozenset[str]]
"""The constants that each field is compared with, as they are written."""


def constants_of(text: str, fields: Mapping[str, FieldSpec]) -> Constants:
    """What the fields of a sound rule are compared with. Raises CannotJudge."""
    found: dict[str, set[str]] = {}
    try:
        _collect(syntax_of(text, fields), found)
    except RuleProblem as problem:
        raise CannotJudge from problem
    return {name: frozenset(those) for name, those in found.items()}


def _collect(node: Any, found: dict[str, set[str]]) -> None:
    if node.cls is ast.SymbolExpression:
        found.setdefault(node.args[1], set())
    elif node.cls in (ast.ComparisonExpression, ast.ArithmeticComparisonExpression):
        _compare(node.args[2], node.args[3], found)
    elif node.cls is ast.ContainsExpression:
        _, container, member = node.args
        if container.cls is not ast.ArrayExpression:
            raise CannotJudge
        for each in container.args[1]:
            _compare(member, each, found)
    elif node.cls is ast.LogicExpression or _is_not(node):
        for child in children_of(node):
            _collect(child, found)
    elif node.cls is not ast.BooleanExpression:
        raise CannotJudge


def _is_not(node: Any) -> bool:
    return node.cls is ast.UnaryExpression and node.args[1] == "NOT"


def _compare(left: Any, right: Any, found: dict[str, set[str]]) -> None:
    for field, other in ((left, right), (right, left)):
        if field.cls is ast.SymbolExpression:
            written = _constant(other)
            found.setdefault(field.args[1], set()).update(written)
            return
    raise CannotJudge


def _constant(node: Any) -> Iterable[str]:
    if node.cls in _CONSTANTS:
        return [str(node.args[1])]
    if node.cls in (ast.NullExpression, ast.BooleanExpression):
        return []
    if node.cls is ast.UnaryExpression and node.args[1] == "UMINUS":
        return [f"-{written}" for written in _constant(node.args[2])]
    raise CannotJudge


# -- values to try ----------------------------------------------------------------------------


def values_to_try(spec: FieldSpec, constants: Iterable[str]) -> Sequence[Any]:
    """Canonical values of a field, one for each stretch that these constants leave.

    Raises CannotJudge for types of which no values can be made up.
    """
    written = list(constants)
    if spec.type == "boolean":
        return [True, False]
    if spec.type == "choice":
        return list(spec.choices or ())
    if spec.type in ("text", "long_text", "user"):
        return [*dict.fromkeys([*written, ANOTHER])]
    if spec.type in ("date", "datetime"):
        return list(_moments(spec.type == "date", written))
    if spec.type == "integer":
        return [int(one) for one in _whole([Decimal(text) for text in written])]
    if spec.type in ("number", "money"):
        return [f"{one:f}" for one in _between([Decimal(text) for text in written])]
    raise CannotJudge


def _between(constants: Sequence[Decimal]) -> Iterator[Decimal]:
    points = sorted(set(constants)) or [Decimal(0)]
    yield points[0] - 1
    for one, other in zip(points, [*points[1:], points[-1] + 2], strict=True):
        yield one
        yield (one + other) / 2


def _whole(constants: Sequence[Decimal]) -> list[Decimal]:
    near = {one.to_integral_value() + step for one in constants for step in (-1, 0, 1)}
    return sorted(near) or [Decimal(0)]


def _moments(is_date: bool, constants: Iterable[str]) -> Iterator[str]:
    steps = range(-_FAR, _FAR + 1)
    found: set[str] = set()
    for text in constants:
        moment = datetime.fromisoformat(text)
        if is_date:
            found |= {(moment.date() + timedelta(days=step)).isoformat() for step in steps}
        else:
            aware = moment.isoformat() if moment.tzinfo else f"{moment.isoformat()}+00:00"
            exact = datetime.fromisoformat(aware)
            found |= {(exact + timedelta(seconds=step)).isoformat() for step in steps}
            found |= {(exact + timedelta(days=step)).isoformat() for step in steps}
    yield from sorted(found) or [date(2026, 1, 1).isoformat() + ("" if is_date else "T00:00+00:00")]
