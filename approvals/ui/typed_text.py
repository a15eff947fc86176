"""What somebody typed is not lost when it could not be taken.

A form that comes after its session has ended is kept, encrypted, in the new session of the same
browser, and shown again once the person whom the form was made for has signed in. Secrets and
files are never kept: of files it is said that they have to be chosen again.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import resolve_url
from django.urls import resolve
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from workflows.access.services.once_only_forms import CSRF, FIELD, person_id_of_form_key
from workflows.connections.secrets import SecretUnreadable, decrypt, encrypt
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.errors import InvalidInput
from workflows.engine.texts import grouped
from workflows.execution.models import StartDraft
from workflows.execution.services.start_drafts import save_start_draft
from workflows.people.models import User

TYPED_FORM_KEY = "typed"
KEPT_SECONDS = 60 * 60
"""How long it is kept."""
MAX_KEPT_LENGTH = 200_000
PAGE_FIELDS = (CSRF, FIELD, "opened", "seen", "next")
"""What a page put into its form itself."""
SECRET_FIELD = re.compile(r"pass(word|phrase)|secret|token|credential|api_?key", re.IGNORECASE)
SAVE_DRAFT = "save_draft"
"""The button that keeps a start form and does not send it."""
UNREADABLE = (
    SuspiciousOperation,
    BadRequest,
    MultiPartParserError,
    OSError,
    ValueError,
    LookupError,
)
"""A form that could not be read, so that there is nothing of it to show."""


@dataclass(frozen=True, slots=True)
class TypedField:
    """One field of a form that was not taken."""

    name: str
    text: str


KNOWN_LABELS = (
    *(gettext_noop("Comment"), gettext_noop("Outcome"), gettext_noop("Reason")),
    *(gettext_noop("Title"), gettext_noop("To")),
)
"""What fields of our own forms are called; others are the fields of a map."""


def typed_fields(request: HttpRequest) -> list[TypedField]:
    """What a person typed into the form of this request: no secrets, and nothing that a page put
    there itself."""
    if request.method != "POST":
        return []
    with suppress(*UNREADABLE):
        return [
            TypedField(_field_label(name), text)
            for name, text in _typed_pairs(request)
            if text.strip()
        ]
    return []


def sent_file_names(request: HttpRequest) -> list[str]:
    """The files that were sent along; a browser does not keep them."""
    if request.method != "POST":
        return []
    with suppress(*UNREADABLE):
        return [str(file.name) for _, files in request.FILES.lists() for file in files]
    return []


def _typed_pairs(request: HttpRequest) -> Iterator[tuple[str, str]]:
    for name, values in request.POST.lists():
        if name not in PAGE_FIELDS and not SECRET_FIELD.search(name):
            yield from ((name, value) for value in values)


def _field_label(name: str) -> str:
    words = name.removeprefix("f-").replace("_", " ").capitalize()
    return gettext(words) if words in KNOWN_LABELS else words


# -- over a new signing in ---------------------------------------------------------------------


class KeepTypedForm:
    """Middleware: a form that was sent without a session is led to sign in; its text is kept."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "POST" and response.status_code == 302 and _leads_to_sign_in(response):
            keep_typed_form(request)
        return response


def _leads_to_sign_in(response: HttpResponse) -> bool:
    return response.headers.get("Location", "").startswith(resolve_url(settings.LOGIN_URL))


def keep_typed_form(request: HttpRequest) -> None:
    """Keep what was typed for the person whom the form's key names; without one nothing is."""
    person = person_id_of_form_key(request.POST.get(FIELD, ""))
    fields = list(_typed_pairs(request))
    if person is None or not any(text.strip() for _, text in fields):
        return
    content = {
        "for": person,
        "at": request.path,
        "when": int(time.time()),
        "fields": fields,
        "files": sent_file_names(request),
    }
    text = json.dumps(content)
    if len(text) <= MAX_KEPT_LENGTH:
        request.session[TYPED_FORM_KEY] = encrypt(text)
        _keep_start_form(request, person)


