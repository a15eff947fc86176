"""My API tokens: everybody makes their own, sees what acts in their name, and revokes it."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from approvals.pages import page, person_of, status_of
from workflows.engine.errors import HandoffError
from workflows.models import ApiToken
from workflows.services import tokens


class TokenForm(forms.Form):
    """What it is for, what it may do, and until when."""

    name = forms.CharField(label="What it is used for", max_length=200)
    scopes = forms.MultipleChoiceField(
        label="It may", choices=ApiToken.SCOPES, widget=forms.CheckboxSelectMultiple
    )
    last_day = forms.DateField(
        label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: until it is revoked.",
    )  # fmt: skip

    def expires_at(self) -> datetime | None:
        """The end of the last day, in the site's zone."""
        day = self.cleaned_data["last_day"]
        return timezone.make_aware(datetime.combine(day, time(23, 59, 59))) if day else None


@require_http_methods(["GET", "HEAD", "POST"])
@page
def listing(request: HttpRequest) -> HttpResponse:
    """My tokens, and the form of a new one. The text of a new one is shown once, on the answer."""
    user = person_of(request)
    form = TokenForm(request.POST or None)
    made: dict[str, Any] = {"text": "", "name": ""}
    error: HandoffError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = _make(user, form)
            form = TokenForm()
        except HandoffError as refused:
            error = refused
    context = {"tokens": _shown(user), "form": form, "made": made, "error": str(error or "")}
    unready = request.method == "POST" and not made["text"]
    status = status_of(error) if error else 422 if unready else 200
    return render(request, "approvals/tokens.html", context, status=status)


def _make(user: User, form: TokenForm) -> dict[str, Any]:
    row, text = tokens.make_token(
        user=user,
        name=form.cleaned_data["name"],
        scopes=form.cleaned_data["scopes"],
        expires_at=form.expires_at(),
        by=user,
        now=timezone.now(),
    )
    return {"text": text, "name": row.name}


def _shown(user: User) -> list[dict[str, Any]]:
    now = timezone.now()
    return [
        {
            "row": token,
            "may": ", ".join(tokens.scopes_of(token)),
            "by": token.created_by.get_username() if token.created_by else "",
            "state": _state(token, now),
        }
        for token in tokens.of_person(user).select_related("created_by")[:200]
    ]


def _state(token: ApiToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    expired = token.expires_at is not None and token.expires_at <= now
    return "expired" if expired else "valid"


@require_POST
@page
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """From now on the token opens nothing."""
    token = tokens.revoke(token_id, by=person_of(request), now=timezone.now())
    messages.success(request, f"“{token.name}” opens nothing any more.")
    return redirect("approvals:tokens")
