"""Commands on maps: load a definition as a draft, audit it, publish it, make a new draft."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from workflows.engine.audit import Finding, People, audit
from workflows.engine.definition import Definition
from workflows.engine.errors import DefinitionProblem, NotAllowed, NotFound, WrongState
from workflows.models import (
    Field,
    Role,
    Route,
    Step,
    TemplateVersion,
    WorkflowTemplate,
)
from workflows.permissions import list_people, may_manage
from workflows.services.directory import VersionPeople, people_for
from workflows.services.facts import by_whom
from workflows.services.foreign import check_publication
from workflows.services.history import in_the_name_of, write_history
from workflows.services.map_findings import close_findings, keep_findings
from workflows.services.rows import (
    definition_of,
    field_rows,
    role_rows,
    route_rows,
    step_rows,
    version_columns,
)
from workflows.services.schedules import ensure_schedules
from workflows.services.trail import write_fact


def load_definition(
    definition: Definition, *, actor: User | None, now: datetime
) -> tuple[TemplateVersion, bool]:
    """Load a definition as a new draft version.

    Returns the version and whether it is new: a definition equal to the workflow's newest
    version is not loaded twice. Raises NotAllowed for people who do not manage the workflow.
    """
    with transaction.atomic():
        template = _template_for(definition, actor, now)
        newest = template.versions.select_related("template").order_by("-number").first()
        if newest is not None and _same(newest, definition):
            return newest, False
        version = write_version(template, definition, actor=actor, now=now)
        write_definition_trail(version, "load_definition", actor=actor, now=now)
    return version, True


def _template_for(definition: Definition, actor: User | None, now: datetime) -> WorkflowTemplate:
    template = (
        WorkflowTemplate.objects.select_for_update(no_key=True).filter(key=definition.key).first()
    )
    if template is not None:
        if actor is not None and not may_manage(actor, template):
            raise NotAllowed(f"Only the owner or deputy of '{template.name}' may change its map.")
        return template
    people = {
        user.username: user
        for user in User.objects.filter(username__in=[definition.owner, definition.deputy])
    }
    owner, deputy = people.get(definition.owner or ""), people.get(definition.deputy or "")
    template = WorkflowTemplate(
        key=definition.key,
        name=definition.name,
        purpose=definition.purpose or "",
        owner=owner,
        deputy=deputy if deputy != owner else None,
        created_at=now,
    )
    in_the_name_of(template, actor, now)
    template.save()
    return template


def _same(version: TemplateVersion, definition: Definition) -> bool:
    try:
        return definition_of(version).dump() == definition.dump()
    except DefinitionProblem:
        return False


def write_version(
    template: WorkflowTemplate, definition: Definition, *, actor: User | None, now: datetime
) -> TemplateVersion:
    """Write the rows of a new draft version, with their history; a dozen statements."""
    last = template.versions.aggregate(last=Max("number"))["last"] or 0
    version = TemplateVersion(
        template=template,
        number=last + 1,
        created_at=now,
        created_by=actor,
        **version_columns(definition),
    )
    TemplateVersion.objects.bulk_create([version])
    roles = {r.key: r for r in Role.objects.bulk_create(role_rows(definition, version))}
    fields = Field.objects.bulk_create(field_rows(definition, version))
    steps = {s.key: s for s in Step.objects.bulk_create(step_rows(definition, version, roles))}
    _connect_joins(definition, steps)
    routes = Route.objects.bulk_create(route_rows(definition, steps, roles))
    start = definition.start
    version.start_role = roles.get(start.role or "") if start else None
    version.first_step = steps.get(start.first or "") if start else None
    TemplateVersion.objects.filter(pk=version.pk).update(
        start_role=version.start_role, first_step=version.first_step
    )
    groups: Sequence[Collection[Any]] = (
        [version], roles.values(), fields, steps.values(), routes,
    )  # fmt: skip
    for rows in groups:
        write_history([("+", row) for row in rows], by=actor, now=now, why="load_definition")
    return version


def _connect_joins(definition: Definition, steps: dict[str, Step]) -> None:
    joined = []
    for key, step in definition.steps.items():
        join = getattr(step, "join", None)
        if join:
            steps[key].join = steps[join]
            joined.append(steps[key])
    Step.objects.bulk_update(joined, ["join"])


def audit_version(version: TemplateVersion, people: People | None = None) -> tuple[Finding, ...]:
    """The map audit's findings for a version, with the people of this site: of a draft those who
    have its names, of any other those whom it meant.

    Raises DefinitionProblem for a draft that does not hang together yet.
    """
    return audit(definition_of(version), people or people_for(version))


def publish(
    version_id: int, *, actor: User | None, now: datetime, people: People | None = None
) -> TemplateVersion:
    """Publish a draft: nothing is published with an error of the map audit.

    `people` are the site's, unless a log brings its own. Running requests stay on their version.
    Raises NotFound, NotAllowed (also for what the map does with what is not its owner's or the
    publisher's to use), WrongState, or DefinitionProblem with the errors.
    """
    with transaction.atomic(), by_whom(actor, "publish"):
        version = _locked_version(version_id)
        if actor is not None and not _may_publish(actor, version):
            raise NotAllowed(f"Only the owner or deputy of '{version.name}' may publish it.")
        if version.state != TemplateVersion.DRAFT:
            raise WrongState(f"{version} is {version.state}; only a draft can be published.")
        findings = audit_version(version, people)
        _refuse_errors(findings)
        definition = definition_of(version)
        owner = User.objects.get(username=definition.owner)
        check_publication(definition, owner=owner, publisher=actor)
        _supersede_older(version, now)
        _write_state(version, actor, now)
        _follow_definition(version, definition, actor, now)
        list_people(version.roles.all())
        keep_findings(version, findings, now=now, tell=False)
        write_definition_trail(
            version, "publish", actor=actor, now=now, changes=_people_named(definition)
        )
        ensure_schedules(now=now)
    return version


def _locked_version(version_id: int) -> TemplateVersion:
    found = TemplateVersion.objects.filter(pk=version_id).values_list("template_id", flat=True)
    WorkflowTemplate.objects.select_for_update(no_key=True).filter(pk__in=found).first()
    version = TemplateVersion.objects.select_related("template").filter(pk=version_id).first()
    if version is None:
        raise NotFound("There is no such version; it may have been deleted.")
    return version


def _may_publish(actor: User, version: TemplateVersion) -> bool:
    """Who manages the workflow; for one that never had an owner, the owner whom the map names."""
    named = actor.get_username() in (version.owner_name, version.deputy_name)
    unowned = version.template.owner_id is None
    return may_manage(actor, version.template) or (unowned and named)


def _refuse_errors(findings: Sequence[Finding]) -> None:
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        lines = "; ".join(f"{f.step + ': ' if f.step else ''}{f.message}" for f in errors[:3])
        more = f" (and {len(errors) - 3} more)" if len(errors) > 3 else ""
        raise DefinitionProblem(
            f"The map has {len(errors)} error{'s' if len(errors) > 1 else ''} and was not"
            f" published. {lines}{more}"
        )


def _supersede_older(version: TemplateVersion, now: datetime) -> None:
    older = version.template.versions.filter(state=TemplateVersion.PUBLISHED).first()
    if older is not None:
        older.supersede(now=now)
        TemplateVersion.objects.filter(pk=older.pk).update(
            state=older.state, superseded_at=older.superseded_at
        )
        write_history([("~", older)], by=None, now=now, why="publish")
        close_findings(older, now=now)


def _write_state(version: TemplateVersion, actor: User | None, now: datetime) -> None:
    version.publish(now=now, by=actor)
    TemplateVersion.objects.filter(pk=version.pk).update(
        state=version.state, published_at=now, published_by=actor
    )
    write_history([("~", version)], by=actor, now=now, why="publish")


def _follow_definition(
    version: TemplateVersion, definition: Definition, actor: User | None, now: datetime
) -> None:
    """The workflow takes its name, purpose and people from what is now published."""
    template = version.template
    template.name, template.purpose = definition.name, definition.purpose or ""
    template.owner = User.objects.get(username=definition.owner)
    template.deputy = User.objects.get(username=definition.deputy)
    in_the_name_of(template, actor, now)
    template.save()


def _people_named(definition: Definition) -> dict[str, Any]:
    """Whom the map puts into its roles, for the trail."""
    named = {
        key: {"groups": role.groups or [], "users": role.users or []}
        for key, role in definition.roles.items()
        if role.is_static
    }
    return {"owner": definition.owner, "deputy": definition.deputy, "roles": named}


def new_draft(template: WorkflowTemplate, *, actor: User | None, now: datetime) -> TemplateVersion:
    """A draft equal to the workflow's newest version that is not a draft, to be changed."""
    with transaction.atomic():
        if actor is not None and not may_manage(actor, template):
            raise NotAllowed(f"Only the owner or deputy of '{template.name}' may change its map.")
        source = template.versions.exclude(state=TemplateVersion.DRAFT).order_by("-number").first()
        if source is None:
            raise WrongState(f"'{template.name}' has no published version to make a draft from.")
        as_called_now = VersionPeople(source).renamed(definition_of(source))
        version = write_version(template, as_called_now, actor=actor, now=now)
        write_definition_trail(version, "new_draft", actor=actor, now=now)
    return version


def write_definition_trail(
    version: TemplateVersion,
    command: str,
    *,
    actor: User | None,
    now: datetime,
    changes: dict[str, Any] | None = None,
) -> None:
    """The one function that writes the trail of a map."""
    write_fact(
        command,
        actor=actor,
        now=now,
        changes=changes,
        template=version.template,
        version=version.number,
        to_state=version.state,
    )
