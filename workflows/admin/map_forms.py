"""Forms for the rows of a map, with what the same version offers to choose from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.models import Group, User
from unfold.widgets import UnfoldAdminTextInputWidget

from workflows.admin.formfields import (
    NOT_SAID,
    DataField,
    KeyField,
    LinesField,
    NameField,
    NamesField,
    Options,
    SaidField,
    TextField,
    WorkingTimeField,
    one_line,
    plain_lines,
)
from workflows.models import BusinessCalendar, Field, Role, Route, Step, TemplateVersion
from workflows.models.kinds import ROUTE_KINDS

CALENDARS: Options = [
    ("business", "office hours: Monday to Friday, 09:00 to 17:00"),
    ("24/7", "24/7: every hour counts"),
]

WAYS: Mapping[str, Sequence[str]] = {
    "approval": ("outcome",),
    "task": ("outcome",),
    "decision": ("rule", "otherwise"),
    "parallel": ("branch",),
    "join": ("to",),
    "automation": ("to", "on_error"),
    "wait": ("to", "on_error"),
    "subworkflow": ("to", "on_error"),
    "end": ("reopen",),
}
"""The kinds of way that each kind of step has."""
OF_OUTCOMES = ("when", "comment_required", "exception", "label", "role")
SAYS: Mapping[str, Sequence[str]] = {
    "rule": ("when", "exception"),
    "branch": ("when",),
    "on_error": ("exception",),
    **dict.fromkeys(("otherwise", "to", "reopen"), ()),
}
"""What the ways besides outcomes may say; what the file has no place for would be lost."""

NOT_BY_WORDS = {"approval": ("not said: the requester", "nobody; say why below")}
"""What `not_by` comes to where it is left out, and where it is empty, by kind of step."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What the rows of one version may name. Read once a page, not once a row."""

    groups: Options = ()
    users: Options = ()
    fields: Options = ()
    person_fields: Options = ()
    steps: Options = ()
    role_rows: Options = ()
    step_rows: Options = ()
    join_rows: Options = ()

    @classmethod
    def of(cls, version: TemplateVersion | None) -> "Offer":
        """What a version offers; five statements."""
        if version is None:
            return cls()
        fields = list(version.fields.order_by("position", "id"))
        steps = list(version.steps.order_by("position", "id"))
        users = User.objects.filter(is_active=True).order_by("username")
        return cls(
            groups=[(name, name) for name in _names(Group.objects.order_by("name"), "name")],
            users=[(name, name) for name in _names(users, "username")],
            fields=[(field.key, str(field)) for field in fields],
            person_fields=[(field.key, str(field)) for field in fields if field.type == "user"],
            steps=[("requester", "the requester"), *((step.key, str(step)) for step in steps)],
            role_rows=[(str(role.pk), str(role)) for role in version.roles.order_by("position")],
            step_rows=[(str(step.pk), str(step)) for step in steps],
            join_rows=[(str(step.pk), str(step)) for step in steps if step.kind == "join"],
        )


def _names(rows: Any, column: str) -> list[str]:
    return list(rows.values_list(column, flat=True))


class MapForm(forms.ModelForm):
    """A row of a map. `offer` and `version` are set by the admin, on a class for each page."""

    offer = Offer()
    version: TemplateVersion | None = None

    names: Mapping[str, str] = {}
    rows: Mapping[str, str] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, offered in self.names.items():
            if name in self.fields:
                current = getattr(self.instance, name, None)
                field: Any = self.fields[name]
                field.offer(getattr(self.offer, offered), current)
        for name, offered in self.rows.items():
            if name in self.fields:
                self._offer_rows(name, getattr(self.offer, offered))

    def _offer_rows(self, name: str, options: Options) -> None:
        """Only rows of this version, from the list that was read once."""
        field: Any = self.fields[name]
        field.queryset = field.queryset.filter(version=self.version)
        first = [] if field.required else [("", NOT_SAID)]
        field.choices = [*([("", "choose…")] if field.required else first), *options]
        for offered in ("add", "change", "delete", "view"):
            setattr(field.widget, f"can_{offered}_related", False)

    def clean(self) -> dict[str, Any]:
        """What was not touched stays as it was, to the letter."""
        cleaned = super().clean() or self.cleaned_data
        return {name: self._as_it_was(name, value) for name, value in cleaned.items()}

    def _as_it_was(self, name: str, value: Any) -> Any:
        """A browser changes line ends, and nothing said may be null or empty: that is no change."""
        said = plain_lines(value) if isinstance(value, str) else value
        if name not in self.initial or isinstance(self.fields[name], NamesField):
            return said
        was = self.initial[name]
        is_same = said == self._sent_back(name, was) or (said or None) == (was or None) is None
        return was if is_same else said

    def _sent_back(self, name: str, was: Any) -> Any:
        """What comes from a browser that was shown this value."""
        field = self.fields[name]
        if isinstance(field, LinesField):
            return field.to_python(field.prepare_value(was))
        if not isinstance(was, str):
            return was
        is_area = isinstance(field.widget, forms.Textarea)
        return plain_lines(was) if is_area else one_line(was)


class RoleForm(MapForm):
    """Who owns steps."""

    key = KeyField()
    groups = NamesField()
    users = NamesField(label="People")
    field = NameField(label="Or: a person field", help_text="The person whom the request names.")
    names = {"groups": "groups", "users": "users", "field": "person_fields"}

    class Meta:
        model = Role
        fields = ("position", "key", "groups", "users", "field", "requester")
        labels = {"requester": "Or: the requester"}


class FieldForm(MapForm):
    """A declared input or output."""

    key = KeyField()
    required = SaidField()
    choices = LinesField()
    help = TextField(rows=1)

    class Meta:
        model = Field
        fields = ("position", "key", "type", "label", "required", "choices", "currency", "help")
        widgets = {"currency": UnfoldAdminTextInputWidget}


