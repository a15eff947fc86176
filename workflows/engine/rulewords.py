"""The words in which rules are explained: signs, kinds of values, and why a part is refused."""

from collections.abc import Mapping
from typing import Any, Final

OR_EMPTY: Final = "?"
"""Ends the name of a field where the rule asks whether it is empty; no field is named so."""

KINDS: Final[Mapping[str, str]] = {
    "text": "a text",
    "number": "a number",
    "boolean": "a yes or no",
    "date": "a date",
    "period": "a period",
    "list": "a list",
}

SIGNS: Final[Mapping[str, str]] = {
    "EQ": "==",
    "NE": "!=",
    "GT": ">",
    "GE": ">=",
    "LT": "<",
    "LE": "<=",
    "AND": "and",
    "OR": "or",
    "ADD": "+",
    "SUB": "-",
    "MUL": "*",
    "TDIV": "/",
    "FDIV": "//",
    "MOD": "%",
    "POW": "**",
    "EQ_FZM": "=~",
    "EQ_FZS": "=~~",
    "NE_FZM": "!~",
    "NE_FZS": "!~~",
    "BWAND": "&",
    "BWOR": "|",
    "BWXOR": "^",
    "BWLSH": "<<",
    "BWRSH": ">>",
}

_NO_BRACKETS: Final = "square brackets after a value are not allowed; use the field itself"
_NO_BRACES: Final = "curly brackets are not allowed; write a list such as ['a', 'b']"
_TWO_AT_A_TIME: Final = "a comparison has one thing on each side; join two comparisons with and"
_STRAIGHT_QUOTES: Final = "write texts between straight quotes, 'like this'"
_CLOSE_THE_TEXT: Final = "close the text with the quote that it begins with, on the same line"

REFUSED: Final[Mapping[str, str]] = {
    "FuzzyComparisonExpression": "regular expressions are not allowed; compare with == or look"
    " for a text with 'word' in field",
    "ComprehensionExpression": "comprehensions are not allowed; write the list out",
    "GetAttributeExpression": "a dot and a name are not allowed; use the field itself",
    "GetItemExpression": _NO_BRACKETS,
    "GetSliceExpression": _NO_BRACKETS,
    "FunctionCallExpression": "calling a function is not allowed; use fields, numbers, texts and"
    " dates",
    "BitwiseExpression": "&, | and ^ are not allowed; write and, or, not",
    "BitwiseShiftExpression": "<< and >> are not allowed; write < or >",
    "TernaryExpression": "a ? b : c is not allowed; write it with and, or, not",
    "CoalesceExpression": "?? is not allowed; ask field == null or field != null",
    "SetExpression": _NO_BRACES,
    "MappingExpression": _NO_BRACES,
    "BytesExpression": "b'…' is not allowed; write the text without the b",
}

HINTS: Final[Mapping[str, str]] = {
    "=": "write == to compare",
    "!": "write != or not",
    "&": "write and",
    "|": "write or",
    "==": _TWO_AT_A_TIME,
    "!=": _TWO_AT_A_TIME,
    "<": _TWO_AT_A_TIME,
    "<=": _TWO_AT_A_TIME,
    ">": _TWO_AT_A_TIME,
    ">=": _TWO_AT_A_TIME,
    "AND": "write and in small letters",
    "OR": "write or in small letters",
    "NOT": "write not in small letters",
    "IN": "write in with small letters",
    ",": "write numbers without thousands separators, and lists in square brackets",
    "‘": _STRAIGHT_QUOTES,  # noqa: RUF001
    "’": _STRAIGHT_QUOTES,  # noqa: RUF001
    "“": _STRAIGHT_QUOTES,
    "„": _STRAIGHT_QUOTES,
    "'": _CLOSE_THE_TEXT,
    '"': _CLOSE_THE_TEXT,
}

_LITERALS: Final = {
    "StringExpression": "'{}'",
    "FloatExpression": "{}",
    "DatetimeExpression": "d'{}'",
    "TimedeltaExpression": "t'{}'",
    "NullExpression": "null",
}


def shown(node: Any, longest: int = 60) -> str:
    """A part of a rule roughly as it was written, for messages."""
    text = _written(node)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _written(node: Any) -> str:
    name, parts = node.cls.__name__, node.args[1:]
    if name == "SymbolExpression":
        return ("$" if node.kwargs.get("scope") else "") + str(parts[0]).removesuffix(OR_EMPTY)
    if name in _LITERALS:
        return _LITERALS[name].format(
            *(str(part).lower() if part is True or part is False else part for part in parts)
        )
    if name == "ArrayExpression":
        return f"[{', '.join(_written(member) for member in parts[0])}]"
    if name == "ContainsExpression":
        return f"{_written(parts[1])} in {_written(parts[0])}"
    if name == "UnaryExpression":
        return f"{'not ' if parts[0] == 'NOT' else '-'}{_written(parts[1])}"
    if len(parts) == 3 and parts[0] in SIGNS:
        return f"{_written(parts[1])} {SIGNS[parts[0]]} {_written(parts[2])}"
    return " … ".join(_written(child) for child in children_of(node)) or "…"


def children_of(node: Any) -> list[Any]:
    """The parts of a part of a rule, whatever kind it is."""
    found: list[Any] = []
    for part in (*node.args[1:], *node.kwargs.values()):
        if hasattr(part, "cls"):
            found.append(part)
        elif isinstance(part, Mapping | str):
            continue
        elif hasattr(part, "__iter__"):
            found.extend(child for child in _flat(part) if hasattr(child, "cls"))
    return found


def _flat(parts: Any) -> list[Any]:
    """Members of a list, and keys and values of a mapping, in one row."""
    return [each for part in parts for each in (part if isinstance(part, tuple) else (part,))]
