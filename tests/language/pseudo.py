"""A language of brackets: every sentence that goes through the catalogue comes out as ⟦sentence⟧.

Where the data of a site has no Latin letters, whatever Latin stands outside of the brackets on a
page, in a mail or in an answer of the API is a sentence that nobody marked for translation.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from html.parser import HTMLParser
from zoneinfo import available_timezones

import pytest
from django.utils import translation

from workflows.language import formats

OPEN, CLOSE = "⟦", "⟧"
EITHER_BRACKET = re.compile(f"([{OPEN}{CLOSE}])")
SAME_WORDS = (
    "Handoff",
    "CSV",
    "JSON",
    "API",
    "UTC",
    "HTTP",
    "EUR",
    "XES",
    "BPMN",
    "OCEL",
    "URL",
    "ID",
)
"""Names and abbreviations that read the same in every language."""
DATA_WORD = r"[Zz]q[\w.@+-]*"
"""What the test site's keys and logins begin with; names and values are Greek."""
LATIN = r"A-Za-z\u00c0-\u024f"

NEUTRAL = re.compile(
    "|".join(
        (
            r"\bhttps?://\S*",
            r"[\w.+-]+@[\w.-]+",
            r"(?<![\w/])/[a-z][\w/.?=&-]*",  # addresses of this site
            r"\b\d{4}-\d\d-\d\dT\d\d:\d\d\S*",
            r"\b[0-9a-f]{12,}\b",  # digests, hashes, keys
            r"\bho_\S+",
            r"\b[A-Z2-7]{32}\b",  # the secret of a second factor
            r"[\w+/.=]*\*{6,}",  # the hash of a password, all but its beginning hidden
            DATA_WORD,
            rf"\b(?:{'|'.join(SAME_WORDS)})\b",
            r"\b[A-Z]{1,3}-\d+\b",  # references
            r"\bv\d+\b",  # versions
            r"\b\d+(?:mo|cd|[mhdwy])\b",  # lengths of time as maps write them
            r"\b(?:body|schedule)[.:][\w:.-]*",  # where in a call, the key of a message
            r"\b(?:[Mm]erge_conflict|nobody)(?=[,:])",  # codes of incidents
            r"\b(?:British English|Deutsch)\b",  # what a language calls itself
        )
    )
)
"""What reads the same in every language: addresses, digests, references, the site's data."""
SHOWN_ATTRIBUTES = ("title", "placeholder", "aria-label", "alt", "data-confirm", "summary")
BUTTONS = ("submit", "button", "reset")
TIME_ZONES = available_timezones()
CODES = frozenset(
    "DE None decide done draft enabled http load_definition merge_conflict nobody"  # noqa: SIM905
    " publish read start work".split()
)
"""Identifiers that stand alone: codes of incidents, actions, scopes, commands and countries."""
STANDING_ALONE = TIME_ZONES | CODES
KEPT_ELSEWHERE = re.compile(
    r"… \| |\| …$|^\[\{|User-group relationship|: md5$|\(pk=None\)|^[#\d-]+, …: [\w' ]+$"
)
"""What others keep in English, in tables or lists of theirs: Django's permissions and its table
of members, names of holidays, the hash of a password."""
RULE = re.compile(r"^[^A-Za-z]*(?:(?:or|and|not|in|null)[^A-Za-z]*)+$")
"""The words of the language of rules."""
UNREAD = ("script", "style", "template", "code", "pre", "kbd", "textarea", "datalist")
ICONS = "material-symbols-outlined"
"""The class of the admin's pictures, which are named by a word of their font."""
VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905
)
BLOCKS = frozenset(
    "body caption dd div dl dt fieldset figure footer form h1 h2 h3 h4 header label legend li main"  # noqa: SIM905
    " nav ol option p section select summary table tbody td textarea th thead title tr ul".split()
)


