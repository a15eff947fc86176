"""The words of what is said of requests: the same for what is kept and for what is typed."""

from workflows.people.search_words import find_word_parts

LONGEST_WORD = 40
MOST_WORDS = 60
"""So many different words of one text are kept; who looks for a request names one of the first."""


def split_search_words(text: str) -> list[str]:
    """The words of a text, each once, in their order: letters and digits, without regard to case
    and to how a letter is put together."""
    return list(dict.fromkeys(word[:LONGEST_WORD] for word in find_word_parts(text)))
