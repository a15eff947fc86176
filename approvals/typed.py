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

from workflows.once import CSRF, FIELD, person_of_key
from workflows.services.secrets import SecretUnreadable, decrypt, encrypt

KEPT = "typed"
HOURS = 60 * 60
"""How long it is kept."""
LONGEST = 200_000
OURS = (CSRF, FIELD, "opened", "seen", "next")
"""What a page put into its form itself."""
SECRET = re.compile(r"pass(word|phrase)|secret|token|credential|api_?key", re.IGNORECASE)
UNREADABLE = (SuspiciousOperation, BadRequest, MultiPartParserError, OSError, ValueError,
              LookupError)  # fmt: skip
"""A form that could not be read, so that there is nothing of it to show."""


@dataclass(frozen=True, slots=True)
class Typed:
    """One field of a form that was not taken."""

    name: str
    text: str


def texts(request: HttpRequest) -> list[Typed]:
    """What a person typed into the form of this request: no secrets, and nothing that a page put
    there itself."""
    if request.method != "POST":
        return []
    with suppress(*UNREADABLE):
        return [Typed(_label(name), text) for name, text in _fields(request) if text.strip()]
    return []


def file_names(request: HttpRequest) -> list[str]:
    """The files that were sent along; a browser does not keep them."""
    if request.method != "POST":
        return []
    with suppress(*UNREADABLE):
        return [str(file.name) for _, found in request.FILES.lists() for file in found]
    return []


def _fields(request: HttpRequest) -> Iterator[tuple[str, str]]:
    for name, values in request.POST.lists():
        if name not in OURS and not SECRET.search(name):
            yield from ((name, value) for value in values)


def _label(name: str) -> str:
    return name.removeprefix("f-").replace("_", " ").capitalize()


# -- over a new signing in ---------------------------------------------------------------------


class KeepTyped:
    """Middleware: a form that was sent without a session is led to sign in; its text is kept."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "POST" and response.status_code == 302 and _to_sign_in(response):
            keep(request)
        return response


def _to_sign_in(response: HttpResponse) -> bool:
    return response.headers.get("Location", "").startswith(resolve_url(settings.LOGIN_URL))


def keep(request: HttpRequest) -> None:
    """Keep what was typed for the person whom the form's key names; without one nothing is."""
    person = person_of_key(request.POST.get(FIELD, ""))
    fields = list(_fields(request))
    if person is None or not any(text.strip() for _, text in fields):
        return
    said = {"for": person, "at": request.path, "when": int(time.time()), "fields": fields,
            "files": file_names(request)}  # fmt: skip
    text = json.dumps(said)
    if len(text) <= LONGEST:
        request.session[KEPT] = encrypt(text)


def form_data(request: HttpRequest, *paths: str) -> QueryDict | None:
    """What a form is filled in with: what was sent now, else what was kept for this person and
    address (or one of `paths`); None for a fresh form."""
    if request.method == "POST":
        return request.POST
    kept = _kept(request)
    if kept is None or kept["at"] not in (request.path, *paths):
        return None
    data = QueryDict(mutable=True)
    for name, text in kept["fields"]:
        data.appendlist(name, text)
    _say(request, kept["files"])
    return data


def _kept(request: HttpRequest) -> dict[str, Any] | None:
    text = request.session.get(KEPT)
    if not text:
        return None
    try:
        kept: dict[str, Any] = json.loads(decrypt(text))
    except (SecretUnreadable, ValueError):
        kept = {}
    theirs = str(kept.get("for")) == request.session.get(SESSION_KEY)
    if not theirs or time.time() - kept["when"] > HOURS:
        del request.session[KEPT]
        return None
    return kept


def _say(request: HttpRequest, files: list[str]) -> None:
    again = f" Choose your files again: {', '.join(files)}." if files else ""
    said = "You had been signed out. What you typed is here again; nothing of it was sent yet."
    if not any(str(one) == said + again for one in _waiting(request)):
        messages.info(request, said + again)


def _waiting(request: HttpRequest) -> list[Any]:
    return list(getattr(messages.get_messages(request), "_queued_messages", ()))


def forget(request: HttpRequest) -> None:
    """The form was taken: what was kept of it is not needed any more."""
    if request.method == "POST" and request.session.get(KEPT):
        del request.session[KEPT]
