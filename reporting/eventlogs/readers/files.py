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
from dataclasses import replace
from pathlib import Path
from typing import IO

from workflows.engine.errors import InvalidInput
from workflows.engine.texts import Text, text

CSV, XES, OCEL = "CSV", "XES", "OCEL 2.0"
GZIP = b"\x1f\x8b"
FOREIGN_FORMATS = (
    (b"PAR1", text("%(path)s is a Parquet file; save it as CSV.")),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        text("%(path)s is an old Excel workbook; save its sheet as CSV."),
    ),
    (b"7z\xbc\xaf\x27\x1c", text("%(path)s is a 7-Zip archive; unpack it and give the log in it.")),
    (b"Rar!", text("%(path)s is a RAR archive; unpack it and give the log in it.")),
    (b"BZh", text("%(path)s is packed with bzip2; unpack it, or pack it with gzip.")),
    (b"\xfd7zXZ", text("%(path)s is packed with xz; unpack it, or pack it with gzip.")),
    (b"\x28\xb5\x2f\xfd", text("%(path)s is packed with zstd; unpack it, or pack it with gzip.")),
    (b"ARROW1", text("%(path)s is an Arrow (Feather) file; save it as CSV.")),
    (b"SQLite format 3", text("%(path)s is an SQLite database; save the log in it as CSV or XES.")),
    (b"%PDF", text("%(path)s is a PDF; save the log as CSV or XES.")),
    (b"\x89HDF", text("%(path)s is an HDF5 file; save it as CSV.")),
    (b"\x89PNG", text("%(path)s is a picture; give the log itself.")),
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
        raise InvalidInput("%(path)s: there is no such file; check the path.", path=path) from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise InvalidInput(
            "%(path)s cannot be read: %(problem)s.", path=repr(str(path)[:200]), problem=reason
        ) from None
    if stat.S_ISDIR(mode):
        raise InvalidInput("%(path)s is a folder; name the log file in it.", path=path)
    if not stat.S_ISREG(mode):
        raise InvalidInput("%(path)s is no regular file; save the log to a file first.", path=path)


@contextmanager
def open_log_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked where they are gzipped; what goes wrong is said in words."""
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == GZIP or path.suffix.lower() == ".gz"
        with gzip.open(path, "rb") if zipped else path.open("rb") as stream:
            yield stream  # type: ignore[misc]
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise InvalidInput(
            "%(path)s: the compressed file is damaged or cut off (%(problem)s); copy it again.",
            path=path,
            problem=problem,
        ) from None
    except OSError as problem:
        raise InvalidInput(
            "%(path)s cannot be read: %(problem)s.",
            path=path,
            problem=problem.strerror or problem,
        ) from None


def detect_log_format(path: Path) -> str:
    """CSV, XES or OCEL 2.0, by what is in the file. Raises InvalidInput for anything else."""
    check_file(path)
    with open_log_bytes(path) as stream:
        begin = stream.read(PROBE)
    _refuse_foreign_formats(begin, path)
    suffixes = {suffix.lower() for suffix in path.suffixes[-2:]}
    head = _decode_start(begin).lstrip("\ufeff \t\r\n")
    if (head[:9].lower() == "<!doctype" and "html" in head[:60].lower()) or head[:5] == "<html":
        raise InvalidInput("%(path)s is a web page; is it the page around the log?", path=path)
    if head.startswith("<") or suffixes & {".xes", ".xml"}:
        return XES
    if suffixes & {".json", ".jsonocel"} or (head.startswith("{") and '"' in head[:200]):
        return OCEL
    return CSV


def _refuse_foreign_formats(begin: bytes, path: Path) -> None:
    if begin.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise InvalidInput(_describe_zip(path))
    for magic, sentence in FOREIGN_FORMATS:
        if begin.startswith(magic):
            raise InvalidInput(replace(sentence, parameters={"path": path}))


def _describe_zip(path: Path) -> Text:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        names = []
    if any(name.startswith("xl/") for name in names):
        return text("%(path)s is an Excel workbook (.xlsx); save its sheet as CSV.", path=path)
    if "content.xml" in names:
        return text("%(path)s is an OpenDocument file; save its sheet as CSV.", path=path)
    if names:
        return text(
            "%(path)s is a zip archive (%(names)s); unpack it and give the log in it.",
            path=path,
            names=", ".join(names[:3]),
        )
    return text("%(path)s is a zip archive; unpack it and give the log in it.", path=path)


def _decode_start(begin: bytes) -> str:
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


def detect_encoding(path: Path, chosen_encoding: str | None) -> str:
    """The encoding of a text file: as asked, by its look, UTF-8, else Windows-1252.

    Raises InvalidInput where it is none of these, naming the line.
    """
    if chosen_encoding is not None:
        try:
            return codecs.lookup(chosen_encoding).name
        except LookupError:
            raise InvalidInput(
                "--encoding: '%(encoding)s' is no encoding.",
                encoding=chosen_encoding[:40],
            ) from None
    with open_log_bytes(path) as stream:
        seen = _encoding_by_look(stream.read(PROBE))
    if seen is not None:
        return seen
    for name in ("utf-8", "cp1252"):
        line = _first_bad_line(path, name)
        if line is None:
            return name
    raise InvalidInput(
        "%(path)s, line %(line)s: this is neither UTF-8 nor Windows-1252 text; save the file as"
        " UTF-8, or name its --encoding.",
        path=path,
        line=line,
    )


def _first_bad_line(path: Path, encoding: str) -> int | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 0
    with open_log_bytes(path) as stream:
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
def open_log_text(path: Path, encoding: str) -> Iterator[IO[str]]:
    """The file's text, with its line ends as they are."""
    with open_log_bytes(path) as stream:
        decoded = io.TextIOWrapper(stream, encoding=encoding, newline="")
        try:
            yield decoded
        except UnicodeDecodeError as problem:
            raise InvalidInput(
                "%(path)s is not %(encoding)s text (%(reason)s); name its --encoding.",
                path=path,
                encoding=encoding,
                reason=problem.reason,
            ) from None
        finally:
            decoded.detach()


def load_log_json(path: Path) -> object:
    """The document of a JSON file. Raises InvalidInput."""
    with open_log_bytes(path) as stream:
        try:
            return json.loads(stream.read())
        except (ValueError, RecursionError) as problem:
            raise InvalidInput(
                "%(path)s is not whole JSON (%(problem)s); is the file cut off? Export it again.",
                path=path,
                problem=problem,
            ) from None


def encoding_label(encoding: str) -> str:
    """An encoding's name as people know it."""
    names = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "cp1252": "Windows-1252 (CP1252)"}
    return names.get(encoding, encoding.upper())
