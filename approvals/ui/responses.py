"""What all pages share: signing in, and the one mapping from a refusal to an answer."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext

from approvals.ui.typed_text import forget_typed_form
from workflows.access.services.once_only_forms import (
    FormSubmission,
    SameSentBefore,
    SentAlready,
    Twins,
    find_earlier_submission,
    submit_form_once,
)
from workflows.engine.errors import (
    ChangedSince,
    HandoffError,
    InvalidInput,
    MergeConflict,
    NotAllowed,
    NotFound,
    WrongState,
)
from workflows.language.formats import moment_text
from workflows.people.models import User

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

API_PREFIX = "/api/"
"""Where addresses of the HTTP API begin."""

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


def signed_in_page(view: Callable[Concatenate[HttpRequest, P], R]) -> View[P]:
    """A view for people who are signed in; what is refused becomes a page that says why."""

    @wraps(view)
    def guarded_view(
        request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except HandoffError as error:
            before = find_earlier_submission(request)
            return (
                refusal_page(request, error)
                if before is None
                else redirect_after_form(request, before)
            )

    signed_in: View[P] = login_required(guarded_view)
    return signed_in


def button_only_view(back: Callable[..., str]) -> Callable[[Callable[..., R]], Callable[..., Any]]:
    """A view that only a button calls. Whoever comes by a link (who signed in again on the way,
    say) is led `back` to the page where the button is."""

    def decorate(view: Callable[..., R]) -> Callable[..., Any]:
        @wraps(view)
        def guarded_view(request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method in ("GET", "HEAD"):
                messages.info(
                    request, gettext("Nothing was done yet. Press the button here once more.")
                )
                return HttpResponseRedirect(back(*args, **kwargs))
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            return view(request, *args, **kwargs)

        return guarded_view

    return decorate


def refusal_page(request: HttpRequest, error: HandoffError) -> HttpResponse:
    """A page of its own for a refusal that no form can show."""
    status = status_of(error)
    template = PAGES.get(status, "approvals/refused.html")
    return render(request, template, {"why": str(error)}, status=status)


def is_shown_on_page(error: HandoffError) -> bool:
    """Whether a refusal is shown on the page that asked, with what was typed kept."""
    return not isinstance(error, NotAllowed | NotFound)


JUST_NOW = timedelta(seconds=20)
"""A form that comes again so soon was clicked twice: its sender is told what the click did."""


def redirect_after_form(request: HttpRequest, sent: FormSubmission) -> HttpResponse:
    """On to what a form made, now or when it was sent before."""
    forget_typed_form(request)
    if sent.before is None or timezone.now() - sent.before < JUST_NOW:
        messages.success(request, sent.notice)
    else:
        messages.info(
            request,
            gettext(
                "This form was sent already, on %(moment)s; nothing was done again. Then it said:"
                " %(notice)s"
            )
            % {"moment": moment_text(sent.before), "notice": sent.notice},
        )
    return HttpResponseRedirect(sent.to)


def submit_and_redirect(
    request: HttpRequest,
    submit: Callable[[], FormSubmission],
    twins: Twins = Twins.REFUSED,
) -> HttpResponse:
    """Do what the form asks for, once however often it is sent, and go where that leads.
    Raises what `submit_form_once` raises."""
    return redirect_after_form(request, submit_form_once(request, submit, twins))


def status_of_form_page(request: HttpRequest, error: HandoffError | None) -> int:
    """The status of a page whose form is asked for, was refused, or was not filled in rightly."""
    if error is not None:
        return status_of(error)
    is_sent = request.method == "POST"
    return HTTPStatus.UNPROCESSABLE_ENTITY if is_sent else HTTPStatus.OK


def refusal_context(error: HandoffError | None) -> dict[str, object]:
    """What `approvals/_refusal.html` says of a refusal on the page that asked."""
    sent = error.sent if isinstance(error, SentAlready) else None
    is_same = isinstance(error, SameSentBefore)
    return {"error": str(error or ""), "sent_already": sent, "is_same": is_same}


def signed_in_user(request: HttpRequest) -> User:
    """The person who is signed in."""
    assert isinstance(request.user, User)
    return request.user
