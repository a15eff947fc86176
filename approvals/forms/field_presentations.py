"""What pages make of each type of fields: the control to fill it in, and its value to be read.

The engine's half says what a value is; this half is registered under the same name. A type that
lacks one of the two stops the program when it starts.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from approvals.forms.number_boxes import NumberBox, number_text, read_typed_number
from approvals.forms.people_boxes import PersonBox
from workflows.engine.registries import Registry
from workflows.engine.timing.dates import to_zone_time
from workflows.engine.values.field_types.base import FIELD_TYPES, FieldSpec, type_of_field
from workflows.engine.values.field_types.contacts import MAX_EMAIL, MAX_PHONE, MAX_URL
from workflows.engine.values.field_types.numbers import decimals_of
from workflows.engine.values.field_types.texts import MAX_LONG_TEXT, MAX_TEXT
from workflows.language.formats import (
    date_text,
    exact_number_text,
    moment_text,
    money_text,
    typed_number_text,
)
from workflows.resources.queries.resources import offered_resources, resource_names

EMPTY_CHOICE: Final = ("", gettext_lazy("Choose…"))


class FieldPresentation:
    """One type on pages: a line to write in, and its value as it is kept, where nothing else is
    said."""

    required_message: str | Promise = gettext_lazy("Fill this in.")
    is_long = False

    def widget(self, spec: FieldSpec) -> forms.Widget:
        """The control in which a value is written."""
        return _text_input(maxlength=MAX_TEXT)

    def hint(self, spec: FieldSpec) -> str:
        """What stands under the control besides the field's own help."""
        return ""

    def form_value(self, value: Any) -> Any:
        """How a canonical value, or what was typed, stands in the control."""
        return value

    def sent_value(self, value: Any) -> Any:
        """What the control sent, as the engine's half reads it. Raises ValidationError."""
        return value

    def spec_form_value(self, spec: FieldSpec, value: Any) -> Any:
        """The same, for types to which it matters what the field says."""
        return self.form_value(value)

    def spec_sent_value(self, spec: FieldSpec, value: Any) -> Any:
        """The same, for types to which it matters what the field says."""
        return self.sent_value(value)

    def text(self, spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
        """A canonical value as people read it; `names` are full names by username."""
        return str(value)


FIELD_PRESENTATIONS: Final = Registry(
    "field_presentations", FieldPresentation, noun="field presentation", completes=FIELD_TYPES
)
FIELD_PRESENTATIONS.stand_in = FieldPresentation()


def value_text(field: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
    """A request's value as people read it; `names` are full names by username.

    What an older version of a map, or of Handoff, let in is shown as it is.
    """
    if value is None:
        return ""
    try:
        return FIELD_PRESENTATIONS[field.type].text(field, value, names)
    except (ValueError, TypeError, ArithmeticError):
        return str(value)


def _text_input(**attributes: object) -> forms.Widget:
    return forms.TextInput(attrs={**attributes, "autocomplete": "off"})


class AddressPresentation(FieldPresentation):
    """A line with the keys of its kind on telephones."""

    def __init__(self, keys: str, longest: int) -> None:
        self.keys, self.longest = keys, longest

    def widget(self, spec: FieldSpec) -> forms.Widget:
        """A line; what it is, the engine's half says."""
        return _text_input(inputmode=self.keys, maxlength=self.longest)


class LongTextPresentation(FieldPresentation):
    """Several lines."""

    is_long = True

    def widget(self, spec: FieldSpec) -> forms.Widget:
        """A box."""
        return forms.Textarea(attrs={"rows": 5, "maxlength": MAX_LONG_TEXT})


class NumberPresentation(FieldPresentation):
    """Digits and a point, as people of the reader's language write them."""

    keys = "decimal"

    def widget(self, spec: FieldSpec) -> forms.Widget:
        """A box, with the keys of numbers on telephones."""
        return NumberBox(spec, {"inputmode": self.keys})

    def spec_form_value(self, spec: FieldSpec, value: Any) -> Any:
        """As it is typed here."""
        return number_text(value, type_of_field(spec).shape(spec))

    def spec_sent_value(self, spec: FieldSpec, value: Any) -> Any:
        """The number, where it can be read in one way."""
        return read_typed_number(value, type_of_field(spec).shape(spec))

    def text(self, spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
        """With its thousands apart."""
        return exact_number_text(Decimal(value))


class WholeNumberPresentation(NumberPresentation):
    """Digits."""

    keys = "numeric"

    def text(self, spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
        """The digits."""
        return str(value)


class MoneyPresentation(NumberPresentation):
    """An amount and its currency."""

    def hint(self, spec: FieldSpec) -> str:
        """The currency, and how many digits its amounts have."""
        if not spec.currency:
            return ""
        return gettext("In %(currency)s, such as %(amount)s.") % {
            "currency": spec.currency,
            "amount": typed_number_text(Decimal("1250.5"), decimals_of(spec.currency)),
        }

    def text(self, spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
        """With its currency."""
        return money_text(value, spec.currency)


class ListPresentation(FieldPresentation):
    """One of the words that the engine's half takes."""

    required_message = gettext_lazy("Choose one.")

    def widget(self, spec: FieldSpec) -> forms.Widget:
        """A list."""
        return forms.Select(choices=[EMPTY_CHOICE, *self.options(spec)])

    def options(self, spec: FieldSpec) -> Sequence[tuple[str, str]]:
        """The words, each as people read it."""
        return [(word, word) for word in spec.choices or ()]


class BooleanPresentation(ListPresentation):
    """Yes or no."""

    def options(self, spec: FieldSpec) -> Sequence[tuple[str, str]]:
        """Both."""
        return [("yes", gettext("Yes")), ("no", gettext("No"))]

    def form_value(self, value: Any) -> Any:
        """The option that it is."""
        return ("yes" if value else "no") if isinstance(value, bool) else value

    def text(self, spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
        """In a word."""
        return gettext("Yes") if value else gettext("No")


class DatePresentation(FieldPresentation):
    """A day."""

    def widget(self, spec: FieldSpec) -> forms.Widget:
        """The browser's calendar."""
        return forms.TextInput(attrs={"type": "date"})

    def text(self, spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
        """The day in the reader's way."""
        return date_text(date.fromisoformat(value))


class DateTimePresentation(FieldPresentation):
    """A moment, which a browser sends without its zone: it means the site's."""

    def widget(self, spec: FieldSpec) -> forms.Widget:
        """The browser's calendar and clock."""
        return forms.TextInput(attrs={"type": "datetime-local"})

    def form_value(self, value: Any) -> Any:
        """The site's time."""
        if not isinstance(value, str) or not value.endswith("Z"):
            return value
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return value
        return f"{to_zone_time(at, timezone.get_current_timezone()):%Y-%m-%dT%H:%M}"

    def sent_value(self, value: Any) -> Any:
        """The moment with the site's zone."""
        if not isinstance(value, str) or not value:
            return value
        try:
            naive = datetime.fromisoformat(value)
        except ValueError:
            return value
        return _site_local_time(naive) if naive.tzinfo is None else naive

    def text(self, spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
        """The moment in the reader's way."""
        return moment_text(datetime.fromisoformat(value))


def _site_local_time(naive: datetime) -> datetime:
    """A time of the site's clocks, the first of two alike; one that they leave out is refused."""
    moment = timezone.make_aware(naive)
    try:
        round_trip = moment.astimezone(UTC).astimezone(moment.tzinfo)
    except OverflowError:
        return moment  # it is refused as too far away
    if round_trip.replace(tzinfo=None) != naive:
        raise forms.ValidationError(
            gettext("There is no %(time)s on %(day)s: the clocks go forward. Write another time.")
            % {"time": f"{naive:%H:%M}", "day": f"{naive:%Y-%m-%d}"}
        )
    return moment


class PersonPresentation(FieldPresentation):
    """Somebody of the house."""

    required_message = gettext_lazy("Choose one.")

    def widget(self, spec: FieldSpec) -> forms.Widget:
        """A list, or a box that searches."""
        return PersonBox()

    def text(self, spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
        """The full name, where it is known."""
        return names.get(str(value), str(value))


class ResourcePresentation(FieldPresentation):
    """A room, a piece of equipment, a budget: one of its group."""

    required_message = gettext_lazy("Choose one.")

    def widget(self, spec: FieldSpec) -> forms.Widget:
        """A list of those that are in use."""
        group = getattr(spec, "of", None) or ""
        rows = offered_resources(group).values_list("key", "name")
        return forms.Select(choices=[EMPTY_CHOICE, *rows])

    def text(self, spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
        """How it is called."""
        return resource_names().get(str(value), str(value))


for _name, _presentation in {
    "text": FieldPresentation(),
    "long_text": LongTextPresentation(),
    "number": NumberPresentation(),
    "integer": WholeNumberPresentation(),
    "money": MoneyPresentation(),
    "boolean": BooleanPresentation(),
    "choice": ListPresentation(),
    "date": DatePresentation(),
    "datetime": DateTimePresentation(),
    "user": PersonPresentation(),
    "resource": ResourcePresentation(),
    "email": AddressPresentation("email", MAX_EMAIL),
    "url": AddressPresentation("url", MAX_URL),
    "phone": AddressPresentation("tel", MAX_PHONE),
}.items():
    FIELD_PRESENTATIONS.register(_name, _presentation)