class StepRowForm(MapForm):
    """A step in the table of steps: what every step has; the rest is on its own page."""

    key = KeyField(dashes=True)
    expected = WorkingTimeField()
    due = WorkingTimeField(label="Due after")
    rows = {"role": "role_rows"}

    class Meta:
        model = Step
        fields = ("position", "key", "kind", "name", "role", "expected", "due")


class StepForm(StepRowForm):
    """All of a step."""

    instructions = TextField()
    inputs = NamesField(
        label="Shows",
        unsaid="not said: all fields",
        none="none: nothing is shown",
        help_text="Fields that this step looks at.",
    )
    outputs = NamesField(
        label="Fills in",
        unsaid="not said: nothing",
        none="none",
        help_text="Fields that this step may change.",
    )
    not_by = NamesField(label="Not by", help_text="Whose people may not act here.")
    not_by_reason = TextField(
        rows=1,
        max_length=500,
        label="Why the requester is not kept away",
        help_text="An approval that its requester may decide is published only with a reason.",
    )
    config = DataField(
        label="More",
        help_text="What only this kind has, as in the file: action, with, on_overdue, reassign, …",
    )
    names = {"inputs": "fields", "outputs": "fields", "not_by": "steps"}
    rows = {"role": "role_rows", "join": "join_rows"}

    class Meta:
        model = Step
        fields = (
            *StepRowForm.Meta.fields,
            *("instructions", "inputs", "outputs", "not_by", "not_by_reason", "quorum"),
            *("join", "wait_for", "result", "config"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "not_by" in self.fields:
            field: Any = self.fields["not_by"]
            field.say(*NOT_BY_WORDS.get(self.instance.kind, ("not said: nobody", "nobody")))

    def clean_quorum(self) -> str | None:
        """A whole number from 1, or all."""
        return _count_or(self.cleaned_data["quorum"], ("all",))

    def clean_wait_for(self) -> str | None:
        """A whole number from 1, all or any."""
        return _count_or(self.cleaned_data["wait_for"], ("all", "any"))

    def clean_config(self) -> dict[str, Any] | None:
        """Keys and values, as in the file."""
        config = self.cleaned_data["config"]
        if config is not None and not isinstance(config, dict):
            raise forms.ValidationError('Write keys and values, such as {"for": "2d"}.')
        return config or None


def _count_or(text: str | None, words: Sequence[str]) -> str | None:
    if not text or text in words or (text.isascii() and text.isdigit() and text.lstrip("0")):
        return text or None
    raise forms.ValidationError(f"Write {', '.join(words)} or a whole number from 1.")


class RouteForm(MapForm):
    """A way from a step."""

    exception = SaidField(label="Exception path")
    when = TextField(rows=1, max_length=1000)
    rows = {"to_step": "step_rows", "role": "role_rows"}
    step_kind = ""

    class Meta:
        model = Route
        fields = (
            *("position", "kind", "name", "to_step", "when"),
            *("comment_required", "exception", "label", "role"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = (*WAYS.get(self.step_kind, ()), self.instance.kind)
        kinds = [choice for choice in ROUTE_KINDS if choice[0] in allowed]
        field: Any = self.fields["kind"]
        field.choices = kinds
        if not self.instance.pk and kinds:
            field.initial = kinds[0][0]

    def clean(self) -> dict[str, Any]:
        """An outcome has a name, which is a key; the other ways have none, and say less."""
        cleaned = super().clean()
        for name in OF_OUTCOMES:
            if cleaned.get(name) and name not in SAYS.get(cleaned.get("kind", ""), OF_OUTCOMES):
                self.add_error(name, "This kind of way does not say this; leave it empty.")
        if cleaned.get("kind") != "outcome":
            return cleaned | {"name": ""}
        try:
            KeyField(dashes=True).clean(cleaned.get("name"))
        except forms.ValidationError as problem:
            self.add_error("name", problem)
        return cleaned


class VersionForm(MapForm):
    """The head of a map."""

    purpose = TextField(help_text="What this workflow is for.")
    owner_name = NameField(label="Owner", help_text="The accountable owner.")
    deputy_name = NameField(label="Deputy", help_text="Stands in for the owner.")
    calendar = NameField(help_text="In which hours durations count. Empty: office hours.")
    start_fields = NamesField(
        label="Start form",
        none="none: the form asks for nothing",
        help_text="Fields that a requester fills in. New ones are asked last.",
    )
    start_triggers = DataField(
        label="Other triggers", help_text='[{"kind": "schedule", "cron": "0 9 1 * *"}]'
    )
    baseline = DataField(
        help_text='Before the workflow: {"minutes_per_request": 95, "error_rate": 0.12}'
    )
    names = {"owner_name": "users", "deputy_name": "users", "start_fields": "fields"}
    rows = {"start_role": "role_rows", "first_step": "step_rows"}

    class Meta:
        model = TemplateVersion
        fields = (
            *("name", "purpose", "owner_name", "deputy_name", "review_every_days", "calendar"),
            *("start_role", "first_step", "start_fields", "start_triggers", "baseline"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "calendar" in self.fields:
            field: Any = self.fields["calendar"]
            own = BusinessCalendar.objects.values_list("key", "name").order_by("name")
            field.offer([*CALENDARS, *own], self.instance.calendar)

    def clean(self) -> dict[str, Any]:
        """The deputy stands in for the owner, so it is somebody else."""
        cleaned = super().clean()
        owner, deputy = cleaned.get("owner_name"), cleaned.get("deputy_name")
        if owner and owner == deputy:
            self.add_error("deputy_name", "The deputy stands in for the owner: choose another.")
        return cleaned
