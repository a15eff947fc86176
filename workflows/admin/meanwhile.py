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
from django.utils.html import format_html

from workflows.admin.changes import Plain, Shown, changes_between, plain

SEEN = "seen_state"
SALT = "handoff.admin.seen"
SEE = "#meanwhile-heading"
REFUSED = (
    "Somebody changed this while you had it open; nothing was saved."
    ' <a class="handoff-link" href="{}">See what changed</a>.'
)


class ToldOfChanges:
    """An admin page whose second saver is told of the first."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        """As Django does; a form whose rows have changed since it was shown saves nothing."""

        def view(asked: HttpRequest) -> HttpResponse:
            return super(ToldOfChanges, self).changeform_view(  # type: ignore[misc, no-any-return]
                asked, object_id, form_url, extra_context
            )

        seen = _seen(request) if object_id is not None else None
        if seen is None or object_id is None:
            return _with_token(view(request))
        with transaction.atomic():
            self._lock(request, object_id)
            now = view(_looking(request))
            site = self.admin_site.each_context(request)  # type: ignore[attr-defined]
            refused = _refused(request, now, seen, site)
            return refused or _with_token(view(request))

    def _lock(self, request: HttpRequest, object_id: str) -> None:
        """Who comes second waits until who came first has saved, and reads what was saved."""
        row = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if row is not None:
            rows = type(row)._base_manager.select_for_update(of=("self",))
            list(rows.filter(pk=row.pk).values_list("pk"))


def _seen(request: HttpRequest) -> Shown | None:
    """What the form showed that comes back; None where it does not say."""
    token = request.POST.get(SEEN, "") if request.method == "POST" else ""
    try:
        return Shown.from_plain(signing.loads(token, salt=SALT)) if token else None
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return None


def _looking(request: HttpRequest) -> HttpRequest:
    """The same person looking at the same page."""
    looking = copy.copy(request)
    looking.method = "GET"
    return looking


def _with_token(response: HttpResponse) -> HttpResponse:
    """The form carries what it shows; one that comes back with an error keeps what it carried."""
    context = _context(response)
    if context is not None:
        _carry(context, None if context["adminform"].form.is_bound else shown_in(context))
    return response


def _carry(context: dict[str, Any], shown: Shown | None) -> None:
    form = context["adminform"].form
    form.fields[SEEN] = forms.CharField(required=False, widget=forms.HiddenInput)
    if shown is not None:
        form.initial[SEEN] = signing.dumps(shown.as_plain(), salt=SALT, compress=True)
    context[SEEN] = form[SEEN]


def _context(response: HttpResponse) -> dict[str, Any] | None:
    """The context of a page with a form that can be saved."""
    context = response.context_data if isinstance(response, TemplateResponse) else None
    return context if context and context.get("has_change_permission") else None


def _formsets(context: Mapping[str, Any]) -> list[Any]:
    return [one.formset for one in context.get("inline_admin_formsets", ())]


def shown_in(context: Mapping[str, Any]) -> Shown:
    """What the page's forms show, row by row."""
    tables = {
        formset.prefix: {str(form.instance.pk): _row(form) for form in formset.initial_forms}
        for formset in _formsets(context)
    }
    return Shown(at=timezone.now(), head=_row(context["adminform"].form), tables=tables)


def _row(form: Any) -> tuple[str, dict[str, Plain]]:
    values = {
        name: plain(form.get_initial_for_field(one, name))
        for name, one in form.fields.items()
        if _is_kept(name, one)
    }
    # A row that is not there yet may have no name: what it is called by is still to be chosen.
    return str(form.instance) if form.instance.pk else "", values


def _is_kept(name: str, one: forms.Field) -> bool:
    """Not what cannot be typed again, and nothing that is secret."""
    secret = isinstance(one.widget, forms.PasswordInput)
    return not (
        secret or one.disabled or isinstance(one, forms.FileField) or name in (SEEN, "DELETE")
    )


# -- refusing ---------------------------------------------------------------------------------


def _refused(
    request: HttpRequest, now: HttpResponse, seen: Shown, site: Mapping[str, Any]
) -> HttpResponse | None:
    """The answer to who comes second, or None where nothing has changed meanwhile."""
    context = _context(now)
    if context is None:
        return _gone(request, now, seen, site)
    shown = shown_in(context)
    changes = changes_between(seen, shown, context)
    if not changes:
        return None
    _put_mine_on_top(request, context, seen)
    _carry(context, shown)
    context["meanwhile"] = changes
    messages.error(request, format_html(REFUSED, SEE))
    now.status_code = 409
    return now


