"""Rules of a map in words, for whoever reads where a request can go: 'Amount is more than 10,000
EUR'. What has no words of its own stands as the map has it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext, gettext_noop
from rule_engine import ast

from approvals.forms.field_presentations import value_text
from workflows.engine.format.definition import Definition, FieldDef, display_title
from workflows.engine.format.fact_sentences import REQUESTERS_GROUPS, fact_text, fact_value
from workflows.engine.rules.evaluation import RuleProblem, rule_syntax_of
from workflows.engine.rules.list_functions import COUNT, OVER_ROWS
from workflows.engine.values.field_types.rows import columns_of
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
FUNCTION_WORDS: Final[Mapping[str, str]] = {
    "sum": gettext_noop("the sum of %(column)s in %(list)s"),
    "min": gettext_noop("the least of %(column)s in %(list)s"),
    "max": gettext_noop("the greatest of %(column)s in %(list)s"),
}
_SUBJECTS: Final = (ast.SymbolExpression, ast.FunctionCallExpression)
"""What a comparison may speak of."""
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
    return _in_words(definition, definition.rule_fields(written), written)


def column_rule_text(columns: Mapping[str, Any], written: str) -> str:
    """The same of a rule about one row of a list."""
    return _in_words(None, columns, written)


def _in_words(definition: Definition | None, fields: Mapping[str, Any], written: str) -> str:
    try:
        return _RuleWords(definition, fields).condition(rule_syntax_of(written, fields))
    except (RuleProblem, _NoWords):
        return gettext("“%(rule)s” holds") % {"rule": written}


class _NoWords(Exception):
    """A part of the rule has no words of its own."""


class _RuleWords:
    """Says the parts of one map's rules; it knows the fields that they name. Without a map these
    are columns of a row."""

    def __init__(self, definition: Definition | None, fields: Mapping[str, Any]) -> None:
        self.definition, self.fields = definition, fields

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
        if left.cls not in _SUBJECTS:
            sign, left, right = TURNED.get(sign, sign), right, left
        if left.cls not in _SUBJECTS or sign not in OPPOSITE:
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

    def in_rows(self, node: Any, negated: bool, inside: str) -> str:
        """A condition that holds in a row of a list, or in all of them."""
        name, arguments = self._function(node)
        if name not in OVER_ROWS or len(arguments) != 2:
            raise _NoWords
        label = self._label(arguments[0])
        is_any = (name == "any") is not negated
        condition = self._of_rows(arguments[0]).condition(arguments[1], negated=negated)
        sentence = gettext("in every row of %(list)s: %(condition)s")
        if is_any:
            sentence = gettext("in a row of %(list)s: %(condition)s")
        return f"({sentence % {'list': label, 'condition': condition}})"

    def _function(self, node: Any) -> tuple[str, list[Any]]:
        _, function, arguments = node.args
        if function.cls is not ast.SymbolExpression:
            raise _NoWords
        return str(function.args[1]), list(arguments)

    def _of_rows(self, node: Any) -> "_RuleWords":
        """Says what is asked of each row of a list."""
        return _RuleWords(self.definition, {**self.fields, **self._columns(node)})

    def _columns(self, node: Any) -> Mapping[str, Any]:
        if node.cls is not ast.SymbolExpression or node.args[1] not in self.fields:
            raise _NoWords
        return columns_of(self.fields[node.args[1]])

    def _function_label(self, node: Any) -> str:
        """What a function of a list comes to, in words."""
        name, arguments = self._function(node)
        listed = arguments[0] if arguments else node
        if name == COUNT:
            subject = gettext("the number of rows of %(list)s") % {"list": self._label(listed)}
        elif name in FUNCTION_WORDS and listed.cls is ast.GetAttributeExpression:
            subject, listed = self._column_label(name, *listed.args[1:]), listed.args[1]
        else:
            raise _NoWords
        if len(arguments) == 1:
            return subject
        sentence = gettext("%(subject)s (only where %(condition)s)")
        condition = self._of_rows(listed).condition(arguments[1])
        return sentence % {"subject": subject, "condition": condition}

    def _column_label(self, name: str, holder: Any, column: str) -> str:
        columns = self._columns(holder)
        if column not in columns:
            raise _NoWords
        title = gettext("“%(field)s”") % {"field": display_title(column, columns[column].label)}
        return gettext(FUNCTION_WORDS[name]) % {"column": title, "list": self._label(holder)}

    def _spec(self, node: Any) -> Any:
        """How the values of a subject are written."""
        if node.cls is ast.SymbolExpression:
            return self.fields[node.args[1]]
        name, arguments = self._function(node)
        if name == COUNT:
            return FieldDef(type="integer")
        _, holder, column = arguments[0].args
        return self._columns(holder)[column]

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
            if container.args[1] == REQUESTERS_GROUPS:
                return _group_text(member.args[1], negated=negated)
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
        if node.cls is ast.FunctionCallExpression:
            return self._function_label(node)
        key = node.args[1]
        words = None
        if self.definition is not None and _is_fact(self.fields[key]):
            words = fact_text(self.definition, key)
        if words is not None:
            return str(words)
        return gettext("“%(field)s”") % {"field": display_title(key, self.fields[key].label)}

    def _value(self, field_node: Any, node: Any) -> str:
        """A constant as values of the field are written; another field by its label."""
        field = self._spec(field_node)
        if node.cls in _SUBJECTS:
            return self._label(node)
        if node.cls is ast.StringExpression and self.definition is not None and _is_fact(field):
            return str(fact_value(self.definition, field_node.args[1], node.args[1]))
        if node.cls in (ast.FloatExpression, ast.StringExpression):
            return value_text(field, node.args[1], {})
        if node.cls is ast.UnaryExpression and node.args[1] == "UMINUS":
            return value_text(field, f"-{_plain_number(node.args[2])}", {})
        if node.cls is ast.DatetimeExpression:
            return _day_text(field, node.args[1])
        raise _NoWords


def _is_fact(spec: Any) -> bool:
    return bool(getattr(spec, "is_fact", False))


def _group_text(group: str, *, negated: bool) -> str:
    sentence = gettext("the requester is in the group “%(group)s”")
    if negated:
        sentence = gettext("the requester is not in the group “%(group)s”")
    return sentence % {"group": group}


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
    ast.FunctionCallExpression: _RuleWords.in_rows,
}
