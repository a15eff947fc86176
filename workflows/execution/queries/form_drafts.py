"""The drafts of forms that somebody has written: each is shown to its writer alone."""

from django.db.models import QuerySet

from workflows.access.conditions.person_conditions import ANYBODY
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import FormDraft, WorkItem
from workflows.execution.queries.facets import RowsFacet
from workflows.people.models import User
from workflows.persistence.prepared_queries import ANY_ROW


def _task_drafts_on_any() -> QuerySet[FormDraft]:
    return FormDraft.objects.filter(writer=ANYBODY, work_item__request=ANY_ROW).order_by()


TASK_DRAFTS = RowsFacet(_task_drafts_on_any)
"""The reader's drafts of decisions on the request."""


def start_drafts_of(writer: User) -> list[FormDraft]:
    """All drafts of requests of this person, the newest first. One statement."""
    drafts = FormDraft.objects.filter(writer=writer, template__isnull=False)
    return list(drafts.select_related("template"))


def find_start_draft(writer: User, template: WorkflowTemplate) -> FormDraft | None:
    """The person's draft for this workflow, if there is one."""
    return FormDraft.objects.filter(writer=writer, template=template).first()


def find_task_draft(writer: User, task: WorkItem) -> FormDraft | None:
    """The person's draft of a decision on this task. One statement, or none where their drafts came
    with the request."""
    drafts = TASK_DRAFTS.rows_of(task.request, writer)
    return next((draft for draft in drafts if draft.work_item_id == task.pk), None)
