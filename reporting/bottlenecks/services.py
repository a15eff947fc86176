"""Keeps each look at figures by person."""

from datetime import datetime

from reporting.bottlenecks.models import LookAtPeople
from workflows.definitions.models import WorkflowTemplate
from workflows.people.models import User


def record_look_at_people(
    user: User, template: WorkflowTemplate, *, question: str, now: datetime
) -> LookAtPeople:
    """Somebody looks at figures by person, and this is what was asked."""
    return LookAtPeople.objects.create(
        user=user,
        user_name=user.get_username(),
        template=template,
        looked_at=now,
        asked=question[:200],
    )
