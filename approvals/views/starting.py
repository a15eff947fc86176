"""Starting a request: the list of workflows, and the form that the map declares."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from approvals.after import what_is_next
from approvals.forms import DeclaredForm, TitleForm
from approvals.pages import go_to, on_the_page, page, person_of, refusal_shown, status_of
from approvals.reading import case_of
from approvals.typed import form_data
from workflows.engine.errors import HandoffError, NotAllowed
from workflows.models import TemplateVersion
from workflows.once import Sent, once
from workflows.permissions import may_start, startable
from workflows.services import requests
from workflows.services.maps import map_of


@require_safe
@page
def listing(request: HttpRequest) -> HttpResponse:
    """The workflows that I may start."""
    workflows = startable(person_of(request)).select_related("owner").order_by("name").distinct()
    return render(request, "approvals/start.html", {"workflows": workflows})


@require_http_methods(["GET", "HEAD", "POST"])
@page
def form(request: HttpRequest, key: str) -> HttpResponse:
    """The start form of one workflow; a POST starts a request."""
    version = requests.published_version(key)
    if not may_start(person_of(request), version.template):
        raise NotAllowed(
            f"You may not start “{version.name}”: you are not in the role that starts it."
        )
    if request.method != "POST":
        requests.must_not_be_paused(version)
    title, fields = _forms(version, request)
    error: HandoffError | None = None
    if request.method == "POST" and title.is_valid() & fields.is_valid():
        try:
            return go_to(request, once(request, lambda: _start(request, key, title, fields)))
        except HandoffError as refused:
            if not on_the_page(refused):
                raise
            error = refused
    context = {
        "version": version,
        "title_form": title,
        "form": fields,
        **refusal_shown(error),
        "files_lost": request.method == "POST" and bool(request.FILES),
        "unready": request.method == "POST" and error is None,
    }
    status = status_of(error) if error else 422 if request.method == "POST" else 200
    return render(request, "approvals/start_form.html", context, status=status)


def _forms(version: TemplateVersion, request: HttpRequest) -> tuple[TitleForm, DeclaredForm]:
    definition = map_of(version).graph.definition
    asked = (definition.start.fields or []) if definition.start else []
    data, files = form_data(request), request.FILES if request.method == "POST" else None
    return TitleForm(data), DeclaredForm(definition, asked, data, files)


def _start(request: HttpRequest, key: str, title: TitleForm, fields: DeclaredForm) -> Sent:
    now = timezone.now()
    instance = requests.start(
        key,
        actor=person_of(request),
        now=now,
        data={name: value for name, value in fields.values().items() if value is not None},
        files=fields.uploads(),
        title=title.cleaned_data["title"],
    )
    said = f"{instance.reference} started. {what_is_next(case_of(instance, None, now))}"
    return Sent(reverse("approvals:request", args=[instance.reference]), said)
