"""The health page and the same as JSON and CSV, for those who may audit a workflow."""

from collections.abc import Collection
from datetime import datetime
from hmac import compare_digest
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from approvals.ui.csv_download import table_csv_response
from reporting.health.filters import HealthFilter
from reporting.health.queries import HealthPage, build_health_page
from reporting.health.serialization import render_health_json
from reporting.health.tables import health_table
from reporting.ui.filters import workflow_choices
from reporting.ui.site_reports import SITE_REPORTS, may_read_reports
from workflows.access.models import ApiToken
from workflows.access.services import tokens
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import QueueForecast
from workflows.execution.queries.completion_estimates import find_queue_forecasts
from workflows.people.models import User

SIGN_IN = gettext_lazy(
    "Sign in first: this tells how the workflows do, to those who may audit them."
)
NOTHING_OPENS = gettext_lazy("This token opens nothing: it is mistyped, expired or revoked.")
NO_SCOPE = gettext_lazy("This token may not read; make one that has the scope 'read'.")


def health_page_view(request: HttpRequest) -> HttpResponse:
    """How the steps of all workflows do that this person may audit."""
    templates = WorkflowTemplate.objects.auditable_by(request.user)
    filters = HealthFilter(request.GET, templates)
    page = build_health_page(filters.qs, now=timezone.now())
    lists = openable_admin_lists(request.user)
    filters.offer(
        "workflow",
        workflow_choices(templates)
        if filters.chosen
        else sorted((entry.template.key, entry.template.name) for entry in page.workflows),
    )
    context = {
        "page": page,
        "workflows": [(workflow, health_table([workflow], lists)) for workflow in page.workflows],
        "lists": lists,
        "filters": filters,
        "drowning": _find_drowning(page, timezone.now()),
    }
    return render(request, "reporting/health.html", context)


def _find_drowning(page: HealthPage, now: datetime) -> list[tuple[WorkflowTemplate, QueueForecast]]:
    """The queues of the page's workflows that nobody will keep up with, by the simulation."""
    templates = {workflow.template.pk: workflow.template for workflow in page.workflows}
    queues = find_queue_forecasts(templates, now)
    return [(templates[queue.template_id], queue) for queue in queues if queue.drowns]


@require_safe
def health_json_view(request: HttpRequest) -> JsonResponse:
    """The same facts for a monitor; it always answers 200 when it could look, whatever it saw.

    For a session, an API token with the scope `read` (in its user's name), or HEALTH_TOKEN.
    """
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _bearer_response(text.strip())
    if not request.user.is_authenticated:
        return JsonResponse({"detail": str(SIGN_IN)}, status=HTTPStatus.UNAUTHORIZED)
    return _health_response(health_page_for(request.user))


def _bearer_response(text: str) -> JsonResponse:
    """What a token opens. The site's own is compared in a time that tells nothing of it."""
    secret = settings.HEALTH_TOKEN
    if secret and compare_digest(text.encode(errors="replace"), secret.encode()):
        return _health_response(
            build_health_page(WorkflowTemplate.objects.all(), now=timezone.now())
        )
    token = tokens.find_token(text, timezone.now())
    if token is None:
        return JsonResponse({"detail": str(NOTHING_OPENS)}, status=HTTPStatus.UNAUTHORIZED)
    if ApiToken.READ not in token.scopes:
        return JsonResponse({"detail": str(NO_SCOPE)}, status=HTTPStatus.FORBIDDEN)
    return _health_response(health_page_for(token.user))


def _health_response(page: HealthPage | None) -> JsonResponse:
    if page is None:
        return JsonResponse(
            {"detail": str(SITE_REPORTS["health"].refusal)}, status=HTTPStatus.FORBIDDEN
        )
    return JsonResponse(render_health_json(page))


def health_csv_view(request: HttpRequest) -> HttpResponse:
    """The page's lines as one table."""
    filters = HealthFilter(request.GET, WorkflowTemplate.objects.auditable_by(request.user))
    page = build_health_page(filters.qs, now=timezone.now())
    return table_csv_response("health", health_table(page.workflows))


def health_page_for(user: User | AnonymousUser) -> HealthPage | None:
    """What this person may see of the health; nothing where they may audit no workflow."""
    if not may_read_reports(user):
        return None
    return build_health_page(WorkflowTemplate.objects.auditable_by(user), now=timezone.now())


def openable_admin_lists(user: User | AnonymousUser) -> Collection[str]:
    """The lists of the admin that this person may open, by the name of their model."""
    models = ("incident", "attempt", "workitem", "outboxmessage", "notice")
    if not user.is_staff:
        return ()
    return [name for name in models if user.has_perm(f"workflows.view_{name}")]
