"""The drafts of start forms that somebody has written."""

from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import StartDraft
from workflows.people.models import User


def start_drafts_of(writer: User) -> list[StartDraft]:
    """All drafts of this person, the newest first. One statement."""
    return list(StartDraft.objects.filter(writer=writer).select_related("template"))


def find_start_draft(writer: User, template: WorkflowTemplate) -> StartDraft | None:
    """The person's draft for this workflow, if there is one."""
    return StartDraft.objects.filter(writer=writer, template=template).first()
