"""The values of a request: what a declared field takes in, and what rules see of it.

Whatever comes in (a form, JSON, a CSV cell) leaves `clean` in one canonical JSON shape, so
that two ways of writing the same value are equal in the record and in the merge check.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final, Protocol

from workflows.engine.days import OUT_OF_BOUNDS, begins, is_taken, moment_is_taken
from workflows.engine.errors import InvalidInput
from workflows.engine.numbers import NotANumber, Shape, read_number, shape_of

MAX_TEXT: Final = 500
MAX_LONG_TEXT: Final = 10_000
MAX_USERNAME: Final = 150
MAX_FILE_NAME: Final = 255
LARGEST_ID: Final = 10**100

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


def clean(key: str, spec: FieldSpec, raw: object, *, zone: tzinfo = UTC) -> Any:
    """The canonical JSON value of what was written into a field; None where it was left empty.

    `zone` is the site's, in which dates count. Raises InvalidInput with a sentence that names
    the field and says what to write.
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    try:
        _refuse_unstorable(raw)
        value = _CLEANERS[spec.type](spec, raw)
        _refuse_far_away(spec, value, zone)
    except _RefusalError as refused:
        raise InvalidInput(f"{spec.label or key}: {refused}") from None
    return value


def kept(spec: FieldSpec, value: Any) -> Any:
    """A value of a record as `clean` would write it today; as it is where it cannot be read."""
    try:
        number = Decimal(value) if isinstance(value, str) and shape_of(spec.type) else value
        return value if value is None else _CLEANERS[spec.type](spec, number)
    except (_RefusalError, ArithmeticError):
        return value


def typed(spec: FieldSpec, value: Any, *, zone: tzinfo = UTC) -> Any:
    """The Python value of a canonical value, for rules: Decimal, bool, str or aware datetime.

    A date is the moment with which it begins in this zone; a document is its version; None stays
    None. Raises ValueError, TypeError or an ArithmeticError where the value is not canonical.
    """
    if value is None:
        return None
    if spec.type == "date":
        return begins(date.fromisoformat(value), zone)
    return _TYPERS[spec.type](value)


def moment_of(spec: FieldSpec, value: Any, *, zone: tzinfo) -> datetime:
    """The moment that a date or a date and time stands for, to be waited for.

    Raises ValueError, TypeError or OverflowError where none can be worked out, or one that no
    field takes today.
    """
    moment = typed(spec, value, zone=zone)
    if not isinstance(moment, datetime) or not moment_is_taken(moment, zone):
        raise ValueError(value)
    return moment


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


def _refuse_far_away(spec: FieldSpec, value: Any, zone: tzinfo) -> None:
    """A date that is nobody's: the 'none' of another system, or a slip of the pen."""
    if spec.type == "date":
        near = is_taken(date.fromisoformat(value))
    else:
        near = spec.type != "datetime" or moment_is_taken(_typed_datetime(value), zone)
    if not near:
        raise _RefusalError(OUT_OF_BOUNDS)


def _digits(raw: object) -> object:
    """A whole number, or one whose writing was kept, as the text that it was written as: other
    systems have ids without quotes. A float is no text, for how it was written is lost."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw) if abs(raw) < LARGEST_ID else raw
    if isinstance(raw, Decimal) and raw.is_finite() and abs(raw.adjusted()) < 100:
        return format(raw, "f")
    return raw


def _clean_text(_: FieldSpec, raw: object) -> str:
    text = _line(_digits(raw), MAX_TEXT)
    if text is None:
        raise _RefusalError(f"write one line of text, at most {MAX_TEXT} characters.")
    return text


def _clean_long_text(_: FieldSpec, raw: object) -> str:
    raw = _digits(raw)
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
    raw = _digits(raw)
    if isinstance(raw, str):
        for candidate in (raw, raw.strip()):
            if candidate in choices:
                return candidate
    raise _RefusalError(f"choose one of {', '.join(choices)}.")


def _clean_number(spec: FieldSpec, raw: object) -> str:
    shape = _shape(spec)
    return shape.written(_number(raw, shape))


def _clean_integer(spec: FieldSpec, raw: object) -> int:
    return int(_number(raw, _shape(spec)))


def _shape(spec: FieldSpec) -> Shape:
    shape = shape_of(spec.type, spec.currency)
    assert shape is not None, spec.type
    return shape


def _number(raw: object, shape: Shape) -> Decimal:
    try:
        return read_number(raw, shape)
    except NotANumber as refused:
        raise _RefusalError(str(refused)) from None


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
        raise _RefusalError(OUT_OF_BOUNDS) from None


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
    "money": _clean_number,
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
    "datetime": _typed_datetime,
    "user": _typed_text,
    "document": _typed_document,
}

FIELD_TYPES: Final = tuple(_CLEANERS)
