"""Your account: who you are here, and in which language and time zone you read."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from workflows.language.readers import activate_language_of, time_zone_names
from workflows.people.models import User
from workflows.people.services.preferences import save_reading_preferences


class ReadingForm(forms.Form):
    """The language and the time zone of a person; empty where they have no wish."""

    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        required=False,
        max_length=63,
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        as_asked = ("", gettext("What the browser asks for"))
        self.fields["language"].choices = [as_asked, *settings.LANGUAGES]  # type: ignore[attr-defined]
        self.fields["time_zone"].widget.attrs["placeholder"] = settings.TIME_ZONE

    def clean_time_zone(self) -> str:
        """A zone of the time zone database, or none."""
        zone = str(self.cleaned_data["time_zone"]).strip()
        if zone and zone not in time_zone_names():
            raise forms.ValidationError(
                gettext("This is no time zone; write it like Europe/Berlin.")
            )
        return zone


@login_required
def account_page_view(request: HttpRequest) -> HttpResponse:
    """The page, and the one thing that can be changed on it."""
    user = request.user
    assert isinstance(user, User)
    chosen = {"language": user.language, "time_zone": user.time_zone}
    form = ReadingForm(request.POST or None, initial=chosen)
    if request.method == "POST" and form.is_valid():
        save_reading_preferences(user, **form.cleaned_data, now=timezone.now())
        activate_language_of(user)
        messages.success(request, gettext("Your language and time zone are kept."))
        return redirect("account")
    return render(request, "account/mine.html", {"form": form, "zones": time_zone_names()})
