"""Event logs in: CSV and XES, plain or gzipped, as one stream of rows in the file's order.

Memory is flat for CSV, and for XES bounded by the largest case. Times without a zone are taken as
UTC. Whatever is wrong with a file is one `InvalidInput` that names the place and the mend.
"""

import csv
import gzip
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from reporting.moments import parse_moment
from reporting.xes import read_xes
from workflows.engine.errors import InvalidInput

MAX_LINE = 1_000_000
MAX_CELL = 100_000

ALIASES = {
    "case:concept:name": "case_id",
    "concept:name": "activity",
    "org:resource": "resource",
    "time:timestamp": "end",
    "start_time": "start",
    "end_time": "end",
    "enable_time": "enabled",
    "enabled_time": "enabled",
}
"""Other names that event logs commonly have for our columns."""

NEEDED = ("case_id", "activity", "end")


@dataclass(frozen=True, slots=True)
class LogRow:
    """One activity instance of one case.

    `line` is its place in the file, for messages: the line of a CSV, the how-manieth event of XES.
    """

    case_id: str
    activity: str
    resource: str
    enabled: datetime | None
    start: datetime | None
    end: datetime
    data: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


def read_log(path: str | Path) -> Iterator[LogRow]:
    """The rows of a log file, in its order. Raises InvalidInput."""
    path = Path(path)
    _check_file(path)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    with _plain_bytes(path, zipped=suffixes[-1:] == [".gz"]) as stream:
        if ".xes" in suffixes or ".xml" in suffixes:
            yield from _read_xes(stream, str(path))
        else:
            yield from _read_csv(stream, str(path))


def _check_file(path: Path) -> None:
    """A log is read twice, so it is a file, and no pipe or device."""
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
def _plain_bytes(path: Path, *, zipped: bool) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked; what goes wrong on the way is said in words."""
    try:
        with gzip.open(path, "rb") if zipped else path.open("rb") as stream:
            yield stream  # type: ignore[misc]
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise InvalidInput(
            f"{path}: the compressed file is damaged or cut off ({problem}); copy it again."
        ) from None
    except OSError as problem:
        raise InvalidInput(f"{path} cannot be read: {problem.strerror or problem}.") from None


# -- CSV --------------------------------------------------------------------------------------


def _lines(stream: IO[bytes], name: str) -> Iterator[str]:
    """Decoded lines, none of them longer than a sane record."""
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise InvalidInput(
                f"{name}, line {number}: the line is longer than {MAX_LINE:,} characters;"
                " this is not an event log with one row a line."
            )
        if b"\x00" in line:
            raise InvalidInput(
                f"{name}, line {number}: there is a NUL byte; save it as UTF-8 text."
            )
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise InvalidInput(
                f"{name}, line {number}: this is not UTF-8 text; save the file as UTF-8."
            ) from None


def _read_csv(stream: IO[bytes], name: str) -> Iterator[LogRow]:
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(_lines(stream, name), strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise InvalidInput(f"{name} is empty; a log has a header line and a row an activity.")
        columns = _columns(header, name)
        for cells in reader:
            if cells:
                yield _row(cells, columns, f"{name}, line {reader.line_num}", reader.line_num)
    except csv.Error as problem:
        raise InvalidInput(
            f"{name}, line {reader.line_num}: the line is not valid CSV ({problem});"
            " check its quotes."
        ) from None


def _read_xes(stream: IO[bytes], name: str) -> Iterator[LogRow]:
    for place, values in read_xes(stream, name):
        row = LogRow(**values)
        check_row(row, place)
        yield row


def _columns(header: list[str], name: str) -> list[str]:
    """Our name of each column; a column that is none of ours is ''."""
    written = [cell.strip() for cell in header]
    known = {"case_id", "activity", "resource", "enabled", "start", "end"}
    plain = [text if text.startswith("data.") else text.lower() for text in written]
    columns = [text if text in known or text.startswith("data.") else "" for text in plain]
    for position, text in enumerate(plain):
        ours = ALIASES.get(text)
        if ours and ours not in columns:
            columns[position] = ours
    for column in {c for c in columns if c}:
        if columns.count(column) > 1:
            raise InvalidInput(f"{name}: the header has the column '{column}' twice; drop one.")
    missing = [column for column in NEEDED if column not in columns]
    if missing:
        raise InvalidInput(
            f"{name}: the header has no column {', '.join(missing)}; a log has the columns"
            " case_id, activity, resource, end and, where known, enabled, start."
        )
    return columns


def _row(cells: list[str], columns: list[str], place: str, line: int) -> LogRow:
    if len(cells) != len(columns):
        raise InvalidInput(
            f"{place}: there are {len(cells)} cells under a header of {len(columns)};"
            " is the line cut off?"
        )
    values = {column: cell for column, cell in zip(columns, cells, strict=True) if column}
    end = _moment(values["end"], "end", place)
    if end is None:
        raise InvalidInput(f"{place}: the end is empty; each row needs the time it was done.")
    row = LogRow(
        case_id=values["case_id"].strip(),
        activity=values["activity"].strip(),
        resource=values.get("resource", "").strip(),
        enabled=_moment(values.get("enabled", ""), "enabled", place),
        start=_moment(values.get("start", ""), "start", place),
        end=end,
        data={k[5:]: v for k, v in values.items() if k.startswith("data.") and v != ""},
        line=line,
    )
    check_row(row, place)
    return row


def check_row(row: LogRow, place: str) -> None:
    """Refuse a row that says nothing, or whose moments are out of order."""
    for name, longest in (("case_id", 200), ("activity", 200), ("resource", 150)):
        text = getattr(row, name)
        if not text and name != "resource":
            raise InvalidInput(f"{place}: the {name} is empty; fill it in or drop the row.")
        if len(text) > longest:
            raise InvalidInput(f"{place}: the {name} is longer than {longest} characters.")
    if row.start is not None and row.start > row.end:
        raise InvalidInput(f"{place}: it starts after it ends; correct its times.")
    if row.enabled is not None and row.enabled > (row.start or row.end):
        raise InvalidInput(f"{place}: it is enabled after it starts; correct its times.")


def _moment(text: str, column: str, place: str) -> datetime | None:
    text = text.strip()
    if not text:
        return None
    try:
        return parse_moment(text)
    except ValueError:
        raise InvalidInput(
            f"{place}: the {column} '{text[:40]}' is not a time; write it like"
            " 2026-03-31T14:05:00Z."
        ) from None
