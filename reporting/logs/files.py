"""A log as a file: what kind it is, unpacked and decoded. What it is not is said by name."""

import codecs
import gzip
import io
import json
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from workflows.engine.errors import InvalidInput

CSV, XES, OCEL = "CSV", "XES", "OCEL 2.0"
GZIP = b"\x1f\x8b"
OTHERS = (
    (b"PAR1", "a Parquet file; save it as CSV"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook; save its sheet as CSV"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it and give the log in it"),
    (b"Rar!", "a RAR archive; unpack it and give the log in it"),
    (b"BZh", "packed with bzip2; unpack it, or pack it with gzip"),
    (b"\xfd7zXZ", "packed with xz; unpack it, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd; unpack it, or pack it with gzip"),
    (b"ARROW1", "an Arrow (Feather) file; save it as CSV"),
    (b"SQLite format 3", "an SQLite database; save the log in it as CSV or XES"),
    (b"%PDF", "a PDF; save the log as CSV or XES"),
    (b"\x89HDF", "an HDF5 file; save it as CSV"),
    (b"\x89PNG", "a picture; give the log itself"),
)
"""How other files begin, and what to do."""
BOMS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
PROBE = 65_536


def check_file(path: Path) -> None:
    """A log is read more than once, so it is a file, and no pipe or device."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise InvalidInput(f"{path}: there is no such file; check the path.") from None
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or problem
        raise InvalidInput(f"{str(path)[:200]!r} cannot be read: {why}.") from None
    if stat.S_ISDIR(mode):
        raise InvalidInput(f"{path} is a folder; name the log file in it.")
    if not stat.S_ISREG(mode):
        raise InvalidInput(f"{path} is no regular file; save the log to a file first.")


@contextmanager
def plain_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked where they are gzipped; what goes wrong is said in words."""
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == GZIP or path.suffix.lower() == ".gz"
        with gzip.open(path, "rb") if zipped else path.open("rb") as stream:
            yield stream  # type: ignore[misc]
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise InvalidInput(
            f"{path}: the compressed file is damaged or cut off ({problem}); copy it again."
        ) from None
    except OSError as problem:
        raise InvalidInput(f"{path} cannot be read: {problem.strerror or problem}.") from None


def kind_of(path: Path) -> str:
    """CSV, XES or OCEL 2.0, by what is in the file. Raises InvalidInput for anything else."""
    check_file(path)
    with plain_bytes(path) as stream:
        begin = stream.read(PROBE)
    _refuse_others(begin, path)
    suffixes = {suffix.lower() for suffix in path.suffixes[-2:]}
    head = _text(begin).lstrip("\ufeff \t\r\n")
    if (head[:9].lower() == "<!doctype" and "html" in head[:60].lower()) or head[:5] == "<html":
        raise InvalidInput(f"{path} is a web page; is it the page around the log?")
    if head.startswith("<") or suffixes & {".xes", ".xml"}:
        return XES
    if suffixes & {".json", ".jsonocel"} or (head.startswith("{") and '"' in head[:200]):
        return OCEL
    return CSV


def _refuse_others(begin: bytes, path: Path) -> None:
    if begin.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise InvalidInput(f"{path} is {_zip(path)}.")
    for magic, what in OTHERS:
        if begin.startswith(magic):
            raise InvalidInput(f"{path} is {what}.")


def _zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        names = []
    if any(name.startswith("xl/") for name in names):
        return "an Excel workbook (.xlsx); save its sheet as CSV"
    if "content.xml" in names:
        return "an OpenDocument file; save its sheet as CSV"
    held = f" ({', '.join(names[:3])})" if names else ""
    return f"a zip archive{held}; unpack it and give the log in it"


def _text(begin: bytes) -> str:
    return begin.decode(_encoding_by_look(begin) or "utf-8", errors="replace")


def _encoding_by_look(begin: bytes) -> str | None:
    """What a byte order mark says, or the zeros of UTF-16 without one."""
    for bom, name in BOMS:
        if begin.startswith(bom):
            return "utf-8-sig" if name == "UTF-8" else name.lower()
    half = len(begin[:400]) // 2
    even, odd = begin[0:400:2].count(0), begin[1:400:2].count(0)
    if half >= 8 and odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le"
    if half >= 8 and even > 0.4 * half and odd < 0.1 * half:
        return "utf-16-be"
    return None


def encoding_of(path: Path, asked: str | None) -> str:
    """The encoding of a text file: as asked, by its look, UTF-8, else Windows-1252.

    Raises InvalidInput where it is none of these, naming the line.
    """
    if asked is not None:
        try:
            return codecs.lookup(asked).name
        except LookupError:
            raise InvalidInput(f"--encoding: '{asked[:40]}' is no encoding.") from None
    with plain_bytes(path) as stream:
        seen = _encoding_by_look(stream.read(PROBE))
    if seen is not None:
        return seen
    for name in ("utf-8", "cp1252"):
        line = _first_bad_line(path, name)
        if line is None:
            return name
    raise InvalidInput(
        f"{path}, line {line}: this is neither UTF-8 nor Windows-1252 text; save the file as"
        " UTF-8, or name its --encoding."
    )


def _first_bad_line(path: Path, encoding: str) -> int | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 0
    with plain_bytes(path) as stream:
        while block := stream.read(1 << 20):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as problem:
                return lines + block[: problem.start].count(b"\n") + 1
            lines += block.count(b"\n")
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return lines + 1
    return None


@contextmanager
def text_of(path: Path, encoding: str) -> Iterator[IO[str]]:
    """The file's text, with its line ends as they are."""
    with plain_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding=encoding, newline="")
        try:
            yield text
        except UnicodeDecodeError as problem:
            raise InvalidInput(
                f"{path} is not {encoding} text ({problem.reason}); name its --encoding."
            ) from None
        finally:
            text.detach()


def json_of(path: Path) -> object:
    """The document of a JSON file. Raises InvalidInput."""
    with plain_bytes(path) as stream:
        try:
            return json.loads(stream.read())
        except (ValueError, RecursionError) as problem:
            raise InvalidInput(
                f"{path} is not whole JSON ({problem}); is the file cut off? Export it again."
            ) from None


def called(encoding: str) -> str:
    """An encoding's name as people know it."""
    names = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "cp1252": "Windows-1252 (CP1252)"}
    return names.get(encoding, encoding.upper())
