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

from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.crypto import salted_hmac

from workflows.engine.errors import InvalidInput
from workflows.services import replies
from workflows.services.replies import Reply, UsedBefore

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
class Sent:
    """Where a form led, what was said, and when that was if it was sent before."""

    to: str
    said: str
    before: datetime | None = None

    @classmethod
    def kept(cls, reply: Reply) -> "Sent":
        """What was answered to a form."""
        return cls(reply.body["to"], reply.body["said"], reply.given_at)


class SentAlready(InvalidInput):
    """The form was sent before, with other values; `sent` is where that led."""

    def __init__(self, sent: Sent) -> None:
        super().__init__(
            "This form was sent already, with other values. What you see now was not sent."
        )
        self.sent = sent


def new_key(user: User) -> str:
    """A key for one rendering of a form, for this person alone."""
    return signing.dumps([user.pk, secrets.token_urlsafe(16)], salt=SALT)


def person_of_key(text: str) -> int | None:
    """For whom a key was made; None for what this site did not make, or too long ago."""
    try:
        person, _ = signing.loads(text, salt=SALT, max_age=replies.KEPT)
    except (signing.BadSignature, ValueError):
        return None
    return int(person)


def once(request: HttpRequest, act: Callable[[], Sent]) -> Sent:
    """What `act` makes; for a form that was sent before, what the first one made.

    Raises StaleForm, SentAlready (the same form with other values), and what `act` raises; then
    nothing is written and the key is as good as new.
    """
    key, user, now = _key(request), _user(request), timezone.now()
    if key is None:
        return act()

    def reply() -> Reply:
        done = act()
        return Reply(303, {"to": done.to, "said": done.said})

    if key.startswith("again:"):
        replies.forget_key(key, user=user, before=now - SAME_CLICK)
    try:
        return Sent.kept(
            replies.once(key, user=user, fingerprint=_fingerprint(request), now=now, act=reply)
        )
    except UsedBefore as before:
        raise SentAlready(Sent.kept(before.reply)) from None


def sent_before(request: HttpRequest) -> Sent | None:
    """Where this very form led, if it was sent before; asked where a view refuses it early."""
    try:
        key = _key(request) if request.method == "POST" else None
    except StaleForm:
        return None
    if key is None or key.startswith("again:"):
        return None
    reply = replies.given(key, user=_user(request), fingerprint=_fingerprint(request))
    return Sent.kept(reply) if reply is not None else None


# -- pages of the admin -----------------------------------------------------------------------


class _NothingMade(Exception):
    """The view answered with a page: its form is shown again, or it asks a question first."""

    def __init__(self, answer: HttpResponse) -> None:
        super().__init__()
        self.answer = answer


def made(answer: HttpResponse, *, at: str) -> HttpResponse:
    """Say of an answer that is no redirect that something was made, and where it is listed."""
    answer.made_at = at  # type: ignore[attr-defined]
    return answer


def once_only(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    """The view's answer; a POST that came before is led to where the first one was led.

    For views that say by a redirect (or `made`) that something was done. An error that the view
    raises, or a page with its form, leaves no key behind.
    """
    if request.method != "POST" or not request.user.is_authenticated:
        return view()
    first: list[HttpResponse] = []

    def act() -> Sent:
        answer = view()
        to = answer.headers.get("Location") or getattr(answer, "made_at", "")
        if not to:
            raise _NothingMade(answer)
        first.append(answer)
        return Sent(to, "")

    try:
        sent = once(request, act)
    except _NothingMade as shown:
        return shown.answer
    return first[0] if sent.before is None else HttpResponseRedirect(sent.to)


# -- keys and fingerprints --------------------------------------------------------------------


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _key(request: HttpRequest) -> str | None:
    """The key of the page that this form came from.

    A form without a field of its own for it goes by its CSRF token, which is made anew for each
    rendering as well; the address and all values are then a part of the key.
    """
    text = request.POST.get(FIELD)
    if text:
        if person_of_key(text) != _user(request).pk:
            raise StaleForm(
                "This page was loaded too long ago, or by somebody else. What you typed is still"
                " here: look at it once more, then send it again."
            )
        return f"form:{_digest(text)}"
    token = request.POST.get(CSRF, "")
    if not token:
        return None
    kind = "again" if len(token) == UNMASKED else "page"
    return f"{kind}:{_digest(token, _fingerprint(request))}"


def _fingerprint(request: HttpRequest) -> str:
    """A digest of where the form was sent and what it said."""
    said: list[Any] = [request.path]
    for name, values in sorted(request.POST.lists()):
        if name not in (FIELD, CSRF):
            said += [name, *values]
    for name, files in sorted(request.FILES.lists()):
        said += [name, *((file.name, file.size) for file in files)]
    return _digest(*map(repr, said))


def _digest(*parts: str) -> str:
    """Keyed, so that nothing that was typed can be guessed from what is kept."""
    said = "\n".join(parts).encode("utf-8", "surrogatepass").hex()
    return salted_hmac(SALT, said, algorithm="sha256").hexdigest()
