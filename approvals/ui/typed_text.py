"""What somebody typed is not lost when it could not be taken.

A form that comes after its session has ended is kept, encrypted, in the new session of the same
browser, and shown again once the person whom the form was made for has signed in. Secrets and
files are never kept: of files it is said that they have to be chosen again.
"""

import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext

from approvals.ui.typed_labels import heading_of, read_labels, shown_text
from workflows.access.services.once_only_forms import (
    CSRF,
    FIELD,
    LABELS,
    person_id_of_form_key,
)
from workflows.connections.secrets import SecretUnreadable, decrypt, encrypt
from workflows.engine.errors import InvalidInput
from workflows.engine.texts import grouped

TYPED_FORM_KEY = "typed"
KEPT_SECONDS = 60 * 60
"""How long it is kept."""
MAX_KEPT_LENGTH = 200_000
SAVE_DRAFT = "save_draft"
"""The button that keeps a form and does not send it."""
PAGE_FIELDS = (CSRF, FIELD, LABELS, SAVE_DRAFT, "opened", "seen", "next")
"""What a page put into its form itself."""
SECRET_FIELD = re.compile(r"pass(word|phrase)|secret|token|credential|api_?key", re.IGNORECASE)
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
    """One field of a form that was not taken, by its heading."""

    name: str
    text: str


def typed_fields(request: HttpRequest) -> list[TypedField]:
    """What a person typed into the form of this request: no secrets, and nothing that a page put
    there itself."""
    if request.method != "POST":
        return []
    with suppress(*UNREADABLE):
        labels = read_labels(request.POST.getlist(LABELS))
        return [
            TypedField(heading, shown_text(name, text, labels))
            for name, text in typed_pairs(request)
            if text.strip() and (heading := heading_of(name, labels))
        ]
    return []


def sent_file_names(request: HttpRequest) -> list[str]:
    """The files that were sent along; a browser does not keep them."""
    if request.method != "POST":
        return []
    with suppress(*UNREADABLE):
        return [str(file.name) for _, files in request.FILES.lists() for file in files]
    return []


def typed_pairs(request: HttpRequest) -> list[tuple[str, str]]:
    """Each field's name and text, as they were sent."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name not in PAGE_FIELDS and not SECRET_FIELD.search(name)
        for value in values
    ]


# -- over a new signing in ---------------------------------------------------------------------


def keep_typed_form(request: HttpRequest) -> int | None:
    """Keep what was typed for the person whom the form's key names, and say who that is (the id);
    without one nothing is kept."""
    person = person_id_of_form_key(request.POST.get(FIELD, ""))
    fields = typed_pairs(request)
    if person is None or not any(text.strip() for _, text in fields):
        return None
    content = {
        "for": person,
        "at": request.path,
        "when": int(time.time()),
        "fields": fields,
        "files": sent_file_names(request),
    }
    text = json.dumps(content)
    if len(text) > MAX_KEPT_LENGTH:
        return None
    request.session[TYPED_FORM_KEY] = encrypt(text)
    return person


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
