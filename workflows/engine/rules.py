"""Rules: the conditions under which a map's ways are taken, compiled once and asked often.

A rule is an expression of the rule-engine package, narrowed and type-checked by `rulecheck`,
so that a wrong one is found when the map is audited. While a request runs, a rule holds, does
not hold, or cannot be evaluated; the last is never taken for the second.
"""

import decimal
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Any, Final

import rule_engine  # type: ignore[import-untyped]
from rule_engine import DataType, errors

from workflows.engine.days import Moment
from workflows.engine.fields import FieldSpec, typed
from workflows.engine.rulecheck import Operand, RuleProblem, read, read_value, syntax
from workflows.engine.rulewords import OR_EMPTY

__all__ = [
    "Expression",
    "Rule",
    "RuleCannotBeEvaluated",
    "RuleProblem",
    "compile_expression",
    "compile_rule",
    "kind_of",
]

_EXACT: Final = decimal.Context(
    prec=60, traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
)
"""Sums, differences and products of two values of a request are exact in 60 digits."""

_KIND_OF: Final[Mapping[str, str]] = {
    "text": "text",
    "long_text": "text",
    "number": "number",
    "integer": "number",
    "money": "number",
    "boolean": "boolean",
    "choice": "text",
    "date": "date",
    "datetime": "date",
    "user": "text",
    "document": "number",
}
_DATA_TYPE: Final[Mapping[str, Any]] = {
    "text": DataType.STRING,
    "number": DataType.FLOAT,
    "boolean": DataType.BOOLEAN,
    "date": DataType.DATETIME,
}
_FAILURES: Final = (errors.EngineError, ArithmeticError, LookupError, TypeError, ValueError)


class RuleCannotBeEvaluated(Exception):
    """A rule needs a value that is not there or cannot be used; this never counts as false."""


@dataclass(frozen=True)
class _Declared:
    """A field as it was declared when the rule was compiled; hashable, so rules can be kept."""

    type: str
    choices: tuple[str, ...] | None
    currency: str | None
    required: bool | None
    label: str | None

    @classmethod
    def of(cls, spec: FieldSpec) -> "_Declared":
        choices = None if spec.choices is None else tuple(spec.choices)
        return cls(spec.type, choices, spec.currency, spec.required, spec.label)

    @property
    def operand(self) -> Operand:
        return Operand(
            _KIND_OF[self.type],
            choices=self.choices,
            currency=self.currency,
            whole=self.type in ("integer", "document"),
        )


@dataclass(frozen=True)
class Rule:
    """A condition over a request's data that is known to be readable and well typed."""

    text: str
    fields: frozenset[str]
    _statement: Any = field(repr=False, compare=False)

    def holds(self, data: Mapping[str, Any]) -> bool:
        """Whether the condition is true of these canonical values.

        It is read from left to right and no further than needed: in `a > 1 or b > 2` an empty
        b does no harm while a is 5. Raises RuleCannotBeEvaluated where a value that is needed
        is missing, empty or no number.
        """
        try:
            with decimal.localcontext(_EXACT):
                return bool(self._statement.evaluate(data))
        except _FAILURES as error:
            raise RuleCannotBeEvaluated(
                f"The rule `{self.text}` cannot be worked out: {_reason(error)}."
            ) from error


@dataclass(frozen=True)
class Expression:
    """A value worked out from a request's data, known to be readable and of one kind.

    `kind` is what `kind_of` says of the field that can take it; `whole`, `currency`, `choices`
    and `literal` narrow it, where that is known beforehand.
    """

    text: str
    result: Operand
    _statement: Any = field(repr=False, compare=False)

    @property
    def kind(self) -> str:
        """Number, text, boolean, date or period."""
        return self.result.kind

    @property
    def whole(self) -> bool:
        """Whether it never has digits after its point."""
        return self.result.whole

    @property
    def currency(self) -> str | None:
        """Of which currency it is an amount."""
        return self.result.currency

    @property
    def choices(self) -> tuple[str, ...] | None:
        """The only texts that it can be."""
        return self.result.choices

    @property
    def literal(self) -> str | None:
        """The one text that it is."""
        return self.result.literal

    def value(self, data: Mapping[str, Any]) -> Any:
        """The value as Python has it: Decimal, bool, str, a Moment.

        Raises RuleCannotBeEvaluated where a value that is needed is missing or no number.
        """
        try:
            with decimal.localcontext(_EXACT):
                return self._statement.evaluate(data)
        except _FAILURES as error:
            raise RuleCannotBeEvaluated(
                f"`{self.text}` cannot be worked out: {_reason(error)}."
            ) from error


