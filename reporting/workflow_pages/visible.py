"""Which workflow a page is about: one that its reader may see, and may manage where it asks."""

from django.http import HttpRequest

from approvals.ui.responses import signed_in_user
from workflows.access.permissions import may_manage
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.errors import NotAllowed, NotFound


def find_visible_workflow(
    request: HttpRequest, key: str, *, to_manage: bool = False
) -> WorkflowTemplate:
    """The workflow of this key, for who may audit it. Raises NotFound; NotAllowed for who may look
    and not manage."""
    user = signed_in_user(request)
    template = WorkflowTemplate.objects.auditable_by(user).filter(key=key).first()
    if template is None:
        raise NotFound("There is no such workflow, or it is not yours to see.")
    if to_manage and not may_manage(user, template):
        raise NotAllowed("Only the owner or deputy of “%(name)s” may do this.", name=template.name)
    return template
