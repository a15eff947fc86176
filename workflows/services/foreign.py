"""What a map does with what is not its own: calls by a connection, starts and listens to others.

Whoever writes a map could else call with anybody's credentials, start what they may not start,
and read what they may not see. So each such use is asked of the publisher and of the workflow's
owner when the map is published, and of the owner again whenever it happens: a permission that was
withdrawn counts from then on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from workflows.engine.definition import AutomationStep, Definition, SubworkflowStep
from workflows.engine.errors import NotAllowed
from workflows.models import Connection, Step, TemplateVersion, WorkflowTemplate
from workflows.permissions import may_listen, may_start_by_map, may_use

CALL, START, LISTEN = "call", "start", "listen"
CODES = {
    CALL: "connection_not_granted",
    START: "start_not_granted",
    LISTEN: "listen_not_granted",
}
"""What an incident is called whose step may not do what it was made for."""


class NotGranted(NotAllowed):
    """A map does what its owner may not; `code` says which."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that a map does with a connection or another workflow, and at which step."""

    kind: str
    key: str
    step: str = ""


def uses(definition: Definition) -> Iterator[Use]:
    """All such things that a map does."""
    for key, step in definition.steps.items():
        yield from uses_of_step(key, step)
    for trigger in (definition.start.triggers or []) if definition.start else []:
        if trigger.kind == "workflow_end" and trigger.workflow:
            yield Use(LISTEN, trigger.workflow)


def uses_of_step(key: str, step: object) -> Iterator[Use]:
    """What one step does; a company's own actions name connections as `http` does."""
    if isinstance(step, SubworkflowStep):
        yield Use(START, step.workflow, key)
    if isinstance(step, AutomationStep):
        told = step.with_ or {}
        if told.get("connection") is not None:
            yield Use(CALL, str(told["connection"]), key)
        if step.action == "start_workflow" and told.get("workflow") is not None:
            yield Use(START, str(told["workflow"]), key)


# -- asking -----------------------------------------------------------------------------------


def check_publication(definition: Definition, *, owner: User, publisher: User | None) -> None:
    """Refuse a map that does what its owner, or whoever publishes it, may not. Raises NotGranted.

    What is not there is the audit's to say.
    """
    for use in uses(definition):
        for person in {owner, publisher} - {None}:
            _check(use, person, definition.key)


def check_now(template: WorkflowTemplate, wanted: Iterable[Use]) -> None:
    """Refuse what the workflow's owner may not do now. Raises NotGranted."""
    person = answers_for(template)
    for use in wanted:
        _check(use, person, template.key)


def answers_for(template: WorkflowTemplate) -> User | None:
    """In whose name the workflow's maps act: the owner's; once that account is closed, the
    deputy's."""
    people = (template.owner, template.deputy)
    return next((person for person in people if person is not None and person.is_active), None)


def _check(use: Use, person: User | None, own: str) -> None:
    if person is None or (use.kind != CALL and use.key == own):
        if person is None:
            raise NotGranted(_nobody(use), CODES[use.kind])
        return
    asked = _WORDS[use.kind]
    if use.kind == CALL:
        connection = Connection.objects.filter(key=use.key).select_related("owner").first()
        if connection is not None and not may_use(person, connection):
            raise NotGranted(asked.format(person, use.key, connection.owner), CODES[CALL])
        return
    other = WorkflowTemplate.objects.filter(key=use.key).select_related("owner").first()
    may = may_start_by_map if use.kind == START else may_listen
    if other is not None and not may(person, other):
        raise NotGranted(asked.format(person, use.key, other.owner or "its owner"), CODES[use.kind])


_WORDS = {
    CALL: "{0} may not call by the connection '{1}'; ask {2} for the permission to use it.",
    START: "{0} may not start '{1}'; ask {2} for the permission to start it.",
    LISTEN: "{0} may not listen to '{1}'; ask {2} for the permission to listen to it.",
}


def _nobody(use: Use) -> str:
    return f"Nobody answers for this workflow any more, so it may not use '{use.key}'."


# -- who uses what ----------------------------------------------------------------------------


def callers_of(connection: Connection) -> QuerySet[TemplateVersion]:
    """The published maps that call by a connection."""
    steps = Step.objects.filter(kind="automation", config__with__connection=connection.key)
    return _published(steps)


def starters_of(template: WorkflowTemplate) -> QuerySet[TemplateVersion]:
    """The published maps of others that start this workflow."""
    steps = Step.objects.filter(
        Q(kind="subworkflow", config__workflow=template.key)
        | Q(kind="automation", config__with__workflow=template.key)
    )
    return _published(steps).exclude(template=template)


def listeners_of(template: WorkflowTemplate) -> list[TemplateVersion]:
    """The published maps of others that start when a request of this workflow ends."""
    triggered = TemplateVersion.objects.filter(
        state=TemplateVersion.PUBLISHED, start_triggers__isnull=False
    ).exclude(template=template)
    return [
        version
        for version in triggered.select_related("template__owner").order_by("name")
        if any(one.get("workflow") == template.key for one in version.start_triggers or [])
    ]


def _published(steps: QuerySet[Step]) -> QuerySet[TemplateVersion]:
    published = TemplateVersion.objects.filter(state=TemplateVersion.PUBLISHED)
    found = published.filter(pk__in=steps.values("version"))
    return found.select_related("template__owner").order_by("name")
