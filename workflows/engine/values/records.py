"""Typed values that are kept as JSON: frozen dataclasses, written and read by their own fields.

Facts are such values with a code: what happened, and what its sentence needs to name. They are kept
as code and parameters; the sentence is made where somebody reads it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import PlainSerializer, PlainValidator, TypeAdapter, ValidationError

from workflows.engine.texts import Text, dump_text, load_text

Json = Any
R = TypeVar("R")


class RecordUnreadable(ValueError):
    """What was kept does not have the fields that its kind has; `place` names the first."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter_of(record_type: type[Any]) -> TypeAdapter[Any]:
    """The reader and writer of a dataclass, made when it is first used."""
    adapter = _adapters.get(record_type)
    if adapter is None:
        adapter = _adapters[record_type] = TypeAdapter(record_type)
    return adapter


def record_to_json(record: object) -> dict[str, Json]:
    """A dataclass as the JSON object that is kept of it, without what is as it is by default."""
    written: dict[str, Json] = _adapter_of(type(record)).dump_python(
        record, mode="json", by_alias=True, exclude_defaults=True
    )
    return written


def record_from_json(record_type: type[R], data: object) -> R:
    """The dataclass that was kept as this JSON. Raises RecordUnreadable; what it does not know is
    left out, so that an older program reads what a newer one wrote."""
    if not isinstance(data, Mapping):
        raise RecordUnreadable("")
    try:
        read: R = _adapter_of(record_type).validate_json(json.dumps(data), strict=True)
    except ValidationError as problem:
        place = ".".join(str(part) for part in problem.errors()[0]["loc"])
        raise RecordUnreadable(place) from None
    return read


# -- sentences --------------------------------------------------------------------------------


def _load_sentence(record: Json) -> Text | str:
    if isinstance(record, Text | str):
        return record
    try:
        sentence = load_text(record)
    except (KeyError, TypeError, AttributeError):
        sentence = None
    if not isinstance(sentence, Text):
        raise ValueError("no sentence")
    return sentence


Sentence = Annotated[Text | str, PlainValidator(_load_sentence), PlainSerializer(dump_text)]
"""A field for a sentence: one of this program with its places, or somebody's own words."""


# -- facts ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened, or why: a code, with the dataclass's fields as its parameters."""

    CODE: ClassVar[str]

    @property
    def code(self) -> str:
        """Which fact it is."""
        return self.CODE

    @property
    def parameters(self) -> dict[str, Json]:
        """What it names, as JSON."""
        return record_to_json(self)


F = TypeVar("F", bound=Fact)


class FactFamily(Generic[F]):
    """The facts that one column may hold, by their codes. `other` stands for the codes of others:
    a company's own actions have some."""

    def __init__(self, *fact_types: type[F], other: type[F] | None = None) -> None:
        self.types: Mapping[str, type[F]] = {fact.CODE: fact for fact in fact_types}
        self.other = other

    def parse(self, code: str, parameters: object) -> F:
        """The fact with this code. Raises RecordUnreadable."""
        fact_type = self.types.get(code, self.other)
        if fact_type is None:
            raise RecordUnreadable(code)
        return record_from_json(fact_type, parameters)

    def from_json(self, record: Json) -> F:
        """The fact that was kept inside another one."""
        if isinstance(record, Fact):
            return record  # type: ignore[return-value]
        return self.parse(record["code"], {k: v for k, v in record.items() if k != "code"})


def fact_to_json(fact: Fact) -> dict[str, Json]:
    """A fact as it is kept inside another one, or in a row of the trail."""
    return {"code": fact.code, **fact.parameters}
