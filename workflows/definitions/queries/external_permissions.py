"""What a map does with what is not its own: calls by a connection, starts and listens to others.

Whoever writes a map could else call with anybody's credentials, start what they may not start,
and read what they may not see. So each such use is asked of the publisher and of the workflow's
owner when the map is published, and of the owner again whenever it happens: a permission that was
withdrawn counts from then on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from workflows.access.permissions import may_listen, may_start_by_map, may_use
from workflows.connections.models import Connection
from workflows.definitions.choices import StepKind
from workflows.definitions.models import Step, TemplateVersion, WorkflowTemplate
from workflows.engine.errors import NotAllowed
from workflows.engine.format.definition import AutomationStep, Definition, SubworkflowStep
from workflows.engine.format.trigger_kinds import WORKFLOW_END
from workflows.engine.texts import Text, text
from workflows.people.models import User

CALL, START, LISTEN = "call", "start", "listen"
NOT_GRANTED_CODES = {
    CALL: "connection_not_granted",
    START: "start_not_granted",
    LISTEN: "listen_not_granted",
}
"""What an incident is called whose step may not do what it was made for."""


class NotGranted(NotAllowed):
    """A map does what its owner may not; `code` says which."""

    def __init__(self, message: Text | str, code: str, **parameters: object) -> None:
        super().__init__(message, **parameters)
        self.code = code


@dataclass(frozen=True, slots=True)
class ForeignUse:
    """One thing that a map does with a connection or another workflow, and at which step."""

    kind: str
    key: str
    step: str = ""


def find_foreign_uses(definition: Definition) -> Iterator[ForeignUse]:
    """All such things that a map does."""
    for key, step in definition.steps.items():
        yield from find_step_uses(key, step)
    for trigger in (definition.start.triggers or []) if definition.start else []:
        if trigger.kind == WORKFLOW_END and trigger.workflow:
            yield ForeignUse(LISTEN, trigger.workflow)


def find_step_uses(key: str, step: object) -> Iterator[ForeignUse]:
    """What one step does; a company's own actions name connections as `http` does."""
    if isinstance(step, SubworkflowStep):
        yield ForeignUse(START, step.workflow, key)
    if isinstance(step, AutomationStep):
        parameters = step.with_ or {}
        if parameters.get("connection") is not None:
            yield ForeignUse(CALL, str(parameters["connection"]), key)
        if step.action == "start_workflow" and parameters.get("workflow") is not None:
            yield ForeignUse(START, str(parameters["workflow"]), key)


# -- asking -----------------------------------------------------------------------------------


def check_publication(definition: Definition, *, owner: User, publisher: User | None) -> None:
    """Refuse a map that does what its owner, or whoever publishes it, may not. Raises NotGranted.

    What is not there is the audit's to say.
    """
    for use in find_foreign_uses(definition):
        for person in {owner, publisher} - {None}:
            _check_use(use, person, definition.key)


def check_current_permissions(
    template: WorkflowTemplate, foreign_uses: Iterable[ForeignUse]
) -> None:
    """Refuse what the workflow's owner may not do now. Raises NotGranted."""
    person = find_responsible_person(template)
    for use in foreign_uses:
        _check_use(use, person, template.key)


def find_responsible_person(template: WorkflowTemplate) -> User | None:
    """In whose name the workflow's maps act: the owner's; once that account is closed, the
    deputy's."""
    people = (template.owner, template.deputy)
    return next((person for person in people if person is not None and person.is_active), None)


def _check_use(use: ForeignUse, person: User | None, own: str) -> None:
    if person is None or (use.kind != CALL and use.key == own):
        if person is None:
            raise NotGranted(
                "Nobody answers for this workflow any more, so it may not use '%(key)s'.",
                NOT_GRANTED_CODES[use.kind],
                key=use.key,
            )
        return
    if use.kind == CALL:
        connection = Connection.objects.filter(key=use.key).select_related("owner").first()
        if connection is not None and not may_use(person, connection):
            raise _refuse_use(use, person, connection.owner)
        return
    other_template = WorkflowTemplate.objects.filter(key=use.key).select_related("owner").first()
    may_use_it = may_start_by_map if use.kind == START else may_listen
    if other_template is not None and not may_use_it(person, other_template):
        raise _refuse_use(use, person, other_template.owner or text("its owner"))


_REFUSAL_SENTENCES = {
    CALL: text(
        "%(person)s may not call by the connection '%(key)s'; ask %(owner)s for the permission to"
        " use it."
    ),
    START: text(
        "%(person)s may not start '%(key)s'; ask %(owner)s for the permission to start it."
    ),
    LISTEN: text(
        "%(person)s may not listen to '%(key)s'; ask %(owner)s for the permission to listen to it."
    ),
}


def _refuse_use(use: ForeignUse, person: User, owner: object) -> NotGranted:
    places = {"person": str(person), "key": use.key, "owner": owner}
    return NotGranted(_REFUSAL_SENTENCES[use.kind].filled(places), NOT_GRANTED_CODES[use.kind])


# -- who uses what ----------------------------------------------------------------------------


def find_calling_versions(connection: Connection) -> QuerySet[TemplateVersion]:
    """The published maps that call by a connection."""
    steps = Step.objects.filter(kind=StepKind.AUTOMATION, config__with__connection=connection.key)
    return _published_versions_of(steps)


def find_starting_versions(template: WorkflowTemplate) -> QuerySet[TemplateVersion]:
    """The published maps of others that start this workflow."""
    steps = Step.objects.filter(
        Q(kind=StepKind.SUBWORKFLOW, config__workflow=template.key)
        | Q(kind=StepKind.AUTOMATION, config__with__workflow=template.key)
    )
    return _published_versions_of(steps).exclude(template=template)


def find_listening_versions(template: WorkflowTemplate) -> list[TemplateVersion]:
    """The published maps of others that start when a request of this workflow ends."""
    triggered = TemplateVersion.objects.filter(
        state=TemplateVersion.PUBLISHED, start_triggers__isnull=False
    ).exclude(template=template)
    return [
        version
        for version in triggered.select_related("template__owner").order_by("name")
        if any(trigger.get("workflow") == template.key for trigger in version.start_triggers or [])
    ]


def _published_versions_of(steps: QuerySet[Step]) -> QuerySet[TemplateVersion]:
    published = TemplateVersion.objects.filter(state=TemplateVersion.PUBLISHED)
    versions = published.filter(pk__in=steps.values("version"))
    return versions.select_related("template__owner").order_by("name")
