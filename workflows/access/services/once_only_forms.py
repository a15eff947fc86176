"""A form is taken once: two clicks, a second tab, or back and again, make one thing.

Each rendering of a form carries a key that this site signed for the person it was shown to.
The key is stored in the transaction of what the form makes: of two at once the second waits for
the first, and whoever comes again is led to what the first one made.

A page that is loaded again has a key of its own. Its form is a twin where the same person sent the
same values to the same address: one that was opened before that is a second tab, and is led to what
the first made; one that was opened after it is back and again, and is asked, where it would make
another.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.crypto import salted_hmac

from workflows.access.services import idempotency as replies
from workflows.access.services.idempotency import Reply, UsedBefore
from workflows.engine.errors import HandoffError, InvalidInput
from workflows.engine.texts import text
from workflows.people.models import User

FIELD = "once"
CSRF = "csrfmiddlewaretoken"
SALT = "handoff.once"
UNMASKED = 32
"""The length of a CSRF secret that no page was rendered with: the same in all of a session."""
SAME_CLICK = timedelta(minutes=2)
"""What a script sends twice within so long, without a key of a page, counts as sent twice."""
BACK_AND_AGAIN = timedelta(hours=1)
"""The same values within so long are asked after, where they would make another."""
LABELS = "labels"
"""The field in which a page says what the others are called; nobody types into it."""
SIGNED_BY_PAGE = (FIELD, CSRF, LABELS, "opened")
"""What each rendering of a form says otherwise, whatever is typed into it."""
SIGNATURE_SECRET = "signature_secret"  # noqa: S105 - a field's name
"""The field for the password or code that signs a decision: no digest is made of what it says."""


class Twins(Enum):
    """What becomes of a form with other keys and the same values as one that was sent before."""

    REFUSED = auto()
    """The command itself refuses it; a second tab is then led to what the first made."""
    LED = auto()
    """The command would do it again; a second tab is led to what the first made."""
    ASKED = auto()
    """The same, and one that was opened after the first was sent is asked whether it is meant."""


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


class SameSentBefore(SentAlready):
    """The very same values were sent a short while ago, and this would make another."""


@dataclass(frozen=True, slots=True)
class FormKey:
    """What a form's key says: for whom its page was made, when, and whether that page asked already
    if another one is meant."""

    person: int
    opened_at: datetime
    asked: bool = False


def new_form_key(user: User, *, asked: bool = False) -> str:
    """A key for one rendering of a form, for this person alone."""
    opened_at = timezone.now().timestamp()
    return signing.dumps([user.pk, secrets.token_urlsafe(16), opened_at, asked], salt=SALT)


def read_form_key(text: str) -> FormKey | None:
    """What a key says; None for what this site did not make, or too long ago."""
    try:
        person, _, opened_at, asked = signing.loads(
            text, salt=SALT, max_age=replies.REPLY_RETENTION
        )
    except (signing.BadSignature, ValueError):
        return None
    return FormKey(int(person), datetime.fromtimestamp(opened_at, UTC), bool(asked))


def person_id_of_form_key(text: str) -> int | None:
    """For whom a key was made; None for what this site did not make, or too long ago."""
    key = read_form_key(text)
    return key.person if key is not None else None


def submit_form_once(
    request: HttpRequest,
    command: Callable[[], FormSubmission],
    twins: Twins = Twins.REFUSED,
) -> FormSubmission:
    """What `command` makes; for a form that was sent before, what the first one made.

    Raises StaleForm, SentAlready (the same form with other values, or the same values again where
    `twins` are asked), and what `command` raises; then nothing is written and the key is as good as
    new.
    """
    key, user, now = _form_key(request), _signed_in_user(request), timezone.now()
    if key is None:
        return command()
    twin = None if twins is Twins.REFUSED else _find_twin(request, key, now)
    if twin is not None:
        if _is_second_tab(request, twin):
            return twin
        if twins is Twins.ASKED and not _is_asked(request):
            raise SameSentBefore(twin)

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
    except HandoffError:
        twin = _find_twin(request, key, now)
        if twin is None or not _is_second_tab(request, twin):
            raise
        return twin


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
    if reply is not None:
        return FormSubmission.from_reply(reply)
    twin = _find_twin(request, key, timezone.now())
    return twin if twin is not None and _is_second_tab(request, twin) else None


# -- twins ------------------------------------------------------------------------------------


def _find_twin(request: HttpRequest, key: str, now: datetime) -> FormSubmission | None:
    """What another page of this form led to, with the same values, if there is one: since this one
    was opened, or a short while before it. Pages without keys of their own have no twins."""
    page = read_form_key(request.POST.get(FIELD, ""))
    if page is None:
        return None
    reply = replies.find_reply_to_same(
        _request_fingerprint(request),
        user=_signed_in_user(request),
        but=key,
        since=min(page.opened_at, now - BACK_AND_AGAIN),
    )
    return FormSubmission.from_reply(reply) if reply is not None else None


def _is_second_tab(request: HttpRequest, twin: FormSubmission) -> bool:
    """Whether this page was there before its twin was sent."""
    page = read_form_key(request.POST.get(FIELD, ""))
    return page is not None and twin.before is not None and page.opened_at < twin.before


def _is_asked(request: HttpRequest) -> bool:
    page = read_form_key(request.POST.get(FIELD, ""))
    return page is not None and page.asked


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
        if name not in (*SIGNED_BY_PAGE, SIGNATURE_SECRET):
            parts += [name, *values]
    for name, files in sorted(request.FILES.lists()):
        parts += [name, *((file.name, file.size) for file in files)]
    return _keyed_digest(*map(repr, parts))


def _keyed_digest(*parts: str) -> str:
    """Keyed, so that nothing that was typed can be guessed from what is kept."""
    joined_parts = "\n".join(parts).encode("utf-8", "surrogatepass").hex()
    return salted_hmac(SALT, joined_parts, algorithm="sha256").hexdigest()
