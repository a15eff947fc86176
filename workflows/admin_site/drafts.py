"""Pages that edit a draft's map: read-only once it is published, and one edit after the other."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.db import IntegrityError, models, transaction
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext

from workflows.access.permissions import may_manage
from workflows.admin_site.base import HistoryAdmin, actor_of
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.services.draft_edits import DraftEdits, delete_draft, edit_draft
from workflows.engine.errors import HandoffError
from workflows.persistence.row_edits import RowEdits


def manages_workflow(request: HttpRequest, template: WorkflowTemplate) -> bool:
    """Whether the person answers for the workflow; asked once a page."""
    answers_by_workflow: dict[int, bool] = request.__dict__.setdefault("_workflows_managed", {})
    if template.pk not in answers_by_workflow:
        answers_by_workflow[template.pk] = may_manage(request.user, template)
    return answers_by_workflow[template.pk]


def may_edit(request: HttpRequest, version: TemplateVersion) -> bool:
    """Whether this person may change this version's map: it is a draft, of a workflow of theirs."""
    return version.is_editable and manages_workflow(request, version.template)


@contextmanager
def locked_draft(version_id: int | None) -> Iterator[None]:
    """Edits of a draft and its publication come one after the other, never at once."""
    with transaction.atomic():
        templates = WorkflowTemplate.objects.select_for_update(of=("self",))
        templates.filter(versions=version_id).order_by("pk").first()
        yield


class DraftLockMixin:
    """A page whose edits and deletions wait for who edits or publishes the same draft."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        """As Django does; edits wait for a publication that goes on, and are refused after it."""
        view = super().changeform_view  # type: ignore[misc]
        return serve_under_draft_lock(
            self, request, object_id, lambda: view(request, object_id, form_url, extra_context)
        )

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """As Django does, under the same lock."""
        view = super().delete_view  # type: ignore[misc]
        return serve_under_draft_lock(
            self, request, object_id, lambda: view(request, object_id, extra_context)
        )


class DraftAdmin(DraftLockMixin, HistoryAdmin):
    """Pages that edit a draft: all is read-only once the version is published."""

    def version_of(self, obj: Any) -> TemplateVersion:
        """The version that a row belongs to."""
        version: TemplateVersion = obj.version
        return version

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On drafts of workflows that the person manages."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or may_edit(request, self.version_of(obj)))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On drafts of workflows that the person manages; one at a time."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and obj is not None and may_edit(request, self.version_of(obj))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without Django's deletion of many rows at once, which asks for no draft."""
        return without_bulk_deletion(super().get_actions(request))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """New rows of a table go behind those that are there."""
        for formset in formsets:
            append_new_rows(formset)
        super().save_related(request, form, formsets, change)

    def write_rows(
        self, request: HttpRequest, form: Any, edits: DraftEdits, *, is_new: bool
    ) -> None:
        """The service writes the rows and one row of the trail."""
        version = self.version_of(form.instance)
        edits = replace(edits, added=[*find_made_roles(form), *edits.added])
        edit_draft(version.pk, edits, actor=actor_of(request), now=timezone.now())

    def delete_rows(self, request: HttpRequest, row: Any) -> None:
        """A whole draft, or a row of one."""
        actor, now = actor_of(request), timezone.now()
        if isinstance(row, TemplateVersion):
            delete_draft(row.pk, actor=actor, now=now)
        else:
            edit_draft(self.version_of(row).pk, RowEdits(deleted=[row]), actor=actor, now=now)


def find_made_roles(form: Any) -> list[Any]:
    """The roles that were made while other rows of the map were filled in."""
    offer = getattr(form, "offer", None)
    return list(offer.made_roles.values()) if offer is not None else []


def serve_under_draft_lock(
    page: Any,
    request: HttpRequest,
    object_id: str | None,
    view: Callable[[], HttpResponse],
) -> HttpResponse:
    """The view's answer; nobody else edits or publishes the draft until it is there."""
    if request.method != "POST" or object_id is None:
        return view()
    row = page.get_object(request, object_id)
    try:
        with locked_draft(page.version_of(row).pk if row else None):
            return view()
    except HandoffError as refused:
        page.message_user(request, str(refused), messages.ERROR)
    except IntegrityError:
        page.message_user(
            request,
            gettext("Somebody changed or published this draft a moment ago; nothing was saved."),
            messages.ERROR,
        )
    return HttpResponseRedirect(request.path)


def without_bulk_deletion(actions: dict[str, Any]) -> dict[str, Any]:
    """Without Django's deletion of many rows at once, which asks no row's own page."""
    return {name: action for name, action in actions.items() if name != "delete_selected"}


def append_new_rows(formset: Any) -> None:
    """Give new rows without a place one behind the others."""
    new: list[models.Model] = [
        form.instance
        for form in formset.extra_forms
        if form.has_changed() and not form.instance.position
    ]
    if not new:
        return
    last = formset.get_queryset().aggregate(last=Max("position"))["last"]
    for position, row in enumerate(new, start=0 if last is None else last + 1):
        row.position = position  # type: ignore[attr-defined]