def _gone(
    request: HttpRequest, now: HttpResponse, seen: Shown, site: Mapping[str, Any]
) -> HttpResponse | None:
    """The row cannot be changed any more, or is not there: what was typed is shown to be kept."""
    typed = list(typed_text(request, seen))
    if isinstance(now, TemplateResponse) and now.context_data is not None:
        now.context_data["typed"] = typed
        now.status_code = 403
        return now
    if not isinstance(now, HttpResponseRedirect):
        return None
    list(messages.get_messages(request))  # the page says what the message would have said
    said = {"title": "It is not there any more", "typed": typed, "row": seen.head[0]}
    context = {**site, **said}
    return TemplateResponse(request, "admin/workflows/gone.html", context, status=404)


def typed_text(request: HttpRequest, seen: Shown) -> Iterator[tuple[str, str]]:
    """What was typed that the form did not show."""
    known = {str(value) for _, values in seen.rows() for value in values.values()}
    for name, sent in request.POST.lists():
        text = ", ".join(str(one) for one in sent)
        is_ours = name in (SEEN, "csrfmiddlewaretoken") or name.startswith("_")
        if text and not is_ours and not name.endswith("_FORMS") and text not in known:
            yield name, text


# -- what this person changed, on top of the new state ------------------------------------------


def _put_mine_on_top(request: HttpRequest, context: Mapping[str, Any], seen: Shown) -> None:
    form = context["adminform"].form
    mine = type(form)(request.POST, request.FILES, instance=copy.copy(form.instance))
    _merge(form, mine, seen.head[1])
    for formset in _formsets(context):
        _merge_rows(request, formset, seen.tables.get(formset.prefix, {}))


def _merge(form: Any, mine: Any, seen: Mapping[str, Plain]) -> None:
    """Where this person wrote something else than was shown, what they wrote."""
    for name in _touched(mine, seen, form):
        form.initial[name] = _sent(mine, name)
    form._bound_fields_cache.clear()


def _touched(mine: Any, seen: Mapping[str, Plain], now: Any = None) -> Iterator[str]:
    """The fields in which something else was sent than was shown."""
    for name, one in mine.fields.items():
        if not _is_kept(name, one) or name not in seen:
            continue
        current = now.get_initial_for_field(one, name) if now is not None else None
        same = now is not None and plain(current) == seen[name]
        if one.has_changed(current if same else _typed(one, seen[name]), mine[name].data):
            yield name


def _typed(one: forms.Field, value: Plain) -> Any:
    """A value as the field compares it, from how it was written down."""
    if not isinstance(value, str) or isinstance(one, forms.ModelChoiceField | forms.JSONField):
        return value
    try:
        return one.to_python(value)
    except forms.ValidationError:
        return value


def _sent(mine: Any, name: str) -> Any:
    return mine.fields[name].bound_data(mine[name].data, None)


@dataclass
class _Rows:
    """What this person did to a table of rows."""

    changed: dict[str, Any] = field(default_factory=dict)
    new: list[dict[str, Any]] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)


def _merge_rows(
    request: HttpRequest, formset: Any, seen: Mapping[str, tuple[str, Mapping[str, Plain]]]
) -> None:
    """Their rows, with this person's changes on top; new ones, and changed ones that are not
    there any more, behind them."""
    there = {str(form.instance.pk) for form in formset.initial_forms}
    done = _what_was_done(request, formset, seen, there)
    formset.extra, formset.initial_extra = len(done.new), done.new
    for kept in ("forms", "management_form"):
        formset.__dict__.pop(kept, None)
    for form in formset.initial_forms:
        key = str(form.instance.pk)
        if key in done.changed:
            _merge(form, done.changed[key], seen[key][1])
        if key in done.deleted:
            form.initial["DELETE"] = True


def _what_was_done(
    request: HttpRequest, formset: Any, seen: Mapping[str, Any], there: set[str]
) -> _Rows:
    said = {"data": request.POST, "files": request.FILES, "prefix": formset.prefix}
    sent = type(formset)(instance=formset.instance, **said)
    done = _Rows()
    if not sent.management_form.is_valid():
        return done
    for form in sent.forms:
        key = str(form["id"].data or "") if "id" in form.fields else ""
        if sent.can_delete and form["DELETE"].data:
            done.deleted.add(key)
        elif key in seen and key in there:
            done.changed[key] = form
        elif key in seen:
            if any(_touched(form, seen[key][1])):
                done.new.append(_all_sent(form))
        elif not key and form.has_changed():
            done.new.append(_all_sent(form))
    return done


def _all_sent(form: Any) -> dict[str, Any]:
    skipped: Sequence[str] = ("id", "DELETE")
    return {name: _sent(form, name) for name in form.fields if name not in skipped}
