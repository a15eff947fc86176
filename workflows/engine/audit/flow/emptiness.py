"""What conditions say of empty fields."""

import re

_IS_EMPTY = re.compile(r"\s*([\w.]+)\s*==\s*null\s*")
_IS_FILLED = re.compile(r"\s*([\w.]+)\s*!=\s*null\s*")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_BRACKETS = re.compile(r"\([^()]*\)")


def taken_when_empty(condition: str) -> frozenset[str]:
    """The fields for which a rule holds as soon as they are empty, whatever else there is."""
    found = (_IS_EMPTY.fullmatch(part) for part in _outermost(condition).split(" or "))
    return frozenset(match[1] for match in found if match)


def wanted_filled(condition: str) -> frozenset[str]:
    """The fields that are surely filled in where a condition holds."""
    told = _outermost(condition)
    found = (_IS_FILLED.fullmatch(part) for part in told.split(" and ") if " or " not in told)
    return frozenset(match[1] for match in found if match)


def _outermost(condition: str) -> str:
    """A condition in one line, without what stands in quotes and brackets."""
    told = _QUOTED.sub("_", " ".join(condition.split()))
    while (shorter := _BRACKETS.sub(" _ ", told)) != told:
        told = shorter
    return told


def asks_whether_empty(expression: str, name: str) -> bool:
    """Whether an expression minds that a field may be empty."""
    return re.search(rf"\b{re.escape(name)}\s*[!=]=\s*null\b", expression) is not None
