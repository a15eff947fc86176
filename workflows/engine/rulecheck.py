"""What a rule may say: reads a rule's text and refuses, in words, what is not safe or sound.

The check works on the tree as it was written, before the rule-engine package folds constants
and evaluates parts of it: what is refused here has never run. Only what is listed here is
allowed; a kind of expression that the package learns later stays refused.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, Final

import rule_engine  # type: ignore[import-untyped]
from rule_engine import ast, errors

from workflows.engine.days import FIRST_DAY, LAST_DAY, Moment, is_taken, moment_is_taken
from workflows.engine.rulewords import HINTS, KINDS, OR_EMPTY, REFUSED, SIGNS, children_of, shown

MAX_LENGTH: Final = 1000
MAX_DEPTH: Final = 50

_ORDERED: Final = frozenset({"number", "date", "period"})
_DIVISIONS: Final = frozenset({"TDIV", "FDIV", "MOD"})
_NUMBER: Final = re.compile(r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,10})?")
_PERIOD: Final = re.compile(
    r"P(?=[0-9T])([0-9]{1,5}W)?([0-9]{1,5}D)?(T(?=[0-9])([0-9]{1,5}H)?([0-9]{1,5}M)?)?"
)
_DATE: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_MOMENTS: Final = {
    ("ADD", "date", "period"): "date",
    ("ADD", "period", "date"): "date",
    ("ADD", "period", "period"): "period",
    ("SUB", "date", "date"): "period",
    ("SUB", "date", "period"): "date",
    ("SUB", "period", "period"): "period",
}

_reading = threading.Lock()


class RuleProblem(ValueError):
    """A rule cannot be used as it is written; the message says which part and what to change."""


@dataclass(frozen=True)
class Operand:
    """What is known of a part of a rule before it runs: its kind, and what narrows it."""

    kind: str
    choices: tuple[str, ...] | None = None
    currency: str | None = None
    literal: str | None = None
    whole: bool = False
    """Of a number: whether it never has digits after its point."""


Fields = Mapping[str, Operand]

_CONDITION: Final = Operand("boolean")


def read(text: str, fields: Fields, context: Any) -> tuple[Any, frozenset[str]]:
    """The tree of a sound rule, not yet built, and the fields that it names.

    Raises RuleProblem.
    """
    statement, checker = _read(text, fields, context)
    checker.condition(statement.args[1])
    _read_dates(statement)
    return statement, frozenset(checker.named)


def read_value(text: str, fields: Fields, context: Any) -> tuple[Any, Operand]:
    """The tree of an expression that gives a value, not yet built, and what kind of value.

    Raises RuleProblem.
    """
    statement, checker = _read(text, fields, context)
    operand = checker.operand(statement.args[1])
    _read_dates(statement)
    return statement, operand


def syntax(text: str, fields: Fields, context: Any) -> Any:
    """The tree of a condition as it was written, unchecked. Raises RuleProblem."""
    return _tree(text, fields, context).args[1]


def _read(text: str, fields: Fields, context: Any) -> "tuple[Any, _Checker]":
    if not text.strip():
        raise RuleProblem("The rule is empty; write a condition such as amount > 10000.")
    if len(text) > MAX_LENGTH:
        raise RuleProblem(
            f"The rule is longer than {MAX_LENGTH} characters; split it into several rules."
        )
    if "\\" in text:
        raise RuleProblem("A backslash is not allowed in a rule; write the text without it.")
    statement = _tree(text, fields, context)
    condition = statement.args[1]
    _refuse_depth(condition)
    return statement, _Checker(fields)


def _tree(text: str, fields: Fields, context: Any) -> Any:
    """The tree of deferred nodes. The package's parser keeps state, hence the lock."""
    parser = rule_engine.Rule.parser
    with _reading:
        parser.context = context
        try:
            return parser._parser.parse(text, lexer=parser._lexer.clone())
        except errors.RuleSyntaxError as error:
            raise RuleProblem(_unreadable(error, fields)) from None
        except errors.EngineError as error:
            raise RuleProblem(f"The rule cannot be read: {error.message}.") from None
        finally:
            parser.context = None


def _read_dates(tree: Any) -> None:
    """Give each date that is written in a checked rule the meaning that a field's dates have."""
    for node in children_of(tree):
        if node.cls is ast.DatetimeExpression:
            context, written = node.args
            node.args, node.method = (context, _date_written(written, context)), "build"
        else:
            _read_dates(node)


def _date_written(text: str, context: Any) -> Moment:
    zone = context.default_timezone
    if len(text) == len("2026-11-23"):
        return Moment.of_day(date.fromisoformat(text), zone)
    moment = datetime.fromisoformat(text)
    return Moment.at(moment if moment.tzinfo else moment.replace(tzinfo=zone), zone)


