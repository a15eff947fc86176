"""Tables as downloads: one way for every report, and no cell that a spreadsheet runs."""

import csv
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse

from approvals.ui.csv_cells import csv_cell, join_blocks
from approvals.ui.tables import ReportTable

TYPE = "text/csv; charset=utf-8"


def csv_file_response(
    name: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]
) -> HttpResponse:
    """A small table as a file of this name, without `.csv`."""
    answer = HttpResponse(content_type=TYPE, headers=_attachment_headers(f"{name}.csv"))
    writer = csv.writer(answer)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_csv_value(value) for value in row])
    return answer


def table_csv_response(name: str, table: ReportTable[Any]) -> HttpResponse:
    """A report's table as a file of this name, without `.csv`."""
    return csv_file_response(name, table.csv_header, table.csv_rows())


def stream_file(name: str, lines: Iterable[str], content_type: str = TYPE) -> StreamingHttpResponse:
    """Lines of text as a file of this name, sent as they are made."""
    return StreamingHttpResponse(
        join_blocks(lines), content_type=content_type, headers=_attachment_headers(name)
    )


def _attachment_headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _csv_value(value: Any) -> str:
    return csv_cell(value) if isinstance(value, str | datetime) or value is None else str(value)
