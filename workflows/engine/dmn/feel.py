"""Values and unary tests of FEEL, as far as compliance level 2 has them in decision tables."""

import json
import re
from decimal import Decimal
from typing import Any, Final

from workflows.engine.tables.cell_tests import (
    CellProblem,
    CellTests,
    Equal,
    IsEmpty,
    read_cell,
    unescape,
    write_cell,
)
from workflows.engine.tables.columns import TableColumn
from workflows.engine.values.field_types.base import FieldSpec, ValueRefused, type_of_field
from workflows.engine.values.field_types.numbers import plain_number

_NUMBER: Final = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
_DATE: Final = re.compile(r'date\s*\(\s*"([^"]*)"\s*\)')
_DATE_PARTS: Final = re.compile(r"date\s*\(\s*([0-9]+)\s*,\s*([0-9]+)\s*,\s*([0-9]+)\s*\)")
_MOMENT: Final = re.compile(r'date and time\s*\(\s*"([^"]*)"\s*\)')
_LIST_ITEM: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_AT: Final = re.compile(r'@"([^"]*)"')


def read_feel_cell(written: str, column: TableColumn) -> CellTests:
    """A cell of a file. Raises CellProblem."""
    cell = read_cell(written, lambda text, quoted: read_feel_value(text, quoted, column.spec))
    if not cell.is_negated:
        return cell
    # an empty field is in no negated cell of ours, whether it is named there or not
    tests = tuple(test for test in cell.tests if not isinstance(test, IsEmpty))
    return CellTests(tests, is_negated=True) if tests else cell


def write_feel_cell(cell: CellTests, column: TableColumn) -> str:
    """A cell as FEEL has it. There not(…) takes an empty field too, so that is left out."""
    if cell.is_negated and any(isinstance(test, Equal) for test in cell.tests):
        tests = (*(test for test in cell.tests if test != IsEmpty()), IsEmpty())
        cell = CellTests(tests, is_negated=True)
    return write_cell(cell, lambda value: write_feel_value(value, column.spec))


def read_feel_value(written: str, is_quoted: bool, spec: FieldSpec) -> Any:
    """The canonical value of a literal. Raises CellProblem."""
    try:
        return type_of_field(spec).clean(spec, _python_value(written, is_quoted, spec))
    except ValueRefused as problem:
        raise CellProblem(problem.text) from None


def _python_value(written: str, is_quoted: bool, spec: FieldSpec) -> Any:
    kind = type_of_field(spec).kind
    if is_quoted:
        if kind != "text":
            raise CellProblem("a text in quotes is no value of this field.")
        return written
    if _NUMBER.fullmatch(written) and kind == "number":
        return Decimal(written)
    if written in ("true", "false") and kind == "boolean":
        return written == "true"
    if kind == "date":
        return _date_text(written)
    raise CellProblem(
        "'%(written)s' is no literal of this field; names, functions and sums are not taken over.",
        written=written[:60],
    )


def _date_text(written: str) -> str:
    parts = _DATE_PARTS.fullmatch(written)
    if parts:
        year, month, day = parts.groups()
        return f"{year:0>4}-{month:0>2}-{day:0>2}"
    for pattern in (_DATE, _MOMENT, _AT):
        found = pattern.fullmatch(written)
        if found:
            return found[1]
    raise CellProblem(
        "'%(written)s' is no date; write it as date(\"2026-01-31\").", written=written[:60]
    )


def read_feel_result(written: str, spec: FieldSpec) -> Any:
    """The canonical value of a result; of a field for several choices or people a list, or one of
    them. Raises CellProblem."""
    if not type_of_field(spec).holds_several:
        return read_feel_value(*_without_quotes(written), spec)
    is_list = written.startswith("[") and written.endswith("]")
    items = _LIST_ITEM.findall(written[1:-1]) if is_list else [written]
    if is_list and _LIST_ITEM.sub("", written[1:-1]).replace(",", "").strip():
        raise CellProblem(
            '\'%(written)s\' is no list of texts in quotes; write it as ["a", "b"].',
            written=written[:60],
        )
    texts = [_text_of_item(item) for item in items]
    try:
        return type_of_field(spec).clean(spec, texts) if texts else None
    except ValueRefused as problem:
        raise CellProblem(problem.text) from None


def _text_of_item(written: str) -> str:
    text, is_quoted = _without_quotes(written)
    if not is_quoted:
        raise CellProblem(
            "'%(written)s' is no literal of this field; names, functions and sums are not taken"
            " over.",
            written=written[:60],
        )
    return text


def _without_quotes(written: str) -> tuple[str, bool]:
    is_quoted = len(written) > 1 and written[0] == written[-1] == '"'
    return (unescape(written[1:-1]), True) if is_quoted else (written, False)


def write_feel_value(value: Any, spec: FieldSpec) -> str:
    """A canonical value as a literal."""
    if value is None:
        return "null"
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    field_type = type_of_field(spec)
    if field_type.kind == "number":
        return plain_number(Decimal(value))
    if field_type.kind == "date":
        word = "date" if field_type.is_day else "date and time"
        return f'{word}("{value}")'
    return json.dumps(str(value), ensure_ascii=False)
