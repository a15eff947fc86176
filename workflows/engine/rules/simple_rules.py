"""Rules that are a few comparisons joined by one word: put together from boxes, and taken apart.

What is written here is an ordinary rule; a rule that says more than this is left to its text.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from workflows.engine.errors import InvalidInput
from workflows.engine.values.field_types.base import FIELD_TYPES

Joiner = Literal["and", "or"]
WITHOUT_VALUE: Final[Mapping[str, str]] = {"empty": "== null", "filled": "!= null"}
SIGNS: Final = ("==", "!=", ">", ">=", "<", "<=")
COMPARISONS: Final = (*SIGNS, *WITHOUT_VALUE)
_YES: Final = frozenset({"yes", "true", "ja", "1"})
_NO: Final = frozenset({"no", "false", "nein", "0"})
_LITERAL: Final = (
    r"d'[^'\"]*'|d\"[^'\"]*\"|'[^']*'|\"[^\"]*\"|-?[0-9]+(?:\.[0-9]+)?|true|false|null"
)
_NAME: Final = r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_-]*){0,2}"
_TERM: Final = rf"(?P<field>{_NAME}) (?P<sign>==|!=|>=|<=|>|<) (?P<value>{_LITERAL})"
_LONE_TERM: Final = re.compile(_TERM)
_UNNAMED: Final = re.sub(r"\?P<\w+>", "?:", _TERM)


@dataclass(frozen=True, kw_only=True)
class Term:
    """One comparison: a field, how it is compared, and with what."""

    field: str
    comparison: str
    value: str = ""


def write_rule(terms: Sequence[Term], joiner: Joiner, kinds: Mapping[str, str]) -> str:
    """The rule's text; `kinds` are the types of the fields. Raises InvalidInput."""
    return f" {joiner} ".join(_write_term(term, kinds.get(term.field, "")) for term in terms)


def _write_term(term: Term, kind: str) -> str:
    if not kind:
        raise InvalidInput("Choose a field for each line of the rule.")
    if term.comparison in WITHOUT_VALUE:
        return f"{term.field} {WITHOUT_VALUE[term.comparison]}"
    if term.comparison not in SIGNS:
        raise InvalidInput("Choose how '%(field)s' is compared.", field=term.field)
    return f"{term.field} {term.comparison} {_write_value(term, kind)}"


def _write_value(term: Term, kind: str) -> str:
    value, operand = term.value.strip(), FIELD_TYPES[kind].kind
    if not value and operand != "text":
        raise InvalidInput("Say with what '%(field)s' is compared.", field=term.field)
    if operand == "number":
        return value
    if operand == "boolean":
        return _write_yes_no(term.field, value.lower())
    quote = '"' if "'" in value else "'"
    if quote in value or "\\" in value:
        raise InvalidInput("A value in a rule has no backslash and one kind of quotes.")
    return f"{'d' if operand == 'date' else ''}{quote}{value}{quote}"


def _write_yes_no(field: str, word: str) -> str:
    if word not in _YES | _NO:
        raise InvalidInput("Compare '%(field)s' with yes or no.", field=field)
    return "true" if word in _YES else "false"


def read_rule(text: str) -> tuple[Sequence[Term], Joiner] | None:
    """The comparisons of a rule that is nothing but these; None for one that says more."""
    joiners: tuple[Joiner, ...] = ("and", "or")
    for joiner in joiners:
        if re.fullmatch(rf"{_UNNAMED}(?: {joiner} {_UNNAMED})*", text):
            return [_read_term(found) for found in _LONE_TERM.finditer(text)], joiner
    return None


def _read_term(found: re.Match[str]) -> Term:
    field, sign, value = found["field"], found["sign"], found["value"]
    for name, written in WITHOUT_VALUE.items():
        if written == f"{sign} {value}":
            return Term(field=field, comparison=name)
    plain = value.removeprefix("d") if value[0] == "d" else value
    shown = plain[1:-1] if plain[0] in "'\"" else {"true": "yes", "false": "no"}.get(plain, plain)
    return Term(field=field, comparison=sign, value=shown)
