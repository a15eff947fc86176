"""Two people with one form open: who saves second is told what changed, and loses nothing.

Each form carries what it showed. When it comes back and the rows say something else by then,
nothing is saved: the form is shown again as the rows are now, with what this person changed on
top, beside who changed what. Saved once more, it stands on the new state.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext

from workflows.admin_site.elements import render_include
from workflows.admin_site.form_changes import FormSnapshot, Plain, changes_between, to_plain_value

SEEN_STATE_FIELD = "seen_state"
SEEN_STATE_SALT = "handoff.admin.seen"
CONFLICT_HEADING_ANCHOR = "#meanwhile-heading"


class EditConflictMixin:
    """An admin page whose second saver is told of the first."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        """As Django does; a form whose rows have changed since it was shown saves nothing."""

        def view(page_request: HttpRequest) -> HttpResponse:
            return super(EditConflictMixin, self).changeform_view(  # type: ignore[misc]
                page_request, object_id, form_url, extra_context
            )

        seen = _read_seen_snapshot(request) if object_id is not None else None
        if seen is None or object_id is None:
            return _attach_snapshot(view(request))
        with transaction.atomic():
            self._lock_row(request, object_id)
            # The page itself says what stands there now, as the form would show it.
            now = view(_copy_as_get(request))
            site = {
                **self.admin_site.each_context(request),  # type: ignore[attr-defined]
                "media": self.media,  # type: ignore[attr-defined]
            }
            refused = _conflict_response(request, now, seen, site)
            return refused or _attach_snapshot(view(request))

    def _lock_row(self, request: HttpRequest, object_id: str) -> None:
        """Who comes second waits until who came first has saved, and reads what was saved."""
        row = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if row is not None:
            rows = type(row)._base_manager.select_for_update(of=("self",))
            list(rows.filter(pk=row.pk).values_list("pk"))


def _read_seen_snapshot(request: HttpRequest) -> FormSnapshot | None:
    """What the form showed that comes back; None where it does not say."""
    token = request.POST.get(SEEN_STATE_FIELD, "") if request.method == "POST" else ""
    try:
        return (
            FormSnapshot.from_plain(signing.loads(token, salt=SEEN_STATE_SALT)) if token else None
        )
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return None


def _copy_as_get(request: HttpRequest) -> HttpRequest:
    """The same person looking at the same page."""
    looking = copy.copy(request)
    looking.method = "GET"
    return looking


def _attach_snapshot(response: HttpResponse) -> HttpResponse:
    """The form carries what it shows; one that comes back with an error keeps what it carried."""
    context = _editable_context(response)
    if context is not None:
        _carry_snapshot(
            context, None if context["adminform"].form.is_bound else take_form_snapshot(context)
        )
    return response


def _carry_snapshot(context: dict[str, Any], snapshot: FormSnapshot | None) -> None:
    form = context["adminform"].form
    form.fields[SEEN_STATE_FIELD] = forms.CharField(required=False, widget=forms.HiddenInput)
    if snapshot is not None:
        form.initial[SEEN_STATE_FIELD] = signing.dumps(
            snapshot.as_plain(), salt=SEEN_STATE_SALT, compress=True
        )
    context[SEEN_STATE_FIELD] = form[SEEN_STATE_FIELD]


def _editable_context(response: HttpResponse) -> dict[str, Any] | None:
    """The context of a page with a form that can be saved."""
    context = response.context_data if isinstance(response, TemplateResponse) else None
    return context if context and context.get("has_change_permission") else None


def _inline_formsets(context: Mapping[str, Any]) -> list[Any]:
    return [inline_formset.formset for inline_formset in context.get("inline_admin_formsets", ())]


def take_form_snapshot(context: Mapping[str, Any]) -> FormSnapshot:
    """What the page's forms show, row by row."""
    tables = {
        formset.prefix: {
            str(form.instance.pk): _snapshot_row(form) for form in formset.initial_forms
        }
        for formset in _inline_formsets(context)
    }
    return FormSnapshot(
        at=timezone.now(), head=_snapshot_row(context["adminform"].form), tables=tables
    )


def _snapshot_row(form: Any) -> tuple[str, dict[str, Plain]]:
    values = {
        name: to_plain_value(form.get_initial_for_field(form_field, name))
        for name, form_field in form.fields.items()
        if _is_compared_field(name, form_field)
    }
    # A row that is not there yet may have no name: what it is called by is still to be chosen.
    return str(form.instance) if form.instance.pk else "", values


def _is_compared_field(name: str, form_field: forms.Field) -> bool:
    """Not what cannot be typed again, and nothing that is secret."""
    secret = isinstance(form_field.widget, forms.PasswordInput)
    return not (
        secret
        or form_field.disabled
        or isinstance(form_field, forms.FileField)
        or name in (SEEN_STATE_FIELD, "DELETE")
    )


# -- refusing ---------------------------------------------------------------------------------


def _conflict_response(
    request: HttpRequest, now: HttpResponse, seen: FormSnapshot, site: Mapping[str, Any]
) -> HttpResponse | None:
    """The answer to who comes second, or None where nothing has changed meanwhile."""
    context = _editable_context(now)
    if context is None:
        return _row_gone_response(request, now, seen, site)
    snapshot = take_form_snapshot(context)
    changes = changes_between(seen, snapshot, context)
    if not changes:
        return None
    _overlay_submission(request, context, seen)
    _carry_snapshot(context, snapshot)
    context["meanwhile"] = changes
    messages.error(request, render_include("changed_meanwhile", anchor=CONFLICT_HEADING_ANCHOR))
    now.status_code = 409
    return now


