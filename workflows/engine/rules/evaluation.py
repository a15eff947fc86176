"""Rules: the conditions under which a map's ways are taken, compiled once and asked often.

A rule is an expression of the rule-engine package, narrowed and type-checked by `validation`,
so that a wrong one is found when the map is audited. While a request runs, a rule holds, does
not hold, or cannot be evaluated; the last is never taken for the second.
"""

import decimal
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Any, Final

import rule_engine
from rule_engine import DataType, errors

from workflows.engine.rules.explanations import OR_EMPTY
from workflows.engine.rules.list_functions import ListFunction, ListFunctions, ListUnusable
from workflows.engine.rules.rule_checker import Operand, RuleProblem
from workflows.engine.rules.rule_functions import UNUSABLE, FunctionCall, FunctionUnusable
from workflows.engine.rules.spared_lists import list_needs
from workflows.engine.rules.validation import (
    parse_condition,
    parse_rule_syntax,
    parse_value_expression,
    put_into_context,
)
from workflows.engine.texts import Text, text
from workflows.engine.values.field_types.base import FIELD_TYPES, FieldSpec, type_of_field

__all__ = [
    "Expression",
    "Rule",
    "RuleCannotBeEvaluated",
    "RuleProblem",
    "compile_expression",
    "compile_rule",
    "operand_kind_of",
]

_EXACT: Final = decimal.Context(
    prec=60, traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
)
"""Sums, differences and products of two values of a request are exact in 60 digits."""

_DATA_TYPE: Final[Mapping[str, Any]] = {
    "text": DataType.STRING,
    "number": DataType.FLOAT,
    "boolean": DataType.BOOLEAN,
    "date": DataType.DATETIME,
    "list": DataType.ARRAY(DataType.STRING),
    "rows": DataType.ARRAY,
}
_FAILURES: Final = (errors.EngineError, ArithmeticError, LookupError, TypeError, ValueError)


class RuleCannotBeEvaluated(Exception):
    """A rule needs a value that is not there or cannot be used; this never counts as false."""


@dataclass(frozen=True)
class _DeclaredField:
    """A field as it was declared when the rule was compiled; hashable, so rules can be kept."""

    type: str
    choices: tuple[str, ...] | None
    currency: str | None
    required: bool | None
    label: str | None
    accept: tuple[str, ...] | None = None
    max_size: int | None = None
    listed: tuple[tuple[str, "_DeclaredField"], ...] = ()
    min_rows: int | None = None
    max_rows: int | None = None
    min_files: int | None = None
    max_files: int | None = None
    is_fact: bool = False
    is_counted: bool = False

    @classmethod
    def of(cls, spec: FieldSpec) -> "_DeclaredField":
        choices = None if spec.choices is None else tuple(spec.choices)
        columns = spec.columns if FIELD_TYPES[spec.type].holds_rows else None
        listed = tuple((key, cls.of(column)) for key, column in (columns or {}).items())
        is_fact, is_counted = (getattr(spec, name, False) for name in ("is_fact", "is_counted"))
        words = (spec.type, choices, spec.currency, spec.required, spec.label)
        return cls(*words, listed=listed, is_fact=is_fact, is_counted=is_counted)

    @property
    def columns(self) -> Mapping[str, "_DeclaredField"]:
        """The columns of a list."""
        return dict(self.listed)

    @property
    def operand(self) -> Operand:
        field_type = FIELD_TYPES[self.type]
        return Operand(
            field_type.kind,
            choices=self.choices,
            currency=self.currency,
            whole=field_type.is_whole,
            columns=tuple((key, column.operand) for key, column in self.listed),
            is_fact=self.is_fact,
            may_be_unknown=self.is_fact and not self.is_counted and field_type.kind != "list",
        )


@dataclass(frozen=True)
class Rule:
    """A condition over a request's data that is known to be readable and well typed. `facts` are
    what it asks of who asked and of what was decided; `spared` are those of its fields that it can
    do without, since it only counts, adds up or goes through what they hold; `cells` are the
    columns that it compares there, and `chosen` those of rows that may not be there."""

    text: str
    fields: frozenset[str]
    facts: frozenset[str]
    spared: frozenset[str]
    cells: frozenset[str]
    chosen: frozenset[str]
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
                text(
                    "The rule `%(rule)s` cannot be worked out: %(reason)s.",
                    rule=self.text,
                    reason=_failure_reason(error),
                )
            ) from error


