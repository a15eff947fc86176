"""Times, amounts and people as these pages say them."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from workflows.engine.days import on_the_clock
from workflows.engine.definition import Definition, FieldDef, title
from workflows.engine.numbers import decimals_of

MINUTE, HOUR, DAY = 60, 3600, 86400
CAPACITIES = {
    "requester": "as the requester",
    "escalation": "by escalation to",
    "stand_in": "standing in",
    "owner": "as owner",
    "deputy": "as deputy",
    "manager": "as manager",
    "site": "as superuser",
}
CHANNELS = {
    "admin": "in the admin",
    "api": "by API",
    "webhook": "by webhook",
    "mail": "by mail",
    "command": "by command line",
    "clock": "by the clock",
    "worker": "by a worker",
}
"""Codes of the trail, in words; a code that goes without saying (a role, a page) has none."""


PAST = "past_approvals"
SAID = {
    "asked_again": "{step} is asked again, as {fields} changed",
    "changed_after": "{fields} changed after {step} was given",
    "votes_void": "The votes of {step} are void, as {fields} changed",
}
"""Codes among the changes of a row of the trail, in words."""


def said_of(changes: Mapping[str, Any], definition: Definition | None) -> list[str]:
    """What a row of the trail means for approvals, by the titles of steps and fields.

    Without a definition a key is said as the title that is made of it.
    """
    past = [_step(key, definition) for key in changes.get(PAST, ())]
    said = [f"Went past an approval that was not given: {listed(past)}"] if past else []
    for code, words in SAID.items():
        for one in changes.get(code, ()):
            fields = listed([_field(key, definition) for key in one["fields"]])
            said.append(words.format(step=_step(one["step"], definition), fields=fields))
    return said


def says_more(changes: Mapping[str, Any]) -> bool:
    """Whether `said_of` has anything to say of them."""
    return PAST in changes or not SAID.keys().isdisjoint(changes)


def _step(key: str, definition: Definition | None) -> str:
    found = definition.steps.get(key) if definition else None
    return f"“{title(key, found.name if found else None)}”"


def _field(key: str, definition: Definition | None) -> str:
    found = definition.fields.get(key) if definition else None
    return f"“{title(key, found.label if found else None)}”"


def span(length: timedelta | float) -> str:
    """A length of time in its two largest units: '2 d 3 h', '45 min'."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    minutes = max(0, int(seconds // MINUTE))
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "d"), (hours, "h"), (rest, "min")]
    while parts and not parts[0][0]:
        parts.pop(0)
    said = [f"{number} {unit}" for number, unit in parts[:2] if number]
    return " ".join(said) or "under a minute"


def moment(value: datetime) -> str:
    """A moment in the site's time zone: '5 Jan 2026, 09:00'."""
    local = on_the_clock(value, timezone.get_current_timezone())
    return f"{day(local.date())}, {local:%H:%M}"


def day(value: date) -> str:
    """A day: '5 Jan 2026'."""
    return f"{value.day} {value:%b %Y}"


def person(user: User | None, otherwise: str = "nobody") -> str:
    """A person's full name, or the username where there is none."""
    return (user.get_full_name() or user.get_username()) if user is not None else otherwise


def file_size(size: int) -> str:
    """A file's size: '12 KB'."""
    if size < 1024:
        return f"{size} bytes"
    if size < 1024**2:
        return f"{size / 1024:.0f} KB"
    return f"{size / 1024**2:.1f} MB"


def listed(words: list[str], joiner: str = "and") -> str:
    """Words in a sentence: 'a, b and c'."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joiner} {words[-1]}"


def value_text(field: FieldDef, value: Any, names: Mapping[str, str]) -> str:
    """A request's value as people read it; `names` are full names by username.

    What an older version of a map, or of Handoff, let in is shown as it is.
    """
    if value is None:
        return ""
    try:
        return _WORDS[field.type](field, value)
    except (ValueError, TypeError, ArithmeticError):
        return str(value)
    except KeyError:
        return names.get(str(value), str(value)) if field.type == "user" else str(value)


def _number(field: FieldDef, value: Any) -> str:
    number = Decimal(value)
    whole = number == number.to_integral_value()
    return f"{number.quantize(Decimal(1)) if whole else number.normalize():,f}"


def _money(field: FieldDef, value: Any) -> str:
    return f"{Decimal(value):,.{decimals_of(field.currency)}f} {field.currency or ''}".strip()


_WORDS: Mapping[str, Callable[[FieldDef, Any], str]] = {
    "money": _money,
    "number": _number,
    "boolean": lambda _, value: "Yes" if value else "No",
    "date": lambda _, value: day(date.fromisoformat(value)),
    "datetime": lambda _, value: moment(datetime.fromisoformat(value)),
    "document": lambda _, value: f"{value['name']} (version {value['version']})",
}
