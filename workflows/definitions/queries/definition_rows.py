"""A definition as rows and back: nothing is added on the way, nothing is lost."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from workflows.definitions.models import (
    ROLE_COLUMNS,
    Field,
    Role,
    Route,
    Step,
    TemplateVersion,
)
from workflows.definitions.queries.gone_calendars import find_gone_calendars
from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.definition import (
    BranchDef,
    ChainDef,
    Definition,
    EndStep,
    FieldDef,
    HumanStep,
    Link,
    RoleDef,
    TableStep,
)
from workflows.engine.format.definition import Step as MapStep
from workflows.engine.format.files import explain_validation_error
from workflows.engine.format.gone_parts import (
    find_gone_parts,
    gone_parts_text,
    read_with_gone_parts,
)
from workflows.engine.format.quorums import read_quorum, write_quorum
from workflows.engine.format.role_finders import GROUPS
from workflows.engine.texts import Text

log = logging.getLogger(__name__)

COLUMNS = (
    *("name", "instructions", "expected", "due", "inputs", "outputs", "not_by"),
    "not_by_reason",
)
"""What a step's dumped form and its row call by the same name."""

FIELD_COLUMNS = (
    *("type", "label", "help", "required", "choices", "currency"),
    *("searchable", "accept", "max_size", "of", "public"),
)
"""What a field's dumped form and its row call by the same name."""

TIMES = ("due", "extend", "clock", "on_overdue")
"""What the head says of when a request as a whole is due; one column of a version."""
LINK_SETTINGS = ("status_link", "status_link_names", "decide_by_mail")
"""What the head says of links that work without signing in; columns of a version too."""


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
        "rehearse": written.get("rehearse"),
        "times": {name: written[name] for name in TIMES if name in written} or None,
        "calendar": definition.calendar,
        **{name: getattr(definition, name) for name in LINK_SETTINGS},
        "mentions_give_sight": definition.mentions_give_sight,
        "start_fields": start.get("fields"),
        "start_triggers": start.get("triggers"),
    }


def role_rows(definition: Definition, version: TemplateVersion) -> list[Role]:
    """One row a role, in the file's order."""
    return [
        build_role_row(version, key, position, role)
        for position, (key, role) in enumerate(definition.roles.items())
    ]


def build_role_row(version: TemplateVersion, key: str, position: int, role: RoleDef) -> Role:
    """The row of a role."""
    return Role(version=version, key=key, position=position, **_role_columns(role))


def _role_columns(role: RoleDef) -> dict[str, Any]:
    """What a role's finders are told, by the columns that keep it."""
    settings = dict(role.settings)
    pattern = settings.pop(GROUPS.name) if isinstance(settings.get(GROUPS.name), str) else None
    columns: dict[str, Any] = {name: settings.pop(name, None) for name in ROLE_COLUMNS}
    settings |= {GROUPS.name: pattern} if pattern is not None else {}
    return {
        **columns,
        "requester": bool(settings.pop("requester", None)),
        "other_finders": settings or None,
    }


def field_rows(
    definition: Definition, version: TemplateVersion, roles: dict[str, Role]
) -> list[Field]:
    """One row a field, in the file's order."""
    return [
        Field(
            version=version,
            key=key,
            position=position,
            role=roles.get(field.role or ""),
            **_field_columns(field),
        )
        for position, (key, field) in enumerate(definition.fields.items())
    ]


def _field_columns(field: FieldDef) -> dict[str, Any]:
    """What a field says, by the columns that keep it; the rest in `config`. The columns of a list
    are a list with keys, for a database does not keep the order of names in a mapping."""
    written = field.model_dump(by_alias=True, exclude_unset=True, exclude={"role"})
    in_columns = [n for n in FIELD_COLUMNS if n in written and not isinstance(written[n], dict)]
    kept = {name: written.pop(name) for name in in_columns}
    listed = written.pop("columns", None)
    columns = [{"key": key, **column} for key, column in listed.items()] if listed else None
    return {**kept, "columns": columns, "config": written or None}