def kind_of(field_type: str) -> str:
    """The kind of value that a field of this type takes in expressions."""
    return _KIND_OF[field_type]


def compile_expression(
    text: str, fields: Mapping[str, FieldSpec], *, zone: tzinfo = UTC
) -> Expression:
    """The value that `text` gives over the declared fields, dates counted in this zone.

    Raises RuleProblem.
    """
    declared = {key: _Declared.of(spec) for key, spec in fields.items()}
    operands = {key: spec.operand for key, spec in declared.items()}
    tree, operand = read_value(text, operands, _context(text, declared, zone))
    try:
        with decimal.localcontext(_EXACT):
            return Expression(text, operand, tree.build())
    except _FAILURES as error:
        raise RuleProblem(f"It cannot be worked out: {_reason(error)}; change it.") from error


def compile_rule(text: str, fields: Mapping[str, FieldSpec], *, zone: tzinfo = UTC) -> Rule:
    """The rule that `text` says over the declared fields, dates counted in this zone; kept, so
    that asking again is cheap.

    Raises RuleProblem with a sentence that says which part is wrong and what to change.
    """
    return _compiled(text, tuple((key, _Declared.of(spec)) for key, spec in fields.items()), zone)


@lru_cache(maxsize=4096)
def _compiled(text: str, declared: tuple[tuple[str, _Declared], ...], zone: tzinfo) -> Rule:
    operands = {key: spec.operand for key, spec in declared}
    tree, named = read(text, operands, _context(text, dict(declared), zone))
    try:
        with decimal.localcontext(_EXACT):
            return Rule(text, named, tree.build())
    except _FAILURES as error:
        raise RuleProblem(f"The rule cannot be worked out: {_reason(error)}; change it.") from error


def syntax_of(text: str, fields: Mapping[str, FieldSpec]) -> Any:
    """A rule's tree as it was written, for what looks at rules without working them out.

    Raises RuleProblem where it cannot be read at all.
    """
    declared = {key: _Declared.of(spec) for key, spec in fields.items()}
    operands = {key: spec.operand for key, spec in declared.items()}
    return syntax(text, operands, _context(text, declared, UTC))


def _context(text: str, fields: Mapping[str, _Declared], zone: tzinfo) -> Any:
    """How a rule finds the values of fields, and what types they have."""
    return rule_engine.Context(
        resolver=_Values(text, fields, zone),
        type_resolver=lambda name: _DATA_TYPE[fields[name.removesuffix(OR_EMPTY)].operand.kind],
        default_timezone=zone,
    )


@dataclass(frozen=True)
class _Values:
    """Looks up what a rule asks for, and refuses to go on where there is nothing to go by."""

    rule: str
    fields: Mapping[str, _Declared]
    zone: tzinfo

    def __call__(self, data: Mapping[str, Any], name: str) -> Any:
        key = name.removesuffix(OR_EMPTY)
        spec = self.fields[key]
        try:
            value = self._value(spec, data.get(key))
        except _FAILURES:
            raise self._unusable(key, "holds a value of another type; correct it") from None
        if value is None and name == key:
            raise self._unusable(key, "is empty; fill it in")
        if isinstance(value, decimal.Decimal) and not value.is_finite():
            raise self._unusable(key, "is not a number; correct it")
        return value

    def _value(self, spec: FieldSpec, value: Any) -> Any:
        """Dates stay dates, so that a sum moves them on the calendar."""
        if spec.type == "date" and value is not None:
            return Moment.of_day(date.fromisoformat(value), self.zone)
        found = typed(spec, value, zone=self.zone)
        return Moment.at(found, self.zone) if isinstance(found, datetime) else found

    def _unusable(self, key: str, why: str) -> RuleCannotBeEvaluated:
        label = self.fields[key].label or key
        return RuleCannotBeEvaluated(f"The rule `{self.rule}` needs {label}, which {why}.")


def _reason(error: Exception) -> str:
    message = error.message if isinstance(error, errors.EngineError) else ""
    if "division by zero" in message:
        return "it divides by zero"
    return "a number or a date in it becomes too large"
