"""The declared fields of a definition file, and what they share with the columns of a list."""

from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    Field,
    GetJsonSchemaHandler,
    PrivateAttr,
    StringConstraints,
    TypeAdapter,
    model_serializer,
    model_validator,
)

from workflows.engine.format.constraint_parts import CONSTRAINTS, ConstrainedDef, FieldTypeName
from workflows.engine.format.parts import (
    DefinitionPart,
    Line,
    Name,
    Registered,
    RoundingDef,
    RuleText,
    Slug,
)
from workflows.engine.texts import text
from workflows.engine.values.field_types.base import FIELD_TYPES
from workflows.engine.values.field_types.documents import (
    MOST_FILES,
    max_files_of,
    min_files_of,
)
from workflows.engine.values.field_types.rows import MOST_ROWS, max_rows_of, min_rows_of
from workflows.engine.values.file_kinds import FILE_KINDS

ColumnTypeName = Annotated[str, Registered(FIELD_TYPES, lambda kind: kind.fits_column)]
FileKindName = Literal[*FILE_KINDS]  # type: ignore[valid-type]
"""A kind of files that a document field takes."""


_RULE: TypeAdapter[str] = TypeAdapter(RuleText)


class DefaultDef(DefinitionPart):
    """A value that is looked up when the form opens: exactly one of these."""

    requester: Literal[True] | None = None
    manager_of: Literal["requester"] | None = None
    last_request: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError(
                text(
                    "write one of `requester: true`, `manager_of: requester` and"
                    " `last_request: true`"
                )
            )
        return self


ConstantValue = bool | int | float | Annotated[str, StringConstraints(max_length=4000)]
DefaultValue = ConstantValue | DefaultDef
"""What a form opens with: a constant, a day counted from today, or what is looked up."""


FILLED_IN: Final = ("when", "default", "required_when")


class ValueDef(ConstrainedDef):
    """What is said of a value wherever one is filled in: of a field, and of a column of a list."""

    required: bool | None = None
    choices: list[Line] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    role: Name | None = None
    of: Slug | None = None
    value: RuleText | None = None
    round: RoundingDef | None = None
    when: RuleText | None = None
    _required_when: str | None = PrivateAttr(None)

    @property
    def required_when(self) -> str | None:
        """The rule under which it may not stay empty, where it is not always so."""
        return self._required_when

    @property
    def offered_role(self) -> str | None:
        """The role whose people can be chosen, as `role` or `in` names it."""
        return self.in_ if isinstance(self.in_, str) else self.role

    @model_validator(mode="wrap")
    @classmethod
    def _read_required_when(cls, value: Any, handler: Any) -> Any:
        """`required: {when: …}` is a condition, which stands in a part of its own."""
        condition = value.get("required") if isinstance(value, dict) else None
        if not isinstance(condition, dict):
            return handler(value)
        if set(condition) != {"when"} or not isinstance(condition["when"], str):
            raise ValueError(text("write `required: true`, or `required: {when: …}` with a rule"))
        part = handler({name: said for name, said in value.items() if name != "required"})
        part._required_when = _RULE.validate_python(condition["when"])
        return part

    @model_serializer(mode="wrap")
    def _write_required_when(self, handler: Any) -> Any:
        written = handler(self)
        if self.required_when is not None:
            written["required"] = {"when": self.required_when}
        return written

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: Any, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        full = handler.resolve_ref_schema(handler(schema))
        condition = {
            "type": "object",
            "properties": {"when": _RULE.json_schema()},
            "required": ["when"],
            "additionalProperties": False,
        }
        full["properties"]["required"]["anyOf"].insert(1, condition)
        return full

    @model_validator(mode="after")
    def _worked_out_is_not_filled_in(self) -> Self:
        field_type = FIELD_TYPES[self.type]
        if self.value is None:
            if self.round is not None:
                raise ValueError(text("`round` goes with `value`; take it out here"))
            return self
        if not field_type.can_be_worked_out:
            raise ValueError(
                text("`value` goes with numbers, texts, dates and yes or no; take it out here")
            )
        if self.required or any(getattr(self, name, None) for name in FILLED_IN):
            raise ValueError(
                text(
                    "a field with `value` is worked out and nobody fills it in; take out"
                    " `required`, `required: {when: …}`, `when` and `default`"
                )
            )
        spec: Any = self
        shape = field_type.shape(spec)
        if self.round is not None and (shape is None or self.round.digits > shape.decimals):
            raise ValueError(
                text("`round` says more digits than the field keeps, or the field is no number")
            )
        return self

    @model_validator(mode="after")
    def _role_belongs_to_person(self) -> Self:
        if self.role and not FIELD_TYPES[self.type].names_anybody:
            raise ValueError(
                text("`role` goes with `type: user` or `users`; remove it or change the type")
            )
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
                text(
                    "`choices` goes with `type: choice` or `choices`, and only there; add or remove"
                    " it"
                )
            )
        if self.choices and len(set(self.choices)) != len(self.choices):
            raise ValueError(text("a choice is listed twice; remove one of them"))
        if self.currency and not field_type.has_currency:
            raise ValueError(
                text("`currency` goes with `type: money`; remove it or change the type")
            )
        return self


