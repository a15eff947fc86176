"""The definition file as typed values: what may be written, and how it is written back.

A definition keeps apart what was left out and what was written, so that a file that is
loaded and dumped says the same as before. Whether the *map* makes sense is the audit's
business (`audit.py`); here is only whether the file can be read at all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from workflows.engine.format.directory_finders import PersonOfRequest as PartyName
from workflows.engine.format.directory_finders import field_of_word
from workflows.engine.format.field_parts import ColumnDef, FieldDef, ValueDef
from workflows.engine.format.parts import (
    BaselineDef,
    BranchDef,
    CalendarName,
    Count,
    DefinitionPart,
    DueDef,
    DueText,
    DurationText,
    ErrorRouteDef,
    ExpiryDef,
    ExtendDef,
    FieldPath,
    KeepText,
    Key,
    Line,
    LongText,
    Name,
    OverdueDef,
    Reason,
    RequestOverdueDef,
    RetryDef,
    RoundingDef,
    RouteDef,
    RuleDef,
    ShareText,
    Slug,
    SpanText,
    StartDef,
    TriggerDef,
    UntilText,
    Username,
)
from workflows.engine.format.quorums import Quorum, quorum_roles
from workflows.engine.format.rehearsed import RehearseDef
from workflows.engine.format.resource_uses import BookingDef, SpendingDef
from workflows.engine.format.roles import RoleDef
from workflows.engine.format.signing import SignatureMeaning
from workflows.engine.format.table_parts import (
    Aggregator,
    CellValue,
    HitPolicy,
    TableRowDef,
    TableRows,
    name_rows,
)
from workflows.engine.texts import Text, text

__all__ = [
    "HUMAN_KINDS",
    "ROUTING_KINDS",
    "ApprovalStep",
    "AutomationStep",
    "BaseStep",
    "BaselineDef",
    "BranchDef",
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
    "OverdueDef",
    "ParallelStep",
    "RetryDef",
    "RoleDef",
    "RoundingDef",
    "RouteDef",
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
    "roles_of_step",
]


@dataclass(frozen=True, slots=True)
class RowScope:
    """An each-branch: the parallel step and its branch (from 0), what a row is called in it, and
    the field whose rows or people it goes through."""

    parallel: str
    index: int
    name: str
    source: str


class MapProblem(ValueError):
    """The parts of a map do not fit together; `path` is where in the file."""

    def __init__(self, message: Text, *path: str) -> None:
        super().__init__(message)
        self.path = path


class BaseStep(DefinitionPart):
    """What every step may say. Without an owner and a deputy they are the workflow's."""

    kind: str
    name: Line | None = None
    owner: Username | None = None
    deputy: Username | None = None


class HoldingStep(BaseStep):
    """A step that may book a resource, draw on a budget, and confirm what steps hold."""

    books: BookingDef | None = None
    spends: SpendingDef | None = None
    confirms: Annotated[list[Key], Field(min_length=1)] | None = None


class HumanStep(HoldingStep):
    """A step that people do: an approval or a task."""

    role: Name | None = None
    instructions: LongText | None = None
    expected: DurationText | None = None
    due: DueText | None = None
    clock: Literal["stops", "runs"] | None = None
    extend: ExtendDef | None = None
    calendar: CalendarName | None = None
    inputs: list[FieldPath] | None = None
    outputs: list[FieldPath] | None = None
    not_by: list[PartyName] | None = None
    not_by_reason: Reason | None = None
    quorum: Quorum | None = None
    outcomes: Annotated[dict[Key, RouteDef], Field(min_length=1)]
    on_overdue: OverdueDef | None = None
    reassign: Literal["anyone"] | None = None
    sign: SignatureMeaning | None = None


