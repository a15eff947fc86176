"""The values of a request: what a declared field takes in, and what rules see of it.

Whatever comes in (a form, JSON, a CSV cell) leaves `clean` in one canonical JSON shape, so
that two ways of writing the same value are equal in the record and in the merge check.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final, Protocol

from workflows.engine.errors import InvalidInput

MAX_TEXT: Final = 500
MAX_LONG_TEXT: Final = 10_000
MAX_USERNAME: Final = 150
MAX_FILE_NAME: Final = 255
MAX_WHOLE_DIGITS: Final = 15
MAX_DECIMALS: Final = 10
MONEY_DECIMALS: Final = 2

_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})


class FieldSpec(Protocol):
    """What must be known of a declared field in order to read and type its values."""

    @property
    def type(self) -> str:
        """One of the field types: text, long_text, number, integer, money, boolean, …"""

    @property
    def choices(self) -> Sequence[str] | None:
        """The values that a choice may take."""

    @property
    def currency(self) -> str | None:
        """The currency of a money field."""

    @property
    def required(self) -> bool | None:
        """Whether the field may not stay empty where it is asked for."""

    @property
    def label(self) -> str | None:
        """What people read; the key where it is left out."""


class _RefusalError(Exception):
    """A value is not of its field's type; the message says what to write, without a name."""


def clean(key: str, spec: FieldSpec, raw: object) -> Any:
    """The canonical JSON value of what was written into a field; None where it was left empty.

    Raises InvalidInput with a sentence that names the field and says what to write.
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    try:
        _refuse_unstorable(raw)
        return _CLEANERS[spec.type](spec, raw)
    except _RefusalError as refused:
        raise InvalidInput(f"{spec.label or key}: {refused}") from None


def typed(spec: FieldSpec, value: Any) -> Any:
    """The Python value of a canonical value, for rules: Decimal, bool, str or aware datetime.

    A date is the midnight in UTC that begins it; a document is its version; None stays None.
    Raises ValueError, TypeError or an ArithmeticError where the value is not canonical.
    """
    if value is None:
        return None
    return _TYPERS[spec.type](value)


def missing(
    keys: Iterable[str], fields: Mapping[str, FieldSpec], data: Mapping[str, Any]
) -> list[str]:
    """Those of `keys` whose field is required and has no value in `data`, in their order."""
    return [key for key in keys if fields[key].required and data.get(key) is None]


def _refuse_unstorable(raw: object) -> None:
    """NUL cannot be kept by a database, and half a surrogate pair by no file."""
    if not isinstance(raw, str):
        return
    if "\x00" in raw:
        raise _RefusalError("it holds a NUL character; type the text again without it.")
    if any("\ud800" <= character <= "\udfff" for character in raw):
        raise _RefusalError("it holds a broken character; type the text again without it.")


def _clean_text(_: FieldSpec, raw: object) -> str:
    text = _line(raw, MAX_TEXT)
    if text is None:
        raise _RefusalError(f"write one line of text, at most {MAX_TEXT} characters.")
    return text


def _clean_long_text(_: FieldSpec, raw: object) -> str:
    if isinstance(raw, str):
        text = raw.replace("\r\n", "\n").replace("\r", "\n")
        if len(text) <= MAX_LONG_TEXT:
            return text
    raise _RefusalError(f"write text, at most {MAX_LONG_TEXT} characters.")


def _clean_user(_: FieldSpec, raw: object) -> str:
    name = _line(raw, MAX_USERNAME)
    if name is None:
        raise _RefusalError(f"write a username, at most {MAX_USERNAME} characters.")
    return name


def _line(raw: object, longest: int) -> str | None:
    """One line without surrounding blanks, or None where it is not one."""
    if not isinstance(raw, str):
        return None
    line = raw.strip()
    return line if len(line) <= longest and len(line.splitlines()) == 1 else None


def _clean_choice(spec: FieldSpec, raw: object) -> str:
    choices = list(spec.choices or ())
    if isinstance(raw, str):
        for candidate in (raw, raw.strip()):
            if candidate in choices:
                return candidate
    raise _RefusalError(f"choose one of {', '.join(choices)}.")


def _clean_number(_: FieldSpec, raw: object) -> str:
    example = "write a number such as 1250.5, without thousands separators"
    number = _decimal(raw, example)
    if _decimals(number) > MAX_DECIMALS:
        raise _RefusalError(f"write at most {MAX_DECIMALS} digits after the point.")
    return format(number, "f")


def _clean_money(spec: FieldSpec, raw: object) -> str:
    currency = f" in {spec.currency}" if spec.currency else ""
    example = (
        f"write an amount{currency} such as 1250.50, without thousands separators or a"
        " currency sign"
    )
    amount = _decimal(raw, example)
    if _decimals(amount) > MONEY_DECIMALS:
        raise _RefusalError(
            f"write at most {MONEY_DECIMALS} digits after the point, such as 1250.50."
        )
    return format(amount, f".{MONEY_DECIMALS}f")


def _clean_integer(_: FieldSpec, raw: object) -> int:
    example = "write a whole number such as 12, without thousands separators"
    number = _decimal(raw, example)
    if _decimals(number):
        raise _RefusalError(f"{example}.")
    return int(number)


def _decimal(raw: object, example: str) -> Decimal:
    """The number in its shortest exact form. Floats count as they are written."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise _RefusalError(f"{example}.")
    if isinstance(raw, int) and abs(raw) >= 10**MAX_WHOLE_DIGITS:
        raise _RefusalError(f"write at most {MAX_WHOLE_DIGITS} digits before the point.")
    text = str(raw).strip()
    if len(text) > 100 or not _NUMBER.fullmatch(text):
        raise _RefusalError(f"{example}.")
    number = Decimal(text)
    if number and number.adjusted() >= MAX_WHOLE_DIGITS:
        raise _RefusalError(f"write at most {MAX_WHOLE_DIGITS} digits before the point.")
    return _shortest(number)