# -- drafts of start forms ---------------------------------------------------------------------


def save_typed_draft(request: HttpRequest, writer_id: int, template: WorkflowTemplate) -> bool:
    """Keep the form of this request as the writer's draft; False where it is empty or too long."""
    fields = [[name, text] for name, text in _typed_pairs(request) if name != SAVE_DRAFT]
    text = json.dumps({"fields": fields, "files": sent_file_names(request)})
    if len(text) > MAX_KEPT_LENGTH or not any(value.strip() for _, value in fields):
        return False
    save_start_draft(writer_id, template, encrypt(text), now=timezone.now())
    return True


def _keep_start_form(request: HttpRequest, person_id: int) -> None:
    """A start form that came without a session is kept on the server too: its writer may sign in
    elsewhere, or later."""
    match = resolve(request.path_info)
    if match.view_name != "approvals:start-form":
        return
    template = WorkflowTemplate.objects.filter(key=match.kwargs["key"]).first()
    if template is not None and User.objects.filter(pk=person_id, is_active=True).exists():
        save_typed_draft(request, person_id, template)


def draft_data(draft: StartDraft) -> tuple[QueryDict, list[str]]:
    """What a form is filled in with from a draft, and the files that have to be chosen again. A
    draft that cannot be read any more is empty."""
    data = QueryDict(mutable=True)
    try:
        content: dict[str, Any] = json.loads(decrypt(draft.content))
    except (SecretUnreadable, ValueError):
        return data, []
    for name, text in content["fields"]:
        data.appendlist(name, text)
    return data, content["files"]


def form_data(request: HttpRequest, *paths: str) -> QueryDict | None:
    """What a form is filled in with: what was sent now, else what was kept for this person and
    address (or one of `paths`); None for a fresh form."""
    if request.method == "POST":
        return request.POST
    kept_form = _kept_form(request)
    if kept_form is None or kept_form["at"] not in (request.path, *paths):
        return None
    data = QueryDict(mutable=True)
    for name, text in kept_form["fields"]:
        data.appendlist(name, text)
    _announce_kept_form(request, kept_form["files"])
    return data


def _kept_form(request: HttpRequest) -> dict[str, Any] | None:
    text = request.session.get(TYPED_FORM_KEY)
    if not text:
        return None
    try:
        kept_form: dict[str, Any] = json.loads(decrypt(text))
    except (SecretUnreadable, ValueError):
        kept_form = {}
    belongs_to_user = str(kept_form.get("for")) == request.session.get(SESSION_KEY)
    if not belongs_to_user or time.time() - kept_form["when"] > KEPT_SECONDS:
        del request.session[TYPED_FORM_KEY]
        return None
    return kept_form


def _announce_kept_form(request: HttpRequest, files: list[str]) -> None:
    sentences = [
        gettext(
            "You had been signed out. What you typed is here again; nothing of it was sent yet."
        )
    ]
    if files:
        names = {"files": ", ".join(files)}
        sentences.append(gettext("Choose your files again: %(files)s.") % names)
    notice = " ".join(sentences)
    if not any(str(queued) == notice for queued in _queued_messages(request)):
        messages.info(request, notice)


def _queued_messages(request: HttpRequest) -> list[Any]:
    return list(getattr(messages.get_messages(request), "_queued_messages", ()))


def forget_typed_form(request: HttpRequest) -> None:
    """The form was taken: what was kept of it is not needed any more."""
    if request.method == "POST" and request.session.get(TYPED_FORM_KEY):
        del request.session[TYPED_FORM_KEY]


MAX_COMMENT = 4000


def read_typed_comment(request: HttpRequest) -> str:
    """The comment on a decision. Raises InvalidInput where it is too long."""
    comment = request.POST.get("comment", "").replace("\r\n", "\n").strip()
    if len(comment) > MAX_COMMENT or "\x00" in comment:
        raise InvalidInput(
            "The comment is too long; %(length)s characters are enough.",
            length=grouped(MAX_COMMENT),
        )
    return comment
