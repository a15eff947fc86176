"""How many must agree, as a map says it: a number, `all`, a share of the role (`60%`), so many of
each of several roles, or as many as a field says."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, WithJsonSchema

from workflows.engine.texts import text

MOST: Final = 1000
_SHARE: Final = re.compile(r"([1-9][0-9]?|100)%")
_NAME: Final = r"[a-z][a-z0-9_]{0,59}"
_FIELD: Final = "field"


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST


def _validate_quorum(value: Any) -> Any:
    is_word = isinstance(value, str) and (value == "all" or _SHARE.fullmatch(value) is not None)
    if _is_count(value) or is_word or quorum_field(value) is not None or quorum_roles(value):
        return value
    raise ValueError(
        text(
            "write a whole number from 1 to 1000, or all, a share of the role (a number with a"
            " percent sign), roles such as {finance: 1, legal: 1}, or {field: how_many}"
        )
    )


Quorum = Annotated[
    Any,
    AfterValidator(_validate_quorum),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": MOST},
                {"const": "all", "type": "string"},
                {"type": "string", "pattern": "^([1-9][0-9]?|100)%$"},
                {
                    "type": "object",
                    "properties": {_FIELD: {"type": "string", "pattern": f"^{_NAME}$"}},
                    "required": [_FIELD],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": {"pattern": f"^{_NAME}$"},
                    "additionalProperties": {"type": "integer", "minimum": 1, "maximum": MOST},
                },
            ]
        }
    ),
]


def quorum_share(quorum: Any) -> int | None:
    """The share of the role in hundredths; None for other quorums."""
    match = _SHARE.fullmatch(quorum) if isinstance(quorum, str) else None
    return int(match[1]) if match else None


def quorum_field(quorum: Any) -> str | None:
    """The field that says how many; None for other quorums."""
    if not isinstance(quorum, Mapping) or list(quorum) != [_FIELD]:
        return None
    name = quorum[_FIELD]
    is_name = isinstance(name, str) and re.fullmatch(_NAME, name) is not None
    return name if is_name else None


def quorum_roles(quorum: Any) -> Mapping[str, int]:
    """How many of which roles; nothing for other quorums."""
    if not isinstance(quorum, Mapping) or not quorum:
        return {}
    is_whole = all(
        isinstance(role, str) and re.fullmatch(_NAME, role) and _is_count(count)
        for role, count in quorum.items()
    )
    return quorum if is_whole and sum(quorum.values()) <= MOST else {}


def fixed_votes(quorum: Any) -> int | None:
    """How many must agree whatever the request and whoever is in the role; None where that is
    known in the request only."""
    if quorum is None:
        return 1
    if _is_count(quorum):
        return int(quorum)
    return sum(quorum_roles(quorum).values()) or None


def depends_on_people(quorum: Any) -> bool:
    """Whether it depends on how many are in the role when the step is reached."""
    return quorum == "all" or quorum_share(quorum) is not None


def share_of(share: int, people: int) -> int:
    """So many of so many people, rounded up, and one at least."""
    return max(1, -(-share * people // 100))


def people_for_share(share: int, needed: int) -> int:
    """The fewest people of whom the share is so many."""
    return (needed - 1) * 100 // share + 1


# -- as a line ---------------------------------------------------------------------------------


def write_quorum(quorum: Any) -> str:
    """As one line, for a row and a form: `2`, `all`, `60%`, `finance: 1, legal: 1`, `field: x`."""
    if isinstance(quorum, Mapping):
        return ", ".join(f"{name}: {part}" for name, part in quorum.items())
    return str(quorum)


def read_quorum(line: str | None) -> Any:
    """The quorum that a line says; text that says none is given back."""
    if not line:
        return None
    if ":" not in line:
        return int(line) if line.isascii() and line.isdigit() else line
    pairs = [part.partition(":") for part in line.split(",")]
    return {name.strip(): _read_part(part.strip()) for name, _, part in pairs}


def _read_part(part: str) -> Any:
    return int(part) if part.isascii() and part.isdigit() else part
