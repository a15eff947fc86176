"""A definition as rows and back: nothing is added on the way, nothing is lost."""

from typing import Any

from pydantic import ValidationError

from workflows.engine.definition import Definition, EndStep, HumanStep, Link
from workflows.engine.definition_file import explain
from workflows.engine.errors import DefinitionProblem
from workflows.models import Field, Role, Route, Step, TemplateVersion

COLUMNS = (
    *("name", "instructions", "expected", "due", "inputs", "outputs", "not_by"),
    "not_by_reason",
)
"""What a step's dumped form and its row call by the same name."""


def version_columns(definition: Definition) -> dict[str, Any]:
    """The columns of a version that hold the head of its definition."""
    written = definition.dump()
    start = written.get("start", {})
    return {
        "name": definition.name,
        "purpose": definition.purpose,
        "owner_name": definition.owner,
        "deputy_name": definition.deputy,
        "review_every_days": definition.review_every_days,
        "baseline": written.get("baseline"),
        "calendar": definition.calendar,
        "start_fields": start.get("fields"),
        "start_triggers": start.get("triggers"),
    }


def role_rows(definition: Definition, version: TemplateVersion) -> list[Role]:
    """One row a role, in the file's order."""
    return [
        Role(
            version=version,
            key=key,
            position=position,
            groups=role.groups,
            users=role.users,
            field=role.field,
            requester=bool(role.requester),
        )
        for position, (key, role) in enumerate(definition.roles.items())
    ]


def field_rows(definition: Definition, version: TemplateVersion) -> list[Field]:
    """One row a field, in the file's order."""
    return [
        Field(version=version, key=key, position=position, **field.model_dump(exclude_unset=True))
        for position, (key, field) in enumerate(definition.fields.items())
    ]


def step_rows(
    definition: Definition, version: TemplateVersion, roles: dict[str, Role]
) -> list[Step]:
    """One row a step, in the file's order; `join` is filled in when all steps have ids."""
    rows = []
    for position, (key, step) in enumerate(definition.steps.items()):
        written = step.model_dump(by_alias=True, exclude_unset=True)
        row = Step(version=version, key=key, position=position, kind=written.pop("kind"))
        row.role = roles.get(written.pop("role", None) or "")
        for way in (
            "outcomes",
            "rules",
            "otherwise",
            "branches",
            "join",
            "to",
            "on_error",
            "reopen",
        ):
            written.pop(way, None)
        for name in ("quorum", "wait_for"):
            if written.get(name) is not None:
                setattr(row, name, str(written.pop(name)))
        if isinstance(step, EndStep):
            row.result = written.pop("result")
        for name in COLUMNS:
            if isinstance(written.get(name), dict):  # a due date after a field has no column
                continue
            if name in written and (isinstance(step, HumanStep) or name in ("name", "expected")):
                setattr(row, name, written.pop(name))
        row.config = written or None
        rows.append(row)
    return rows


def route_rows(
    definition: Definition, steps: dict[str, Step], roles: dict[str, Role]
) -> list[Route]:
    """One row a way, in the file's order."""
    return [
        _route_row(position, link, steps, roles) for position, link in enumerate(definition.links())
    ]


def _route_row(position: int, link: Link, steps: dict[str, Step], roles: dict[str, Role]) -> Route:
    route = link.route
    return Route(
        step=steps[link.source],
        kind=link.kind,
        name=link.name if link.kind == "outcome" else "",
        to_step=steps[link.to],
        position=position,
        when=route.when,
        comment_required=route.comment == "required",
        exception=route.exception,
        label=route.label,
        role=roles.get(route.role or ""),
    )


def written_form(version: TemplateVersion) -> dict[str, Any]:
    """The version's rows as the plain data of its definition file. Five statements."""
    roles = list(version.roles.order_by("position", "id"))
    fields = list(version.fields.order_by("position", "id"))
    steps = list(version.steps.order_by("position", "id"))
    routes: dict[int, list[Route]] = {step.pk: [] for step in steps}
    for route in Route.objects.filter(step__version=version).order_by("position", "id"):
        routes[route.step_id].append(route)
    names = {role.pk: role.key for role in roles} | {None: None}
    keys = {step.pk: step.key for step in steps} | {None: None}
    head = {
        "format": 1,
        "key": version.template.key,
        "name": version.name,
        "purpose": version.purpose,
        "owner": version.owner_name,
        "deputy": version.deputy_name,
        "review_every_days": version.review_every_days,
        "baseline": version.baseline,
        "calendar": version.calendar,
        "roles": {role.key: _role_form(role) for role in roles},
        "fields": {field.key: _field_form(field) for field in fields},
        "start": _present(
            role=names[version.start_role_id],
            fields=version.start_fields,
            triggers=version.start_triggers,
            first=keys[version.first_step_id],
        ),
        "steps": {step.key: _step_form(step, routes[step.pk], names, keys) for step in steps},
    }
    return {name: value for name, value in head.items() if value is not None and value != {}}


def definition_of(version: TemplateVersion) -> Definition:
    """The version's definition. Raises DefinitionProblem where a draft does not hang together."""
    try:
        return Definition.model_validate(written_form(version))
    except ValidationError as problem:
        raise DefinitionProblem(explain(problem)) from None


def _role_form(role: Role) -> dict[str, Any]:
    return _present(
        groups=role.groups, users=role.users, field=role.field, requester=role.requester or None
    )


def _field_form(field: Field) -> dict[str, Any]:
    return _present(
        type=field.type,
        label=field.label,
        help=field.help,
        required=field.required,
        choices=field.choices,
        currency=field.currency,
    )


def _step_form(
    step: Step, routes: list[Route], roles: dict[Any, Any], keys: dict[Any, Any]
) -> dict[str, Any]:
    form = _present(kind=step.kind, role=roles[step.role_id], result=step.result)
    form |= _present(**{name: getattr(step, name) for name in COLUMNS})
    form |= _present(
        quorum=_number(step.quorum), wait_for=_number(step.wait_for), join=keys[step.join_id]
    )
    form |= step.config or {}
    for route in routes:
        _add_route(form, route, roles, keys)
    return form


def _add_route(
    form: dict[str, Any], route: Route, roles: dict[Any, Any], keys: dict[Any, Any]
) -> None:
    to = keys[route.to_step_id]
    if route.kind == "outcome":
        form.setdefault("outcomes", {})[route.name] = _present(
            to=to,
            comment="required" if route.comment_required else None,
            exception=route.exception,
            label=route.label,
            role=roles[route.role_id],
            when=route.when,
        )
    elif route.kind in ("rule", "branch"):
        listed = "rules" if route.kind == "rule" else "branches"
        form.setdefault(listed, []).append(
            _present(when=route.when, to=to, exception=route.exception)
        )
    elif route.kind == "on_error":
        form["on_error"] = _present(to=to, exception=route.exception)
    else:
        form[route.kind] = to


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _number(text: str | None) -> str | int | None:
    return int(text) if text and text.isascii() and text.isdigit() else text
