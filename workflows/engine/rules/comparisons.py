"""Rules that compare fields with constants: which values are worth trying.

Such a rule can only change its mind at the constants that it names. One value at each of them,
one between each two, and one beyond the last stand for all values there are: what a rule says of
these is what it says of any. A rule that does more than compare is not judged.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rule_engine import ast

from workflows.engine.rules.evaluation import RuleProblem, rule_syntax_of
from workflows.engine.rules.explanations import rule_child_nodes
from workflows.engine.values.field_types.base import FieldSpec, type_of_field

_CONSTANTS: Final = (ast.FloatExpression, ast.StringExpression, ast.DatetimeExpression)


class CannotJudge(Exception):
    """The rule does more than compare fields with constants."""


Constants = Mapping[str, frozenset[str]]
"""The constants that each field is compared with, as they are written."""


def collect_rule_constants(text: str, fields: Mapping[str, FieldSpec]) -> Constants:
    """What the fields of a sound rule are compared with. Raises CannotJudge."""
    constants: dict[str, set[str]] = {}
    try:
        _collect_constants(rule_syntax_of(text, fields), constants)
    except RuleProblem as problem:
        raise CannotJudge from problem
    return {name: frozenset(texts) for name, texts in constants.items()}


def _collect_constants(node: Any, constants: dict[str, set[str]]) -> None:
    if node.cls is ast.SymbolExpression:
        constants.setdefault(node.args[1], set())
    elif node.cls in (ast.ComparisonExpression, ast.ArithmeticComparisonExpression):
        _add_comparison(node.args[2], node.args[3], constants)
    elif node.cls is ast.ContainsExpression:
        _, container, member = node.args
        if container.cls is not ast.ArrayExpression:
            raise CannotJudge
        for each in container.args[1]:
            _add_comparison(member, each, constants)
    elif node.cls is ast.LogicExpression or _is_not(node):
        for child in rule_child_nodes(node):
            _collect_constants(child, constants)
    elif node.cls is not ast.BooleanExpression:
        raise CannotJudge


def _is_not(node: Any) -> bool:
    return node.cls is ast.UnaryExpression and node.args[1] == "NOT"


def _add_comparison(left_node: Any, right_node: Any, constants: dict[str, set[str]]) -> None:
    for field, other in ((left_node, right_node), (right_node, left_node)):
        if field.cls is ast.SymbolExpression:
            written = _constant_texts(other)
            constants.setdefault(field.args[1], set()).update(written)
            return
    raise CannotJudge


def _constant_texts(node: Any) -> Iterable[str]:
    if node.cls in _CONSTANTS:
        return [str(node.args[1])]
    if node.cls in (ast.NullExpression, ast.BooleanExpression):
        return []
    if node.cls is ast.UnaryExpression and node.args[1] == "UMINUS":
        return [f"-{written}" for written in _constant_texts(node.args[2])]
    raise CannotJudge


# -- values to try ----------------------------------------------------------------------------


def values_to_try(spec: FieldSpec, constants: Iterable[str]) -> Sequence[Any]:
    """Canonical values of a field, one for each stretch that these constants leave.

    Raises CannotJudge for types of which no values can be made up.
    """
    values = type_of_field(spec).probe_values(spec, list(constants))
    if values is None:
        raise CannotJudge
    return values
