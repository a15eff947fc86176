"""The door to event logs: a file, of whatever kind, as one stream of rows in its order.

Memory is flat for CSV, and for XES bounded by the largest case; a table of life-cycle events, and
OCEL, is held as a whole. Times without a zone are taken as UTC.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reporting.eventlogs.account import Account
from reporting.eventlogs.messages import refuse_faults
from reporting.eventlogs.readers.columns import parse_column_options
from reporting.eventlogs.readers.csv_log import inspect_csv_table, read_csv
from reporting.eventlogs.readers.files import (
    CSV,
    OCEL,
    XES,
    detect_encoding,
    detect_log_format,
    encoding_label,
)
from reporting.eventlogs.readers.ocel_log import read_ocel
from reporting.eventlogs.readers.rows import LogRow
from reporting.eventlogs.readers.times import TimeReader
from reporting.eventlogs.readers.xes_log import read_xes

__all__ = ["LogReadOptions", "LogRow", "read_log"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReadOptions:
    """What somebody says about a file that it does not say itself."""

    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    dates: str | None = None
    object_type: str | None = None
    skip: bool = False
    """Leave out what cannot be read, instead of refusing the file."""

    @classmethod
    def from_options(
        cls,
        *,
        columns: list[str] | None = None,
        encoding: str | None = None,
        dates: str | None = None,
        object_type: str | None = None,
        skip: bool = False,
    ) -> "LogReadOptions":
        """From the options of a command. Raises InvalidInput."""
        return cls(
            columns=parse_column_options(columns or []),
            encoding=encoding,
            dates=dates,
            object_type=object_type,
            skip=skip,
        )


def read_log(
    path: str | Path, options: LogReadOptions | None = None, account: Account | None = None
) -> Iterator[LogRow]:
    """The rows of a log file, in its order.

    Raises InvalidInput: at once where the file as a whole cannot be read, and at its end where
    rows cannot be used, with all of them in one answer, unless they are to be skipped.
    """
    options, path = options or LogReadOptions(), Path(path)
    account = account or Account(str(path))
    account.format = detect_log_format(path)
    yield from _read_rows(path, options, account)
    if not options.skip:
        refuse_faults(account)


def _read_rows(path: Path, options: LogReadOptions, account: Account) -> Iterator[LogRow]:
    if account.format == XES:
        return read_xes(path, TimeReader(options.dates), account)
    if account.format == OCEL:
        return read_ocel(path, TimeReader(options.dates), account, options.object_type)
    assert account.format == CSV
    encoding = detect_encoding(path, options.encoding)
    account.encoding = encoding_label(encoding)
    table = inspect_csv_table(path, encoding, options.columns, options.dates, account)
    return read_csv(table, account)
