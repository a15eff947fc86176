"""Short digests of values: what an approval remembers of what it showed."""

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

Fits = Callable[[Any, str], bool]


def value_digest(value: Any) -> str:
    """A short digest of a value. Of a list of rows also which cells had something in them: to
    fill in one that was empty changes nothing that somebody saw."""
    if not _is_row_list(value):
        return _hash(value)
    whole = (1 << len(value)) - 1
    masks = {
        column: sum(1 << number for number, row in enumerate(value) if column in row)
        for column in sorted({column for row in value for column in row})
    }
    cells = [column if mask == whole else f"{column}~{mask:x}" for column, mask in masks.items()]
    return _digest_of_cells(value, ",".join(cells))


def _digest_of_cells(rows: Sequence[Mapping[str, Any]], cells: str) -> str:
    """Of the cells that are named: a column, and behind `~` in which rows, where not in all."""
    seen: list[Any] = [len(rows)]
    for part in cells.split(","):
        column, _, written = part.partition("~")
        mask = int(written, 16) if written else -1
        seen.append([row.get(column) for number, row in enumerate(rows) if mask >> number & 1])
    return f"{_hash(seen)}:{cells}"


def _hash(value: Any) -> str:
    serialized = json.dumps(value, sort_keys=True, default=str)
    return sha256(serialized.encode()).hexdigest()[:16]


def _is_row_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def fits_digest(value: Any, digest: str) -> bool:
    """Whether a value is what had this digest."""
    _, colon, cells = digest.partition(":")
    if colon and _is_row_list(value):
        return digest == _digest_of_cells(value, cells)
    return value_digest(value) == digest
