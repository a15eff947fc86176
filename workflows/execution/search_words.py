"""What counts as a word of a search: the same for what is kept and for what is typed."""

import re
import unicodedata

LONGEST_WORD = 40
MOST_WORDS = 60
"""So many different words of one text are kept; who looks for a request names one of the first."""
_WORD = re.compile(r"[^\W_]+")


def split_search_words(text: str) -> list[str]:
    """The words of a text, each once, in their order: letters and digits, without regard to case
    and to how a letter is put together."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return list(dict.fromkeys(word[:LONGEST_WORD] for word in _WORD.findall(plain)))