@dataclass(frozen=True)
class Expression:
    """A value worked out from a request's data, known to be readable and of one kind.

    `kind` is what `kind_of` says of the field that can take it; `whole`, `currency`, `choices`
    and `literal` narrow it, where that is known beforehand. `spared` are the fields that it can do
    without, `cells` the columns that it compares, and `chosen` those of rows that may not be there,
    as of a rule.
    """

    text: str
    result: Operand
    fields: frozenset[str]
    facts: frozenset[str]
    spared: frozenset[str]
    cells: frozenset[str]
    chosen: frozenset[str]
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
                text(
                    "`%(rule)s` cannot be worked out: %(reason)s.",
                    rule=self.text,
                    reason=_failure_reason(error),
                )
            ) from error


def operand_kind_of(field_type: str) -> str:
    """The kind of value that a field of this type takes in expressions."""
    return FIELD_TYPES[field_type].kind


def compile_expression(
    rule_text: str, fields: Mapping[str, FieldSpec], *, zone: tzinfo = UTC
) -> Expression:
    """The value that `rule_text` gives over the declared fields, dates counted in this zone.

    Raises RuleProblem.
    """
    declared = {key: _DeclaredField.of(spec) for key, spec in fields.items()}
    source = _RuleSource(rule_text, declared, zone)
    tree, operand, named = parse_value_expression(
        rule_text, source.operands, source.context(), source.lists
    )
    needs = list_needs(tree, source.lists)
    try:
        with decimal.localcontext(_EXACT):
            source.build_conditions()
            return Expression(rule_text, operand, *source.parted(named), *needs, tree.build())
    except _FAILURES as error:
        raise RuleProblem(
            "It cannot be worked out: %(reason)s; change it.", reason=_failure_reason(error)
        ) from error


def compile_rule(rule_text: str, fields: Mapping[str, FieldSpec], *, zone: tzinfo = UTC) -> Rule:
    """The rule that `rule_text` says over the declared fields, dates counted in this zone; kept, so
    that asking again is cheap.

    Raises RuleProblem with a sentence that says which part is wrong and what to change.
    """
    return _compile_cached(
        rule_text, tuple((key, _DeclaredField.of(spec)) for key, spec in fields.items()), zone
    )


@lru_cache(maxsize=4096)
def _compile_cached(
    rule_text: str, declared: tuple[tuple[str, _DeclaredField], ...], zone: tzinfo
) -> Rule:
    source = _RuleSource(rule_text, dict(declared), zone)
    tree, named = parse_condition(rule_text, source.operands, source.context(), source.lists)
    needs = list_needs(tree, source.lists)
    try:
        with decimal.localcontext(_EXACT):
            source.build_conditions()
            return Rule(rule_text, *source.parted(named), *needs, tree.build())
    except _FAILURES as error:
        raise RuleProblem(
            "The rule cannot be worked out: %(reason)s; change it.",
            reason=_failure_reason(error),
        ) from error


def rule_syntax_of(rule_text: str, fields: Mapping[str, FieldSpec]) -> Any:
    """A rule's tree as it was written, for what looks at rules without working them out.

    Raises RuleProblem where it cannot be read at all.
    """
    declared = {key: _DeclaredField.of(spec) for key, spec in fields.items()}
    source = _RuleSource(rule_text, declared, UTC)
    return parse_rule_syntax(rule_text, source.operands, source.context())


