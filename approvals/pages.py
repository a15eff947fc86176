"""What all pages share: signing in, and the one mapping from a refusal to an answer."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.utils import timezone

from approvals.typed import forget
from approvals.wording import moment
from workflows.engine.errors import (
    ChangedSince,
    HandoffError,
    InvalidInput,
    MergeConflict,
    NotAllowed,
    NotFound,
    WrongState,
)
from workflows.once import Sent, SentAlready, sent_before

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

STATUS: dict[type[HandoffError], HTTPStatus] = {
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    WrongState: HTTPStatus.CONFLICT,
    ChangedSince: HTTPStatus.CONFLICT,
    MergeConflict: HTTPStatus.CONFLICT,
    SentAlready: HTTPStatus.CONFLICT,
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
}
PAGES = {HTTPStatus.FORBIDDEN: "403.html", HTTPStatus.NOT_FOUND: "404.html"}


def status_of(error: HandoffError) -> HTTPStatus:
    """The HTTP status that says what kind of refusal this is."""
    kinds = (STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    return next(kinds, HTTPStatus.UNPROCESSABLE_ENTITY)


def page(view: Callable[Concatenate[HttpRequest, P], R]) -> View[P]:
    """A view for people who are signed in; what is refused becomes a page that says why."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except HandoffError as error:
            before = sent_before(request)
            return refusal(request, error) if before is None else go_to(request, before)

    return cast(View[P], login_required(answer))


def by_button(back: Callable[..., str]) -> Callable[[Callable[..., R]], Callable[..., Any]]:
    """A view that only a button calls. Whoever comes by a link (who signed in again on the way,
    say) is led `back` to the page where the button is."""

    def wrap(view: Callable[..., R]) -> Callable[..., Any]:
        @wraps(view)
        def answer(request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method in ("GET", "HEAD"):
                messages.info(request, "Nothing was done yet. Press the button here once more.")
                return HttpResponseRedirect(back(*args, **kwargs))
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            return view(request, *args, **kwargs)

        return answer

    return wrap


def refusal(request: HttpRequest, error: HandoffError) -> HttpResponse:
    """A page of its own for a refusal that no form can show."""
    status = status_of(error)
    template = PAGES.get(status, "approvals/refused.html")
    return render(request, template, {"why": str(error)}, status=status)


def on_the_page(error: HandoffError) -> bool:
    """Whether a refusal is shown on the page that asked, with what was typed kept."""
    return not isinstance(error, NotAllowed | NotFound)


JUST_NOW = timedelta(seconds=20)
"""A form that comes again so soon was clicked twice: its sender is told what the click did."""


def go_to(request: HttpRequest, sent: Sent) -> HttpResponse:
    """On to what a form made, now or when it was sent before."""
    forget(request)
    if sent.before is None or timezone.now() - sent.before < JUST_NOW:
        messages.success(request, sent.said)
    else:
        messages.info(
            request,
            f"This form was sent already, on {moment(sent.before)}; nothing was done again. Then it"
            f" said: {sent.said}",
        )
    return HttpResponseRedirect(sent.to)


def refusal_shown(error: HandoffError | None) -> dict[str, object]:
    """What `approvals/_refusal.html` says of a refusal on the page that asked."""
    sent = error.sent if isinstance(error, SentAlready) else None
    return {"error": str(error or ""), "sent_already": sent}


def person_of(request: HttpRequest) -> User:
    """The person who is signed in."""
    assert isinstance(request.user, User)
    return request.user