def wrap(message: str) -> str:
    """The sentence between its brackets; what has no letter is as it was."""
    if message == "yes,no,maybe":
        return ",".join(f"{OPEN}{word}{CLOSE}" for word in message.split(","))
    has_letter = any(letter.isalpha() for letter in re.sub(r"%\(\w+\)[a-z]", "", message))
    return f"{OPEN}{message}{CLOSE}" if has_letter else message


def speak_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every translating function of Django answer in the language of brackets."""
    functions = translation._trans
    # Spans are kept by language; those in brackets may not outlive the test, nor others enter it.
    monkeypatch.setattr(formats, "_whole_units", formats._whole_units.__wrapped__)
    monkeypatch.setattr(functions, "gettext", wrap, raising=False)
    monkeypatch.setattr(functions, "pgettext", lambda _, message: wrap(message), raising=False)
    monkeypatch.setattr(
        functions,
        "ngettext",
        lambda singular, plural, number: wrap(singular if number == 1 else plural),
        raising=False,
    )
    monkeypatch.setattr(
        functions,
        "npgettext",
        lambda _, singular, plural, number: wrap(singular if number == 1 else plural),
        raising=False,
    )


class Brackets:
    """Reads text piece by piece and keeps what stands outside of the brackets."""

    def __init__(self) -> None:
        self.depth = 0

    def outside_of(self, text: str) -> str:
        """The part of a piece that no bracket holds."""
        kept = []
        for piece in EITHER_BRACKET.split(text):
            if piece == OPEN:
                self.depth += 1
            elif piece == CLOSE:
                self.depth = max(0, self.depth - 1)
            elif not self.depth:
                kept.append(piece)
                continue
            kept.append("\x00" if piece else "")
        return re.sub("\x00+", "…", "".join(kept))


def unmarked(text: str, brackets: Brackets | None = None) -> str:
    """What of a text is Latin and neither marked nor neutral; empty where there is none."""
    return unmarked_outside((brackets or Brackets()).outside_of(text))


@lru_cache(maxsize=10_000)
def unmarked_outside(outside: str) -> str:
    """The same of what stands outside of brackets. Each page repeats the menu of the others."""
    left = " ".join(NEUTRAL.sub("~", outside).split())
    if outside.strip() in STANDING_ALONE or RULE.match(left) or KEPT_ELSEWHERE.search(left):
        return ""
    return left if re.search(f"[{LATIN}]", left) else ""


class _Page(HTMLParser):
    """Collects the unmarked texts and attributes of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.brackets = Brackets()
        self.unread: list[str] = []
        self.sentences: list[str] = []

    def _keep(self, text: str, brackets: Brackets | None = None) -> None:
        if sentence := unmarked(text, brackets):
            self.sentences.append(sentence)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if not self.brackets.depth and not self.unread:
            for name in SHOWN_ATTRIBUTES:
                self._keep(values.get(name, ""))
            if tag == "input" and values.get("type") in BUTTONS:
                self._keep(values.get("value", ""))
        if tag in BLOCKS:
            self.brackets.depth = 0
        if tag in UNREAD or ICONS in values.get("class", ""):
            self.unread.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.unread and self.unread[-1] == tag:
            self.unread.pop()
        if tag in BLOCKS:
            self.brackets.depth = 0

    def handle_data(self, data: str) -> None:
        if not self.unread:
            self._keep(data, self.brackets)


def unmarked_in_page(html: str) -> list[str]:
    """The unmarked sentences of an HTML page."""
    page = _Page()
    page.feed(html)
    page.close()
    return page.sentences


READ_MEMBERS = ("title", "detail", "what", "message", "label", "help", "sentence", "reason")


def unmarked_in_answer(value: object, member: str = "") -> Iterator[str]:
    """The unmarked sentences of an API's answer: the members that are written for people."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from unmarked_in_answer(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from unmarked_in_answer(inner, member)
    elif isinstance(value, str) and member in READ_MEMBERS and (sentence := unmarked(value)):
        yield sentence
