"""Fields that hold several values: boxes to tick, and such that search for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from approvals.forms.field_presentations import FIELD_PRESENTATIONS, FieldPresentation
from approvals.forms.several_people import PeopleBox
from workflows.engine.values.field_types.base import FieldSpec
from workflows.language.formats import join_words


class ChoicesBox(forms.CheckboxSelectMultiple):
    """Boxes to tick. A browser sends nothing of boxes that are all empty, so a hidden field beside
    them says that they were there."""

    def render(
        self,
        name: str,
        value: Any,
        attrs: Mapping[str, Any] | None = None,
        renderer: Any = None,
    ) -> SafeString:
        """As HTML."""
        context = self.get_context(name, value, dict(attrs or {}))
        return SafeString(render_to_string("approvals/_choices_box.html", context))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The words whose boxes were ticked."""
        return super().value_from_datadict(data, files, name) or []

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Whether the boxes were not on the page."""
        return name not in data and f"{name}-asked" not in data


class ChoicesPresentation(FieldPresentation):
    """Several words of the map's."""

    required_message = gettext_lazy("Choose at least one.")

    def widget(self, spec: FieldSpec) -> forms.Widget:
        """Boxes to tick."""
        return ChoicesBox(choices=[(word, word) for word in spec.choices or ()])

    def text(self, spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
        """In a row."""
        return ", ".join(value)


class UsersPresentation(FieldPresentation):
    """Several people."""

    required_message = gettext_lazy("Name at least one.")

    def widget(self, spec: FieldSpec) -> forms.Widget:
        """Boxes to tick, or such that search."""
        return PeopleBox()

    def text(self, spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
        """Full names, where they are known."""
        people: Sequence[str] = [names.get(name, name) for name in value]
        return join_words(people)


FIELD_PRESENTATIONS.register("users", UsersPresentation())
FIELD_PRESENTATIONS.register("choices", ChoicesPresentation())
