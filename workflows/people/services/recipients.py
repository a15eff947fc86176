"""Who answers for a workflow just now, and who is told: the one place for every mail to them.

The owner and the deputy, of a step its own before the workflow's; where all are gone, those who
manage the workflow by grant; where there are none, the site's superusers. An account that is closed
answers for nothing, and who is away comes behind who is there.
"""

from collections.abc import Collection, Iterator
from datetime import datetime

from workflows.access.conditions import MANAGE
from workflows.access.grant_models import TemplateGroupPermission, TemplateUserPermission
from workflows.access.permissions import management_capacity
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.texts import Text
from workflows.execution.models import WorkflowInstance
from workflows.notices.choices import NoticeEvent
from workflows.outbox.payloads import MailPayload
from workflows.outbox.services import messages as outbox
from workflows.people.models import User
from workflows.people.queries.owners import find_step_owners, owners_of

MOST = 20
"""So many managers, or superusers, are told at most."""


def find_accountable_people(
    template: WorkflowTemplate,
    excluded_ids: Collection[int] = (),
    *,
    now: datetime | None = None,
) -> list[User]:
    """The active people who answer for a workflow, the first of them first, without those who
    are set apart (who asked for a request, or is kept from its step). Where `now` is given, who is
    away then comes later."""
    owners = owners_of(template)
    own = owners.active if now is None else owners.present_first(template.pk, now)
    for people in (own, _managers_by_grant(template), _active_superusers()):
        active_people = [
            person for person in people if person.is_active and person.pk not in excluded_ids
        ]
        if active_people:
            return active_people
    return []


def _managers_by_grant(template: WorkflowTemplate) -> Iterator[User]:
    grant_filter = {"content_object": template, "permission__codename": MANAGE}
    people = User.objects.filter(
        pk__in=TemplateUserPermission.objects.filter(**grant_filter).values("user")
    ) | User.objects.filter(
        groups__in=TemplateGroupPermission.objects.filter(**grant_filter).values("group")
    )
    yield from people.filter(is_active=True).distinct().order_by("pk")[:MOST]


def _active_superusers() -> Iterator[User]:
    yield from User.objects.filter(is_active=True, is_superuser=True).order_by("pk")[:MOST]


def incident_owner_for(
    instance: WorkflowInstance,
    kept_away: Collection[int] = (),
    *,
    step_id: int | None = None,
    now: datetime | None = None,
) -> User | None:
    """In whose name an incident of this request stands: the step's own owner or deputy where they
    may put it right, else who answers for the workflow. Nobody puts right what they asked for
    themselves, or are kept from; where nobody else is there, they stand for it all the same."""
    excluded_ids = {*kept_away, instance.requester_id or 0}
    template = instance.template
    candidates = (
        _managing_step_owners(template, step_id, excluded_ids)
        or find_accountable_people(template, excluded_ids, now=now)
        or find_accountable_people(template)
    )
    return candidates[0] if candidates else None


def _managing_step_owners(
    template: WorkflowTemplate, step_id: int | None, excluded_ids: Collection[int]
) -> list[User]:
    """A step's own people, as far as they may manage its workflow: to be named gives no power."""
    return [
        person
        for person in find_step_owners(step_id)
        if person.pk not in excluded_ids and management_capacity(person, template) is not None
    ]


def notification_recipients(template: WorkflowTemplate, also: User | None = None) -> list[User]:
    """Everybody who hears of what happens to a workflow; `also` is somebody who has to act."""
    people = find_accountable_people(template)
    return people if also is None or also in people else [*people, also]


def mail_about_workflow(
    template: WorkflowTemplate,
    now: datetime,
    *,
    event: NoticeEvent,
    subject: Text,
    text: Text | str,
    also: Collection[User] = (),
) -> None:
    """Mail those who answer for a workflow of what concerns no single request, and `also` those
    whose own it is."""
    for recipient in dict.fromkeys((*also, *notification_recipients(template))):
        mail = MailPayload(
            to=recipient.pk, event=event, subject=subject, text=text, workflow=template.pk
        )
        outbox.enqueue_message(mail, now=now)
