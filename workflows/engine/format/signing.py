"""What a signature on a step means: one of a few known meanings, or the map's own words."""

import re
from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator

from workflows.engine.format.parts import Line
from workflows.engine.texts import text

KnownMeaning = Literal["approval", "review", "authorship", "responsibility"]
"""Why somebody signs, as rules for signed records name it."""
KNOWN_MEANINGS: Final[tuple[KnownMeaning, ...]] = get_args(KnownMeaning)
_ONE_WORD: Final = re.compile(r"[a-z_]+")
"""A word as codes are written: a meaning in own words is a sentence, or begins with a capital."""


def _check_meaning(meaning: str) -> str:
    """A mistyped code is refused: it would stand in the record as a meaning of its own."""
    if meaning not in KNOWN_MEANINGS and _ONE_WORD.fullmatch(meaning):
        raise ValueError(
            text(
                "'%(meaning)s' is no known meaning of a signature; write %(known)s, or a sentence"
                " of your own such as 'I have checked the figures'",
                meaning=meaning,
                known=", ".join(KNOWN_MEANINGS),
            )
        )
    return meaning


SignatureMeaning = Annotated[Line, AfterValidator(_check_meaning)]
"""What whoever decides a step signs for."""
