"""What is known of the numbers in a rule before it runs: by the bounds of fields, and by what was
asked before. So it is found where something would be divided by zero.

What is known is kept by how the part of the rule is written: of `pieces`, of `count(lines)`, of
`(total - paid)`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Final

from rule_engine import ast

from workflows.engine.rules.evaluation import RuleProblem, rule_syntax_of
from workflows.engine.rules.explanations import render_rule_part, rule_child_nodes
from workflows.engine.rules.number_ranges import (
    ANY_NUMBER,
    AT_LEAST_ONE,
    NOT_NEGATIVE,
    NumberRange,
    divided,
    from_on,
    hull,
    meet,
    negated,
    only,
    plus,
    times,
    up_to,
)
from workflows.engine.values.bounds import parse_bound
from workflows.engine.values.field_types.base import FieldSpec, type_of_field
from workflows.engine.values.field_types.rows import is_always_asked, min_rows_of

Known = Mapping[str, NumberRange]
Fields = Mapping[str, FieldSpec]
DIVISIONS: Final = frozenset({"TDIV", "FDIV", "MOD"})
_BINARY: Final = (ast.AddExpression, ast.SubtractExpression, ast.ArithmeticExpression)
_COMPARED: Final = (ast.ComparisonExpression, ast.ArithmeticComparisonExpression)
_OPPOSITE: Final = {"EQ": "NE", "NE": "EQ", "GT": "LE", "LE": "GT", "LT": "GE", "GE": "LT"}
_MIRRORED: Final = {"EQ": "EQ", "NE": "NE", "GT": "LT", "LT": "GT", "GE": "LE", "LE": "GE"}


def part_key(node: Any) -> str:
    """A part of a rule as it is told from others, with all its brackets."""
    if node.cls in _BINARY:
        _, sign, left, right = node.args
        return difference_key(part_key(left), part_key(right), sign)
    return render_rule_part(node, 1000)


def difference_key(left: str, right: str, sign: str = "SUB") -> str:
    """How it is written that one part is taken from another (or another sum of two parts)."""
    return f"({left} {sign} {right})"


def names_any(key: str, names: Iterable[str]) -> bool:
    """Whether a part names one of these fields."""
    return any(re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])", key) for name in names)


def without_names(known: Known, names: Iterable[str]) -> dict[str, NumberRange]:
    """What stays known once these fields have other values."""
    listed = [*names]
    return {key: found for key, found in known.items() if not names_any(key, listed)}


class NumberReader:
    """Says between which numbers the parts of rules over some fields lie."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self._declared: dict[str, NumberRange] = {}
        self._under_way: set[str] = set()

    # -- fields -----------------------------------------------------------------------------

    def declared(self, name: str) -> NumberRange:
        """What a field can hold, by what is declared of it."""
        if name in self._under_way:
            return ANY_NUMBER
        if name not in self._declared:
            self._under_way.add(name)
            self._declared[name] = self._range_of_field(name)
            self._under_way.discard(name)
        return self._declared[name]

    def _range_of_field(self, name: str) -> NumberRange:
        spec = self.fields.get(name)
        if spec is None or type_of_field(spec).kind != "number":
            return ANY_NUMBER
        if getattr(spec, "is_counted", False):
            return NOT_NEGATIVE
        value = getattr(spec, "value", None)
        if value is not None:
            return self._worked_out(name, spec, value)
        low = self._bound(name, spec, getattr(spec, "min", None))
        high = self._bound(name, spec, getattr(spec, "max", None))
        return NumberRange(low.low, high.high, low.low_open, high.high_open)

    def _bound(self, name: str, spec: FieldSpec, written: Any) -> NumberRange:
        try:
            bound = parse_bound(type_of_field(spec).kind, written) if written is not None else None
        except ValueError:  # an error of its own
            return ANY_NUMBER
        if bound is None:
            return ANY_NUMBER
        if isinstance(bound.constant, Decimal):
            return only(bound.constant)
        return self._bound_by_field(name, bound.field or "")

    def _bound_by_field(self, name: str, other: str) -> NumberRange:
        """An empty field bounds nothing."""
        listed, dot, _ = name.rpartition(".")
        whole_name = f"{listed}{dot}{other}"
        spec = self.fields.get(whole_name)
        is_there = spec is not None and is_always_asked(spec)
        return self.declared(whole_name) if is_there else ANY_NUMBER

    def _worked_out(self, name: str, spec: FieldSpec, value: str) -> NumberRange:
        listed, dot, _ = name.rpartition(".")
        beside = {
            k[len(listed) + 1 :]: f for k, f in self.fields.items() if k.startswith(f"{listed}.")
        }
        reader = self if not dot else NumberReader(beside)
        return reader.kept(spec, reader.range_of_text(value, {}), getattr(spec, "round", None))

    def kept(self, spec: FieldSpec, found: NumberRange, rounding: Any = None) -> NumberRange:
        """What a field keeps of the result of a sum: what is small may be rounded to nothing."""
        shape = type_of_field(spec).shape(spec)
        if shape is None:
            return ANY_NUMBER
        if type_of_field(spec).is_whole and rounding is None:
            return found
        unit = Decimal(1).scaleb(-(shape.decimals if rounding is None else rounding.digits))
        low, high = _whole_units(found.low, unit, ROUND_FLOOR), found.high
        return NumberRange(low, _whole_units(high, unit, ROUND_CEILING))

    # -- parts of rules ---------------------------------------------------------------------

    def read(self, rule: str) -> Any:
        """A rule's tree; None where it cannot be read."""
        try:
            return rule_syntax_of(rule, self.fields)
        except RuleProblem:
            return None

    def range_of_text(self, rule: str, known: Known) -> NumberRange:
        """Between which numbers lies what an expression gives."""
        tree = self.read(rule)
        return ANY_NUMBER if tree is None else self.range_of(tree, known)

    def range_of(self, node: Any, known: Known) -> NumberRange:
        """Between which numbers a part of a rule lies."""
        found = self._by_itself(node, known)
        told = known.get(part_key(node))
        return found if told is None else meet(found, told)

    def _by_itself(self, node: Any, known: Known) -> NumberRange:
        if node.cls is ast.FloatExpression:
            return only(Decimal(str(node.args[1])))
        if node.cls is ast.SymbolExpression:
            return self.declared(str(node.args[1]))
        if node.cls is ast.UnaryExpression and node.args[1] == "UMINUS":
            return negated(self.range_of(node.args[2], known))
        if node.cls is ast.FunctionCallExpression:
            return self._of_list(node, known)
        if node.cls in _BINARY:
            return self._calculated(node, known)
        return ANY_NUMBER

    def _calculated(self, node: Any, known: Known) -> NumberRange:
        _, sign, left_node, right_node = node.args
        left, right = (self.range_of(each, known) for each in (left_node, right_node))
        if sign in ("ADD", "SUB"):
            return plus(left, right if sign == "ADD" else negated(right))
        if sign == "MUL":
            return times(left, right)
        if sign == "TDIV":
            return divided(left, right)
        return NOT_NEGATIVE if left.low >= 0 and right.low >= 0 else ANY_NUMBER

    def _of_list(self, node: Any, known: Known) -> NumberRange:
        _, function, arguments = node.args
        called = render_rule_part(function)
        if called == "count":
            return NOT_NEGATIVE
        argument: Any = arguments[0] if arguments else node
        if called not in ("sum", "min", "max") or argument.cls is not ast.GetAttributeExpression:
            return ANY_NUMBER
        key, column = render_rule_part(argument.args[1]), argument.args[2]
        spec = getattr(self.fields.get(key), "columns", None) or {}
        if column not in spec:
            return ANY_NUMBER
        cell = NumberReader(spec).declared(column)
        if called != "sum":
            return cell
        if cell.low < 0:
            return ANY_NUMBER
        count = known.get(f"count({key})", NOT_NEGATIVE)
        is_some = count.low >= 1 and is_always_asked(spec[column]) and len(arguments) == 1
        return NumberRange(cell.low, low_open=cell.low_open) if is_some else NOT_NEGATIVE

    def filled_lists(self, filled: Iterable[str]) -> dict[str, NumberRange]:
        """What is known of the number of rows of lists that are not empty."""
        specs = {name: self.fields[name] for name in filled if name in self.fields}
        return {
            f"count({name})": from_on(Decimal(max(1, _least_rows(spec))))
            for name, spec in specs.items()
            if type_of_field(spec).kind in ("list", "rows")
        }

    # -- conditions -------------------------------------------------------------------------

    def narrowed(self, node: Any, known: Known, *, holds: bool) -> dict[str, NumberRange]:
        """What is known besides where a condition holds, or does not."""
        if node.cls is ast.UnaryExpression and node.args[1] == "NOT":
            return self.narrowed(node.args[2], known, holds=not holds)
        if node.cls is ast.LogicExpression:
            return self._after_both(node, known, holds=holds)
        if node.cls in _COMPARED:
            _, sign, left, right = node.args
            return self._compared(sign if holds else _OPPOSITE[sign], left, right, known)
        if node.cls is ast.ContainsExpression and holds:
            _, container, member = node.args
            if container.cls is ast.ArrayExpression and container.args[1]:
                first, *others = (self.range_of(each, known) for each in container.args[1])
                for other in others:
                    first = hull(first, other)
                return self._with(member, first, known)
        return dict(known)

    def _after_both(self, node: Any, known: Known, *, holds: bool) -> dict[str, NumberRange]:
        _, joiner, left, right = node.args
        first = self.narrowed(left, known, holds=holds)
        if (joiner == "AND") == holds:
            return self.narrowed(right, first, holds=holds)
        others = self.narrowed(left, known, holds=not holds)
        second = self.narrowed(right, others, holds=holds)
        return either(first, second)

    def _compared(self, sign: str, left: Any, right: Any, known: Known) -> dict[str, NumberRange]:
        for one, other in ((left, right), (right, left)):
            if one.cls is ast.NullExpression:
                key = f"count({part_key(other)})"
                return self._known_with(key, AT_LEAST_ONE, known) if sign == "NE" else dict(known)
        at_left, at_right = self.range_of(left, known), self.range_of(right, known)
        found = self._with(left, _limit(sign, at_right), known)
        found = self._with(right, _limit(_MIRRORED[sign], at_left), found)
        for one, other, said in ((left, right, sign), (right, left, _MIRRORED[sign])):
            if at_left.single is None and at_right.single is None:
                key = difference_key(part_key(one), part_key(other))
                found = self._known_with(key, _limit(said, only(Decimal(0))), found)
        return found

    def _with(self, node: Any, found: NumberRange, known: Known) -> dict[str, NumberRange]:
        is_constant = node.cls in (ast.FloatExpression, ast.StringExpression)
        return dict(known) if is_constant else self._known_with(part_key(node), found, known)

    def _known_with(self, key: str, found: NumberRange, known: Known) -> dict[str, NumberRange]:
        if found == ANY_NUMBER:
            return dict(known)
        return {**known, key: meet(known.get(key, ANY_NUMBER), found)}

    # -- divisions --------------------------------------------------------------------------

    def zero_divisors(self, node: Any, known: Known) -> Iterator[str]:
        """By what a rule divides that may be 0 when it is divided by: a rule is read from left to
        right, and no further than needed."""
        if node.cls is ast.LogicExpression:
            _, joiner, left, right = node.args
            yield from self.zero_divisors(left, known)
            after = self.narrowed(left, known, holds=joiner == "AND")
            yield from self.zero_divisors(right, after)
            return
        if node.cls is ast.FunctionCallExpression:
            yield from self._divisors_in_call(node, known)
            return
        if node.cls is ast.ArithmeticExpression and node.args[1] in DIVISIONS:
            divisor = node.args[3]
            if self.range_of(divisor, known).may_be_zero:
                yield render_rule_part(divisor)
        for child in rule_child_nodes(node):
            yield from self.zero_divisors(child, known)

    def _divisors_in_call(self, node: Any, known: Known) -> Iterator[str]:
        """What a function asks of a row names its columns first."""
        _, _, arguments = node.args
        written = render_rule_part(arguments[0]) if arguments else ""
        listed = self.fields.get(written.partition(".")[0])
        columns = getattr(listed, "columns", None) or {}
        reader = NumberReader({**self.fields, **columns}) if columns else self
        for argument in arguments:
            yield from reader.zero_divisors(argument, without_names(known, columns))


def either(one: Known, other: Known) -> dict[str, NumberRange]:
    """What is known where it is either the one or the other."""
    found = {key: hull(one[key], other[key]) for key in one.keys() & other.keys()}
    return {key: each for key, each in found.items() if each != ANY_NUMBER}


def _limit(sign: str, other: NumberRange) -> NumberRange:
    """What a part can be that stands to another one as the sign says."""
    if sign == "EQ":
        return other
    if sign == "NE":
        return NumberRange(not_zero=other.single == 0)
    if sign in ("GT", "GE"):
        return from_on(other.low, is_open=sign == "GT" or other.low_open)
    return up_to(other.high, is_open=sign == "LT" or other.high_open)


def _least_rows(spec: FieldSpec) -> int:
    return min_rows_of(spec) if type_of_field(spec).kind == "rows" else 1


def _whole_units(end: Decimal, unit: Decimal, how: str) -> Decimal:
    return (end / unit).to_integral_value(how) * unit if end.is_finite() else end
