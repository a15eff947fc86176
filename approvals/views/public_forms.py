"""Starting a request without an account: the form, and the page on which it is confirmed."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods

from approvals.api.rate_limits import PUBLIC_FORMS, PUBLIC_PAGES
from approvals.forms.conditional_fields import asks_which_fields, which_fields_response
from approvals.forms.field_forms import DeclaredForm, TitleForm
from approvals.forms.kept_uploads import keep_uploads, release_uploads, take_kept_uploads
from approvals.forms.public_forms import (
    SOONEST,
    EntryForm,
    SenderForm,
    opening_stamp,
    pack_form,
    public_form,
    read_stamp,
)
from approvals.ui.responses import status_of
from approvals.ui.typed_text import sent_file_names
from approvals.views.link_pages import counted_page, key_page, no_such_link
from workflows.definitions.models import TemplateVersion
from workflows.engine.errors import HandoffError, InvalidInput, NotFound, WorkflowPaused, WrongState
from workflows.execution.services.instances import require_not_paused
from workflows.language.formats import duration_text
from workflows.links.models import PublicEntry
from workflows.links.queries.addresses import status_link_token
from workflows.links.queries.public_entries import (
    find_link_of_entry,
    find_public_entry,
    find_public_version,
)
from workflows.links.services.public_entries import (
    MAILS_AN_HOUR,
    TooManyEntries,
    confirm_public_entry,
    keep_public_entry,
    require_open,
)

TRAP = "website"
"""A field that no person sees, and that programs fill in."""
SENT = "sent"


@require_http_methods(["GET", "HEAD", "POST"])
@counted_page(PUBLIC_PAGES)
def public_form_view(request: HttpRequest, key: str) -> HttpResponse:
    """The start form for everybody; a POST keeps it until it is confirmed by mail. Where there is
    none, or nothing starts just now, there is no such page."""
    version = _find_open_version(key)
    if version is None:
        return render(request, "links/no_form.html", status=404)
    if request.method != "POST" and SENT in request.GET:
        return render(request, "links/form_sent.html", {"version": version, "most": MAILS_AN_HOUR})
    page = _FormPage(request, version)
    if asks_which_fields(request):
        return which_fields_response(page.fields)
    return page.send() if page.is_sent else page.response()


def _find_open_version(key: str) -> TemplateVersion | None:
    try:
        version = find_public_version(key)
        require_not_paused(version)
    except (NotFound, WorkflowPaused):
        return None
    return version


class _FormPage:
    """The form of one version, as it is opened or as it was sent."""

    def __init__(self, request: HttpRequest, version: TemplateVersion) -> None:
        self.request, self.version, self.now = request, version, timezone.now()
        is_post = request.method == "POST"
        take_kept_uploads(request)
        data, files = (request.POST, request.FILES) if is_post else (None, None)
        self.title, self.sender = TitleForm(data), SenderForm(data)
        self.fields: DeclaredForm = public_form(version, self.now, data, files)
        stamp = request.POST.get("opened", "") if is_post else ""
        self.opened = read_stamp(stamp, version.template.key, self.now)
        self.stamp = stamp if self.opened else opening_stamp(version.template.key, self.now)
        self.is_sent = is_post and not self.fields.is_reshaped
        if is_post and not self.is_sent:
            self.sender.errors.clear()
            self.title.errors.clear()

    def send(self) -> HttpResponse:
        """Keep the form, or show it again with what is to be mended and all that was typed."""
        if not PUBLIC_FORMS.allow_request(self.request):
            return self._throttled()
        is_valid = self.title.is_valid() & self.sender.is_valid() & self.fields.is_valid()
        if not is_valid:
            return self.response(HTTPStatus.UNPROCESSABLE_ENTITY, unready=True)
        try:
            self._require_person()
            self._keep()
        except HandoffError as error:
            return self.response(_status_of(error), error=str(error))
        address = reverse("approvals:public-form", args=[self.version.template.key])
        return HttpResponseRedirect(f"{address}?{SENT}")

    def _require_person(self) -> None:
        if self.request.POST.get(TRAP):
            raise InvalidInput(
                "A field that people do not see was filled in. Send the form once more."
            )
        if self.opened is None:
            raise InvalidInput("This page was open for too long. Send the form once more.")
        if self.now - self.opened < SOONEST:
            raise InvalidInput("That was very quick. Look at the form once more and send it.")

    def _keep(self) -> None:
        keep_public_entry(
            self.version,
            address=self.sender.cleaned_data["mail"],
            content=pack_form(self.request),
            files=self.fields.uploads(),
            language=get_language() or "",
            now=self.now,
        )
        release_uploads(self.request, self.fields)

    def _throttled(self) -> HttpResponse:
        self.title.errors.clear()
        self.sender.errors.clear()
        self.fields.leave_unchecked()
        seconds = int(PUBLIC_FORMS.wait()) + 1
        error = gettext(
            "Too many forms came from where you are. Nothing was sent; send it again in"
            " %(duration)s."
        ) % {"duration": duration_text(timedelta(minutes=-(-seconds // 60)))}
        response = self.response(HTTPStatus.TOO_MANY_REQUESTS, error=error)
        response.headers["Retry-After"] = str(seconds)
        return response

    def response(self, status: int = HTTPStatus.OK, **more: Any) -> HttpResponse:
        """The page with the form. Files of somebody who sends too much are not kept."""
        is_post = self.request.method == "POST"
        keeps = is_post and status != HTTPStatus.TOO_MANY_REQUESTS
        lost = keep_uploads(self.request, self.fields) if keeps else sent_file_names(self.request)
        context = {
            "version": self.version,
            "title_form": self.title,
            "sender_form": self.sender,
            "form": self.fields,
            "opened": self.stamp,
            "files_lost": lost,
            **more,
        }
        return render(self.request, "links/form.html", context, status=status)


def _status_of(error: HandoffError) -> int:
    is_full = isinstance(error, TooManyEntries)
    return HTTPStatus.SERVICE_UNAVAILABLE if is_full else status_of(error)


# -- confirming -------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@key_page(PUBLIC_PAGES)
def confirm_view(request: HttpRequest, token: str) -> HttpResponse:
    """The page of a link in a mail: what was filled in, and the button that starts the request.
    Whatever opens links by itself opens them by GET, which starts nothing."""
    now = timezone.now()
    entry = find_public_entry(token, now)
    if entry is None:
        return no_such_link(request)
    version = _find_open_version(entry.template.key)
    try:
        require_open(entry, now)
    except WrongState as error:
        return _used_page(request, entry, error)
    if version is None:
        return render(request, "links/form_waits.html", {"entry": entry}, status=409)
    take_kept_uploads(request)
    form = EntryForm.read(entry, version, request, now)
    if asks_which_fields(request):
        return which_fields_response(form.fields)
    if request.method != "POST" or not form.is_valid():
        return _confirm_page(request, entry, version, form)
    return _confirm(request, entry, version, form)


def _confirm(
    request: HttpRequest, entry: PublicEntry, version: TemplateVersion, form: EntryForm
) -> HttpResponse:
    """Start the request and lead to where it can be followed."""
    now = timezone.now()
    try:
        confirm_public_entry(
            entry.pk,
            read_on=version,
            data=form.fields.answers(),
            files=form.fields.uploads(),
            title=form.title.cleaned_data["title"],
            now=now,
        )
    except InvalidInput as error:
        return _confirm_page(request, entry, version, form, error)
    except (NotFound, WorkflowPaused):
        return render(request, "links/form_waits.html", {"entry": entry}, status=409)
    except WrongState as error:
        entry.refresh_from_db()
        return _used_page(request, entry, error)
    release_uploads(request, form.fields)
    entry.refresh_from_db()
    link = find_link_of_entry(entry, now)
    assert link is not None
    return HttpResponseRedirect(reverse("approvals:status", args=[status_link_token(link)]))


def _confirm_page(
    request: HttpRequest,
    entry: PublicEntry,
    version: TemplateVersion,
    form: EntryForm,
    error: HandoffError | None = None,
) -> HttpResponse:
    is_ready = form.is_valid()
    is_refused = request.method == "POST" and (error is not None or not is_ready)
    context = {
        "entry": entry,
        "version": version,
        "title_form": form.title,
        "form": form.fields,
        "kept_names": form.kept_names,
        "left_over": form.left_over,
        "error": str(error or ""),
        "unready": not is_ready and not form.fields.is_reshaped,
        "files_lost": keep_uploads(request, form.fields) if request.method == "POST" else [],
    }
    is_reshaped = form.fields.is_reshaped
    status = 422 if is_refused and not is_reshaped else 200
    return render(request, "links/confirm.html", context, status=status)


def _used_page(request: HttpRequest, entry: PublicEntry, error: HandoffError) -> HttpResponse:
    """The link has done what it does; whoever has it is led to the request that it started."""
    link = find_link_of_entry(entry, timezone.now()) if entry.request_id is not None else None
    way_on = reverse("approvals:status", args=[status_link_token(link)]) if link else ""
    context = {"why": str(error), "way_on": way_on}
    return render(request, "links/form_used.html", context)
