"""Numbers as a reader types them to look for something: with the separators of their language.

What a record takes in is read in one way or refused (`engine/values`); a search is changed and
sent again, so it goes by what the reader is used to.
"""

import re
from decimal import Decimal

from django.utils.formats import get_format

GROUPING = " \u00a0\u202f\u2009'\u2019"
"""What parts thousands in any language, and is nothing else in a number."""
MOST_DIGITS = 15
_DIGITS = re.compile(r"[0-9]{1,15}(\.[0-9]{1,10})?")


def read_typed_number(text: str) -> Decimal | None:
    """The number that a reader of the active language typed: '1,250.50' and '1250.5', in German
    '1.250,50'; None for what is no number, or a longer one than any field keeps."""
    point = str(get_format("DECIMAL_SEPARATOR"))
    thousands = str(get_format("THOUSAND_SEPARATOR"))
    plain = text.strip().translate({ord(mark): None for mark in GROUPING})
    sign, plain = ("-", plain[1:]) if plain[:1] in ("-", "\u2212") else ("", plain)
    whole, has_point, decimals = plain.partition(point)
    if thousands not in GROUPING and _is_grouped(whole, thousands):
        whole = whole.replace(thousands, "")
    written = f"{whole}.{decimals}" if has_point else whole
    return Decimal(sign + written) if _DIGITS.fullmatch(written) else None


def _is_grouped(whole: str, mark: str) -> bool:
    """Whether a mark parts a whole number into thousands."""
    return re.fullmatch(rf"[0-9]{{1,3}}({re.escape(mark)}[0-9]{{3}})+", whole) is not None
