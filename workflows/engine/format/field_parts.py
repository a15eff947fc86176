"""The declared fields of a definition file, and what they share with the columns of a list."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from workflows.engine.format.constraint_parts import ConstrainedDef
from workflows.engine.format.parts import Line, Name, Slug
from workflows.engine.texts import text
from workflows.engine.values.field_types.base import FIELD_TYPES
from workflows.engine.values.file_kinds import FILE_KINDS

FileKindName = Literal[*FILE_KINDS]  # type: ignore[valid-type]
"""A kind of files that a document field takes."""


class ValueDef(ConstrainedDef):
    """What is said of a value wherever one is filled in: of a field, and of a column of a list."""

    required: bool | None = None
    choices: list[Line] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    role: Name | None = None
    of: Slug | None = None

    @property
    def offered_role(self) -> str | None:
        """The role whose people can be chosen, as `role` or `in` names it."""
        return self.in_ if isinstance(self.in_, str) else self.role

    @model_validator(mode="after")
    def _role_belongs_to_person(self) -> Self:
        if self.role and not FIELD_TYPES[self.type].names_person:
            raise ValueError(text("`role` goes with `type: user`; remove it or change the type"))
        return self

    @model_validator(mode="after")
    def _groups_belong_to_resources(self) -> Self:
        if FIELD_TYPES[self.type].names_resource != bool(self.of):
            raise ValueError(
                text("`of` goes with `type: resource`, and only there; add or remove it")
            )
        return self

    @model_validator(mode="after")
    def _choices_belong_to_choice(self) -> Self:
        field_type = FIELD_TYPES[self.type]
        if field_type.has_choices != bool(self.choices):
            raise ValueError(
                text("`choices` goes with `type: choice`, and only there; add or remove it")
            )
        if self.choices and len(set(self.choices)) != len(self.choices):
            raise ValueError(text("a choice is listed twice; remove one of them"))
        if self.currency and not field_type.has_currency:
            raise ValueError(
                text("`currency` goes with `type: money`; remove it or change the type")
            )
        return self


class FieldDef(ValueDef):
    """A declared input or output of the workflow."""

    searchable: bool | None = None
    accept: Annotated[list[FileKindName], Field(min_length=1)] | None = None
    max_size: Annotated[int, Field(ge=1, le=2000)] | None = None
    public: bool | None = None

    @model_validator(mode="after")
    def _limits_belong_to_documents(self) -> Self:
        if (self.accept or self.max_size) and not FIELD_TYPES[self.type].holds_document:
            raise ValueError(
                text(
                    "`accept` and `max_size` go with `type: document`; remove them or change the"
                    " type"
                )
            )
        return self

    @model_validator(mode="after")
    def _only_words_and_numbers_are_searched(self) -> Self:
        if self.searchable and not FIELD_TYPES[self.type].is_searchable:
            raise ValueError(
                text("`searchable` goes with texts, choices and numbers; take it out here")
            )
        return self
