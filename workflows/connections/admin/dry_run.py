"""The page that shows what a step would send, for example values or for a request; it sends
nothing."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext

from workflows.access.permissions import may_audit
from workflows.admin_site.base import actor_of
from workflows.admin_site.links import change_url
from workflows.automation.dry_run import CallPreview, example_values, preview_call
from workflows.definitions.models import Step
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.engine.errors import HandoffError, NotFound
from workflows.engine.format.definition import AutomationStep
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.sight.field_sight import visible_data
from workflows.execution.queries.visible_instances import find_visible_request

EXAMPLE_REFERENCE = "EX-1"


class DryRunMixin:
    """The address of the page, beside those of a step."""

    def get_urls(self) -> list[URLPattern]:
        """With the address of the dry run."""
        page: Any = self
        view = page.admin_site.admin_view(self.dry_run_view)
        return [path("<int:pk>/dry-run/", view, name="dry_run_step"), *super().get_urls()]  # type: ignore[misc]

    def dry_run_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What the step would send."""
        page: Any = self
        if not page.has_view_permission(request):
            raise PermissionDenied
        step: Step | None = page.get_object(request, str(pk))
        if step is None or not page.has_view_permission(request, step):
            raise Http404
        reference = request.GET.get("request", "").strip()[:40]
        context = {
            **page.admin_site.each_context(request),
            "title": gettext("What “%(step)s” would send") % {"step": step},
            "opts": page.model._meta,
            "media": page.media,
            "reference": reference,
            "preview": _preview(request, step, reference),
            "back": change_url(step),
        }
        return TemplateResponse(request, "admin/workflows/dry_run.html", context)


def makes_calls(step: Step) -> bool:
    """Whether a step sends something that can be shown."""
    return step.kind == "automation" and (step.config or {}).get("action") == "http"


def _preview(request: HttpRequest, row: Step, reference: str) -> CallPreview:
    try:
        definition = get_version_map(row.version).graph.definition
    except HandoffError as problem:
        return CallPreview(problem=str(problem))
    step = definition.steps.get(row.key)
    if not isinstance(step, AutomationStep) or step.action != "http":
        return CallPreview(problem=gettext("This step makes no call."))
    if not reference:
        values = example_values(definition.fields)
        return preview_call(step, definition.fields, values, EXAMPLE_REFERENCE)
    try:
        instance = _find_request(request, row, reference)
    except NotFound as missing:
        return CallPreview(problem=str(missing))
    seen_data = visible_data(actor_of(request), instance)
    return preview_call(step, definition.fields, seen_data, instance.reference)


def _find_request(request: HttpRequest, step: Step, reference: str) -> WorkflowInstance:
    """A request of the step's workflow, for who may audit that. Raises NotFound."""
    instance = find_visible_request(actor_of(request), reference)
    is_of_workflow = instance.template_id == step.version.template_id
    if not is_of_workflow or not may_audit(actor_of(request), step.version.template):
        raise NotFound("There is no such request of this workflow that you may audit.")
    return instance