class ApprovalStep(HumanStep):
    """Somebody decides about what is in front of them."""

    kind: Literal["approval"]
    on_change: Literal["require", "warn", "keep"] | None = None
    on_new_version: Literal["require", "warn", "keep"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _nothing_approves_itself(cls, value: Any) -> Any:
        if isinstance(value, dict) and "expires" in value:
            raise ValueError(
                text(
                    "an approval does not expire: nobody but a person decides it; take `expires`"
                    " out, or make it a task"
                )
            )
        return value


class TaskStep(HumanStep):
    """Somebody does something; a state of a record is a task too."""

    kind: Literal["task"]
    expires: ExpiryDef | None = None

    @model_validator(mode="after")
    def _expiry_has_a_name_of_its_own(self) -> "TaskStep":
        if self.expires is not None and EXPIRED in self.outcomes:
            raise ValueError(
                text("`expired` is the outcome of a task whose time is up; rename the outcome")
            )
        return self


class DecisionStep(BaseStep):
    """Takes the first rule that holds, else `otherwise`."""

    kind: Literal["decision"]
    rules: Annotated[list[RuleDef], Field(min_length=1)] | None = None
    otherwise: Key | None = None


class TableStep(BaseStep):
    """A decision table: the row that holds sets fields and chooses the way."""

    kind: Literal["table"]
    inputs: list[Name] | None = None
    outputs: list[Name] | None = None
    hit: HitPolicy | None = None
    collect: dict[Name, Aggregator] | None = None
    rows: TableRows | None = None
    defaults: dict[Name, CellValue] | None = None
    exceptions: list[Key] | None = None
    to: Key | None = None
    otherwise: Key | None = None

    @property
    def row_targets(self) -> tuple[str, ...]:
        """The steps that rows lead to by themselves, each once, in the order of the rows."""
        return tuple(dict.fromkeys(row.to for row in self.rows or () if row.to))


class ParallelStep(BaseStep):
    """Opens every branch whose condition holds; its join waits for them."""

    kind: Literal["parallel"]
    branches: Annotated[list[BranchDef], Field(min_length=1)]
    join: Key | None = None


class JoinStep(BaseStep):
    """The merge check: fires once when enough branches have arrived and they agree."""

    kind: Literal["join"]
    wait_for: Count | Literal["all", "any"] | ShareText | None = None
    to: Key


class AutomationStep(HoldingStep):
    """Something outside is done, with retries, after the decision is safe."""

    kind: Literal["automation"]
    role: Name | None = None
    expected: DurationText | None = None
    calendar: CalendarName | None = None
    action: Line
    with_: dict[str, Any] | None = Field(None, alias="with")
    outputs: dict[FieldPath, str] | None = None
    round: dict[FieldPath, RoundingDef] | None = None
    retry: RetryDef | None = None
    on_error: ErrorRouteDef | None = None
    to: Key


class WaitStep(HoldingStep):
    """Nobody acts; the request waits for a time or a message."""

    kind: Literal["wait"]
    role: Name | None = None
    expected: DurationText | None = None
    calendar: CalendarName | None = None
    for_: SpanText | None = Field(None, alias="for")
    until: UntilText | None = None
    message: Line | None = None
    outputs: list[FieldPath] | None = None
    keep: KeepText | None = None
    to: Key

    @model_validator(mode="after")
    def _one_thing_to_wait_for(self) -> "WaitStep":
        if sum(x is not None for x in (self.for_, self.until, self.message)) != 1:
            raise ValueError(text("a wait step says exactly one of `for`, `until` or `message`"))
        if self.outputs and self.message is None:
            raise ValueError(text("only a wait for a message fills in fields; take `outputs` out"))
        if self.keep is not None and self.message is None:
            raise ValueError(text("only a wait for a message has one kept; take `keep` out"))
        return self


class SubworkflowStep(HoldingStep):
    """Starts a request of another workflow and waits for its end."""

    kind: Literal["subworkflow"]
    role: Name | None = None
    expected: DurationText | None = None
    calendar: CalendarName | None = None
    workflow: Slug
    data: dict[Name, Any] | None = None
    outputs: dict[FieldPath, str] | None = None
    round: dict[FieldPath, RoundingDef] | None = None
    on_error: ErrorRouteDef | None = None
    to: Key


class EndStep(BaseStep):
    """The request is complete, with this result."""

    kind: Literal["end"]
    result: Name
    reopen: Key | None = None
    confirms: Annotated[list[Key], Field(min_length=1)] | None = None


Step = Annotated[
    ApprovalStep
    | TaskStep
    | DecisionStep
    | TableStep
    | ParallelStep
    | JoinStep
    | AutomationStep
    | WaitStep
    | SubworkflowStep
    | EndStep,
    Field(discriminator="kind"),
]

EXPIRED = "expired"
"""The outcome of a task whose time was up, and the name of the way that it takes."""
UNCHOSEN_WAYS = frozenset({"on_error", "expires"})
"""Kinds of ways that nobody chooses and nothing decides on: something went wrong, or time is up."""
UNUSUAL_WAYS = UNCHOSEN_WAYS | {"reopen"}
"""Kinds of ways that are none of those on which work goes on when all is well."""
HUMAN_KINDS = frozenset({"approval", "task"})
ROUTING_KINDS = frozenset({"decision", "table", "parallel", "join"})
"""Kinds that do no work of their own: they only say where to go."""


class Link(DefinitionPart):
    """A way between two steps with what it is: for graphs, tables and pictures."""

    source: str
    kind: Literal[
        "outcome",
        "rule",
        "row",
        "otherwise",
        "branch",
        "to",
        "on_error",
        "expires",
        "reopen",
    ]
    name: str
    route: RouteDef
    branch: BranchDef | None = None

    @property
    def to(self) -> str:
        """The step this way leads to."""
        return self.route.to


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
        self._check_ways()
        self._check_role_references()
        self._check_roles_of_fields()
        self._check_start_and_joins()
        self._check_exclusions()
        self._check_confirmations()
        self._check_quorums()
        self._check_rehearsal()
        self._check_row_names()
        return self

    def _check_ways(self) -> None:
        for link in self.links():
            if link.to not in self.steps:
                raise MapProblem(
                    text(
                        "step '%(source)s' goes to '%(to)s', and there is no such step; correct"
                        " the name or add the step",
                        source=link.source,
                        to=link.to,
                    ),
                    "steps",
                    link.source,
                )

    def _check_role_references(self) -> None:
        for where, path, role in self._role_references():
            if role is not None and role not in self.roles:
                raise MapProblem(
                    text(
                        "%(where)s names the role '%(role)s', and there is no such role; correct"
                        " the name or add it under `roles`",
                        where=where,
                        role=role,
                    ),
                    *path,
                )

    def _check_roles_of_fields(self) -> None:
        for key, field in self.value_specs():
            if field.offered_role and not self.roles[field.offered_role].is_static:
                raise MapProblem(
                    text(
                        "field '%(key)s' offers the people of '%(role)s', who are found in each"
                        " request; name a role of groups and users",
                        key=key,
                        role=field.offered_role,
                    ),
                    "fields",
                    key.partition(".")[0],
                )

    def _check_start_and_joins(self) -> None:
        if self.start and self.start.first and self.start.first not in self.steps:
            raise MapProblem(
                text(
                    "the start goes to '%(first)s', and there is no such step; correct"
                    " `start: first`",
                    first=self.start.first,
                ),
                "start",
            )
        for key, step in self.steps.items():
            if isinstance(step, ParallelStep) and step.join and step.join not in self.steps:
                raise MapProblem(
                    text(
                        "step '%(key)s' names the join '%(join)s', and there is no such step;"
                        " correct the name or add the step",
                        key=key,
                        join=step.join,
                    ),
                    "steps",
                    key,
                )

    def _check_exclusions(self) -> None:
        for key, step in self.steps.items():
            for other in (step.not_by or []) if isinstance(step, HumanStep) else []:
                field = field_of_word(other)
                is_known = other in self.steps if field is None else field in self.fields
                if other != "requester" and not is_known:
                    raise MapProblem(
                        text(
                            "step '%(key)s' says `not_by: %(other)s`; write `requester`, or the"
                            " key of a step whose people may not act here, or `field:` and a field"
                            " that names people",
                            key=key,
                            other=other,
                        ),
                        "steps",
                        key,
                    )

    def _check_confirmations(self) -> None:
        for key, step in self.steps.items():
            for other in getattr(step, "confirms", None) or []:
                if other not in self.steps:
                    raise MapProblem(
                        text(
                            "step '%(key)s' confirms '%(other)s', and there is no such step;"
                            " correct the name or add the step",
                            key=key,
                            other=other,
                        ),
                        "steps",
                        key,
                    )

    def _check_quorums(self) -> None:
        """A quorum by roles is the step's own role's, and others'."""
        for key, step in self.steps.items():
            if not isinstance(step, HumanStep):
                continue
            roles = quorum_roles(step.quorum)
            if roles and (set(roles) - set(self.roles) or step.role not in roles):
                raise MapProblem(
                    text(
                        "the quorum of step '%(key)s' is by roles: name roles that are declared,"
                        " and the step's own `role` among them",
                        key=key,
                    ),
                    "steps",
                    key,
                )

    def _check_row_names(self) -> None:
        """A row's name means one list on the whole map, so that `row.net` has one type."""
        sources: dict[str, str] = {}
        for scope in self.row_scopes():
            path = ("steps", scope.parallel)
            if scope.name in self.fields:
                raise MapProblem(
                    text(
                        "step '%(key)s' calls its rows '%(name)s', which is a field; give them"
                        " another name with `as`",
                        key=scope.parallel,
                        name=scope.name,
                    ),
                    *path,
                )
            if sources.setdefault(scope.name, scope.source) != scope.source:
                raise MapProblem(
                    text(
                        "step '%(key)s' calls its rows '%(name)s', and so are rows of"
                        " '%(source)s' called; give one of them another name with `as`",
                        key=scope.parallel,
                        name=scope.name,
                        source=sources[scope.name],
                    ),
                    *path,
                )

    def _check_rehearsal(self) -> None:
        outcomes = {key: getattr(step, "outcomes", {}) for key, step in self.steps.items()}
        for problem in self.rehearse.problems(self.roles, outcomes) if self.rehearse else ():
            raise MapProblem(problem, "rehearse")

    def _role_references(self) -> Iterator[tuple[Text, tuple[str, ...], str | None]]:
        """Who names a role, as a message says it and as a path, and which."""
        if self.start:
            yield text("the start"), ("start",), self.start.role
        for key, field in self.value_specs():
            path = ("fields", key.partition(".")[0])
            yield text("field '%(key)s'", key=key), path, field.offered_role
            for role in getattr(field, "visible_to", None) or ():
                yield text("field '%(key)s'", key=key), path, role
        for key, step in self.steps.items():
            path = ("steps", key)
            yield text("step '%(key)s'", key=key), path, getattr(step, "role", None)
            if isinstance(step, HumanStep):
                for name, route in step.outcomes.items():
                    where = text("outcome '%(name)s' of step '%(key)s'", name=name, key=key)
                    yield where, path, route.role
                if step.on_overdue:
                    where = text("`on_overdue` of step '%(key)s'", key=key)
                    yield where, path, step.on_overdue.escalate_to

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
                        yield RowScope(key, index, branch.row_name, branch.each)

    @cached_property
    def all_fields(self) -> Mapping[str, FieldDef]:
        """The declared fields, with those that rows of each-branches have within them, under
        dotted names."""
        fields = dict(self.fields)
        for scope in self.row_scopes():
            source = self.fields.get(scope.source)
            if source is not None:
                fields |= row_fields(scope.name, source)
        return fields

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


def row_fields(name: str, source: FieldDef) -> dict[str, FieldDef]:
    """What a row of this field is known by: its columns as `row.net`, or `row` alone where the
    field names several people."""
    columns: Mapping[str, Any] = getattr(source, "columns", None) or {}
    if source.type == "users":
        label = source.label
        return {
            name: FieldDef(type="user") if label is None else FieldDef(type="user", label=label)
        }
    return {
        f"{name}.{column}": FieldDef.model_validate(
            {"label": display_title(column, None), **_column_as_field(spec)}
        )
        for column, spec in columns.items()
    }


def _column_as_field(spec: Any) -> dict[str, Any]:
    written: dict[str, Any] = spec.model_dump(by_alias=True, exclude_unset=True)
    return written


def links_of(key: str, step: Step) -> Iterator[Link]:
    """The ways from one step, in the file's order."""

    def link(kind: Any, name: str, route: RouteDef | str, branch: BranchDef | None = None) -> Link:
        target = RouteDef(to=route) if isinstance(route, str) else route
        return Link(source=key, kind=kind, name=name, route=target, branch=branch)

    if isinstance(step, HumanStep):
        for name, route in step.outcomes.items():
            yield link("outcome", name, route)
        expires = getattr(step, "expires", None)
        if expires:
            way = _build_route(expires.to, exception=expires.exception)
            yield link("expires", EXPIRED, way)
    elif isinstance(step, DecisionStep):
        for number, rule in enumerate(step.rules or [], start=1):
            yield link("rule", str(number), _build_route(rule.to, rule.when, rule.exception))
        if step.otherwise:
            yield link("otherwise", "otherwise", step.otherwise)
    elif isinstance(step, TableStep):
        yield from _links_of_table(key, step)
    elif isinstance(step, ParallelStep):
        for number, branch in enumerate(step.branches, start=1):
            yield link("branch", str(number), _build_route(branch.to, branch.when), branch)
    elif isinstance(step, EndStep):
        if step.reopen:
            yield link("reopen", "reopen", step.reopen)
    else:
        yield link("to", "to", step.to)
        on_error = getattr(step, "on_error", None)
        if on_error:
            yield link(
                "on_error", "on_error", _build_route(on_error.to, exception=on_error.exception)
            )


def _links_of_table(key: str, step: TableStep) -> Iterator[Link]:
    """One way for all rows that lead to a step, and those of the table as a whole."""
    ways = [("row", str(number), to) for number, to in enumerate(step.row_targets, start=1)]
    ways += [
        (kind, kind, to) for kind, to in (("to", step.to), ("otherwise", step.otherwise)) if to
    ]
    for kind, name, to in ways:
        label = name_rows(step.rows or (), to) if kind == "row" else None
        exception = True if to in (step.exceptions or ()) else None
        written = {"to": to, "label": label, "exception": exception}
        route = {part: value for part, value in written.items() if value is not None}
        yield Link.model_validate({"source": key, "kind": kind, "name": name, "route": route})


def _build_route(to: str, when: str | None = None, exception: bool | None = None) -> RouteDef:
    written = {"to": to, "when": when, "exception": exception}
    return RouteDef.model_validate({k: value for k, value in written.items() if value is not None})


def roles_of_step(step: HumanStep) -> tuple[str, ...]:
    """The roles whose people do a step: its own, and the others of a quorum by roles."""
    own = (step.role,) if step.role else ()
    return tuple(dict.fromkeys((*own, *quorum_roles(step.quorum))))


def excluded_parties(step: HumanStep) -> list[str]:
    """Whose people may not act on this step: as written, else the requester for approvals."""
    if step.not_by is not None:
        return list(step.not_by)
    return ["requester"] if step.kind == "approval" else []


def display_title(key: str, name: str | None) -> str:
    """What people read where a step, field or outcome has no name of its own."""
    return name or key.replace("_", " ").replace("-", " ").capitalize()