class _RuleSource:
    """What one rule is read from: its text, the declared fields, and what it asks of lists."""

    def __init__(self, rule: str, fields: Mapping[str, _DeclaredField], zone: tzinfo) -> None:
        self.rule, self.fields, self.zone = rule, fields, zone
        self.lists = ListFunctions()

    @property
    def operands(self) -> dict[str, Operand]:
        """What the fields are."""
        return {key: spec.operand for key, spec in self.fields.items()}

    def parted(self, named: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
        """The fields that a rule names, and the facts."""
        facts = frozenset(name for name in named if self.fields[name].is_fact)
        return named - facts, facts

    def context(self) -> Any:
        """How the rule finds the values of fields, and what types they have."""
        return rule_engine.Context(
            resolver=_ValueResolver(self.rule, self.fields, self.zone, self.lists),
            type_resolver=self._type_of,
            default_timezone=self.zone,
        )

    def _type_of(self, name: str) -> Any:
        function = self.lists.find(name)
        kind = function.kind if function else self.fields[name.removesuffix(OR_EMPTY)].operand.kind
        return _DATA_TYPE[kind]

    def build_conditions(self) -> None:
        """Let what is asked of each row of a list find the row's columns; make arguments ready."""
        for name, function in self.lists.used.items():
            if isinstance(function, FunctionCall):
                for argument in function.arguments:
                    put_into_context(argument, self.context())
                self.lists.used[name] = function.built()
            elif function.condition is not None:
                columns = self.fields[function.list_key].columns
                inside = _RuleSource(self.rule, {**self.fields, **columns}, self.zone)
                put_into_context(function.condition, inside.context())
                self.lists.used[name] = replace(function, condition=function.condition.build())


@dataclass(frozen=True)
class _ValueResolver:
    """Looks up what a rule asks for, and refuses to go on where there is nothing to go by."""

    rule: str
    fields: Mapping[str, _DeclaredField]
    zone: tzinfo
    lists: ListFunctions

    def __call__(self, data: Mapping[str, Any], name: str) -> Any:
        function = self.lists.find(name)
        if function is None:
            return self._field(data, name)
        if isinstance(function, FunctionCall):
            return self._called(data, function)
        return self._of_list(data, function)

    def _called(self, data: Mapping[str, Any], call: FunctionCall) -> Any:
        try:
            return call.value(data)
        except FunctionUnusable:
            raise RuleCannotBeEvaluated(
                text(
                    "The rule `%(rule)s` calls %(function)s, which %(why)s.",
                    rule=self.rule,
                    function=call.name,
                    why=UNUSABLE,
                )
            ) from None

    def _of_list(self, data: Mapping[str, Any], function: ListFunction) -> Any:
        key = function.list_key
        try:
            return function.value(self.fields[key], data.get(key), data, self.zone)
        except ListUnusable as unusable:
            raise self._unusable(key, unusable.why) from None
        except RuleCannotBeEvaluated:
            raise
        except (LookupError, TypeError, AttributeError):
            raise self._unusable(key, text("holds a value of another type; correct it")) from None

    def _field(self, data: Mapping[str, Any], name: str) -> Any:
        key = name.removesuffix(OR_EMPTY)
        spec = self.fields[key]
        try:
            value = data.get(key)
            if value is not None:
                value = type_of_field(spec).rule_value(value, self.zone)
        except _FAILURES:
            raise self._unusable(key, _why_unreadable(spec)) from None
        if value is None and name == key and spec.is_fact:
            return self._unknown(key, spec)
        if value is None and name == key:
            raise self._unusable(key, text("is empty; fill it in"))
        if isinstance(value, decimal.Decimal) and not value.is_finite():
            raise self._unusable(key, text("is not a number; correct it"))
        return () if isinstance(value, tuple) and spec.listed else value

    def _unknown(self, key: str, spec: _DeclaredField) -> Any:
        """What stands for a fact that is not known."""
        if spec.is_counted:
            return decimal.Decimal(0)
        if spec.operand.kind == "list":
            return ()
        raise self._unusable(key, text("is not known of this request"))

    def _unusable(self, key: str, why: Text) -> RuleCannotBeEvaluated:
        label = self.fields[key].label or key
        return RuleCannotBeEvaluated(
            text(
                "The rule `%(rule)s` needs %(label)s, which %(why)s.",
                rule=self.rule,
                label=label,
                why=why,
            )
        )


def _why_unreadable(spec: FieldSpec) -> Text:
    if spec.type not in FIELD_TYPES:
        return text("is of a type that is not installed here; install its extension again")
    return text("holds a value of another type; correct it")


def _failure_reason(error: Exception) -> Text:
    if isinstance(error.__context__, ZeroDivisionError) or isinstance(error, ZeroDivisionError):
        return text("it divides by zero")
    return text("a number or a date in it becomes too large")
