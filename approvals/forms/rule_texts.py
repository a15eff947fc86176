"""Rules of a map in words, for whoever reads where a request can go: 'Amount is more than 10,000
EUR'. What has no words of its own stands as the map has it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext, gettext_noop
from rule_engine import ast

from approvals.forms.field_presentations import value_text
from workflows.engine.format.definition import Definition, FieldDef, display_title
from workflows.engine.rules.evaluation import RuleProblem, rule_syntax_of
from workflows.language.formats import date_text, join_alternatives

COMPARED: Final[Mapping[str, str]] = {
    "EQ": gettext_noop("%(field)s is %(value)s"),
    "NE": gettext_noop("%(field)s is not %(value)s"),
    "GT": gettext_noop("%(field)s is more than %(value)s"),
    "GE": gettext_noop("%(field)s is at least %(value)s"),
    "LT": gettext_noop("%(field)s is less than %(value)s"),
    "LE": gettext_noop("%(field)s is at most %(value)s"),
}
COMPARED_DAYS: Final[Mapping[str, str]] = {
    "GT": gettext_noop("%(field)s is after %(value)s"),
    "GE": gettext_noop("%(field)s is %(value)s or later"),
    "LT": gettext_noop("%(field)s is before %(value)s"),
    "LE": gettext_noop("%(field)s is %(value)s or earlier"),
}
TURNED: Final[Mapping[str, str]] = {"GT": "LT", "GE": "LE", "LT": "GT", "LE": "GE"}
"""The sign that says the same with the sides changed."""
OPPOSITE: Final[Mapping[str, str]] = {
    "EQ": "NE",
    "NE": "EQ",
    "GT": "LE",
    "LE": "GT",
    "GE": "LT",
    "LT": "GE",
}


def rule_text(definition: Definition, written: str) -> str:
    """A rule of a map in the reader's words; as it is written where it cannot be read."""
    try:
        return _RuleWords(definition).condition(rule_syntax_of(written, definition.fields))
    except (RuleProblem, _NoWords):
        return gettext("“%(rule)s” holds") % {"rule": written}


class _NoWords(Exception):
    """A part of the rule has no words of its own."""


class _RuleWords:
    """Says the parts of one map's rules; it knows the fields that they name."""

    def __init__(self, definition: Definition) -> None:
        self.fields = definition.fields

    def condition(self, node: Any, *, negated: bool = False, inside: str = "") -> str:
        """A part that holds or does not; `inside` is the word (AND, OR) that it stands between."""
        if node.cls is ast.UnaryExpression and node.args[1] == "NOT":
            return self.condition(node.args[2], negated=not negated, inside=inside)
        say = _SAYERS.get(node.cls)
        if say is None:
            raise _NoWords
        return say(self, node, negated, inside)

    def joined(self, node: Any, negated: bool, inside: str) -> str:
        """Two conditions with and, or or, between them."""
        word = node.args[1]
        if negated:
            word = "OR" if word == "AND" else "AND"
        sentence = gettext("%(first)s and %(second)s")
        if word == "OR":
            sentence = gettext("%(first)s or %(second)s")
        parts = [self.condition(part, negated=negated, inside=word) for part in node.args[2:4]]
        whole = sentence % {"first": parts[0], "second": parts[1]}
        return whole if inside in ("", word) else f"({whole})"

    def comparison(self, node: Any, negated: bool, inside: str) -> str:
        """A field and a constant, in either order."""
        sign, left, right = node.args[1:4]
        if left.cls is not ast.SymbolExpression:
            sign, left, right = TURNED.get(sign, sign), right, left
        if left.cls is not ast.SymbolExpression or sign not in OPPOSITE:
            raise _NoWords
        sign = OPPOSITE[sign] if negated else sign
        if right.cls is ast.NullExpression:
            return self._emptiness(left, is_empty=sign == "EQ")
        if right.cls is ast.BooleanExpression:
            return self._truth(left, is_true=bool(right.args[1]) is (sign == "EQ"))
        words = COMPARED_DAYS if right.cls is ast.DatetimeExpression else COMPARED
        sentence = gettext(words.get(sign) or COMPARED[sign])
        return sentence % {"field": self._label(left), "value": self._value(left, right)}

    def truth(self, node: Any, negated: bool, inside: str) -> str:
        """A yes or no that stands alone."""
        return self._truth(node, is_true=not negated)

    def membership(self, node: Any, negated: bool, inside: str) -> str:
        """A field that is one of a list, or a text that contains another."""
        container, member = node.args[1:3]
        if container.cls is ast.ArrayExpression and member.cls is ast.SymbolExpression:
            values = join_alternatives([self._value(member, each) for each in container.args[1]])
            sentence = gettext("%(field)s is %(value)s")
            if negated:
                sentence = gettext("%(field)s is not %(value)s")
            return sentence % {"field": self._label(member), "value": values}
        if container.cls is ast.SymbolExpression and member.cls is ast.StringExpression:
            sentence = gettext("%(field)s contains “%(text)s”")
            if negated:
                sentence = gettext("%(field)s does not contain “%(text)s”")
            return sentence % {"field": self._label(container), "text": member.args[1]}
        raise _NoWords

    def _emptiness(self, node: Any, *, is_empty: bool) -> str:
        sentence = gettext("%(field)s is filled in")
        if is_empty:
            sentence = gettext("%(field)s is empty")
        return sentence % {"field": self._label(node)}

    def _truth(self, node: Any, *, is_true: bool) -> str:
        sentence = gettext("%(field)s is no")
        if is_true:
            sentence = gettext("%(field)s is yes")
        return sentence % {"field": self._label(node)}

    def _label(self, node: Any) -> str:
        key = node.args[1]
        return gettext("“%(field)s”") % {"field": display_title(key, self.fields[key].label)}

    def _value(self, field_node: Any, node: Any) -> str:
        """A constant as values of the field are written; another field by its label."""
        field = self.fields[field_node.args[1]]
        if node.cls is ast.SymbolExpression:
            return self._label(node)
        if node.cls in (ast.FloatExpression, ast.StringExpression):
            return value_text(field, node.args[1], {})
        if node.cls is ast.UnaryExpression and node.args[1] == "UMINUS":
            return value_text(field, f"-{_plain_number(node.args[2])}", {})
        if node.cls is ast.DatetimeExpression:
            return _day_text(field, node.args[1])
        raise _NoWords


def _plain_number(node: Any) -> str:
    if node.cls is not ast.FloatExpression:
        raise _NoWords
    return str(node.args[1])


def _day_text(field: FieldDef, written: str) -> str:
    if len(written) > len("2026-01-01") and field.type != "date":
        return value_text(field, written, {})
    return date_text(datetime.fromisoformat(written).date())


_SAYERS: Final[Mapping[Any, Callable[[_RuleWords, Any, bool, str], str]]] = {
    ast.LogicExpression: _RuleWords.joined,
    ast.ComparisonExpression: _RuleWords.comparison,
    ast.ArithmeticComparisonExpression: _RuleWords.comparison,
    ast.ContainsExpression: _RuleWords.membership,
    ast.SymbolExpression: _RuleWords.truth,
}
