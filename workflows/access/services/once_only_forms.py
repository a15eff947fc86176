"""A form is taken once: two clicks, or back and again, make one thing.

Each rendering of a form carries a key that this site signed for the person it was shown to.
The key is stored in the transaction of what the form makes: of two at once the second waits for
the first, and whoever comes again is led to what the first one made.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.crypto import salted_hmac

from workflows.access.services import idempotency as replies
from workflows.access.services.idempotency import Reply, UsedBefore
from workflows.engine.errors import InvalidInput
from workflows.engine.texts import text
from workflows.people.models import User

FIELD = "once"
CSRF = "csrfmiddlewaretoken"
SALT = "handoff.once"
UNMASKED = 32
"""The length of a CSRF secret that no page was rendered with: the same in all of a session."""
SAME_CLICK = timedelta(minutes=2)
"""What a script sends twice within so long, without a key of a page, counts as sent twice."""


class StaleForm(InvalidInput):
    """The form's key is not this person's, or too old to be known."""


@dataclass(frozen=True, slots=True)
class FormSubmission:
    """Where a form led, what was said, and when that was if it was sent before."""

    to: str
    notice: str
    before: datetime | None = None

    @classmethod
    def from_reply(cls, reply: Reply) -> "FormSubmission":
        """What was answered to a form."""
        return cls(reply.body["to"], reply.body["said"], reply.given_at)


class SentAlready(InvalidInput):
    """The form was sent before, with other values; `sent` is where that led."""

    def __init__(self, sent: FormSubmission) -> None:
        super().__init__(
            text("This form was sent already, with other values. What you see now was not sent.")
        )
        self.sent = sent


def new_form_key(user: User) -> str:
    """A key for one rendering of a form, for this person alone."""
    return signing.dumps([user.pk, secrets.token_urlsafe(16)], salt=SALT)


def person_id_of_form_key(text: str) -> int | None:
    """For whom a key was made; None for what this site did not make, or too long ago."""
    try:
        person, _ = signing.loads(text, salt=SALT, max_age=replies.REPLY_RETENTION)
    except (signing.BadSignature, ValueError):
        return None
    return int(person)


def submit_form_once(request: HttpRequest, command: Callable[[], FormSubmission]) -> FormSubmission:
    """What `act` makes; for a form that was sent before, what the first one made.

    Raises StaleForm, SentAlready (the same form with other values), and what `act` raises; then
    nothing is written and the key is as good as new.
    """
    key, user, now = _form_key(request), _signed_in_user(request), timezone.now()
    if key is None:
        return command()

    def answer_command() -> Reply:
        done = command()
        return Reply(303, {"to": done.to, "said": done.notice})

    if key.startswith("again:"):
        replies.forget_key(key, user=user, before=now - SAME_CLICK)
    try:
        return FormSubmission.from_reply(
            replies.answer_once(
                key,
                user=user,
                fingerprint=_request_fingerprint(request),
                now=now,
                command=answer_command,
            )
        )
    except UsedBefore as before:
        raise SentAlready(FormSubmission.from_reply(before.reply)) from None


def submit_row_once(
    request: HttpRequest, row: str, command: Callable[[], FormSubmission]
) -> FormSubmission:
    """The same for one of the things that a form does one by one, each in a transaction of its
    own: what is refused leaves the others as they are, and can be sent again with them."""
    key, now = _form_key(request), timezone.now()
    if key is None:
        raise StaleForm("This page was not loaded from here; load it again.")

    def answer_command() -> Reply:
        done = command()
        return Reply(303, {"to": done.to, "said": done.notice})

    try:
        return FormSubmission.from_reply(
            replies.answer_once(
                f"row:{_keyed_digest(key, row)}",
                user=_signed_in_user(request),
                fingerprint=_request_fingerprint(request),
                now=now,
                command=answer_command,
            )
        )
    except UsedBefore as before:
        raise SentAlready(FormSubmission.from_reply(before.reply)) from None


def find_earlier_submission(request: HttpRequest) -> FormSubmission | None:
    """Where this very form led, if it was sent before; asked where a view refuses it early."""
    try:
        key = _form_key(request) if request.method == "POST" else None
    except StaleForm:
        return None
    if key is None or key.startswith("again:"):
        return None
    reply = replies.find_stored_reply(
        key, user=_signed_in_user(request), fingerprint=_request_fingerprint(request)
    )
    return FormSubmission.from_reply(reply) if reply is not None else None


# -- pages of the admin -----------------------------------------------------------------------


class _NothingMade(Exception):
    """The view answered with a page: its form is shown again, or it asks a question first."""

    def __init__(self, answer: HttpResponse) -> None:
        super().__init__()
        self.answer = answer


def mark_something_made(answer: HttpResponse, *, at: str) -> HttpResponse:
    """Say of an answer that is no redirect that something was made, and where it is listed."""
    answer.made_at = at  # type: ignore[attr-defined]
    return answer


def serve_view_once(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    """The view's answer; a POST that came before is led to where the first one was led.

    For views that say by a redirect (or `made`) that something was done. An error that the view
    raises, or a page with its form, leaves no key behind.
    """
    if request.method != "POST" or not request.user.is_authenticated:
        return view()
    first: list[HttpResponse] = []

    def submit_view() -> FormSubmission:
        answer = view()
        to = answer.headers.get("Location") or getattr(answer, "made_at", "")
        if not to:
            raise _NothingMade(answer)
        first.append(answer)
        return FormSubmission(to, "")

    try:
        sent = submit_form_once(request, submit_view)
    except _NothingMade as nothing_made:
        return nothing_made.answer
    return first[0] if sent.before is None else HttpResponseRedirect(sent.to)


# -- keys and fingerprints --------------------------------------------------------------------


def _signed_in_user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _form_key(request: HttpRequest) -> str | None:
    """The key of the page that this form came from.

    A form without a field of its own for it goes by its CSRF token, which is made anew for each
    rendering as well; the address and all values are then a part of the key.
    """
    text = request.POST.get(FIELD)
    if text:
        if person_id_of_form_key(text) != _signed_in_user(request).pk:
            raise StaleForm(
                "This page was loaded too long ago, or by somebody else. What you typed is still"
                " here: look at it once more, then send it again."
            )
        return f"form:{_keyed_digest(text)}"
    token = request.POST.get(CSRF, "")
    if not token:
        return None
    kind = "again" if len(token) == UNMASKED else "page"
    return f"{kind}:{_keyed_digest(token, _request_fingerprint(request))}"


def _request_fingerprint(request: HttpRequest) -> str:
    """A digest of where the form was sent and what it said."""
    parts: list[Any] = [request.path]
    for name, values in sorted(request.POST.lists()):
        if name not in (FIELD, CSRF):
            parts += [name, *values]
    for name, files in sorted(request.FILES.lists()):
        parts += [name, *((file.name, file.size) for file in files)]
    return _keyed_digest(*map(repr, parts))


def _keyed_digest(*parts: str) -> str:
    """Keyed, so that nothing that was typed can be guessed from what is kept."""
    joined_parts = "\n".join(parts).encode("utf-8", "surrogatepass").hex()
    return salted_hmac(SALT, joined_parts, algorithm="sha256").hexdigest()
