"""The health page and the same as JSON and CSV, for those who may audit a workflow."""

from collections.abc import Collection
from hmac import compare_digest
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reporting.csv_out import csv_file
from reporting.health import COLUMNS, HealthPage, health_json, health_page, health_rows
from workflows.models import ApiToken, WorkflowTemplate
from workflows.permissions import auditable, may_audit_site
from workflows.services import tokens

NOT_YOURS = (
    "You may audit no workflow, so there is no health to show you. Ask a workflow's owner for the"
    " permission to audit it."
)
SIGN_IN = "Sign in first: this tells how the workflows do, to those who may audit them."
NOTHING_OPENS = "This token opens nothing: it is mistyped, expired or revoked."
NO_SCOPE = "This token may not read; make one that has the scope 'read'."


@require_safe
@login_required
def show(request: HttpRequest) -> HttpResponse:
    """How the steps of all workflows do that this person may audit."""
    page = page_for(request.user)
    if page is None:
        return render(request, "403.html", {"why": NOT_YOURS}, status=HTTPStatus.FORBIDDEN)
    context = {"page": page, "lists": lists_for(request.user)}
    return render(request, "reporting/health.html", context)


@require_safe
def as_json(request: HttpRequest) -> JsonResponse:
    """The same facts for a monitor; it always answers 200 when it could look, whatever it saw.

    For a session, an API token with the scope `read` (in its user's name), or HEALTH_TOKEN.
    """
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _for_bearer(text.strip())
    if not request.user.is_authenticated:
        return JsonResponse({"detail": SIGN_IN}, status=HTTPStatus.UNAUTHORIZED)
    return _answer(page_for(request.user))


def _for_bearer(text: str) -> JsonResponse:
    """What a token opens. The site's own is compared in a time that tells nothing of it."""
    secret = settings.HEALTH_TOKEN
    if secret and compare_digest(text.encode(errors="replace"), secret.encode()):
        return _answer(health_page(WorkflowTemplate.objects.all(), now=timezone.now()))
    token = tokens.find(text, timezone.now())
    if token is None:
        return JsonResponse({"detail": NOTHING_OPENS}, status=HTTPStatus.UNAUTHORIZED)
    if ApiToken.READ not in token.scopes:
        return JsonResponse({"detail": NO_SCOPE}, status=HTTPStatus.FORBIDDEN)
    return _answer(page_for(token.user))


def _answer(page: HealthPage | None) -> JsonResponse:
    if page is None:
        return JsonResponse({"detail": NOT_YOURS}, status=HTTPStatus.FORBIDDEN)
    return JsonResponse(health_json(page))


@require_safe
@login_required
def as_csv(request: HttpRequest) -> HttpResponse:
    """The page's lines as one table."""
    page = page_for(request.user)
    if page is None:
        return render(request, "403.html", {"why": NOT_YOURS}, status=HTTPStatus.FORBIDDEN)
    return csv_file("health", COLUMNS, health_rows(page))


def page_for(user: User | AnonymousUser) -> HealthPage | None:
    """What this person may see of the health; nothing where they may audit no workflow."""
    templates = auditable(user)
    if not (templates.exists() or may_audit_site(user)):
        return None
    return health_page(templates, now=timezone.now())


def lists_for(user: User | AnonymousUser) -> Collection[str]:
    """The lists of the admin that this person may open, by the name of their model."""
    models = ("incident", "attempt", "workitem", "outboxmessage")
    if not user.is_staff:
        return ()
    return [name for name in models if user.has_perm(f"workflows.view_{name}")]