def _row_gone_response(
    request: HttpRequest, now: HttpResponse, seen: FormSnapshot, site: Mapping[str, Any]
) -> HttpResponse | None:
    """The row cannot be changed any more, or is not there: what was typed is shown to be kept."""
    typed = list(find_typed_values(request, seen))
    if isinstance(now, TemplateResponse) and now.context_data is not None:
        now.context_data["typed"] = typed
        now.status_code = 403
        return now
    if not isinstance(now, HttpResponseRedirect):
        return None
    list(messages.get_messages(request))  # the page says what the message would have said
    page_context = {
        "title": gettext("It is not there any more"),
        "typed": typed,
        "row": seen.head[0],
    }
    context = {**site, **page_context}
    return TemplateResponse(request, "admin/workflows/gone.html", context, status=404)


def find_typed_values(request: HttpRequest, seen: FormSnapshot) -> Iterator[tuple[str, str]]:
    """What was typed that the form did not show."""
    seen_values = {str(value) for _, values in seen.rows() for value in values.values()}
    for name, sent in request.POST.lists():
        text = ", ".join(str(part) for part in sent)
        is_ours = name in (SEEN_STATE_FIELD, "csrfmiddlewaretoken") or name.startswith("_")
        if text and not is_ours and not name.endswith("_FORMS") and text not in seen_values:
            yield name, text


# -- what this person changed, on top of the new state ------------------------------------------


def _overlay_submission(
    request: HttpRequest, context: Mapping[str, Any], seen: FormSnapshot
) -> None:
    form = context["adminform"].form
    submitted = type(form)(request.POST, request.FILES, instance=copy.copy(form.instance))
    _overlay_form(form, submitted, seen.head[1])
    for formset in _inline_formsets(context):
        _overlay_rows(request, formset, seen.tables.get(formset.prefix, {}))


def _overlay_form(form: Any, submitted: Any, seen: Mapping[str, Plain]) -> None:
    """Where this person wrote something else than was shown, what they wrote."""
    for name in _find_touched_fields(submitted, seen, form):
        form.initial[name] = _submitted_value(submitted, name)
    form._bound_fields_cache.clear()


def _find_touched_fields(
    submitted: Any, seen: Mapping[str, Plain], now: Any = None
) -> Iterator[str]:
    """The fields in which something else was sent than was shown."""
    for name, form_field in submitted.fields.items():
        if not _is_compared_field(name, form_field) or name not in seen:
            continue
        current = now.get_initial_for_field(form_field, name) if now is not None else None
        same = now is not None and to_plain_value(current) == seen[name]
        if form_field.has_changed(
            current if same else _parse_seen_value(form_field, seen[name]), submitted[name].data
        ):
            yield name


def _parse_seen_value(form_field: forms.Field, value: Plain) -> Any:
    """A value as the field compares it, from how it was written down."""
    if not isinstance(value, str) or isinstance(
        form_field, forms.ModelChoiceField | forms.JSONField
    ):
        return value
    try:
        return form_field.to_python(value)
    except forms.ValidationError:
        return value


def _submitted_value(submitted: Any, name: str) -> Any:
    return submitted.fields[name].bound_data(submitted[name].data, None)


@dataclass
class _RowEdits:
    """What this person did to a table of rows."""

    changed: dict[str, Any] = field(default_factory=dict)
    new: list[dict[str, Any]] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)


def _overlay_rows(
    request: HttpRequest, formset: Any, seen: Mapping[str, tuple[str, Mapping[str, Plain]]]
) -> None:
    """Their rows, with this person's changes on top; new ones, and changed ones that are not
    there any more, behind them."""
    existing_keys = {str(form.instance.pk) for form in formset.initial_forms}
    done = _collect_row_edits(request, formset, seen, existing_keys)
    formset.extra, formset.initial_extra = len(done.new), done.new
    for cached_name in ("forms", "management_form"):
        formset.__dict__.pop(cached_name, None)
    for form in formset.initial_forms:
        key = str(form.instance.pk)
        if key in done.changed:
            _overlay_form(form, done.changed[key], seen[key][1])
        if key in done.deleted:
            form.initial["DELETE"] = True


def _collect_row_edits(
    request: HttpRequest, formset: Any, seen: Mapping[str, Any], existing_keys: set[str]
) -> _RowEdits:
    form_arguments = {"data": request.POST, "files": request.FILES, "prefix": formset.prefix}
    sent = type(formset)(instance=formset.instance, **form_arguments)
    done = _RowEdits()
    if not sent.management_form.is_valid():
        return done
    for form in sent.forms:
        key = str(form["id"].data or "") if "id" in form.fields else ""
        if sent.can_delete and form["DELETE"].data:
            done.deleted.add(key)
        elif key in seen and key in existing_keys:
            done.changed[key] = form
        elif key in seen:
            if any(_find_touched_fields(form, seen[key][1])):
                done.new.append(_submitted_values(form))
        elif not key and form.has_changed():
            done.new.append(_submitted_values(form))
    return done


def _submitted_values(form: Any) -> dict[str, Any]:
    skipped: Sequence[str] = ("id", "DELETE")
    return {name: _submitted_value(form, name) for name in form.fields if name not in skipped}
