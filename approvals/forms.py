"""Forms made from a map's declared fields.

Each form field asks the engine's own `clean`, so a page refuses exactly what a service would,
beside the field and with what was typed kept.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from approvals.wording import person
from workflows.engine.days import on_the_clock
from workflows.engine.definition import Definition, FieldDef, title
from workflows.engine.errors import InvalidInput
from workflows.engine.fields import MAX_LONG_TEXT, MAX_TEXT
from workflows.engine.numbers import decimals_of
from workflows.services.values import read_value

MOST_PEOPLE_IN_A_LIST = 500
EMPTY = ("", "Choose…")


class DeclaredField(forms.Field):
    """A form field that reads what the engine reads, into the same canonical value.

    `shown` is the value that stands in it when the form opens. What is sent back as it stood
    there is that value, also where its text could be read in two ways or says less than it.
    """

    def __init__(
        self, key: str, spec: FieldDef, widget: forms.Widget, *, shown: Any = None, **options: Any
    ) -> None:
        self.key, self.spec, self.shown = key, spec, shown
        super().__init__(widget=widget, label=title(key, spec.label), **options)

    def to_python(self, value: Any) -> Any:
        """The canonical value. The message stands beside the field, so it does not name it."""
        if self.shown is not None and value == self.prepare_value(self.shown):
            return self.shown
        try:
            return read_value(self.key, self.spec, self._with_zone(value))
        except InvalidInput as refused:
            message = str(refused).removeprefix(f"{self.spec.label or self.key}: ")
            raise forms.ValidationError(message[:1].upper() + message[1:]) from None

    def _with_zone(self, value: Any) -> Any:
        """A browser's date and time has no zone: it means the site's."""
        if self.spec.type == "datetime" and isinstance(value, str) and value:
            try:
                naive = datetime.fromisoformat(value)
            except ValueError:
                return value
            return _on_our_clock(naive) if naive.tzinfo is None else naive
        return value

    def prepare_value(self, value: Any) -> Any:
        """How a canonical value, or what was typed, stands in the form."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if self.spec.type == "datetime" and isinstance(value, str) and value.endswith("Z"):
            try:
                at = datetime.fromisoformat(value)
            except ValueError:
                return value
            return f"{on_the_clock(at, timezone.get_current_timezone()):%Y-%m-%dT%H:%M}"
        return value


def _on_our_clock(naive: datetime) -> datetime:
    """A time of the site's clocks, the first of two alike; one that they leave out is refused."""
    moment = timezone.make_aware(naive)
    try:
        shown = moment.astimezone(UTC).astimezone(moment.tzinfo)
    except OverflowError:
        return moment  # it is refused as too far away
    if shown.replace(tzinfo=None) != naive:
        raise forms.ValidationError(
            f"There is no {naive:%H:%M} on {naive:%Y-%m-%d}: the clocks go forward. Write another"
            " time."
        )
    return moment


class Upload(forms.FileField):
    """A file for a document field."""

    def __init__(self, key: str, spec: FieldDef, **options: Any) -> None:
        super().__init__(label=title(key, spec.label), widget=forms.FileInput(), **options)


class DeclaredForm(forms.Form):
    """The declared fields of a map, as far as one page asks for them.

    `shown` are the values that stand in the form when it opens; `required` whether required
    fields must be filled in here (an exception outcome of a step may leave them).
    """

    def __init__(
        self,
        definition: Definition,
        keys: Iterable[str],
        data: Any = None,
        files: Any = None,
        *,
        shown: Mapping[str, Any] | None = None,
        required: bool = True,
    ) -> None:
        self.shown = dict(shown or {})
        super().__init__(data, files, initial=self.shown, prefix="f", use_required_attribute=False)
        for key in keys:
            spec = definition.fields[key]
            has_file = spec.type == "document" and self.shown.get(key) is not None
            self.fields[key] = _form_field(
                key, spec, required=required and not has_file, shown=self.shown.get(key)
            )
            self.fields[key].asked = bool(spec.required) and not has_file  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """What was filled in, as services take it; documents apart."""
        return {
            key: self.cleaned_data.get(key)
            for key, field in self.fields.items()
            if isinstance(field, DeclaredField)
        }

    def changed(self) -> dict[str, Any]:
        """What differs from what the form showed: a step writes only what its person changed, and
        what was not sent at all is as it was."""
        return {
            key: value
            for key, value in self.values().items()
            if value != self.shown.get(key) and not self._left_out(key)
        }

    def _left_out(self, key: str) -> bool:
        widget, name = self.fields[key].widget, self.add_prefix(key)
        return bool(widget.value_omitted_from_data(self.data, self.files, name))

    def uploads(self) -> dict[str, UploadedFile]:
        """The files that were chosen, by field."""
        return {
            key: file
            for key, file in self.cleaned_data.items()
            if isinstance(self.fields[key], Upload) and file
        }


