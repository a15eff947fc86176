"""What of a document can be shown in a page, judged by its bytes and never by its name alone.

A page shows PDF, pictures that hold no script, and text. Whatever is text is shown as text, HTML
and SVG above all.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from typing import Final

from django.core.files import File

from workflows.documents.models import Document
from workflows.engine.errors import NotFound
from workflows.engine.values.file_kinds import (
    FILE_KINDS,
    HEAD_BYTES,
    PICTURE_TYPES,
    UTF16_MARKS,
    FileEdges,
    find_picture_kind,
    is_plain_text,
)
from workflows.engine.values.picture_sizes import is_showable_size

MAX_PREVIEW_BYTES: Final = 200_000
"""How much of a text is read to be shown or compared."""
MAX_COMPARED_LINES: Final = 2_000
"""Longer texts are not compared: how long that takes grows with the square of their lines."""
CONTEXT_LINES: Final = 3
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""Signs that do something instead of being read; some turn the order of what stands around."""


class PreviewKind(StrEnum):
    """How a document can be shown."""

    PDF = "pdf"
    PICTURE = "picture"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class TextPreview:
    """The beginning of a text: in which charset it was read, and whether there is more of it."""

    text: str
    charset: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """How a document is shown: its kind, and its media type where it is sent as it is."""

    kind: PreviewKind | None
    media_type: str = ""
    text: TextPreview | None = None


def read_preview(document: Document) -> Preview:
    """What can be shown of a document; a preview without a kind where that is nothing. Reads at
    most `MAX_PREVIEW_BYTES`. Raises NotFound where the file is gone."""
    start = _read_start(document)
    head = start[:HEAD_BYTES]
    edges = FileEdges(head, b"")
    picture = find_picture_kind(edges)
    if picture is not None:
        if not is_showable_size(picture, start):
            return Preview(None)
        return Preview(PreviewKind.PICTURE, PICTURE_TYPES[picture])
    if FILE_KINDS["pdf"].fits(edges):
        return Preview(PreviewKind.PDF, "application/pdf")
    if is_plain_text(start):
        return Preview(PreviewKind.TEXT, "", _decode_text(start[:MAX_PREVIEW_BYTES], len(start)))
    return Preview(None)


def _read_start(document: Document) -> bytes:
    """The first bytes of the file, and one more to know whether there are others."""
    with open_stored_file(document) as file:
        content: bytes = file.read(MAX_PREVIEW_BYTES + 1)
    return content


def open_stored_file(document: Document) -> File:
    """The document's file, opened. Raises NotFound where the store has lost it."""
    try:
        opened: File = document.file.open("rb")
    except FileNotFoundError:
        raise NotFound(
            "The file of %(document)s is missing from the store. Tell the people who run Handoff.",
            document=document,
        ) from None
    return opened


def _decode_text(content: bytes, length: int) -> TextPreview:
    """The text in the first charset that reads it; the last one reads everything. A character that
    is cut in two at the end is left out."""
    is_cut = length > len(content)
    charsets = ("utf-16",) if content.startswith(UTF16_MARKS) else ("utf-8-sig", "windows-1252")
    for charset in charsets:
        decoder = getincrementaldecoder(charset)("strict")
        try:
            text = decoder.decode(content, final=not is_cut)
        except UnicodeDecodeError:
            continue
        return TextPreview(_with_plain_line_ends(text), charset.removesuffix("-sig"), is_cut)
    return TextPreview(_with_plain_line_ends(content.decode("latin-1")), "latin-1", is_cut)


def _with_plain_line_ends(text: str) -> str:
    """The same lines; what is no sign of a text shows as such instead of doing something."""
    return _CONTROL.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


# -- two versions -----------------------------------------------------------------------------


class LineChange(StrEnum):
    """What became of a line from one version to the other."""

    ADDED = "added"
    REMOVED = "removed"
    SAME = "same"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """One line of a difference; a `PLACE` says where in both texts the next lines stand."""

    change: LineChange
    text: str


@dataclass(frozen=True, slots=True)
class TextDifference:
    """How two texts differ; none of the lines where they are equal. `is_too_long` where they are
    not compared."""

    lines: Sequence[DifferenceLine] = ()
    is_too_long: bool = False


_CHANGES: Final = {"+": LineChange.ADDED, "-": LineChange.REMOVED, "@": LineChange.PLACE}


def compare_texts(before: TextPreview, after: TextPreview) -> TextDifference:
    """How the text of one version differs from that of another, line by line."""
    old_lines, new_lines = before.text.split("\n"), after.text.split("\n")
    longest = max(len(old_lines), len(new_lines))
    if before.is_cut or after.is_cut or longest > MAX_COMPARED_LINES:
        return TextDifference(is_too_long=True)
    written_lines = unified_diff(old_lines, new_lines, n=CONTEXT_LINES, lineterm="")
    return TextDifference([_difference_line(line) for line in list(written_lines)[2:]])


def _difference_line(line: str) -> DifferenceLine:
    change = _CHANGES.get(line[:1], LineChange.SAME)
    return DifferenceLine(change, line if change == LineChange.PLACE else line[1:])