FIELD_SETTINGS: Final = (
    *CONSTRAINTS,
    "required",
    "when",
    "default",
    "section",
    "visible_to",
    "value",
    "round",
)
"""What a field says beside its type and its words, by the words of the file."""


class ColumnDef(ValueDef):
    """A column of a list: any type that holds one plain value."""

    type: ColumnTypeName
    default: ConstantValue | None = None
    accept: ClassVar[None] = None
    max_size: ClassVar[None] = None
    columns: ClassVar[None] = None
    min_rows: ClassVar[None] = None
    max_rows: ClassVar[None] = None
    min_files: ClassVar[None] = None
    max_files: ClassVar[None] = None

    def when_optional(self) -> "ColumnDef":
        """The same column where a row need not say anything under it."""
        column = self.model_copy(update={"required": None})
        column._required_when = None
        return column


RowCount = Annotated[int, Field(ge=1, le=MOST_ROWS)]
FileCount = Annotated[int, Field(ge=1, le=MOST_FILES)]


class FieldDef(ValueDef):
    """A declared input or output of the workflow."""

    type: FieldTypeName
    searchable: bool | None = None
    accept: Annotated[list[FileKindName], Field(min_length=1)] | None = None
    max_size: Annotated[int, Field(ge=1, le=2000)] | None = None
    min_files: FileCount | None = None
    max_files: FileCount | None = None
    public: bool | None = None
    default: DefaultValue | None = None
    section: Line | None = None
    visible_to: Annotated[list[Name], Field(min_length=1)] | None = None

    @property
    def is_left_to_others(self) -> bool:
        """Whether it has to be given wherever it is asked for, as nothing fills it in instead."""
        has_constant = self.default is not None and not isinstance(self.default, DefaultDef)
        return bool(self.required) and self.when is None and not has_constant

    columns: Annotated[dict[Name, ColumnDef], Field(min_length=1, max_length=30)] | None = None
    min_rows: RowCount | None = None
    max_rows: RowCount | None = None

    @model_validator(mode="after")
    def _rows_belong_to_lists(self) -> Self:
        holds_rows = FIELD_TYPES[self.type].holds_rows
        if holds_rows != bool(self.columns):
            raise ValueError(
                text("`columns` goes with `type: list`, which needs it; add or remove it")
            )
        if not holds_rows and (self.min_rows or self.max_rows):
            raise ValueError(
                text(
                    "`min_rows` and `max_rows` go with `type: list`; remove them or change the type"
                )
            )
        if holds_rows and min_rows_of(self) > max_rows_of(self):
            raise ValueError(text("`min_rows` is more than the list may have; make it smaller"))
        return self

    @model_validator(mode="after")
    def _what_few_see_is_nowhere_else(self) -> Self:
        if self.visible_to is not None and (self.public or self.searchable):
            raise ValueError(
                text(
                    "a field with `visible_to` is neither `public` nor `searchable`, for these tell"
                    " others its value; take them out"
                )
            )
        return self

    @model_validator(mode="after")
    def _limits_belong_to_documents(self) -> Self:
        if (self.accept or self.max_size) and not FIELD_TYPES[self.type].holds_document:
            raise ValueError(
                text(
                    "`accept` and `max_size` go with `type: document` or `documents`; remove them"
                    " or change the type"
                )
            )
        return self

    @model_validator(mode="after")
    def _counts_belong_to_several_documents(self) -> Self:
        field_type = FIELD_TYPES[self.type]
        if not (self.min_files or self.max_files):
            return self
        if not (field_type.holds_document and field_type.holds_several):
            raise ValueError(
                text(
                    "`min_files` and `max_files` go with `type: documents`; remove them or change"
                    " the type"
                )
            )
        if min_files_of(self) > max_files_of(self):
            raise ValueError(text("`min_files` is more than the field may have; make it smaller"))
        return self

    @model_validator(mode="after")
    def _only_words_and_numbers_are_searched(self) -> Self:
        if self.searchable and not FIELD_TYPES[self.type].is_searchable:
            raise ValueError(
                text("`searchable` goes with texts, choices and numbers; take it out here")
            )
        return self
