"""What all pages share: signing in, and the one mapping from a refusal to an answer."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec, TypeVar, cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from workflows.engine.errors import (
    HandoffError,
    InvalidInput,
    MergeConflict,
    NotAllowed,
    NotFound,
    StaleDocument,
    WrongState,
)

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

STATUS: dict[type[HandoffError], HTTPStatus] = {
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    WrongState: HTTPStatus.CONFLICT,
    StaleDocument: HTTPStatus.CONFLICT,
    MergeConflict: HTTPStatus.CONFLICT,
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
}
PAGES = {HTTPStatus.FORBIDDEN: "403.html", HTTPStatus.NOT_FOUND: "404.html"}


def status_of(error: HandoffError) -> HTTPStatus:
    """The HTTP status that says what kind of refusal this is."""
    return STATUS.get(type(error), HTTPStatus.UNPROCESSABLE_ENTITY)


def page(view: Callable[Concatenate[HttpRequest, P], R]) -> View[P]:
    """A view for people who are signed in; what is refused becomes a page that says why."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except HandoffError as error:
            return refusal(request, error)

    return cast(View[P], login_required(answer))


def refusal(request: HttpRequest, error: HandoffError) -> HttpResponse:
    """A page of its own for a refusal that no form can show."""
    status = status_of(error)
    template = PAGES.get(status, "approvals/refused.html")
    return render(request, template, {"why": str(error)}, status=status)


def on_the_page(error: HandoffError) -> bool:
    """Whether a refusal is shown on the page that asked, with what was typed kept."""
    return not isinstance(error, NotAllowed | NotFound)


def person_of(request: HttpRequest) -> User:
    """The person who is signed in."""
    assert isinstance(request.user, User)
    return request.user
