"""Who answers for a workflow just now, and who is told: the one place for every mail to them.

The owner and the deputy; where both are gone, those who manage the workflow by grant; where there
are none, the site's superusers. An account that is closed answers for nothing.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User

from workflows.models import (
    OutboxMessage,
    TemplateGroupPermission,
    TemplateUserPermission,
    WorkflowInstance,
    WorkflowTemplate,
)
from workflows.permissions import MANAGE
from workflows.services import outbox

if TYPE_CHECKING:
    from workflows.services.case import Case

MOST = 20
"""So many managers, or superusers, are told at most."""


def answerable(template: WorkflowTemplate, apart: Collection[int] = ()) -> list[User]:
    """The active people who answer for a workflow, the first of them first, without those who
    are set apart (who asked for a request, or is kept from its step)."""
    for people in (_owners(template), _managers(template), _superusers()):
        found = [one for one in people if one.is_active and one.pk not in apart]
        if found:
            return found
    return []


def _owners(template: WorkflowTemplate) -> Iterator[User]:
    return (one for one in (template.owner, template.deputy) if one is not None)


def _managers(template: WorkflowTemplate) -> Iterator[User]:
    given = {"content_object": template, "permission__codename": MANAGE}
    people = User.objects.filter(
        pk__in=TemplateUserPermission.objects.filter(**given).values("user")
    ) | User.objects.filter(
        groups__in=TemplateGroupPermission.objects.filter(**given).values("group")
    )
    yield from people.filter(is_active=True).distinct().order_by("pk")[:MOST]


def _superusers() -> Iterator[User]:
    yield from User.objects.filter(is_active=True, is_superuser=True).order_by("pk")[:MOST]


def named_for(instance: WorkflowInstance, kept_away: Collection[int] = ()) -> User | None:
    """In whose name an incident of this request stands: nobody puts right what they asked for
    themselves, or are kept from. Where nobody else is there, who answers for the workflow."""
    apart = {*kept_away, instance.requester_id or 0}
    found = answerable(instance.template, apart) or answerable(instance.template)
    return found[0] if found else None


def people_told(template: WorkflowTemplate, also: User | None = None) -> list[User]:
    """Everybody who hears of what happens to a workflow; `also` is somebody who has to act."""
    people = answerable(template)
    return people if also is None or also in people else [*people, also]


def tell(case: "Case", kept_away: Collection[int] = (), **mail: Any) -> None:
    """Mail those who answer for a case's workflow, and who has to put it right."""
    person = named_for(case.instance, kept_away)
    for one in people_told(case.instance.template, person):
        case.message(OutboxMessage.MAIL, to=one.pk, **mail)


def tell_of(template: WorkflowTemplate, now: datetime, **mail: Any) -> None:
    """Mail those who answer for a workflow of what concerns no single request."""
    for one in people_told(template):
        outbox.put(OutboxMessage.MAIL, now=now, to=one.pk, workflow=template.pk, **mail)
