"""Sentences with named places, put into the reader's language where they are shown.

The engine knows no language but English. What it says is kept as it was written with what stands
in its places; `str()` makes the sentence, in the language that the site's translator is in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import reduce
from types import MappingProxyType
from typing import Any, Protocol

NOTHING: Mapping[str, object] = MappingProxyType({})


class Translator(Protocol):
    """Puts English sentences and numbers into a reader's language."""

    def translate(self, message: str) -> str:
        """The sentence, places and all."""
        ...

    def translate_plural(self, singular: str, plural: str, count: int) -> str:
        """The form of the sentence for so many."""
        ...

    def group_digits(self, number: int) -> str:
        """A large number with its thousands apart."""
        ...

    def write_moment(self, moment: datetime) -> str:
        """A moment in the reader's zone, which is named."""
        ...

    def write_day(self, day: date) -> str:
        """A day of the calendar."""
        ...

    def write_amount(self, amount: Decimal, decimals: int, currency: str) -> str:
        """An amount with so many digits after the point, and its currency."""
        ...


class English:
    """As it was written."""

    def translate(self, message: str) -> str:
        """The sentence itself."""
        return message

    def translate_plural(self, singular: str, plural: str, count: int) -> str:
        """One, or many."""
        return singular if count == 1 else plural

    def group_digits(self, number: int) -> str:
        """12,345."""
        return f"{number:,}"

    def write_moment(self, moment: datetime) -> str:
        """2026-03-02 09:00 (UTC)."""
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} (UTC)"

    def write_day(self, day: date) -> str:
        """2026-03-02."""
        return day.isoformat()

    def write_amount(self, amount: Decimal, decimals: int, currency: str) -> str:
        """1,250.00 EUR."""
        return f"{amount:,.{decimals}f} {currency}"


_translators: list[Translator] = [English()]


def install_translator(translator: Translator) -> None:
    """From now on sentences are made by this translator (in the language of whoever reads)."""
    _translators[:] = [translator]


@dataclass(frozen=True, slots=True)
class GroupedNumber:
    """A number that is written with its thousands apart."""

    number: int

    def __str__(self) -> str:
        return _translators[0].group_digits(self.number)


@dataclass(frozen=True, slots=True)
class ReaderMoment:
    """A moment (aware) that is written in the zone and the way of whoever reads."""

    moment: datetime

    def __str__(self) -> str:
        return _translators[0].write_moment(self.moment)


@dataclass(frozen=True, slots=True)
class ReaderDay:
    """A day of the calendar that is written in the way of whoever reads."""

    day: date

    def __str__(self) -> str:
        return _translators[0].write_day(self.day)


@dataclass(frozen=True, slots=True)
class ReaderAmount:
    """An amount of money that is written in the way of whoever reads, with its currency."""

    amount: Decimal
    decimals: int
    currency: str

    def __str__(self) -> str:
        return _translators[0].write_amount(self.amount, self.decimals, self.currency)


@dataclass(frozen=True, slots=True)
class Text:
    """An English sentence with places (`%(name)s`) and what stands in them; other texts too."""

    message: str
    parameters: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    plural: str = ""
    count: int = 0

    def filled(self, parameters: Mapping[str, object]) -> "Text":
        """The same sentence with this in its places."""
        return replace(self, parameters=parameters)

    def __str__(self) -> str:
        translator = _translators[0]
        if self.plural:
            sentence = translator.translate_plural(self.message, self.plural, self.count)
        else:
            sentence = translator.translate(self.message) if self.message else ""
        return sentence % self.parameters if self.parameters else sentence


def dump_text(value: object) -> object:
    """A parameter of a sentence as JSON: texts and numbers as they are, a sentence by its parts."""
    if isinstance(value, Text):
        parameters = {name: dump_text(part) for name, part in value.parameters.items()}
        parts = {"message": value.message, "parameters": parameters}
        return parts | ({"plural": value.plural, "count": value.count} if value.plural else {})
    if isinstance(value, GroupedNumber):
        return {"grouped": value.number}
    if isinstance(value, ReaderMoment):
        return {"moment": value.moment.isoformat()}
    if isinstance(value, ReaderDay):
        return {"day": value.day.isoformat()}
    if isinstance(value, ReaderAmount):
        return {"amount": [str(value.amount), value.decimals, value.currency]}
    return value if value is None or type(value) in (str, int, float, bool) else str(value)


def load_text(value: Any) -> Any:
    """What `dump_text` made, as a parameter again."""
    if not isinstance(value, Mapping):
        return value
    if "grouped" in value:
        return GroupedNumber(value["grouped"])
    if "moment" in value:
        return ReaderMoment(datetime.fromisoformat(value["moment"]))
    if "day" in value:
        return ReaderDay(date.fromisoformat(value["day"]))
    if "amount" in value:
        amount, decimals, currency = value["amount"]
        return ReaderAmount(Decimal(amount), decimals, currency)
    parameters = {name: load_text(part) for name, part in value["parameters"].items()}
    return Text(value["message"], parameters, value.get("plural", ""), value.get("count", 0))


def text(message: str, /, **parameters: object) -> Text:
    """A sentence with places and what stands in them."""
    return Text(message, parameters)


def plural_text(singular: str, plural: str, count: int, /, **parameters: object) -> Text:
    """A sentence that has another form for one; `%(count)s` stands for the number."""
    return Text(singular, {"count": GroupedNumber(count), **parameters}, plural, count)


def join_texts(texts: Sequence[Text | str]) -> Text | str:
    """Parts of a sentence as one part: 'a, b and c'."""
    if not texts:
        return ""
    *rest, last = texts
    return text("%(words)s and %(last)s", words=_list_texts(rest), last=last) if rest else last


def join_alternative_texts(texts: Sequence[Text | str]) -> Text | str:
    """Parts of a sentence of which one holds, at least one, as one part: 'a, b or c'."""
    *rest, last = texts
    return text("%(words)s or %(last)s", words=_list_texts(rest), last=last) if rest else last


def _list_texts(texts: Sequence[Text | str]) -> Text | str:
    return reduce(lambda words, word: text("%(words)s, %(word)s", words=words, word=word), texts)


def join_clauses(clauses: Sequence[Text]) -> Text:
    """Whole clauses, at least one, as one: 'a; b; c'."""
    return reduce(
        lambda before, after: text("%(before)s; %(after)s", before=before, after=after), clauses
    )


def plural_pair(singular: str, plural: str) -> tuple[str, str]:
    """Two forms of a sentence that is kept in a table until its number is known."""
    return singular, plural


def grouped(number: int) -> GroupedNumber:
    """A number with its thousands apart, as a parameter of a sentence."""
    return GroupedNumber(number)
