"""Drafts of forms: kept for their writer until they are sent, thrown away, overtaken or too old.

A draft is what somebody typed, not what was done: it leaves no row in the trail.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import FormDraft, WorkItem

DRAFT_RETENTION = timedelta(days=90)


@transaction.atomic
def save_form_draft(
    writer_id: int, subject: WorkflowTemplate | WorkItem, content: str, *, now: datetime
) -> FormDraft:
    """Keep this (encrypted) content as the writer's draft of a request on a workflow, or of a
    decision on a task, in the place of an earlier one; the writer's drafts that are too old go."""
    FormDraft.objects.filter(writer=writer_id, saved_at__lt=now - DRAFT_RETENTION).delete()
    draft, _ = FormDraft.objects.update_or_create(
        writer_id=writer_id,
        **_subject_column(subject),
        defaults={"content": content, "saved_at": now},
    )
    return draft


@transaction.atomic
def discard_form_draft(writer_id: int, subject: WorkflowTemplate | WorkItem) -> None:
    """The writer's draft is not needed any more, if there is one."""
    FormDraft.objects.filter(writer=writer_id, **_subject_column(subject)).delete()


def _subject_column(subject: WorkflowTemplate | WorkItem) -> dict[str, Any]:
    return {"work_item" if isinstance(subject, WorkItem) else "template": subject}


@transaction.atomic
def forget_form_drafts(now: datetime) -> int:
    """Delete drafts that are too old, and those of tasks that are over: a draft that was kept in
    the moment of the decision. How many there were."""
    is_over = Q(saved_at__lt=now - DRAFT_RETENTION) | Q(work_item__is_open=False)
    return FormDraft.objects.filter(is_over).delete()[0]


def delete_drafts_on_requests(request_ids: Collection[int]) -> None:
    """The tasks of these requests are about to be deleted."""
    FormDraft.objects.filter(work_item__request__in=request_ids).delete()