def _shortest(number: Decimal) -> Decimal:
    """The same number without trailing zeros or a sign on zero; never rounded."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    kept = list(digits)
    while exponent < 0 and kept and kept[-1] == 0:
        kept.pop()
        exponent += 1
    return Decimal((sign, tuple(kept), exponent)) if any(kept) else Decimal(0)


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def _clean_boolean(_: FieldSpec, raw: object) -> bool:
    if isinstance(raw, int) and raw in (0, 1):
        return bool(raw)
    word = raw.strip().lower() if isinstance(raw, str) else ""
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise _RefusalError("write yes or no.")


def _clean_date(_: FieldSpec, raw: object) -> str:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw.isoformat()
    text = raw.strip() if isinstance(raw, str) else ""
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise _RefusalError(
                f"there is no {text} in the calendar; write another date."
            ) from None
    raise _RefusalError("write a date as year-month-day, such as 2026-11-23.")


def _clean_datetime(_: FieldSpec, raw: object) -> str:
    example = "write a date and time with its zone, such as 2026-11-23T09:00:00Z"
    moment = raw
    if isinstance(raw, str):
        try:
            moment = datetime.fromisoformat(raw.strip())
        except ValueError:
            raise _RefusalError(f"{example}.") from None
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise _RefusalError(f"{example}.")
    try:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        raise _RefusalError("write a moment between the years 1 and 9999.") from None


def _clean_document(_: FieldSpec, raw: object) -> dict[str, Any]:
    if isinstance(raw, Mapping) and set(raw) == {"name", "version", "sha256"}:
        name, version, digest = raw["name"], raw["version"], raw["sha256"]
        version_is_good = type(version) is int and 1 <= version < 10**9
        if _line(name, MAX_FILE_NAME) and version_is_good and _is_digest(digest):
            _refuse_unstorable(name)
            return {"name": name, "version": version, "sha256": digest}
    raise _RefusalError("upload a file; text cannot stand for a document.")


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


_CLEANERS: Final[Mapping[str, Callable[[FieldSpec, object], Any]]] = {
    "text": _clean_text,
    "long_text": _clean_long_text,
    "number": _clean_number,
    "integer": _clean_integer,
    "money": _clean_money,
    "boolean": _clean_boolean,
    "choice": _clean_choice,
    "date": _clean_date,
    "datetime": _clean_datetime,
    "user": _clean_user,
    "document": _clean_document,
}


def _typed_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _typed_number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TypeError("not a number")
    return Decimal(value)


def _typed_boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not yes or no")
    return value


def _typed_date(value: Any) -> datetime:
    return datetime.combine(date.fromisoformat(value), time(0), UTC)


def _typed_datetime(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.utcoffset() is None:
        raise ValueError("a moment without a zone")
    return moment


def _typed_document(value: Any) -> Decimal:
    return _typed_number(value["version"])


_TYPERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "text": _typed_text,
    "long_text": _typed_text,
    "number": _typed_number,
    "integer": _typed_number,
    "money": _typed_number,
    "boolean": _typed_boolean,
    "choice": _typed_text,
    "date": _typed_date,
    "datetime": _typed_datetime,
    "user": _typed_text,
    "document": _typed_document,
}

FIELD_TYPES: Final = tuple(_CLEANERS)