def step_rows(
    definition: Definition, version: TemplateVersion, roles: dict[str, Role]
) -> list[Step]:
    """One row a step, in the file's order; `join` is filled in when all steps have ids."""
    return [
        build_step_row(Step(version=version, key=key, position=position), step, roles)
        for position, (key, step) in enumerate(definition.steps.items())
    ]


ROUTE_KEYS = ("outcomes", "rules", "otherwise", "branches", "join", "to", "on_error", "reopen")
"""What of a step's file is kept in rows of their own, or filled in once all steps have ids."""


def build_step_row(row: Step, step: MapStep, roles: Mapping[str, Role]) -> Step:
    """The row with what the file says of its step: in columns, the rest in `config`."""
    written = step.model_dump(by_alias=True, exclude_unset=True)
    for name in ROUTE_KEYS:
        written.pop(name, None)
    if "expires" in written:
        written["expires"] = {"after": written["expires"]["after"]}
    row.kind = written.pop("kind")
    row.role = roles.get(written.pop("role", None) or "")
    for name, write in (("quorum", write_quorum), ("wait_for", str)):
        if written.get(name) is not None:
            setattr(row, name, write(written.pop(name)))
    if isinstance(step, EndStep):
        row.result = written.pop("result")
    for name in _column_names(step, written):
        setattr(row, name, written.pop(name))
    row.config = written or None
    return row


def _column_names(step: MapStep, written: Mapping[str, Any]) -> list[str]:
    """Which words of the file have a column; a due date after a field has none."""
    return [
        name
        for name in COLUMNS
        if name in written
        and not isinstance(written[name], dict)
        and (isinstance(step, HumanStep) or name in _columns_of(step))
    ]


def _columns_of(step: MapStep) -> tuple[str, ...]:
    return ("name", "inputs", "outputs") if isinstance(step, TableStep) else ("name", "expected")


def route_rows(
    definition: Definition, steps: dict[str, Step], roles: dict[str, Role]
) -> list[Route]:
    """One row a way, in the file's order."""
    return [
        build_route_row(position, link, steps, roles)
        for position, link in enumerate(definition.links())
    ]


def build_route_row(
    position: int, link: Link, steps: Mapping[str, Step], roles: Mapping[str, Role]
) -> Route:
    """The row of a way."""
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
        **each_columns(link.branch),
    )


def each_columns(branch: BranchDef | None) -> dict[str, Any]:
    """What the row of a way keeps of a branch that is one for each of several."""
    return {
        "each": branch.listed if branch else None,
        **_chain_columns(branch.chain if branch else None),
        "row_name": branch.as_ if branch else None,
        "one_at_a_time": branch.one_at_a_time if branch else None,
        "stop_on": branch.stop_on if branch else None,
    }


def _chain_columns(chain: ChainDef | None) -> dict[str, Any]:
    return {
        "chain_of": chain.chain_of if chain else None,
        "chain_until": chain.until if chain else None,
        "chain_levels": chain.levels if chain else None,
    }


def definition_data_of(version: TemplateVersion) -> dict[str, Any]:
    """The version's rows as the plain data of its definition file. Five statements."""
    roles = list(version.roles.order_by("position", "id"))
    fields = list(version.fields.order_by("position", "id"))
    steps = list(version.steps.order_by("position", "id"))
    routes = _routes_by_step(version)
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
        "rehearse": version.rehearse,
        "calendar": version.calendar,
        **(version.times or {}),
        **{name: getattr(version, name) for name in LINK_SETTINGS},
        "mentions_give_sight": version.mentions_give_sight,
        "roles": {role.key: role.settings for role in roles},
        "fields": {field.key: _field_form(field, names) for field in fields},
        "start": _start_form(version, names, keys),
        "steps": {step.key: _step_form(step, routes[step.pk], names, keys) for step in steps},
    }
    return {name: value for name, value in head.items() if value is not None and value != {}}


def _routes_by_step(version: TemplateVersion) -> dict[int, list[Route]]:
    routes: dict[int, list[Route]] = defaultdict(list)
    for route in Route.objects.filter(step__version=version).order_by("position", "id"):
        routes[route.step_id].append(route)
    return routes


