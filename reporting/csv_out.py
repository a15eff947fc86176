"""Tables as downloads: one way for every report, and no cell that a spreadsheet runs."""

import csv
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse

from reporting.audit_csv import blocks, cell

TYPE = "text/csv; charset=utf-8"


def csv_file(name: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> HttpResponse:
    """A small table as a file of this name, without `.csv`."""
    answer = HttpResponse(content_type=TYPE, headers=_as_file(f"{name}.csv"))
    writer = csv.writer(answer)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_plain(value) for value in row])
    return answer


def streamed(name: str, lines: Iterable[str], content_type: str = TYPE) -> StreamingHttpResponse:
    """Lines of text as a file of this name, sent as they are made."""
    return StreamingHttpResponse(blocks(lines), content_type=content_type, headers=_as_file(name))


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _plain(value: Any) -> str:
    return cell(value) if isinstance(value, str | datetime) or value is None else str(value)
