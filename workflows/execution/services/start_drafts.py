"""Drafts of start forms: kept for their writer until they are sent, thrown away, or too old.

A draft is what somebody typed, not what was done: it leaves no row in the trail.
"""

from datetime import datetime, timedelta

from django.db import transaction

from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import StartDraft

DRAFT_RETENTION = timedelta(days=90)


@transaction.atomic
def save_start_draft(
    writer_id: int, template: WorkflowTemplate, content: str, *, now: datetime
) -> StartDraft:
    """Keep this (encrypted) content as the writer's draft, in the place of an earlier one; the
    writer's drafts that are too old go."""
    StartDraft.objects.filter(writer=writer_id, saved_at__lt=now - DRAFT_RETENTION).delete()
    draft, _ = StartDraft.objects.update_or_create(
        writer_id=writer_id, template=template, defaults={"content": content, "saved_at": now}
    )
    return draft


@transaction.atomic
def discard_start_draft(writer_id: int, template: WorkflowTemplate) -> None:
    """The writer's draft is not needed any more, if there is one."""
    StartDraft.objects.filter(writer=writer_id, template=template).delete()
