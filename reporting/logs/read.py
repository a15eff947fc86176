"""The door to event logs: a file, of whatever kind, as one stream of rows in its order.

Memory is flat for CSV, and for XES bounded by the largest case; a table of life-cycle events, and
OCEL, is held as a whole. Times without a zone are taken as UTC.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reporting.logs.columns import chosen
from reporting.logs.csv_log import look, read_csv
from reporting.logs.files import CSV, OCEL, XES, called, encoding_of, kind_of
from reporting.logs.ocel_log import read_ocel
from reporting.logs.rows import Account, LogRow
from reporting.logs.times import Times
from reporting.logs.xes_log import read_xes

__all__ = ["How", "LogRow", "read_log"]


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """What somebody says about a file that it does not say itself."""

    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    dates: str | None = None
    object_type: str | None = None
    skip: bool = False
    """Leave out what cannot be read, instead of refusing the file."""

    @classmethod
    def said(
        cls,
        *,
        columns: list[str] | None = None,
        encoding: str | None = None,
        dates: str | None = None,
        object_type: str | None = None,
        skip: bool = False,
    ) -> "How":
        """From the options of a command. Raises InvalidInput."""
        return cls(columns=chosen(columns or []), encoding=encoding, dates=dates,
                   object_type=object_type, skip=skip)  # fmt: skip


def read_log(
    path: str | Path, how: How | None = None, account: Account | None = None
) -> Iterator[LogRow]:
    """The rows of a log file, in its order.

    Raises InvalidInput: at once where the file as a whole cannot be read, and at its end where
    rows cannot be used, with all of them in one answer, unless they are to be skipped.
    """
    how, path = how or How(), Path(path)
    account = account or Account(str(path))
    account.format = kind_of(path)
    yield from _rows(path, how, account)
    if not how.skip:
        account.refuse_faults()


def _rows(path: Path, how: How, account: Account) -> Iterator[LogRow]:
    if account.format == XES:
        return read_xes(path, Times(how.dates), account)
    if account.format == OCEL:
        return read_ocel(path, Times(how.dates), account, how.object_type)
    assert account.format == CSV
    encoding = encoding_of(path, how.encoding)
    account.encoding = called(encoding)
    table = look(path, encoding, how.columns, how.dates, account)
    return read_csv(table, account)
