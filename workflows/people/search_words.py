"""The words by which somebody is found: the same for what is kept and for what is typed."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Protocol

LONGEST_WORD = 254
"""As long as an address of mail may be."""
MOST_TYPED = 5
_PIECE = re.compile(r"\w(?:[\w.@+-]*\w)?")
_PART = re.compile(r"[^\W_]+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})


def fold(text: str) -> str:
    """A text without regard to case and to how a letter is put together."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def find_word_parts(text: str) -> list[str]:
    """The runs of letters and digits in a text, folded, in their order."""
    return _PART.findall(fold(text))


def split_typed_words(typed: str) -> list[str]:
    """What somebody types, as words that all have to be met; a login, an address and a double name
    are one word each."""
    words = (piece[:LONGEST_WORD] for piece in _PIECE.findall(fold(typed)))
    return list(dict.fromkeys(words))[:MOST_TYPED]


def words_of_text(text: str) -> set[str]:
    """The words by which a name is found: as a whole, by each of its parts, and as somebody types
    it who has no such letters (`Müller`, `Mueller`, `Muller`)."""
    words = {*_PIECE.findall(fold(text)), *find_word_parts(text)}
    words |= {spelling for word in words for spelling in _plain_spellings(word)}
    return {word[:LONGEST_WORD] for word in words}


def words_of_login(login: str) -> set[str]:
    """The same for a login or an address of mail; of an address what stands before its at-sign."""
    whole = fold(login)
    return {whole[:LONGEST_WORD], *words_of_text(whole.partition("@")[0])} - {""}


class Searched(Protocol):
    """What of an account is searched."""

    first_name: str
    last_name: str
    username: str
    email: str
    department: str


def words_of_person(person: Searched) -> Iterator[tuple[str, bool]]:
    """The words by which somebody is found, each once, with whether it is one of their names, login
    or address."""
    names = words_of_text(f"{person.first_name} {person.last_name}")
    names |= words_of_login(person.username) | words_of_login(person.email)
    yield from ((word, True) for word in sorted(names))
    yield from ((word, False) for word in sorted(words_of_text(person.department) - names))


def _plain_spellings(word: str) -> tuple[str, str]:
    letters = unicodedata.normalize("NFD", word)
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return word.translate(_UMLAUTS), bare
