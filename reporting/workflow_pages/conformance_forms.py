"""What is asked on the page that holds a map against what happened."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from reporting.conformance.mapping_choices import Choices
from reporting.metrics.timestamps import parse_day_range
from reporting.ui.filters import DayField
from workflows.definitions.models import TemplateVersion
from workflows.engine.errors import InvalidInput


class MapForm(forms.Form):
    """Which version's map."""

    version = forms.ChoiceField(label=gettext_lazy("Map"), required=False)

    def __init__(self, *args: Any, versions: Sequence[TemplateVersion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.versions = {str(version.number): version for version in versions}
        self.fields["version"].choices = [  # type: ignore[attr-defined]
            (number, str(version)) for number, version in self.versions.items()
        ]

    @property
    def chosen(self) -> TemplateVersion:
        """The version that was chosen, else the first of them."""
        number = self.data.get("version", "") if self.is_bound else ""
        return self.versions.get(number) or next(iter(self.versions.values()))


class HistoryForm(MapForm):
    """Our own requests, started in a period."""

    since = DayField(label=gettext_lazy("Started from"), required=False)
    until = DayField(label=gettext_lazy("Until, not included"), required=False)

    def clean(self) -> dict[str, Any]:
        """A period has a moment in it."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        names = (str(self.fields["since"].label), str(self.fields["until"].label))
        if cleaned.get("since") and cleaned.get("until"):
            try:
                parse_day_range(self.data.get("since"), self.data.get("until"), names)
            except InvalidInput as problem:
                raise ValidationError(str(problem)) from None
        return cleaned


class LogForm(MapForm):
    """A log to be read."""

    file = forms.FileField(
        label=gettext_lazy("Event log"),
        help_text=gettext_lazy(
            "CSV, XES or OCEL 2.0, also gzipped; 5 MB and 100,000 rows at most."
        ),
        required=False,
    )


class MappingForm(forms.Form):
    """What each activity of a log is on the map."""

    def __init__(
        self,
        sent: Mapping[str, str] | None,
        *,
        activities: Sequence[str],
        choices: Choices,
        proposed: Mapping[str, str],
    ) -> None:
        super().__init__(sent)
        self.activities = activities
        for number, activity in enumerate(activities):
            self.fields[f"m-{number}"] = forms.ChoiceField(
                label=activity, choices=choices, required=False, initial=proposed[activity]
            )

    @property
    def chosen(self) -> dict[str, str]:
        """The choice of each activity: what was sent, else what is proposed."""
        values = (
            self.data.get(f"m-{number}", "")
            if self.is_bound
            else self.fields[f"m-{number}"].initial
            for number in range(len(self.activities))
        )
        return dict(zip(self.activities, values, strict=True))
