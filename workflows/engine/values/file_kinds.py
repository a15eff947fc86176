"""Kinds of files: what a map may ask for, and what a file's own bytes say that it is.

A name says what a file claims to be. Its first bytes (and the list at the end of an archive) say
whether that can be so; where a map names kinds, both have to agree.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

HEAD_BYTES: Final = 8192
TAIL_BYTES: Final = 65_536
"""How much of a file's beginning and end is looked at."""

_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class FileEdges:
    """The first and the last bytes of a file."""

    head: bytes
    tail: bytes


def is_plain_text(head: bytes) -> bool:
    """Whether these first bytes can be text: no control characters but line ends and tabs."""
    return head.startswith(UTF16_MARKS) or _CONTROL.search(head) is None


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind that a map may name: the endings of its names, and whether a file can be one."""

    endings: tuple[str, ...]
    fits: Callable[[FileEdges], bool]


def _begins(*signatures: bytes) -> Callable[[FileEdges], bool]:
    return lambda edges: edges.head.startswith(signatures)


def _begins_within(signature: bytes, at: int) -> Callable[[FileEdges], bool]:
    return lambda edges: edges.head[at : at + len(signature)] == signature


def _holds_entry(entry: bytes) -> Callable[[FileEdges], bool]:
    """An archive with a member of this name, which stands in the list at its end."""
    return lambda edges: edges.head.startswith(b"PK\x03\x04") and entry in edges.tail


def _names_type(media_type: bytes) -> Callable[[FileEdges], bool]:
    """An OpenDocument file: it says uncompressed, right at its beginning, what it is."""
    return lambda edges: edges.head.startswith(b"PK\x03\x04") and media_type in edges.head[:200]


def _is_text(edges: FileEdges) -> bool:
    return is_plain_text(edges.head)


def _is_pdf(edges: FileEdges) -> bool:
    return b"%PDF-" in edges.head[:1024]


_OLD_OFFICE: Final = _begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_OPEN_DOCUMENT: Final = b"application/vnd.oasis.opendocument."
FILE_KINDS: Final[Mapping[str, FileKind]] = {
    "pdf": FileKind(("pdf",), _is_pdf),
    "png": FileKind(("png",), _begins(b"\x89PNG\r\n\x1a\n")),
    "jpg": FileKind(("jpg", "jpeg"), _begins(b"\xff\xd8\xff")),
    "gif": FileKind(("gif",), _begins(b"GIF87a", b"GIF89a")),
    "webp": FileKind(("webp",), _begins_within(b"WEBP", 8)),
    "tif": FileKind(("tif", "tiff"), _begins(b"II*\x00", b"MM\x00*")),
    "heic": FileKind(("heic",), _begins_within(b"ftyp", 4)),
    "docx": FileKind(("docx",), _holds_entry(b"word/")),
    "xlsx": FileKind(("xlsx",), _holds_entry(b"xl/")),
    "pptx": FileKind(("pptx",), _holds_entry(b"ppt/")),
    "odt": FileKind(("odt",), _names_type(_OPEN_DOCUMENT + b"text")),
    "ods": FileKind(("ods",), _names_type(_OPEN_DOCUMENT + b"spreadsheet")),
    "odp": FileKind(("odp",), _names_type(_OPEN_DOCUMENT + b"presentation")),
    "doc": FileKind(("doc",), _OLD_OFFICE),
    "xls": FileKind(("xls",), _OLD_OFFICE),
    "ppt": FileKind(("ppt",), _OLD_OFFICE),
    "rtf": FileKind(("rtf",), _begins(b"{\\rtf")),
    "zip": FileKind(("zip",), _begins(b"PK\x03\x04", b"PK\x05\x06")),
    "txt": FileKind(("txt", "md", "log"), _is_text),
    "csv": FileKind(("csv", "tsv"), _is_text),
    "json": FileKind(("json",), _is_text),
    "xml": FileKind(("xml",), _is_text),
    "eml": FileKind(("eml",), _is_text),
}
"""The kinds, by the words that maps name them with."""

PICTURE_TYPES: Final[Mapping[str, str]] = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
"""The pictures that every browser shows and that hold no script, with their media types."""


def kind_of_ending(ending: str) -> str | None:
    """The kind whose files have names with this ending, without its point."""
    return next((name for name, kind in FILE_KINDS.items() if ending in kind.endings), None)


def find_picture_kind(edges: FileEdges) -> str | None:
    """Which of the pictures that browsers show these bytes are."""
    return next((name for name in PICTURE_TYPES if FILE_KINDS[name].fits(edges)), None)
