"""The drafts of forms that somebody has written: each is shown to its writer alone."""

from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import FormDraft, WorkItem
from workflows.execution.queries.facets import facet_of_rows
from workflows.people.models import User

TASK_DRAFTS = facet_of_rows(
    f"{FormDraft._meta.db_table} d JOIN {WorkItem._meta.db_table} t ON t.id = d.work_item_id"
    " WHERE d.writer_id = %(user)s AND t.request_id = %(request)s"
)
"""Whether the reader keeps a draft of a decision on the request."""


def start_drafts_of(writer: User) -> list[FormDraft]:
    """All drafts of requests of this person, the newest first. One statement."""
    drafts = FormDraft.objects.filter(writer=writer, template__isnull=False)
    return list(drafts.select_related("template"))


def find_start_draft(writer: User, template: WorkflowTemplate) -> FormDraft | None:
    """The person's draft for this workflow, if there is one."""
    return FormDraft.objects.filter(writer=writer, template=template).first()


def find_task_draft(writer: User, task: WorkItem) -> FormDraft | None:
    """The person's draft of a decision on this task. No statement where it is known that they keep
    none on the request."""
    if TASK_DRAFTS.is_absent(task.request, writer):
        return None
    return FormDraft.objects.filter(writer=writer, work_item=task).first()
