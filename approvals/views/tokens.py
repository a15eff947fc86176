"""My API tokens: everybody makes their own, sees what acts in their name, and revokes it."""

import json
from datetime import datetime, time
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods

from approvals.ui.responses import (
    button_only_view,
    refusal_context,
    signed_in_page,
    signed_in_user,
    status_of_form_page,
    submit_and_redirect,
)
from workflows.access.models import ApiToken
from workflows.access.services import tokens
from workflows.access.services.once_only_forms import FormSubmission, Twins
from workflows.connections.secrets import SecretUnreadable, decrypt, encrypt
from workflows.engine.errors import HandoffError
from workflows.language.formats import moment_text
from workflows.people.models import User


class TokenForm(forms.Form):
    """What it is for, what it may do, and until when."""

    name = forms.CharField(label=gettext_lazy("What it is used for"), max_length=200)
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("It may"), choices=ApiToken.SCOPES, widget=forms.CheckboxSelectMultiple
    )
    last_day = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: until it is revoked."),
    )

    def expires_at(self) -> datetime | None:
        """The end of the last day, in the site's zone."""
        day = self.cleaned_data["last_day"]
        return timezone.make_aware(datetime.combine(day, time(23, 59, 59))) if day else None


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in_page
def token_list_view(request: HttpRequest) -> HttpResponse:
    """My tokens, and the form of a new one. The text of a new one is shown once, by the page that
    the form leads to."""
    user = signed_in_user(request)
    form = TokenForm(request.POST or None)
    error: HandoffError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            return submit_and_redirect(request, lambda: _submit_token(request, form), Twins.ASKED)
        except HandoffError as refused:
            error = refused
    context = {
        "tokens": _token_rows(user),
        "form": form,
        "made": _take_new_token(request) if request.method == "GET" else NO_TOKEN,
        **refusal_context(error),
    }
    status = status_of_form_page(request, error)
    return render(request, "approvals/tokens.html", context, status=status)


SESSION_NAME = "just_made"
"""Where a browser's session keeps, encrypted, the text of a new token until it is shown: of two
clicks it is the second whose answer is seen."""
NO_TOKEN = {"text": "", "name": ""}


def _submit_token(request: HttpRequest, form: TokenForm) -> FormSubmission:
    user = signed_in_user(request)
    row, text = tokens.make_token(
        user=user,
        name=form.cleaned_data["name"],
        scopes=form.cleaned_data["scopes"],
        expires_at=form.expires_at(),
        by=user,
        now=timezone.now(),
    )
    request.session[SESSION_NAME] = encrypt(json.dumps({"text": text, "name": row.name}))
    notice = gettext("The token “%(name)s” is made.") % {"name": row.name}
    return FormSubmission(reverse("approvals:tokens"), notice)


def _take_new_token(request: HttpRequest) -> dict[str, str]:
    """The token that this browser has just made; from now on its text is kept nowhere."""
    try:
        new_token: dict[str, str] = json.loads(decrypt(request.session.pop(SESSION_NAME, "")))
    except (SecretUnreadable, ValueError):
        return NO_TOKEN
    return new_token


def _token_rows(user: User) -> list[dict[str, Any]]:
    now = timezone.now()
    return [
        {
            "row": token,
            "may": ", ".join(tokens.effective_scopes(token)),
            "by": token.created_by.get_username() if token.created_by else "",
            "is_valid": _is_valid_token(token, now),
            "state_text": _token_state_text(token, now),
        }
        for token in tokens.tokens_of_person(user).select_related("created_by")[:200]
    ]


def _is_valid_token(token: ApiToken, now: datetime) -> bool:
    is_expired = token.expires_at is not None and token.expires_at <= now
    return token.revoked_at is None and not is_expired


def _token_state_text(token: ApiToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return gettext("revoked")
    if not _is_valid_token(token, now):
        return gettext("expired")
    if token.expires_at is not None:
        return gettext("valid until %(moment)s") % {"moment": moment_text(token.expires_at)}
    return gettext("valid")


@signed_in_page
@button_only_view(lambda token_id: reverse("approvals:tokens"))
def revoke_token_view(request: HttpRequest, token_id: int) -> HttpResponse:
    """From now on the token opens nothing."""
    user = signed_in_user(request)

    def submit_revocation() -> FormSubmission:
        token = tokens.revoke_token(token_id, by=user, now=timezone.now())
        notice = gettext("“%(name)s” opens nothing any more.") % {"name": token.name}
        return FormSubmission(reverse("approvals:tokens"), notice)

    return submit_and_redirect(request, submit_revocation)
