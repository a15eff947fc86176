"""How large a picture says it is, read from its first bytes and without unpacking anything.

A file of a few kilobytes may say that it is 50,000 pixels wide and high; whoever unpacks it, a
reader's browser too, needs gigabytes for that.
"""

from collections.abc import Callable, Mapping
from typing import Final

MAX_PICTURE_PIXELS: Final = 64_000_000
"""More than any camera or scanner of an office makes, and still shown by a telephone."""

_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers that have no length after them."""

Size = tuple[int, int]


def is_showable_size(kind: str, start: bytes) -> bool:
    """Whether a picture of this kind can be unpacked by whoever looks at it; not where its first
    bytes do not say how large it is."""
    size = read_picture_size(kind, start)
    return size is not None and size[0] * size[1] <= MAX_PICTURE_PIXELS


def read_picture_size(kind: str, start: bytes) -> Size | None:
    """Width and height; None where these bytes do not say them."""
    try:
        return _READERS[kind](start)
    except IndexError:
        return None


def _number(content: bytes, at: int, length: int, *, little: bool = False) -> int:
    part = content[at : at + length]
    if len(part) < length:
        raise IndexError(at)
    return int.from_bytes(part, "little" if little else "big")


def _png_size(start: bytes) -> Size:
    return _number(start, 16, 4), _number(start, 20, 4)


def _gif_size(start: bytes) -> Size:
    return _number(start, 6, 2, little=True), _number(start, 8, 2, little=True)


def _webp_size(start: bytes) -> Size | None:
    """Three ways to write one, each with its size at a place of its own."""
    form = start[12:16]
    if form == b"VP8X":
        sides = _number(start, 24, 3, little=True), _number(start, 27, 3, little=True)
        return sides[0] + 1, sides[1] + 1
    if form == b"VP8L":
        both = _number(start, 21, 4, little=True)
        return (both & 0x3FFF) + 1, (both >> 14 & 0x3FFF) + 1
    if form == b"VP8 ":
        sides = _number(start, 26, 2, little=True), _number(start, 28, 2, little=True)
        return sides[0] & 0x3FFF, sides[1] & 0x3FFF
    return None


def _jpeg_size(start: bytes) -> Size | None:
    """From segment to segment, until the one that begins the picture."""
    at = 2
    while start[at] == 0xFF:
        marker = start[at + 1]
        if marker in _JPEG_FRAMES:
            return _number(start, at + 7, 2), _number(start, at + 5, 2)
        if marker == 0xFF:
            at += 1
        elif marker in _JPEG_BARE:
            at += 2
        else:
            at += 2 + _number(start, at + 2, 2)
    return None


_READERS: Final[Mapping[str, Callable[[bytes], Size | None]]] = {
    "png": _png_size,
    "gif": _gif_size,
    "webp": _webp_size,
    "jpg": _jpeg_size,
}
