"""What a field, or a column of a list, asks of its values: the constraints of a definition file."""

from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    model_validator,
)

from workflows.engine.format.parts import DefinitionPart, Line, LongText, Name, Registered
from workflows.engine.texts import text
from workflows.engine.values.bounds import parse_bound
from workflows.engine.values.field_types.base import FIELD_TYPES
from workflows.engine.values.field_types.texts import MAX_LONG_TEXT
from workflows.engine.values.patterns import PatternProblem, compile_pattern

FieldTypeName = Annotated[str, Registered(FIELD_TYPES)]
BoundValue = int | float | Annotated[str, StringConstraints(min_length=1, max_length=60)]

CONSTRAINTS: Final = ("min", "max", "max_length", "pattern", "in", "never")
"""What fields and columns ask of their values, by the words of the file."""


def _validate_pattern(written: str) -> str:
    try:
        compile_pattern(written)
    except PatternProblem as problem:
        raise ValueError(problem.why) from None
    return written


PatternText = Annotated[
    str, StringConstraints(min_length=1, max_length=200), AfterValidator(_validate_pattern)
]


class ConstrainedDef(DefinitionPart):
    """The type of a value, and what is asked of it besides."""

    type: FieldTypeName
    label: Line | None = None
    help: LongText | None = None
    min: BoundValue | None = None
    max: BoundValue | None = None
    max_length: Annotated[int, Field(ge=1, le=MAX_LONG_TEXT)] | None = None
    pattern: PatternText | None = None
    in_: Name | Annotated[list[Line], Field(min_length=1)] | None = Field(default=None, alias="in")
    never: Literal["requester"] | None = None

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups whose people can be chosen; empty where `in` names none."""
        return tuple(self.in_) if isinstance(self.in_, list) else ()

    @model_validator(mode="after")
    def _bounds_belong_to_numbers_and_dates(self) -> Self:
        kind = FIELD_TYPES[self.type].kind
        for end in (self.min, self.max):
            if end is None:
                continue
            if kind not in ("number", "date"):
                raise ValueError(
                    text("`min` and `max` go with numbers, money and dates; take them out here")
                )
            parse_bound(kind, end)
        return self

    @model_validator(mode="after")
    def _form_belongs_to_texts(self) -> Self:
        if (self.max_length or self.pattern) and not _holds_free_text(self.type):
            raise ValueError(text("`max_length` and `pattern` go with texts; take them out here"))
        return self

    @model_validator(mode="after")
    def _people_belong_to_persons(self) -> Self:
        if (self.in_ or self.never) and not FIELD_TYPES[self.type].names_anybody:
            raise ValueError(
                text("`in` and `never` go with `type: user` or `users`; take them out here")
            )
        if self.in_ and getattr(self, "role", None):
            raise ValueError(text("`role` and `in` say the same; keep one of them"))
        return self


def _holds_free_text(type_name: str) -> bool:
    field_type = FIELD_TYPES[type_name]
    is_named = (
        field_type.names_person
        or field_type.names_resource
        or field_type.has_choices
        or field_type.holds_document
    )
    return field_type.kind == "text" and not is_named
