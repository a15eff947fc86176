"""What counts as a word of a search: the same for what is kept and for what is typed."""

import re
import unicodedata

LONGEST_WORD = 40
MOST_WORDS = 60
"""So many different words of one text are kept; who looks for a request names one of the first."""
LONGEST_LOGIN = 150
_WORD = re.compile(r"[^\W_]+")
_LOGIN = re.compile(r"\w(?:[\w.@+-]*\w)?")


def split_search_words(text: str) -> list[str]:
    """The words of a text, each once, in their order: letters and digits, without regard to case
    and to how a letter is put together."""
    return _find_pieces(_WORD, text, LONGEST_WORD)


def split_person_words(text: str) -> list[str]:
    """The same for who somebody is: a login, an address and a double name are one piece each, for
    they are compared as they are written."""
    return _find_pieces(_LOGIN, text, LONGEST_LOGIN)


def _find_pieces(pattern: re.Pattern[str], text: str, longest: int) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return list(dict.fromkeys(piece[:longest] for piece in pattern.findall(plain)))
