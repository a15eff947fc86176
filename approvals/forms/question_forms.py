"""Forms for asking others on a task, and for answering."""

from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from approvals.forms.people_boxes import PersonBox
from workflows.execution.services.questions import LONGEST_QUESTION
from workflows.people.models import User

READ_BY_EVERYONE = gettext_lazy("Everyone who may see the request reads it.")
MORE_PEOPLE = ("second", "third")
"""Places for further people; whoever wants more asks once more."""


class RequesterQuestionForm(forms.Form):
    """What somebody wants to know."""

    question = forms.CharField(
        max_length=LONGEST_QUESTION,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=READ_BY_EVERYONE,
        error_messages={"required": gettext_lazy("Write what you want to know.")},
        label=gettext_lazy("Question"),
    )


class OpinionForm(RequesterQuestionForm):
    """Who is asked for an opinion, and what."""

    field_order = ("first", *MORE_PEOPLE, "question")
    first = forms.CharField(
        label=gettext_lazy("Whom"),
        max_length=150,
        error_messages={"required": gettext_lazy("Choose one.")},
    )
    second = forms.CharField(label=gettext_lazy("And whom"), max_length=150, required=False)
    third = forms.CharField(label=gettext_lazy("And whom else"), max_length=150, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("first", *MORE_PEOPLE):
            self.fields[name].widget = PersonBox()

    def clean(self) -> dict[str, Any]:
        """The active people with these usernames."""
        cleaned = super().clean() or {}
        for name in ("first", *MORE_PEOPLE):
            if cleaned.get(name):
                cleaned[name] = self._find_person(name, cleaned[name])
        return cleaned

    def _find_person(self, name: str, username: str) -> User | None:
        person = User.objects.filter(username=username, is_active=True).first()
        if person is None:
            self.add_error(name, gettext("There is no active person with this username."))
        return person

    def cleaned_people(self) -> list[User]:
        """Everybody who was chosen, each once."""
        chosen = (self.cleaned_data.get(name) for name in ("first", *MORE_PEOPLE))
        return list(dict.fromkeys(person for person in chosen if isinstance(person, User)))


class AnswerForm(forms.Form):
    """What somebody says to what they were asked."""

    answer = forms.CharField(
        max_length=LONGEST_QUESTION,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=READ_BY_EVERYONE,
        error_messages={"required": gettext_lazy("Write your answer.")},
        label=gettext_lazy("Answer"),
    )