def _form_field(key: str, spec: FieldDef, *, required: bool, shown: Any = None) -> forms.Field:
    options: dict[str, Any] = {
        "required": required and bool(spec.required),
        "help_text": _help(spec),
        "error_messages": {"required": _empty(spec)},
    }
    if spec.type == "document":
        return Upload(key, spec, **options)
    return DeclaredField(key, spec, _widget(spec), shown=shown, **options)


def _help(spec: FieldDef) -> str:
    unit = ""
    if spec.currency:
        unit = f"In {spec.currency}, such as {Decimal('1250.5'):.{decimals_of(spec.currency)}f}."
    return " ".join(part for part in (spec.help, unit) if part)


def _empty(spec: FieldDef) -> str:
    if spec.type == "document":
        return "Choose a file."
    return "Choose one." if spec.type in ("choice", "boolean", "user") else "Fill this in."


def _widget(spec: FieldDef) -> forms.Widget:
    if spec.type == "choice":
        return forms.Select(choices=[EMPTY, *((word, word) for word in spec.choices or ())])
    if spec.type == "boolean":
        return forms.Select(choices=[EMPTY, ("yes", "Yes"), ("no", "No")])
    if spec.type == "user":
        return people_widget()
    if spec.type == "long_text":
        return forms.Textarea(attrs={"rows": 5, "maxlength": MAX_LONG_TEXT})
    kinds = {"date": "date", "datetime": "datetime-local"}
    if spec.type in kinds:
        return forms.TextInput(attrs={"type": kinds[spec.type]})
    modes = {"integer": "numeric", "number": "decimal", "money": "decimal"}
    attrs = {"inputmode": modes[spec.type]} if spec.type in modes else {"maxlength": MAX_TEXT}
    return forms.TextInput(attrs={**attrs, "autocomplete": "off"})


def people_widget() -> forms.Widget:
    """A list of the active people; in a large company a box for the username."""
    active = User.objects.filter(is_active=True).order_by("first_name", "last_name", "username")
    people = list(active[: MOST_PEOPLE_IN_A_LIST + 1])
    if len(people) > MOST_PEOPLE_IN_A_LIST:
        return forms.TextInput(attrs={"placeholder": "username", "autocapitalize": "none"})
    return forms.Select(choices=[EMPTY, *((user.username, _in_list(user)) for user in people)])


def _in_list(user: User) -> str:
    name = person(user)
    return name if name == user.username else f"{name} ({user.username})"


class TitleForm(forms.Form):
    """What a request is about, in its requester's words."""

    title = forms.CharField(
        max_length=200,
        required=False,
        strip=True,
        help_text="What it is about, in a few words, so that others recognise it.",
    )


class ReasonForm(forms.Form):
    """The reason that every change of a request's course must have."""

    reason = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It is kept in the record.",
        error_messages={"required": "Give a reason; it is kept in the record."},
    )


class ReassignForm(ReasonForm):
    """Whose hands a task is put into, and why."""

    field_order = ("to", "reason")
    to = forms.CharField(label="To", max_length=150, error_messages={"required": "Choose one."})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].widget = people_widget()

    def clean_to(self) -> User:
        """The active person with this username."""
        user = User.objects.filter(username=self.cleaned_data["to"], is_active=True).first()
        if user is None:
            raise forms.ValidationError("There is no active person with this username.")
        return user


class RerouteForm(ReasonForm):
    """The step to which work is sent, and why."""

    field_order = ("to", "reason")
    to = forms.ChoiceField(
        label="To the step",
        error_messages={"required": "Choose one.", "invalid_choice": "Choose one of the list."},
    )

    def __init__(self, *args: Any, ways: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [EMPTY, *ways]  # type: ignore[attr-defined]
