"""The words in which rules are explained: signs, kinds of values, and why a part is refused."""

from collections.abc import Mapping
from typing import Any, Final

from workflows.engine.texts import Text, text

OR_EMPTY: Final = "?"
"""Ends the name of a field where the rule asks whether it is empty; no field is named so."""

NUMBERED: Final = "\n"
"""Ends what is read of a symbol that stands for a function of a list; a number follows."""

KINDS: Final[Mapping[str, Text]] = {
    "text": text("a text"),
    "number": text("a number"),
    "boolean": text("a yes or no"),
    "date": text("a date"),
    "period": text("a period"),
    "list": text("a list"),
    "rows": text("a list of rows"),
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

_NO_BRACKETS: Final = text("square brackets after a value are not allowed; use the field itself")
_NO_BRACES: Final = text("curly brackets are not allowed; write a list such as ['a', 'b']")
_TWO_AT_A_TIME: Final = text(
    "a comparison has one thing on each side; join two comparisons with and"
)
_STRAIGHT_QUOTES: Final = text("write texts between straight quotes, 'like this'")
_CLOSE_THE_TEXT: Final = text("close the text with the quote that it begins with, on the same line")

REFUSED: Final[Mapping[str, Text]] = {
    "FuzzyComparisonExpression": text(
        "regular expressions are not allowed; compare with == or look for a text with 'word' in"
        " field"
    ),
    "ComprehensionExpression": text("comprehensions are not allowed; write the list out"),
    "GetAttributeExpression": text(
        "a dot and a name are not allowed; use the field itself, or a column of a list as in"
        " sum(lines.net)"
    ),
    "GetItemExpression": _NO_BRACKETS,
    "GetSliceExpression": _NO_BRACKETS,
    "FunctionCallExpression": text(
        "calling a function is not allowed; use fields, numbers, texts and dates, and of a list"
        " sum, min, max, count, any and all"
    ),
    "BitwiseExpression": text("&, | and ^ are not allowed; write and, or, not"),
    "BitwiseShiftExpression": text("<< and >> are not allowed; write < or >"),
    "TernaryExpression": text("a ? b : c is not allowed; write it with and, or, not"),
    "CoalesceExpression": text("?? is not allowed; ask field == null or field != null"),
    "SetExpression": _NO_BRACES,
    "MappingExpression": _NO_BRACES,
    "BytesExpression": text("b'…' is not allowed; write the text without the b"),
}

HINTS: Final[Mapping[str, Text]] = {
    "=": text("write == to compare"),
    "!": text("write != or not"),
    "&": text("write and"),
    "|": text("write or"),
    "==": _TWO_AT_A_TIME,
    "!=": _TWO_AT_A_TIME,
    "<": _TWO_AT_A_TIME,
    "<=": _TWO_AT_A_TIME,
    ">": _TWO_AT_A_TIME,
    ">=": _TWO_AT_A_TIME,
    "AND": text("write and in small letters"),
    "OR": text("write or in small letters"),
    "NOT": text("write not in small letters"),
    "IN": text("write in with small letters"),
    ",": text("write numbers without thousands separators, and lists in square brackets"),
    "\N{LEFT SINGLE QUOTATION MARK}": _STRAIGHT_QUOTES,
    "\N{RIGHT SINGLE QUOTATION MARK}": _STRAIGHT_QUOTES,
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


_BINDINGS: Final = {
    "OR": 1,
    "AND": 2,
    "ADD": 4,
    "SUB": 4,
    **dict.fromkeys(("MUL", "TDIV", "FDIV", "MOD"), 5),
}
_COMPARES: Final = 3
_TIGHTEST: Final = 9
"""How closely signs bind what is beside them, as the rules are read."""


def render_rule_part(node: Any, longest: int = 60) -> str:
    """A part of a rule roughly as it was written, for messages."""
    text = _render_node(node)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _render_node(node: Any) -> str:
    name, parts = node.cls.__name__, node.args[1:]
    if name == "SymbolExpression":
        read = str(parts[0]).partition(NUMBERED)[0].removesuffix(OR_EMPTY)
        return ("$" if node.kwargs.get("scope") else "") + read
    if name == "GetAttributeExpression":
        return f"{_render_node(parts[0])}.{parts[1]}"
    if name == "FunctionCallExpression":
        return f"{_render_node(parts[0])}({', '.join(_render_node(part) for part in parts[1])})"
    if name in _LITERALS:
        return _LITERALS[name].format(
            *(str(part).lower() if part is True or part is False else part for part in parts)
        )
    if name == "ArrayExpression":
        return f"[{', '.join(_render_node(member) for member in parts[0])}]"
    if name == "ContainsExpression":
        return f"{_render_inside(_COMPARES, parts[1])} in {_render_inside(_COMPARES, parts[0])}"
    if name == "UnaryExpression":
        return f"{'not ' if parts[0] == 'NOT' else '-'}{_render_inside(_TIGHTEST, parts[1])}"
    if len(parts) == 3 and parts[0] in SIGNS:
        binding = _BINDINGS.get(parts[0], _COMPARES)
        left, right = _render_inside(binding, parts[1]), _render_inside(binding + 1, parts[2])
        return f"{left} {SIGNS[parts[0]]} {right}"
    return " … ".join(_render_node(child) for child in rule_child_nodes(node)) or "…"


def _render_inside(needed: int, node: Any) -> str:
    """A part as it stands in another one: in brackets, where it does not bind as closely as is
    needed there. What stands to the right of a sign needs to bind more closely than it."""
    rendered = _render_node(node)
    return rendered if _binding_of(node) >= needed else f"({rendered})"


def _binding_of(node: Any) -> int:
    if node.cls.__name__ == "ContainsExpression":
        return _COMPARES
    sign = str(node.args[1]) if len(node.args) == 4 else ""
    return _BINDINGS.get(sign, _COMPARES) if sign in SIGNS else _TIGHTEST


def rule_child_nodes(node: Any) -> list[Any]:
    """The parts of a part of a rule, whatever kind it is."""
    children: list[Any] = []
    for part in (*node.args[1:], *node.kwargs.values()):
        if hasattr(part, "cls"):
            children.append(part)
        elif isinstance(part, Mapping | str):
            continue
        elif hasattr(part, "__iter__"):
            children.extend(child for child in _flatten_members(part) if hasattr(child, "cls"))
    return children


def _flatten_members(parts: Any) -> list[Any]:
    """Members of a list, and keys and values of a mapping, in one row."""
    return [each for part in parts for each in (part if isinstance(part, tuple) else (part,))]