def _unreadable(error: Any, fields: Fields) -> str:
    token = error.token
    if token is None:
        reserved = re.search(r"the (\w+) keyword", error.message)
        if reserved is None:
            return "The rule ends too early; something is missing at its end."
        return _reserved(reserved[1], fields)
    value = str(token.value)
    word = value[0] if token.type == "error" else value
    if word in fields and token.type != "SYMBOL":
        return _reserved(word, fields)
    hint = HINTS.get(word, "something is missing before it, or it does not belong there")
    return f"The rule cannot be read at `{value[:20]}` (character {token.lexpos + 1}): {hint}."


def _reserved(word: str, fields: Fields) -> str:
    if word in fields:
        return (
            f"`{word}` is a word of the rules themselves, so no rule can name the field {word};"
            " give the field another key."
        )
    return f"`{word}` is not allowed in a rule; write conditions with and, or, not."


def _refuse_depth(tree: Any) -> None:
    level, depth = [tree], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise RuleProblem(
                f"The rule is nested or chained more than {MAX_DEPTH} deep; write a list with"
                " in instead of many or, or split it into several rules."
            )
        level = [child for node in level for child in children_of(node)]


class _Checker:
    """Finds the kind of every part of a rule, and refuses the parts that do not fit."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.named: set[str] = set()

    def condition(self, node: Any) -> Operand:
        """The part, which must hold or not hold."""
        operand = self.operand(node)
        if operand.kind != "boolean":
            raise RuleProblem(
                f"`{shown(node)}` is {KINDS[operand.kind]}, not a condition that holds or does"
                " not; compare it with something, such as amount > 10000."
            )
        return operand

    def operand(self, node: Any) -> Operand:
        """What any part of the rule is."""
        check = _CHECKS.get(node.cls)
        if check is None:
            reason = REFUSED.get(node.cls.__name__, "this is not allowed in a rule")
            raise RuleProblem(f"In `{shown(node)}`: {reason}.")
        operand: Operand = check(self, node)
        return operand

    def symbol(self, node: Any) -> Operand:
        name = node.args[1]
        if node.kwargs.get("scope") is not None:
            raise RuleProblem(
                f"`${name}` is not allowed, so that a rule gives the same answer whenever it is"
                " asked; use a field of the request."
            )
        if name not in self.fields:
            raise RuleProblem(_unknown(name, self.fields))
        self.named.add(name)
        return self.fields[name]

    def boolean(self, node: Any) -> Operand:
        return _CONDITION

    def text(self, node: Any) -> Operand:
        return Operand("text", literal=node.args[1])

    def number(self, node: Any) -> Operand:
        if not _NUMBER.fullmatch(node.args[1]):
            raise RuleProblem(
                f"`{node.args[1]}` is not a plain number; write digits, at most 15 before the"
                " point and 10 after it, such as 10000 or 0.25."
            )
        return Operand("number", whole="." not in node.args[1])

    def date(self, node: Any) -> Operand:
        context, written = node.args
        try:
            if not _DATE.fullmatch(written):
                raise ValueError(written)
            moment = datetime.fromisoformat(written)
        except ValueError:
            raise RuleProblem(
                f"`d'{written}'` is not a date; write it as d'2026-11-23', or with a time as"
                " d'2026-11-23T09:00Z'."
            ) from None
        zone = context.default_timezone
        near = moment_is_taken(moment, zone) if moment.tzinfo else is_taken(moment.date())
        if not near:
            raise RuleProblem(
                f"`d'{written}'` is no date that a field can have; write one between the years"
                f" {FIRST_DAY.year} and {LAST_DAY.year}."
            )
        return Operand("date")

    def period(self, node: Any) -> Operand:
        if not _PERIOD.fullmatch(node.args[1]):
            raise RuleProblem(
                f"`t'{node.args[1]}'` is not a period; write days as t'P14D' and hours as t'PT4H'."
            )
        return Operand("period")

    def null(self, node: Any) -> Operand:
        raise RuleProblem(
            "`null` stands only right beside a field, as in needed_by == null or needed_by != null."
        )

    def array(self, node: Any) -> Operand:
        for member in node.args[1]:
            self.operand(member)
        return Operand("list")

    def unary(self, node: Any) -> Operand:
        _, operator, right = node.args
        if operator == "NOT":
            return self.condition(right)
        operand = self.operand(right)
        if operand.kind not in ("number", "period"):
            raise RuleProblem(
                f"In `{shown(node)}`: the minus stands before {KINDS[operand.kind]}; use it with"
                " numbers only."
            )
        return Operand(operand.kind, currency=operand.currency, whole=operand.whole)

    def logic(self, node: Any) -> Operand:
        for side in node.args[2:]:
            self.condition(side)
        return _CONDITION

    def equality(self, node: Any) -> Operand:
        sides = node.args[2:]
        for null, field in (sides, reversed(sides)):
            if null.cls is ast.NullExpression:
                self.emptiness(node, field)
                return _CONDITION
        left, right = (self.operand(side) for side in sides)
        self.same(node, left, right)
        if left.kind == "list":
            raise RuleProblem(f"In `{shown(node)}`: a list is not compared; write field in […].")
        return _CONDITION

    def emptiness(self, node: Any, field: Any) -> None:
        if field.cls is not ast.SymbolExpression:
            raise RuleProblem(
                f"In `{shown(node)}`: only a field can be empty; write it as needed_by == null."
            )
        self.symbol(field)
        field.args = (field.args[0], field.args[1] + OR_EMPTY)

    def order(self, node: Any) -> Operand:
        left, right = (self.operand(side) for side in node.args[2:])
        self.same(node, left, right)
        if left.kind not in _ORDERED:
            raise RuleProblem(
                f"In `{shown(node)}`: {KINDS[left.kind]} has no order; use == or != or in, and"
                " < or > for numbers and dates."
            )
        return _CONDITION

    def membership(self, node: Any) -> Operand:
        _, container, member = node.args
        sought = self.operand(member)
        held = self.operand(container)
        if container.cls is ast.ArrayExpression:
            if not container.args[1]:
                raise RuleProblem(f"In `{shown(node)}`: the list is empty; write what it holds.")
            for each in container.args[1]:
                self.same(node, sought, self.operand(each))
        elif held.kind != "text" or sought.kind != "text" or held.choices:
            raise RuleProblem(
                f"In `{shown(node)}`: what follows in is a list such as ['a', 'b'], or a text"
                " field in which a text is sought."
            )
        return _CONDITION

    def arithmetic(self, node: Any) -> Operand:
        _, operator, left_node, right_node = node.args
        if operator == "POW":
            raise RuleProblem(f"In `{shown(node)}`: ** is not allowed; multiply instead.")
        left, right = self.operand(left_node), self.operand(right_node)
        if operator in _DIVISIONS and right_node.cls is ast.FloatExpression:
            self.divisor(node, right_node)
        if left.kind == right.kind == "number":
            whole = operator == "FDIV" or (operator != "TDIV" and left.whole and right.whole)
            if operator not in ("ADD", "SUB"):
                return Operand("number", whole=whole)
            self.same(node, left, right)
            return Operand("number", currency=left.currency or right.currency, whole=whole)
        moment = _MOMENTS.get((operator, left.kind, right.kind))
        if moment is None:
            raise RuleProblem(
                f"In `{shown(node)}`: {KINDS[left.kind]} {SIGNS[operator]} {KINDS[right.kind]}"
                " cannot be worked out; calculate with numbers, or add days to a date as"
                " needed_by + t'P14D'."
            )
        return Operand(moment)

    def divisor(self, node: Any, number: Any) -> None:
        if not float(number.args[1]):
            raise RuleProblem(f"`{shown(node)}` divides by zero; divide by another number.")

    def same(self, node: Any, left: Operand, right: Operand) -> None:
        """Both sides can be compared: of one kind, one currency, and among the choices."""
        if left.kind != right.kind:
            raise RuleProblem(
                f"`{shown(node)}` compares {KINDS[left.kind]} with {KINDS[right.kind]}, which"
                " tells nothing; make both sides of one kind."
            )
        if left.currency and right.currency and left.currency != right.currency:
            raise RuleProblem(
                f"In `{shown(node)}`: amounts in {left.currency} and in {right.currency} cannot"
                " be set against each other; use fields of one currency."
            )
        self.among(node, left, right)
        self.among(node, right, left)

    def among(self, node: Any, choice: Operand, other: Operand) -> None:
        if choice.choices is None:
            return
        written = (other.literal,) if other.literal is not None else other.choices
        if written is not None and not set(written) & set(choice.choices):
            raise RuleProblem(
                f"In `{shown(node)}`: '{written[0]}' is not one of its choices; write one of"
                f" {', '.join(choice.choices)}."
            )


_CHECKS: Final[Mapping[Any, Any]] = {
    ast.SymbolExpression: _Checker.symbol,
    ast.BooleanExpression: _Checker.boolean,
    ast.StringExpression: _Checker.text,
    ast.FloatExpression: _Checker.number,
    ast.DatetimeExpression: _Checker.date,
    ast.TimedeltaExpression: _Checker.period,
    ast.NullExpression: _Checker.null,
    ast.ArrayExpression: _Checker.array,
    ast.UnaryExpression: _Checker.unary,
    ast.LogicExpression: _Checker.logic,
    ast.ComparisonExpression: _Checker.equality,
    ast.ArithmeticComparisonExpression: _Checker.order,
    ast.ContainsExpression: _Checker.membership,
    ast.AddExpression: _Checker.arithmetic,
    ast.SubtractExpression: _Checker.arithmetic,
    ast.ArithmeticExpression: _Checker.arithmetic,
}


def _unknown(name: str, fields: Fields) -> str:
    close = get_close_matches(name, fields, n=1) or get_close_matches(name.lower(), fields, n=1)
    if close:
        return f"There is no field `{name}`; did you mean {close[0]}?"
    known = ", ".join(sorted(fields)[:10]) or "none"
    return (
        f"There is no field `{name}`; declare it, put quotes around a text, or use one of the"
        f" declared fields ({known})."
    )
