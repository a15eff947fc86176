"""The definition file as typed values: what may be written, and how it is written back.

A definition keeps apart what was left out and what was written, so that a file that is
loaded and dumped says the same as before. Whether the *map* makes sense is the audit's
business (`engine.audit`); here is only whether the file can be read at all.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from workflows.engine.format.branches import BranchDef, ChainDef, chain_source
from workflows.engine.format.field_parts import ColumnDef, FieldDef, ValueDef
from workflows.engine.format.links import UNCHOSEN_WAYS, UNUSUAL_WAYS, Link, links_of
from workflows.engine.format.name_checks import MapProblem, check_names
from workflows.engine.format.parts import (
    BaselineDef,
    CalendarName,
    DefinitionPart,
    DueDef,
    DueText,
    ErrorRouteDef,
    ExtendDef,
    Key,
    Line,
    LongText,
    Name,
    OverdueDef,
    RequestOverdueDef,
    RetryDef,
    RoundingDef,
    RouteDef,
    RuleDef,
    Slug,
    StartDef,
    TriggerDef,
    Username,
    display_title,
)
from workflows.engine.format.rehearsed import RehearseDef
from workflows.engine.format.request_facts import fact_fields
from workflows.engine.format.roles import RoleDef
from workflows.engine.format.row_scopes import PEOPLE, RowScope, row_fields
from workflows.engine.format.step_kinds import (
    EXPIRED,
    HUMAN_KINDS,
    ROUTING_KINDS,
    ApprovalStep,
    AutomationStep,
    BaseStep,
    DecisionStep,
    EndStep,
    HoldingStep,
    HumanStep,
    JoinStep,
    ParallelStep,
    Step,
    SubworkflowStep,
    TableStep,
    TaskStep,
    WaitStep,
    excluded_parties,
    roles_of_step,
)
from workflows.engine.format.table_parts import TableRowDef
from workflows.engine.rules.fact_names import names_facts

__all__ = [
    "EXPIRED",
    "HUMAN_KINDS",
    "ROUTING_KINDS",
    "UNCHOSEN_WAYS",
    "UNUSUAL_WAYS",
    "ApprovalStep",
    "AutomationStep",
    "BaseStep",
    "BaselineDef",
    "BranchDef",
    "ChainDef",
    "ColumnDef",
    "DecisionStep",
    "Definition",
    "DefinitionPart",
    "DueDef",
    "EndStep",
    "ErrorRouteDef",
    "FieldDef",
    "HoldingStep",
    "HumanStep",
    "JoinStep",
    "Link",
    "MapProblem",
    "OverdueDef",
    "ParallelStep",
    "RetryDef",
    "RoleDef",
    "RoundingDef",
    "RouteDef",
    "RowScope",
    "RuleDef",
    "StartDef",
    "Step",
    "SubworkflowStep",
    "TableRowDef",
    "TableStep",
    "TaskStep",
    "TriggerDef",
    "ValueDef",
    "WaitStep",
    "display_title",
    "excluded_parties",
    "links_of",
    "roles_of_step",
    "row_fields",
]


class Definition(DefinitionPart):
    """One workflow as its file says it."""

    format: Literal[1]
    key: Slug
    name: Line
    purpose: LongText | None = None
    owner: Username | None = None
    deputy: Username | None = None
    review_every_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    baseline: BaselineDef | None = None
    rehearse: RehearseDef | None = None
    calendar: CalendarName | None = None
    due: DueText | None = None
    extend: ExtendDef | None = None
    clock: Literal["stops", "runs"] | None = None
    on_overdue: RequestOverdueDef | None = None
    status_link: bool | None = None
    status_link_names: bool | None = None
    mentions_give_sight: bool | None = None
    decide_by_mail: bool | None = None
    roles: dict[Name, RoleDef] = Field(default_factory=dict)
    fields: dict[Name, FieldDef] = Field(default_factory=dict)
    start: StartDef | None = None
    steps: Annotated[dict[Key, Step], Field(min_length=1, max_length=2000)]

    @model_validator(mode="before")
    @classmethod
    def _empty_is_left_out(cls, value: Any) -> Any:
        """A part that is there and says nothing is not there; a map without steps is refused."""
        if not isinstance(value, dict):
            return value
        return {key: part for key, part in value.items() if part != {} or key == "steps"}

    @model_validator(mode="after")
    def _names_lead_somewhere(self) -> "Definition":
        check_names(self)
        return self

    def calendar_of(self, step: str) -> str | None:
        """The name of the calendar in which a step's durations count: its own, or the
        workflow's."""
        return getattr(self.steps[step], "calendar", None) or self.calendar

    @property
    def worked_out_keys(self) -> frozenset[str]:
        """The fields that are worked out, and that nobody writes."""
        return frozenset(key for key, field in self.fields.items() if field.value is not None)

    def value_specs(self) -> Iterator[tuple[str, FieldDef | ColumnDef]]:
        """All that is filled in: fields, and behind a list its columns as `list.column`."""
        for key, field in self.fields.items():
            yield key, field
            for column, spec in (field.columns or {}).items():
                yield f"{key}.{column}", spec

    def row_scopes(self) -> Iterator[RowScope]:
        """The each-branches of the map, in the file's order."""
        for key, step in self.steps.items():
            if isinstance(step, ParallelStep):
                for index, branch in enumerate(step.branches):
                    if branch.each is not None:
                        source = branch.listed or chain_source(key, index)
                        yield RowScope(key, index, branch.row_name, source, branch.chain)

    @cached_property
    def all_fields(self) -> Mapping[str, FieldDef]:
        """The declared fields, with those that rows of each-branches have within them, under
        dotted names."""
        fields = dict(self.fields)
        for scope in self.row_scopes():
            source = PEOPLE if scope.chain else self.fields.get(scope.source)
            if source is not None:
                fields |= row_fields(scope.name, source)
        return fields

    @cached_property
    def facts(self) -> Mapping[str, FieldDef]:
        """What rules may ask beside fields: who asked, and what was decided so far."""
        return fact_fields(self)

    def rule_fields(self, rule: str) -> Mapping[str, FieldDef]:
        """What a rule may name: the fields, and the facts where it seems to name one. What rows are
        called goes before a fact of that name."""
        return {**self.facts, **self.all_fields} if names_facts(rule) else self.all_fields

    @cached_property
    def table_fields(self) -> Mapping[str, FieldDef]:
        """What a decision table may ask: the fields, and facts that are one plain value."""
        return {**self.facts, **self.fields}

    @cached_property
    def row_sources(self) -> Mapping[str, str]:
        """The field in which a row stands, by what rows of each-branches are called."""
        return {scope.name: scope.source for scope in self.row_scopes()}

    @cached_property
    def row_outputs(self) -> frozenset[str]:
        """The columns, by their dotted names, that steps of each-branches fill in: they are asked
        there, and not with the list."""
        names = {scope.name for scope in self.row_scopes()}
        written = {
            key for step in self.steps.values() for key in getattr(step, "outputs", None) or ()
        }
        return frozenset(key for key in written if key.partition(".")[0] in names)

    def links(self) -> Iterator[Link]:
        """Every way between steps, in the file's order."""
        for key, step in self.steps.items():
            yield from links_of(key, step)

    def dump(self) -> dict[str, Any]:
        """The definition as plain data, with only what was written in it and says something."""
        written = self.model_dump(by_alias=True, exclude_unset=True)
        return {name: part for name, part in written.items() if part != {}}
