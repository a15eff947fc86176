"""Django's translations for the sentences of the engine, in the language that is active."""

from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext, ngettext

from workflows.language.formats import count_text, date_text, decimal_text, zoned_moment_text


class ActiveLanguage:
    """Translates into the language of the request or mail at hand."""

    def translate(self, message: str) -> str:
        """The sentence in the active language, in English where the catalogue lacks it."""
        return gettext(message)

    def translate_plural(self, singular: str, plural: str, count: int) -> str:
        """The active language's form for so many."""
        return ngettext(singular, plural, count)

    def group_digits(self, number: int) -> str:
        """The number as the active language writes it."""
        return count_text(number)

    def write_moment(self, moment: datetime) -> str:
        """The moment as the active language writes it, in the active zone."""
        return zoned_moment_text(moment)

    def write_day(self, day: date) -> str:
        """The day as the active language writes it."""
        return date_text(day)

    def write_amount(self, amount: Decimal, decimals: int, currency: str) -> str:
        """The amount as the active language writes it."""
        places = {"amount": decimal_text(amount, decimals), "currency": currency}
        return gettext("%(amount)s %(currency)s") % places
