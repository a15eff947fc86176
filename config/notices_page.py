"""Your notices: of what you are told, when, and by which way."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from workflows.language.readers import zone_of
from workflows.notices.choices import NoticeKind, NoticeTiming
from workflows.notices.queries.preferences import (
    CHOOSABLE_KINDS,
    NoticePreferences,
    find_notice_preferences,
)
from workflows.notices.services.preferences import save_notice_preferences
from workflows.people.models import User

HINTS = {
    NoticeKind.TASKS: gettext_lazy("A task reaches you, comes back to you, or is given to you."),
    NoticeKind.TEAM: gettext_lazy(
        "A task that anybody in your team can take. Where your team has an address of its own, it"
        " is told there once, and you besides only if you choose so here."
    ),
    NoticeKind.LATE: gettext_lazy("It is due within a working day, overdue, or escalated."),
    NoticeKind.REQUESTS: gettext_lazy(
        "Your request is approved, refused, sent back, suspended, cancelled, reopened, finished."
    ),
    NoticeKind.TALK: gettext_lazy(
        "Somebody mentions you, or comments on a request that you asked for, have, commented on or"
        " follow."
    ),
    NoticeKind.OWNED: gettext_lazy(
        "An incident, branches that disagree, a review that is due, a map that goes wrong."
    ),
}
"""What each kind is, below its name."""


class NoticesForm(forms.Form):
    """A choice for each kind, the hour of the digest, and the way where there is one to choose."""

    digest_hour = forms.TypedChoiceField(
        label=gettext_lazy("Hour of the digest"),
        coerce=int,
        choices=[(hour, f"{hour:02}:00") for hour in range(24)],
    )
    prefers_mail = forms.BooleanField(
        label=gettext_lazy("Tell me by mail, not in the chat"), required=False
    )

    def __init__(self, preferences: NoticePreferences, data: Any = None) -> None:
        initial: dict[str, Any] = {
            kind.value: timing.value for kind, timing in preferences.timings.items()
        }
        initial |= {
            "digest_hour": preferences.digest_hour,
            "prefers_mail": preferences.prefers_mail,
        }
        super().__init__(data, initial=initial)
        if not preferences.has_chat:
            del self.fields["prefers_mail"]
        for kind in CHOOSABLE_KINDS:
            self.fields[kind.value] = forms.ChoiceField(
                label=kind.label, choices=NoticeTiming.choices, help_text=HINTS[kind]
            )
        self.order_fields([kind.value for kind in CHOOSABLE_KINDS])

    def preferences(self) -> NoticePreferences:
        """What was chosen."""
        return NoticePreferences(
            timings={kind: NoticeTiming(self.cleaned_data[kind.value]) for kind in CHOOSABLE_KINDS},
            digest_hour=self.cleaned_data["digest_hour"],
            prefers_mail=self.cleaned_data.get("prefers_mail", False),
        )


@login_required
def notices_page_view(request: HttpRequest) -> HttpResponse:
    """The page, and saving what is chosen on it. Mails lead here, to those who want fewer."""
    user = request.user
    assert isinstance(user, User)
    form = NoticesForm(find_notice_preferences(user), request.POST or None)
    if request.method == "POST" and form.is_valid():
        save_notice_preferences(user, form.preferences(), now=timezone.now())
        messages.success(request, gettext("Your choice is kept."))
        return redirect("account_notices")
    return render(request, "account/notices.html", {"form": form, "zone": zone_of(user)})
