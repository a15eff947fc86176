"""Cells of CSV files that no spreadsheet takes for a formula, and lines that are streamed."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

WIDE = ("\uff1d", "\uff0b", "\uff0d", "\uff20")
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "'", *WIDE)
"""What a spreadsheet may take for a formula at the beginning of a cell, full-width forms too. The
quote itself is in it, so that taking one leading quote away always gives the text back."""

_encode = json.JSONEncoder(ensure_ascii=False).encode


def _encode_json(value: Any) -> str:
    """JSON as PostgreSQL writes it, so that both databases give the same file."""
    return _encode(_sort_keys(value))


def _sort_keys(value: Any) -> Any:
    """Keys by their length, then by their bytes."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return {key: _sort_keys(value[key]) for key in keys}
    return [_sort_keys(part) for part in value] if isinstance(value, list) else value


def csv_cell(value: Any) -> str:
    """A value as text that no spreadsheet runs; no character is lost."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(RISKY) else value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return format_csv_moment(value)
    return _encode_json(value)  # whole numbers, lists and dicts: none begins like a formula


def format_csv_moment(moment: datetime) -> str:
    """A moment in UTC, to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


class EchoFile:
    """A file for the csv module that gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def join_blocks(lines: Iterable[str]) -> Iterator[str]:
    """Several lines at once: a server sends each piece of a stream by itself."""
    iterator = iter(lines)
    while block := "".join(islice(iterator, 500)):
        yield block
