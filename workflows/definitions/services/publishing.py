"""Commands on maps: load a definition as a draft, audit it, publish it, make a new draft."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from workflows.access.permissions import may_manage
from workflows.access.services.part_owners import record_part_owners
from workflows.access.services.rights_trail import attribute_changes_to
from workflows.access.services.role_entries import record_role_entries
from workflows.definitions.models import Field, Role, Route, Step, TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.definition_rows import (
    definition_of,
    field_rows,
    role_rows,
    route_rows,
    step_rows,
    version_columns,
)
from workflows.definitions.queries.external_permissions import check_publication
from workflows.definitions.services.findings import close_map_findings, sync_map_findings
from workflows.definitions.services.schedule_planning import ensure_schedules
from workflows.engine.audit import AuditFinding, People, audit_definition
from workflows.engine.errors import DefinitionProblem, NotAllowed, NotFound, WrongState
from workflows.engine.format.definition import Definition, RoleDef
from workflows.engine.format.role_finders import GROUPS, USERS
from workflows.engine.texts import plural_text, text
from workflows.people.models import User
from workflows.people.queries.directory import VersionPeople, audit_people_for
from workflows.persistence.row_history import attribute_history_to, write_history
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import FactChanges, MapPublished, RoleNames
from workflows.trail.services.recording import write_fact


def load_definition(
    definition: Definition, *, actor: User | None, now: datetime
) -> tuple[TemplateVersion, bool]:
    """Load a definition as a new draft version.

    Returns the version and whether it is new: a definition equal to the workflow's newest
    version is not loaded twice. Raises NotAllowed for people who do not manage the workflow.
    """
    with transaction.atomic():
        template = _find_or_create_template(definition, actor, now)
        newest = template.versions.select_related("template").order_by("-number").first()
        if newest is not None and _is_same_definition(newest, definition):
            return newest, False
        version = write_version(template, definition, actor=actor, now=now)
        write_definition_trail(version, TrailCommand.LOAD_DEFINITION, actor=actor, now=now)
    return version, True


def _find_or_create_template(
    definition: Definition, actor: User | None, now: datetime
) -> WorkflowTemplate:
    template = (
        WorkflowTemplate.objects.select_for_update(no_key=True).filter(key=definition.key).first()
    )
    if template is not None:
        if actor is not None and not may_manage(actor, template):
            raise NotAllowed(
                "Only the owner or deputy of '%(name)s' may change its map.", name=template.name
            )
        return template
    template = _build_template(definition, now)
    attribute_history_to(template, actor, now)
    template.save()
    return template


def _build_template(definition: Definition, now: datetime) -> WorkflowTemplate:
    accounts = User.objects.filter(username__in=[definition.owner, definition.deputy])
    people = {user.username: user for user in accounts}
    owner, deputy = people.get(definition.owner or ""), people.get(definition.deputy or "")
    return WorkflowTemplate(
        key=definition.key,
        name=definition.name,
        purpose=definition.purpose or "",
        owner=owner,
        deputy=deputy if deputy != owner else None,
        created_at=now,
    )


def _is_same_definition(version: TemplateVersion, definition: Definition) -> bool:
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
    roles = {role.key: role for role in Role.objects.bulk_create(role_rows(definition, version))}
    fields = Field.objects.bulk_create(field_rows(definition, version, roles))
    steps = {
        step.key: step for step in Step.objects.bulk_create(step_rows(definition, version, roles))
    }
    _connect_joins(definition, steps)
    routes = Route.objects.bulk_create(route_rows(definition, steps, roles))
    _connect_start(version, definition, roles, steps)
    groups: Sequence[Collection[Any]] = ([version], roles.values(), fields, steps.values(), routes)
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


def _connect_start(
    version: TemplateVersion,
    definition: Definition,
    roles: Mapping[str, Role],
    steps: Mapping[str, Step],
) -> None:
    """Who may start, and the first step: rows that are there only once the version is."""
    start = definition.start
    version.start_role = roles.get(start.role or "") if start else None
    version.first_step = steps.get(start.first or "") if start else None
    TemplateVersion.objects.filter(pk=version.pk).update(
        start_role=version.start_role, first_step=version.first_step
    )


def audit_version(
    version: TemplateVersion, people: People | None = None
) -> tuple[AuditFinding, ...]:
    """The map audit's findings for a version, with the people of this site: of a draft those who
    have its names, of any other those whom it meant.

    Raises DefinitionProblem for a draft that does not hang together yet.
    """
    return audit_definition(definition_of(version), people or audit_people_for(version))


def publish(
    version_id: int, *, actor: User | None, now: datetime, people: People | None = None
) -> TemplateVersion:
    """Publish a draft: nothing is published with an error of the map audit.

    `people` are the site's, unless a log brings its own. Running requests stay on their version.
    Raises NotFound, NotAllowed (also for what the map does with what is not its owner's or the
    publisher's to use), WrongState, or DefinitionProblem with the errors.
    """
    with transaction.atomic(), attribute_changes_to(actor, "publish"):
        version = lock_version(version_id)
        _require_publishable(version, actor)
        # Audited behind the lock: what was edited a moment ago is published as it was audited.
        findings = audit_version(version, people)
        _refuse_errors(findings)
        definition = definition_of(version)
        owner = User.objects.get(username=definition.owner)
        check_publication(definition, owner=owner, publisher=actor)
        _supersede_older(version, now)
        _write_state(version, actor, now)
        _follow_definition(version, definition, actor, now)
        record_role_entries(version.roles.all())
        record_part_owners(version, definition, now=now)
        sync_map_findings(version, findings, now=now, tell=False)
        write_definition_trail(
            version, TrailCommand.PUBLISH, actor=actor, now=now, fact=_people_named(definition)
        )
        ensure_schedules(now=now)
    return version


def _require_publishable(version: TemplateVersion, actor: User | None) -> None:
    if actor is not None and not _may_publish(actor, version):
        raise NotAllowed(
            "Only the owner or deputy of '%(name)s' may publish it.", name=version.name
        )
    if version.state != TemplateVersion.DRAFT:
        raise WrongState(
            "%(version)s is %(state)s; only a draft can be published.",
            version=version,
            state=version.get_state_display(),
        )


def lock_version(version_id: int) -> TemplateVersion:
    """A version whose workflow nobody else publishes or edits until the transaction ends."""
    template_ids = TemplateVersion.objects.filter(pk=version_id).values_list(
        "template_id", flat=True
    )
    # The workflow, since publishing changes other versions too; `no_key`, so that requests, which
    # refer to it, go on being started.
    WorkflowTemplate.objects.select_for_update(no_key=True).filter(pk__in=template_ids).first()
    version = TemplateVersion.objects.select_related("template").filter(pk=version_id).first()
    if version is None:
        raise NotFound("There is no such version; it may have been deleted.")
    return version


def _may_publish(actor: User, version: TemplateVersion) -> bool:
    """Who manages the workflow; for one that never had an owner, the owner whom the map names."""
    named = actor.get_username() in (version.owner_name, version.deputy_name)
    unowned = version.template.owner_id is None
    return may_manage(actor, version.template) or (unowned and named)


def _refuse_errors(findings: Sequence[AuditFinding]) -> None:
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        lines = "; ".join(
            f"{error.step + ': ' if error.step else ''}{error.message}" for error in errors[:3]
        )
        unlisted_count = len(errors) - 3
        listed = text("%(errors)s (and %(count)s more)", errors=lines, count=unlisted_count)
        raise DefinitionProblem(
            plural_text(
                "The map has %(count)s error and was not published. %(errors)s",
                "The map has %(count)s errors and was not published. %(errors)s",
                len(errors),
                errors=listed if unlisted_count > 0 else lines,
            )
        )


def _supersede_older(version: TemplateVersion, now: datetime) -> None:
    older = version.template.versions.filter(state=TemplateVersion.PUBLISHED).first()
    if older is not None:
        older.supersede(now=now)
        TemplateVersion.objects.filter(pk=older.pk).update(
            state=older.state, superseded_at=older.superseded_at
        )
        write_history([("~", older)], by=None, now=now, why="publish")
        close_map_findings(older, now=now)


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
    attribute_history_to(template, actor, now)
    template.save()


def _other_lists(role: RoleDef) -> dict[str, list[str]]:
    """What the lists of this site's own role finders name, by finder."""
    return {
        finder.name: list(finder.listed_names(setting))
        for finder, setting in role.sources
        if finder not in (GROUPS, USERS)
    }


def _people_named(definition: Definition) -> MapPublished:
    """Whom the map puts into its roles, for the trail."""
    named = {
        key: RoleNames(groups=role.groups, users=role.users, other_lists=_other_lists(role))
        for key, role in definition.roles.items()
        if role.is_static
    }
    return MapPublished(owner=definition.owner, deputy=definition.deputy, roles=named)


def new_draft(template: WorkflowTemplate, *, actor: User | None, now: datetime) -> TemplateVersion:
    """A draft equal to the workflow's newest version that is not a draft, to be changed."""
    with transaction.atomic():
        if actor is not None and not may_manage(actor, template):
            raise NotAllowed(
                "Only the owner or deputy of '%(name)s' may change its map.", name=template.name
            )
        source = template.versions.exclude(state=TemplateVersion.DRAFT).order_by("-number").first()
        if source is None:
            raise WrongState(
                "'%(name)s' has no published version to make a draft from.", name=template.name
            )
        as_called_now = VersionPeople(source).renamed(definition_of(source))
        version = write_version(template, as_called_now, actor=actor, now=now)
        write_definition_trail(version, TrailCommand.NEW_DRAFT, actor=actor, now=now)
    return version


def write_definition_trail(
    version: TemplateVersion,
    command: TrailCommand,
    *,
    actor: User | None,
    now: datetime,
    fact: FactChanges | None = None,
) -> None:
    """The one function that writes the trail of a map."""
    write_fact(
        command,
        actor=actor,
        now=now,
        fact=fact,
        template=version.template,
        version=version.number,
        to_state=version.state,
    )
