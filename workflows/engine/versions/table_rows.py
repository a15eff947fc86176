"""What is different between two tables, row by row."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, Final

from workflows.engine.format.table_parts import cell_text

MOST_TOLD: Final = 100
"""So many rows are told one by one."""

PlainRow = Mapping[str, Any]
RowChange = tuple[int, PlainRow | None, PlainRow | None]
"""A row's number now (of one that is gone, then), what it said and what it says."""


def changed_rows(before: Sequence[PlainRow], after: Sequence[PlainRow]) -> Iterator[RowChange]:
    """The rows that came, went, or say something else; what only moved up or down is none."""
    said, says = list(map(repr, before)), list(map(repr, after))
    matcher = SequenceMatcher(a=said, b=says, autojunk=False)
    for tag, first, last, start, end in matcher.get_opcodes():
        if tag == "equal":
            continue
        pairs = zip_longest(range(first, last), range(start, end))
        for old, new in pairs:
            was = before[old] if old is not None else None
            now = after[new] if new is not None else None
            yield (new if new is not None else old or 0) + 1, was, now


def plain_row_text(row: PlainRow | None) -> str:
    """A row in one line: its cells, what it sets, where it leads."""
    if row is None:
        return ""
    cells = [f"{key} {cell_text(cell)}" for key, cell in (row.get("when") or {}).items()]
    results = [f"{key} = {cell_text(value)}" for key, value in (row.get("set") or {}).items()]
    target = [f"\u2192 {row['to']}"] if row.get("to") else []
    note = [f"({row['note']})"] if row.get("note") else []
    return " \u00b7 ".join([*cells, *results, *target, *note]) or "-"
