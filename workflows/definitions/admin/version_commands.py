"""The commands on a version's page: publish it, make a new draft, download its file."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext

from workflows.access.services.once_only_forms import serve_view_once
from workflows.admin_site.base import actor_of
from workflows.admin_site.drafts import may_edit
from workflows.admin_site.elements import render_include
from workflows.admin_site.links import change_url
from workflows.definitions.admin.map_inlines import load_version_options
from workflows.definitions.admin.stage_forms import STAGE_FORMS, answer_stage_form
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.map_files import write_map_file
from workflows.definitions.services.publishing import new_draft, publish
from workflows.engine.errors import HandoffError


def publish_version(request: HttpRequest, version: TemplateVersion) -> None:
    """The service, and a message of what it did."""
    published = publish(version.pk, actor=actor_of(request), now=timezone.now())
    sentence = gettext(
        "%(version)s is published: new requests start on it, running ones stay on theirs."
    )
    messages.success(request, sentence % {"version": published})


def start_draft(request: HttpRequest, template: WorkflowTemplate) -> TemplateVersion:
    """The service, and a message with a link to the draft."""
    draft = new_draft(template, actor=actor_of(request), now=timezone.now())
    messages.success(request, render_include("draft_made", address=change_url(draft), draft=draft))
    return draft


class VersionCommandsMixin:
    """Addresses of a version's commands. What changes something is a POST."""

    def get_urls(self) -> list[URLPattern]:
        """The commands of a version's page, and its files."""
        view = self.admin_site.admin_view  # type: ignore[attr-defined]
        return [
            path("<int:pk>/publish/", view(self.publish_view), name="publish_version"),
            path("<int:pk>/new-draft/", view(self.draft_view), name="draft_version"),
            path("<int:pk>/stage/<slug:part>/", view(self.stage_view), name="version_stage"),
            path("<int:pk>/file/", view(self.file_view), name="version_file"),
            path("<int:pk>/bpmn/", view(self.file_view), {"ending": "bpmn"}, name="version_bpmn"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Publish this version."""
        return self._answer_command(
            request, pk, lambda version: _publish_and_return(request, version)
        )

    def draft_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A new draft of this version's workflow."""
        return self._answer_command(request, pk, partial(_draft_once, request))

    def stage_view(self, request: HttpRequest, pk: int, part: str) -> HttpResponse:
        """What a small form of the guide says; what is refused is shown with what was typed."""
        if request.method != "POST" or part not in STAGE_FORMS:
            return redirect("admin:workflows_templateversion_change", pk)
        if not self.has_command_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        return self._answer_for_version(request, pk, partial(_stage_once, self, request, part))

    def _answer_command(
        self, request: HttpRequest, pk: int, command: Callable[[TemplateVersion], HttpResponse]
    ) -> HttpResponse:
        if request.method != "POST":  # whoever signed in again on the way: the button is there
            return redirect("admin:workflows_templateversion_change", pk)
        if not self.has_command_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        return self._answer_for_version(request, pk, command)

    def _answer_for_version(
        self, request: HttpRequest, pk: int, answer: Callable[[TemplateVersion], HttpResponse]
    ) -> HttpResponse:
        """The answer for a version in sight; what is refused leads back to its page."""
        page: Any = self
        version = page.get_object(request, str(pk))
        if version is None:
            missing: HttpResponse = page._get_obj_does_not_exist_redirect(
                request, page.opts, str(pk)
            )
            return missing
        with page.refusals(request):
            return answer(version)
        return HttpResponseRedirect(change_url(version))

    def file_view(self, request: HttpRequest, pk: int, ending: str = "yaml") -> HttpResponse:
        """The version's map as a file."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        return self._answer_for_version(request, pk, partial(_file_response, ending))


def _publish_and_return(request: HttpRequest, version: TemplateVersion) -> HttpResponse:
    publish_version(request, version)
    return HttpResponseRedirect(change_url(version))


def _stage_once(
    page: Any, request: HttpRequest, part: str, version: TemplateVersion
) -> HttpResponse:
    if not may_edit(request, version):
        raise PermissionDenied
    refused: list[Any] = []

    def answer() -> HttpResponse:
        answered = answer_stage_form(request, version, part)
        if isinstance(answered, HttpResponse):
            return answered
        refused.append(answered)
        return HttpResponse()

    try:
        response = serve_view_once(request, answer)
    except HandoffError as problem:
        refused.append(STAGE_FORMS[part](load_version_options(request, version), request.POST))
        messages.error(request, str(problem))
    if not refused:
        return response
    return page.show_stage(request, version, part, refused[0])


def _draft_once(request: HttpRequest, version: TemplateVersion) -> HttpResponse:
    return serve_view_once(
        request, lambda: HttpResponseRedirect(change_url(start_draft(request, version.template)))
    )


def _file_response(ending: str, version: TemplateVersion) -> HttpResponse:
    file = write_map_file(version, ending)
    return HttpResponse(file.text, content_type=file.content_type, headers=file.headers)
