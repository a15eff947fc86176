"""Types of fields that hold several values of one kind: people, and words that the map lists."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal
from typing import Any, ClassVar, Final

from workflows.engine.texts import text
from workflows.engine.values.field_types.base import (
    FIELD_TYPES,
    FieldSpec,
    FieldType,
    ValueRefused,
    distinct,
    number_as_text,
    require_text,
)
from workflows.engine.values.field_types.people import USER
from workflows.engine.values.field_types.storable import refuse_unstorable
from workflows.engine.values.field_types.words import CHOICE

MOST_VALUES: Final = 1000
_SEPARATORS: Final = re.compile(r"[,;\n]")


class SeveralType(FieldType):
    """Several values of another type (`single`), each once; none of them is an empty field.

    A text is taken apart at commas, semicolons and line ends, unless it is a JSON list.
    """

    kind = "list"
    single: ClassVar[FieldType]
    fits_column = False
    holds_several = True

    def clean(self, spec: FieldSpec, raw: object) -> list[str]:
        """Each value as its own type keeps it."""
        values = distinct([self.single.clean(spec, value) for value in self._parts(spec, raw)])
        if len(values) > MOST_VALUES:
            raise ValueRefused("name at most %(most)s.", most=MOST_VALUES)
        return values

    def _parts(self, spec: FieldSpec, raw: object) -> Iterable[object]:
        raw = read_json_list(number_as_text(raw))
        if isinstance(raw, str):
            return [part.strip() for part in _SEPARATORS.split(raw) if part.strip()]
        if not isinstance(raw, Sequence) or isinstance(raw, bytes):
            raise ValueRefused("write a list of values.")
        for part in raw:
            refuse_unstorable(part)
        return [part for part in raw if part is not None and part != ""]

    def python_value(self, value: Any, zone: tzinfo) -> tuple[str, ...]:
        """The values."""
        if not isinstance(value, list):
            raise TypeError("not a list")
        return tuple(require_text(part) for part in value)

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """A list, each of its values once."""
        items = self.single.json_schema(spec)
        return {"type": "array", "items": items, "uniqueItems": True, "maxItems": MOST_VALUES}

    def log_value(self, value: Any) -> bool | int | str:
        """JSON."""
        return json.dumps(value, ensure_ascii=False)

    def search_texts(self, value: Any) -> set[str] | None:
        """A list is no text."""
        return None


def read_json_list(raw: object) -> object:
    """A text that is a JSON list as that list, numbers with all their digits; all else as it is."""
    if not isinstance(raw, str) or not raw.lstrip().startswith("["):
        return raw
    try:
        return json.loads(raw, parse_float=Decimal)
    except (ValueError, RecursionError):
        return raw


class UsersType(SeveralType):
    """Several people, by username, in the order in which they were named."""

    name = "users"
    title = text("people")
    single = USER
    names_people = True

    def people_in(self, spec: FieldSpec, value: Any) -> Sequence[str]:
        """All of them."""
        return value if isinstance(value, list) else ()

    def with_people(self, spec: FieldSpec, value: Any, usernames: Mapping[str, str]) -> Any:
        """The value with other usernames, each once."""
        return distinct([usernames.get(name, name) for name in value])


class ChoicesType(SeveralType):
    """Several of the words that the map lists, in its order."""

    name = "choices"
    title = text("several choices")
    single = CHOICE
    has_choices = True
    is_personal = False

    def _parts(self, spec: FieldSpec, raw: object) -> Iterable[object]:
        choices = list(spec.choices or ())
        return [raw] if isinstance(raw, str) and raw in choices else super()._parts(spec, raw)

    def clean(self, spec: FieldSpec, raw: object) -> list[str]:
        """The words as they are listed."""
        chosen = super().clean(spec, raw)
        return [word for word in spec.choices or () if word in chosen]


USERS = FIELD_TYPES.register(UsersType.name, UsersType())
CHOICES = FIELD_TYPES.register(ChoicesType.name, ChoicesType())
