"""Names in a map that lead nowhere, or that two things have.

Each check raises MapProblem with what to write and where in the file.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workflows.engine.format.directory_finders import field_of_word
from workflows.engine.format.quorums import quorum_roles
from workflows.engine.format.step_kinds import HumanStep, ParallelStep
from workflows.engine.texts import Text, text

if TYPE_CHECKING:
    from workflows.engine.format.definition import Definition


class MapProblem(ValueError):
    """The parts of a map do not fit together; `path` is where in the file."""

    def __init__(self, message: Text, *path: str) -> None:
        super().__init__(message)
        self.path = path


def check_names(definition: "Definition") -> None:
    """Raise MapProblem for the first name that leads nowhere."""
    _check_ways(definition)
    _check_role_references(definition)
    _check_roles_of_fields(definition)
    _check_start_and_joins(definition)
    _check_exclusions(definition)
    _check_confirmations(definition)
    _check_quorums(definition)
    _check_rehearsal(definition)
    _check_row_names(definition)


def _check_ways(definition: "Definition") -> None:
    for link in definition.links():
        if link.to not in definition.steps:
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


def _check_role_references(definition: "Definition") -> None:
    for where, path, role in _role_references(definition):
        if role is not None and role not in definition.roles:
            raise MapProblem(
                text(
                    "%(where)s names the role '%(role)s', and there is no such role; correct"
                    " the name or add it under `roles`",
                    where=where,
                    role=role,
                ),
                *path,
            )


def _check_roles_of_fields(definition: "Definition") -> None:
    for key, field in definition.value_specs():
        if field.offered_role and not definition.roles[field.offered_role].is_static:
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


def _check_start_and_joins(definition: "Definition") -> None:
    first = definition.start.first if definition.start else None
    if first and first not in definition.steps:
        raise MapProblem(
            text(
                "the start goes to '%(first)s', and there is no such step; correct `start: first`",
                first=first,
            ),
            "start",
        )
    for key, step in definition.steps.items():
        if isinstance(step, ParallelStep) and step.join and step.join not in definition.steps:
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


def _check_exclusions(definition: "Definition") -> None:
    for key, step in definition.steps.items():
        for other in (step.not_by or []) if isinstance(step, HumanStep) else []:
            field = field_of_word(other)
            is_known = other in definition.steps if field is None else field in definition.fields
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


def _check_confirmations(definition: "Definition") -> None:
    for key, step in definition.steps.items():
        for other in getattr(step, "confirms", None) or []:
            if other not in definition.steps:
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


def _check_quorums(definition: "Definition") -> None:
    """A quorum by roles is the step's own role's, and others'."""
    for key, step in definition.steps.items():
        if not isinstance(step, HumanStep):
            continue
        roles = quorum_roles(step.quorum)
        if roles and (set(roles) - set(definition.roles) or step.role not in roles):
            raise MapProblem(
                text(
                    "the quorum of step '%(key)s' is by roles: name roles that are declared,"
                    " and the step's own `role` among them",
                    key=key,
                ),
                "steps",
                key,
            )


def _check_row_names(definition: "Definition") -> None:
    """A row's name means one list on the whole map, so that `row.net` has one type."""
    sources: dict[str, str] = {}
    for scope in definition.row_scopes():
        path = ("steps", scope.parallel)
        if scope.name in definition.fields:
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


def _check_rehearsal(definition: "Definition") -> None:
    rehearse = definition.rehearse
    outcomes = {key: getattr(step, "outcomes", {}) for key, step in definition.steps.items()}
    for problem in rehearse.problems(definition.roles, outcomes) if rehearse else ():
        raise MapProblem(problem, "rehearse")


def _role_references(
    definition: "Definition",
) -> Iterator[tuple[Text, tuple[str, ...], str | None]]:
    """Who names a role, as a message says it and as a path, and which."""
    if definition.start:
        yield text("the start"), ("start",), definition.start.role
    for key, field in definition.value_specs():
        path = ("fields", key.partition(".")[0])
        yield text("field '%(key)s'", key=key), path, field.offered_role
        for role in getattr(field, "visible_to", None) or ():
            yield text("field '%(key)s'", key=key), path, role
    for key, step in definition.steps.items():
        path = ("steps", key)
        yield text("step '%(key)s'", key=key), path, getattr(step, "role", None)
        if isinstance(step, HumanStep):
            for name, route in step.outcomes.items():
                where = text("outcome '%(name)s' of step '%(key)s'", name=name, key=key)
                yield where, path, route.role
            if step.on_overdue:
                where = text("`on_overdue` of step '%(key)s'", key=key)
                yield where, path, step.on_overdue.escalate_to
