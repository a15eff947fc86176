"""What a type of fields is: how its values are read, kept, compared and written."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal, Protocol

from workflows.engine.errors import SentenceError
from workflows.engine.registries import Registry
from workflows.engine.texts import Text
from workflows.engine.values.field_types.numbers import Shape

OperandKind = Literal["text", "number", "boolean", "date", "list", "rows"]
LARGEST_ID: Final = 10**100


class FieldSpec(Protocol):
    """What must be known of a declared field in order to read and type its values."""

    @property
    def type(self) -> str:
        """The name of one of the registered field types."""

    @property
    def choices(self) -> Sequence[str] | None:
        """The values that a choice may take."""

    @property
    def currency(self) -> str | None:
        """The currency of a money field."""

    @property
    def accept(self) -> Sequence[str] | None:
        """The kinds of files that a document field takes; all that the site takes where it names
        none."""

    @property
    def max_size(self) -> int | None:
        """How many MB a document may have at most, where it is less than the site takes."""

    @property
    def columns(self) -> Mapping[str, "FieldSpec"] | None:
        """The columns of a list."""

    @property
    def min_rows(self) -> int | None:
        """How many rows a list has at least, where it is not empty."""

    @property
    def max_rows(self) -> int | None:
        """How many rows a list has at most."""

    @property
    def min_files(self) -> int | None:
        """How many files a field of several has at least, where it is not empty."""

    @property
    def max_files(self) -> int | None:
        """How many files a field of several has at most."""

    @property
    def required(self) -> bool | None:
        """Whether the field may not stay empty where it is asked for."""

    @property
    def label(self) -> str | None:
        """What people read; the key where it is left out."""


class ValueRefused(SentenceError):
    """A value is not of its field's type; the message says what to write, without a name."""


class FieldType(ABC):
    """One type of fields. Whatever comes in leaves `clean` in one canonical JSON shape; all other
    methods are given canonical values, never None.

    `kind` is what rules take its values for: `list` is several texts, `rows` a list of rows.
    `is_personal` says that a value may name somebody or be written as people like, and is told to
    others only where people may be named.
    """

    name: ClassVar[str]
    title: ClassVar[Text]
    kind: ClassVar[OperandKind]
    is_whole: ClassVar[bool] = False
    is_day: ClassVar[bool] = False
    has_choices: ClassVar[bool] = False
    has_currency: ClassVar[bool] = False
    names_person: ClassVar[bool] = False
    names_people: ClassVar[bool] = False
    holds_document: ClassVar[bool] = False
    names_resource: ClassVar[bool] = False
    holds_several: ClassVar[bool] = False
    holds_rows: ClassVar[bool] = False
    fits_column: ClassVar[bool] = True
    is_personal: ClassVar[bool] = True

    @property
    def can_be_worked_out(self) -> bool:
        """Whether an expression can give its values."""
        is_plain = self.kind in ("text", "number", "boolean", "date")
        return is_plain and not (self.names_person or self.holds_document or self.names_resource)

    @property
    def names_anybody(self) -> bool:
        """Whether its values are people, one or several."""
        return self.names_person or self.names_people

    @property
    def is_searchable(self) -> bool:
        """Whether a map may have its values found by the words or the number that they are."""
        is_plain = not (self.names_person or self.holds_document)
        return is_plain and self.kind in ("text", "number")

    @abstractmethod
    def clean(self, spec: FieldSpec, raw: object) -> Any:
        """The canonical value of what was written. Raises ValueRefused."""

    @abstractmethod
    def python_value(self, value: Any, zone: tzinfo) -> Any:
        """Decimal, bool, str or an aware datetime. Raises ValueError, TypeError or an
        ArithmeticError where the value is not canonical."""

    @abstractmethod
    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """What canonical values look like, as a JSON schema."""

    def read(self, spec: FieldSpec, raw: object, zone: tzinfo) -> Any:
        """The canonical value of what was written, within its bounds. Raises ValueRefused."""
        return self.bounded_value(self.clean(spec, raw), zone)

    def bounded_value(self, value: Any, zone: tzinfo) -> Any:
        """The value, unless it is one that can be read and yet is nobody's. Raises ValueRefused."""
        return value

    def rule_value(self, value: Any, zone: tzinfo) -> Any:
        """The value as rules calculate with it. Raises as `python_value` does."""
        return self.python_value(value, zone)

    def shape(self, spec: FieldSpec) -> Shape | None:
        """What numbers it keeps; None where its values are no numbers."""
        return None

    def take_result(self, value: Any) -> Any:
        """What a sum gave, as `clean` takes it."""
        return value

    def probe_values(self, spec: FieldSpec, constants: Sequence[str]) -> list[Any] | None:
        """Canonical values, one for each stretch that the constants of rules leave; None where
        none can be made up."""
        return None

    def word_choices(self, spec: FieldSpec) -> Sequence[str] | None:
        """The only words that `clean` takes, for lists to choose from; None where it takes more."""
        return None

    def json_value(self, value: Any) -> Any:
        """The value as other systems are told it."""
        return value

    def told_value(self, spec: FieldSpec, value: Any) -> Any:
        """The same, for types that look at what the map says of the field."""
        return self.json_value(value)

    def people_in(self, spec: FieldSpec, value: Any) -> Sequence[str]:
        """The usernames that it names."""
        return [value] if self.names_person and isinstance(value, str) else ()

    def with_people(self, spec: FieldSpec, value: Any, usernames: Mapping[str, str]) -> Any:
        """The value where people have these usernames instead."""
        return usernames.get(value, value) if self.names_person else value

    def log_value(self, value: Any) -> bool | int | str:
        """The value in event logs and CSV."""
        return value if isinstance(value, bool | int) else str(value)

    def search_texts(self, value: Any) -> set[str] | None:
        """How a row may hold this value: as it is written today, or was in an older version; None
        where rows cannot be searched for it as a text."""
        return {str(value)}


FIELD_TYPES: Final = Registry("field_types", FieldType, noun="field type")  # type: ignore[type-abstract]


def type_of_field(spec: FieldSpec) -> FieldType:
    """The type that a field is declared with."""
    return FIELD_TYPES[spec.type]


def number_as_text(raw: object) -> object:
    """A whole number, or one whose writing was kept, as the text that it was written as: other
    systems have ids without quotes. A float is no text, for how it was written is lost."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw) if abs(raw) < LARGEST_ID else raw
    if isinstance(raw, Decimal) and raw.is_finite() and abs(raw.adjusted()) < 100:
        return format(raw, "f")
    return raw


def single_line(raw: object, longest: int) -> str | None:
    """One line without surrounding blanks, or None where it is not one."""
    if not isinstance(raw, str):
        return None
    line = raw.strip()
    return line if len(line) <= longest and len(line.splitlines()) == 1 else None


def require_text(value: Any) -> str:
    """A canonical text. Raises TypeError."""
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def require_number(value: Any) -> Decimal:
    """A canonical number. Raises TypeError or an ArithmeticError."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TypeError("not a number")
    return Decimal(value)


def distinct(values: Collection[str]) -> list[str]:
    """The values, each once, in their order."""
    return list(dict.fromkeys(values))
