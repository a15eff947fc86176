"""Of what kind each part of a rule is, and which parts fit together.

Only what is listed here is allowed; a kind of expression that the rule-engine package learns
later stays refused.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Final

from rule_engine import ast

from workflows.engine.rules.explanations import KINDS, OR_EMPTY, SIGNS, render_rule_part
from workflows.engine.rules.fact_checks import (
    describe_unknown_fact,
    named_symbols,
    only_if_known,
)
from workflows.engine.rules.list_calls import ListCallChecker
from workflows.engine.rules.list_functions import ListFunctions
from workflows.engine.rules.operands import (
    CONDITION,
    Fields,
    Operand,
    RuleProblem,
    become_symbol,
    refusal_of,
)
from workflows.engine.texts import Text, text
from workflows.engine.timing.dates import FIRST_DAY, LAST_DAY, is_allowed_date, is_allowed_moment

__all__ = ["Fields", "Operand", "RuleChecker", "RuleProblem"]

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


class RuleChecker:
    """Finds the kind of every part of a rule, and refuses the parts that do not fit."""

    def __init__(self, fields: Fields, lists: ListFunctions | None = None) -> None:
        self.fields, self.lists = fields, lists
        self.named: set[str] = set()

    def condition(self, node: Any) -> Operand:
        """The part, which must hold or not hold."""
        operand = self.operand(node)
        if operand.kind != "boolean":
            raise RuleProblem(
                "`%(part)s` is %(kind)s, not a condition that holds or does not; compare it"
                " with something, such as amount > 10000.",
                part=render_rule_part(node),
                kind=KINDS[operand.kind],
            )
        return operand

    def operand(self, node: Any) -> Operand:
        """What any part of the rule is."""
        check = _CHECKS.get(node.cls)
        if check is None:
            raise refusal_of(node)
        operand: Operand = check(self, node)
        return operand

    def symbol(self, node: Any) -> Operand:
        name = node.args[1]
        if node.kwargs.get("scope") is not None:
            raise RuleProblem(
                "`$%(name)s` is not allowed, so that a rule gives the same answer whenever it"
                " is asked; use a field of the request.",
                name=name,
            )
        if name not in self.fields:
            raise RuleProblem(
                describe_unknown_fact(name, self.fields)
                or _describe_unknown_field(name, self.fields)
            )
        self.named.add(name)
        return self.fields[name]

    def dotted(self, node: Any) -> Operand:
        """A field whose name has a dot in it, where there is one."""
        _, holder, name = node.args
        whole_name = f"{holder.args[1]}.{name}" if holder.cls is ast.SymbolExpression else ""
        unknown = describe_unknown_fact(whole_name, self.fields)
        if unknown is not None:
            raise RuleProblem(unknown)
        if whole_name not in self.fields or node.kwargs.get("safe"):
            raise refusal_of(node)
        become_symbol(node, whole_name)
        return self.symbol(node)

    def uncertain_facts(self, node: Any) -> list[str]:
        """The facts that a part names and that may not be known."""
        named = named_symbols(node)
        return [name for name in named if name in self.fields and self.fields[name].may_be_unknown]

    def call(self, node: Any) -> Operand:
        """A function of a list; nothing else is called."""
        return ListCallChecker(self).call(node)

    def boolean(self, node: Any) -> Operand:
        return CONDITION

    def text(self, node: Any) -> Operand:
        return Operand("text", literal=node.args[1])

    def number(self, node: Any) -> Operand:
        if not _NUMBER.fullmatch(node.args[1]):
            raise RuleProblem(
                "`%(written)s` is not a plain number; write digits, at most 15 before the point"
                " and 10 after it, such as 10000 or 0.25.",
                written=node.args[1],
            )
        return Operand("number", whole="." not in node.args[1])

    def date(self, node: Any) -> Operand:
        context, written = node.args
        moment = _parse_written_date(written)
        zone = context.default_timezone
        near = is_allowed_moment(moment, zone) if moment.tzinfo else is_allowed_date(moment.date())
        if not near:
            raise RuleProblem(
                "`d'%(written)s'` is no date that a field can have; write one between the years"
                " %(first)s and %(last)s.",
                written=written,
                first=FIRST_DAY.year,
                last=LAST_DAY.year,
            )
        return Operand("date")

    def period(self, node: Any) -> Operand:
        if not _PERIOD.fullmatch(node.args[1]):
            raise RuleProblem(
                "`t'%(written)s'` is not a period; write days as t'P14D' and hours as t'PT4H'.",
                written=node.args[1],
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
                "In `%(part)s`: the minus stands before %(kind)s; use it with numbers only.",
                part=render_rule_part(node),
                kind=KINDS[operand.kind],
            )
        return Operand(operand.kind, currency=operand.currency, whole=operand.whole)

    def logic(self, node: Any) -> Operand:
        for side in node.args[2:]:
            self.condition(side)
        return CONDITION

    def equality(self, node: Any) -> Operand:
        sides = node.args[2:]
        for null, field in (sides, reversed(sides)):
            if null.cls is ast.NullExpression:
                self.emptiness(node, field)
                return CONDITION
        asked = self.uncertain_facts(node)
        left_operand, right_operand = (self.operand(side) for side in sides)
        self.require_comparable(node, left_operand, right_operand)
        if left_operand.kind in ("list", "rows"):
            raise RuleProblem(
                "In `%(part)s`: a list is not compared; write field in […].",
                part=render_rule_part(node),
            )
        only_if_known(node, asked)
        return CONDITION

    def emptiness(self, node: Any, field: Any) -> None:
        if field.cls is not ast.SymbolExpression:
            raise RuleProblem(
                "In `%(part)s`: only a field can be empty; write it as needed_by == null.",
                part=render_rule_part(node),
            )
        self.symbol(field)
        field.args = (field.args[0], field.args[1] + OR_EMPTY)

    def order(self, node: Any) -> Operand:
        asked = self.uncertain_facts(node)
        left_operand, right_operand = (self.operand(side) for side in node.args[2:])
        self.require_comparable(node, left_operand, right_operand)
        if left_operand.kind not in _ORDERED:
            raise RuleProblem(
                "In `%(part)s`: %(kind)s has no order; use == or != or in, and < or > for"
                " numbers and dates.",
                part=render_rule_part(node),
                kind=KINDS[left_operand.kind],
            )
        only_if_known(node, asked)
        return CONDITION

    def membership(self, node: Any) -> Operand:
        _, container, member = node.args
        asked = self.uncertain_facts(node)
        sought = self.operand(member)
        held = self.operand(container)
        if container.cls is ast.ArrayExpression:
            if not container.args[1]:
                raise RuleProblem(
                    "In `%(part)s`: the list is empty; write what it holds.",
                    part=render_rule_part(node),
                )
            for each in container.args[1]:
                self.require_comparable(node, sought, self.operand(each))
        elif held.kind == "list" and sought.kind == "text":
            self.require_valid_choice(node, Operand("text", choices=held.choices), sought)
        elif held.kind != "text" or sought.kind != "text" or held.choices:
            raise RuleProblem(
                "In `%(part)s`: what follows in is a list such as ['a', 'b'], or a text field"
                " in which a text is sought.",
                part=render_rule_part(node),
            )
        only_if_known(node, asked)
        return CONDITION

    def arithmetic(self, node: Any) -> Operand:
        _, operator, left_node, right_node = node.args
        if operator == "POW":
            raise RuleProblem(
                "In `%(part)s`: ** is not allowed; multiply instead.",
                part=render_rule_part(node),
            )
        left_operand, right_operand = self.operand(left_node), self.operand(right_node)
        if operator in _DIVISIONS and right_node.cls is ast.FloatExpression:
            self.divisor(node, right_node)
        if left_operand.kind == right_operand.kind == "number":
            return self.number_result(node, operator, left_operand, right_operand)
        moment = _MOMENTS.get((operator, left_operand.kind, right_operand.kind))
        if moment is None:
            raise RuleProblem(
                "In `%(part)s`: %(kind)s %(sign)s %(other_kind)s cannot be worked out;"
                " calculate with numbers, or add days to a date as needed_by + t'P14D'.",
                part=render_rule_part(node),
                kind=KINDS[left_operand.kind],
                sign=SIGNS[operator],
                other_kind=KINDS[right_operand.kind],
            )
        return Operand(moment)

    def number_result(
        self, node: Any, operator: str, left_operand: Operand, right_operand: Operand
    ) -> Operand:
        whole = operator == "FDIV" or (
            operator != "TDIV" and left_operand.whole and right_operand.whole
        )
        if operator not in ("ADD", "SUB"):
            return Operand("number", whole=whole)
        self.require_comparable(node, left_operand, right_operand)
        return Operand(
            "number", currency=left_operand.currency or right_operand.currency, whole=whole
        )

    def divisor(self, node: Any, number: Any) -> None:
        if not float(number.args[1]):
            raise RuleProblem(
                "`%(part)s` divides by zero; divide by another number.",
                part=render_rule_part(node),
            )

    def require_comparable(self, node: Any, left_operand: Operand, right_operand: Operand) -> None:
        """Both sides can be compared: of one kind, one currency, and among the choices."""
        if left_operand.kind != right_operand.kind:
            raise RuleProblem(
                "`%(part)s` compares %(kind)s with %(other_kind)s, which tells nothing; make"
                " both sides of one kind.",
                part=render_rule_part(node),
                kind=KINDS[left_operand.kind],
                other_kind=KINDS[right_operand.kind],
            )
        if (
            left_operand.currency
            and right_operand.currency
            and left_operand.currency != right_operand.currency
        ):
            raise RuleProblem(
                "In `%(part)s`: amounts in %(currency)s and in %(other_currency)s cannot be set"
                " against each other; use fields of one currency.",
                part=render_rule_part(node),
                currency=left_operand.currency,
                other_currency=right_operand.currency,
            )
        self.require_valid_choice(node, left_operand, right_operand)
        self.require_valid_choice(node, right_operand, left_operand)

    def require_valid_choice(self, node: Any, choice: Operand, other: Operand) -> None:
        if choice.choices is None:
            return
        written = (other.literal,) if other.literal is not None else other.choices
        if written is not None and not set(written) & set(choice.choices):
            raise RuleProblem(
                "In `%(part)s`: '%(written)s' is not one of its choices; write one of %(choices)s.",
                part=render_rule_part(node),
                written=written[0],
                choices=", ".join(choice.choices),
            )


_CHECKS: Final[Mapping[Any, Any]] = {
    ast.SymbolExpression: RuleChecker.symbol,
    ast.BooleanExpression: RuleChecker.boolean,
    ast.StringExpression: RuleChecker.text,
    ast.FloatExpression: RuleChecker.number,
    ast.DatetimeExpression: RuleChecker.date,
    ast.TimedeltaExpression: RuleChecker.period,
    ast.NullExpression: RuleChecker.null,
    ast.ArrayExpression: RuleChecker.array,
    ast.UnaryExpression: RuleChecker.unary,
    ast.LogicExpression: RuleChecker.logic,
    ast.ComparisonExpression: RuleChecker.equality,
    ast.ArithmeticComparisonExpression: RuleChecker.order,
    ast.ContainsExpression: RuleChecker.membership,
    ast.AddExpression: RuleChecker.arithmetic,
    ast.SubtractExpression: RuleChecker.arithmetic,
    ast.ArithmeticExpression: RuleChecker.arithmetic,
    ast.GetAttributeExpression: RuleChecker.dotted,
    ast.FunctionCallExpression: RuleChecker.call,
}


def _parse_written_date(written: str) -> datetime:
    try:
        if not _DATE.fullmatch(written):
            raise ValueError(written)
        return datetime.fromisoformat(written)
    except ValueError:
        raise RuleProblem(
            "`d'%(written)s'` is not a date; write it as d'2026-11-23', or with a time as"
            " d'2026-11-23T09:00Z'.",
            written=written,
        ) from None


def _describe_unknown_field(name: str, fields: Fields) -> Text:
    close = get_close_matches(name, fields, n=1) or get_close_matches(name.lower(), fields, n=1)
    if close:
        return text(
            "There is no field `%(name)s`; did you mean %(close)s?", name=name, close=close[0]
        )
    declared = ", ".join(sorted(fields)[:10]) or text("none")
    return text(
        "There is no field `%(name)s`; declare it, put quotes around a text, or use one of the"
        " declared fields (%(declared)s).",
        name=name,
        declared=declared,
    )