def _start_form(
    version: TemplateVersion, roles: dict[Any, Any], keys: dict[Any, Any]
) -> dict[str, Any]:
    return _without_none(
        role=roles[version.start_role_id],
        fields=version.start_fields,
        triggers=version.start_triggers,
        first=keys[version.first_step_id],
    )


def definition_of(version: TemplateVersion) -> Definition:
    """The version's definition. Raises DefinitionProblem where a draft does not hang together, or
    the map needs what is not installed here."""
    return _read_form(definition_data_of(version))


def _read_form(form: Mapping[str, Any]) -> Definition:
    try:
        return Definition.model_validate(form)
    except ValidationError as problem:
        parts = find_gone_parts(form)  # a map without its calendar can be read
        gone = gone_parts_text([*parts, *find_gone_calendars(form)]) if parts else None
        raise DefinitionProblem(gone or explain_validation_error(problem)) from None


def definition_to_run(version: TemplateVersion) -> tuple[Definition, list[Text]]:
    """The definition as requests run on it: of a version that was published, without what an
    extension brought and is not installed any more, and what that is. Raises DefinitionProblem."""
    form = definition_data_of(version)
    gone = find_gone_parts(form)
    try:
        return _read_form(form), gone
    except DefinitionProblem as problem:
        if version.state == TemplateVersion.DRAFT:
            raise
        try:
            definition = read_with_gone_parts(form)
        except ValidationError:
            raise problem from None
        log.error("%s: %s", version, problem)
        return definition, gone


def _field_form(field: Field, roles: dict[Any, Any]) -> dict[str, Any]:
    columns = {
        column["key"]: {name: said for name, said in column.items() if name != "key"}
        for column in field.columns or ()
    }
    form = _without_none(
        **{name: getattr(field, name) for name in FIELD_COLUMNS},
        role=roles[field.role_id],
        columns=columns or None,
    )
    return form | (field.config or {})


def field_of_row(field: Field) -> FieldDef:
    """A field as the file says it, but for the role whose people it offers."""
    return FieldDef.model_validate(_field_form(field, defaultdict(lambda: None)))


def _step_form(
    step: Step, routes: list[Route], roles: dict[Any, Any], keys: dict[Any, Any]
) -> dict[str, Any]:
    form = _without_none(kind=step.kind, role=roles[step.role_id], result=step.result)
    form |= _without_none(**{name: getattr(step, name) for name in COLUMNS})
    form |= _without_none(
        quorum=read_quorum(step.quorum),
        wait_for=_parse_number(step.wait_for),
        join=keys[step.join_id],
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
        form.setdefault("outcomes", {})[route.name] = _without_none(
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
            _without_none(when=route.when, to=to, exception=route.exception, **_each_form(route))
        )
    elif route.kind == "on_error":
        form["on_error"] = _without_none(to=to, exception=route.exception)
    elif route.kind == "expires":
        way = _without_none(to=to, exception=route.exception)
        form["expires"] = {**(form.get("expires") or {}), **way}
    elif route.kind != "row":  # these are drawn from the rows, which say where they lead
        form[route.kind] = to


def _each_form(route: Route) -> dict[str, Any]:
    chain = chain_of_route(route)
    each = route.each if chain is None else chain.model_dump(exclude_unset=True)
    columns = {"each": each, "as": route.row_name, "one_at_a_time": route.one_at_a_time}
    return {**columns, "stop_on": route.stop_on}


def chain_of_route(route: Route) -> ChainDef | None:
    """The chain of managers through which a way of a parallel step goes."""
    if route.chain_of is None:
        return None
    said = {"until": route.chain_until, "levels": route.chain_levels}
    return ChainDef.model_construct(
        {"chain_of", *(name for name, value in said.items() if value is not None)},
        chain_of=route.chain_of,
        **said,
    )


def _without_none(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _parse_number(text: str | None) -> str | int | None:
    return int(text) if text and text.isascii() and text.isdigit() else text
