"""Amounts of money as whole numbers of their currency's smallest unit, and back: exact anywhere."""

from decimal import Decimal
from typing import Final

from workflows.engine.values.field_types.numbers import decimals_of

MOST_UNITS: Final = 10**18
"""No amount is larger: databases keep whole numbers up to about nine times as many."""


def units_of_amount(amount: Decimal, currency: str) -> int | None:
    """The amount in the smallest unit of its currency; None where it is not a whole number of
    them, or more than can be kept."""
    if not amount.is_finite() or abs(amount) > MOST_UNITS:
        return None
    units = amount.scaleb(decimals_of(currency))
    return int(units) if units == int(units) and abs(units) <= MOST_UNITS else None


def amount_of_units(units: int, currency: str) -> Decimal:
    """So many of the smallest units as an amount, with all the digits of its currency."""
    return Decimal(units).scaleb(-decimals_of(currency))
