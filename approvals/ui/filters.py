"""Filters that are read from a page's address: the base of those of lists and of reports.

A filter set lists its filters once. From them come the form, what is wrong with what was typed
(`problem`), what was chosen (`cleaned`), and the address of the same list (`query`).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import django_filters
from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext

LONGEST = 200
"""So many characters of one filter are carried by links."""


class FilterSelect(forms.Select):
    """A list of choices with no groups, written by one template: Django's takes two more for each
    choice."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The list."""
        return render_to_string("approvals/_select.html", self.get_context(name, value, attrs))


class AddressForm(forms.Form):
    """A form of filters; its fields are called in the page as they are in the address."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"auto_id": "%s", **options})


class AddressFilter(django_filters.FilterSet):
    """Filters of one page. Subclasses list them."""

    class Meta:
        form = AddressForm

    @property
    def problem(self) -> str:
        """What is wrong with what was typed; empty where nothing is."""
        errors = self.form.errors.values()
        return " ".join(dict.fromkeys(message for messages in errors for message in messages))

    @property
    def cleaned(self) -> Mapping[str, Any]:
        """What was chosen and can be used, by the filters' names."""
        self.form.is_valid()
        cleaned: Mapping[str, Any] = self.form.cleaned_data
        return cleaned

    @property
    def chosen(self) -> dict[str, str]:
        """What the address asks for, as it was typed."""
        typed = {name: str(self.data.get(name) or "").strip() for name in self.filters}
        return {name: text[:LONGEST] for name, text in typed.items() if text}

    @property
    def query(self) -> str:
        """What was chosen, to put behind another address: '?since=2026-03-31', or nothing."""
        return f"?{urlencode(self.chosen)}" if self.chosen else ""

    def offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        """Let the reader choose one of these in a field, or all; with none to choose from the
        field is not shown."""
        field = self.form.fields[name]
        if choices:
            field.widget = FilterSelect(choices=[("", gettext("all")), *choices])
        else:
            field.widget = forms.HiddenInput()
