"""How much room text takes on a picture, without a browser: estimated for a wide common typeface,
so that in others there is room to spare. Long text is broken in two lines, and only then cut."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from unicodedata import east_asian_width

NARROW: Final = frozenset("iljtfrI.,:;'|!()[] ")
WIDE: Final = frozenset("mwMW%@…—+<>=≥≤≠✓✕→▶")
BOLD: Final = 1.13
CACHED_TEXTS: Final = 4_096
"""So many measured texts are kept in a process: the same maps are drawn again and again."""


@lru_cache(maxsize=CACHED_TEXTS)
def measure_text(text: str, size: float, *, is_bold: bool = False) -> float:
    """About how wide a line of text is, in the units of the picture."""
    return sum(map(_share_of_size, text)) * size * (BOLD if is_bold else 1.0)


def _share_of_size(letter: str) -> float:
    if letter in NARROW:
        return 0.38
    if letter in WIDE:
        return 0.95
    if east_asian_width(letter) in "WF":
        return 1.05
    return 0.7 if letter.isupper() else 0.63


@lru_cache(maxsize=CACHED_TEXTS)
def wrap_text(text: str, *, one_line: int, each: int) -> Sequence[str]:
    """A short text as one line, a longer one as two of about the same length, cut at the end where
    that is not enough."""
    if len(text) <= one_line:
        return [text]
    breaks = [at for at, letter in enumerate(text) if letter == " " and at <= each]
    if not breaks:
        return [shorten_text(text, each)]
    at = min(breaks, key=lambda at: max(at, len(text) - at - 1))
    return [text[:at], shorten_text(text[at + 1 :], each)]


def shorten_text(text: str, length: int) -> str:
    """The text, or as much of it as has room, with a sign that more was there."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
