"""One door to all formats, for the command and the page."""

from collections.abc import Callable, Iterator
from typing import Any

from reporting.exports.log_csv import csv_lines
from reporting.exports.ocel import ocel_lines
from reporting.exports.rows import people_fields, requests_done
from reporting.exports.xes import xes_lines
from reporting.rows import Period, step_titles
from workflows.models import WorkflowTemplate

TYPES = {
    "xes": "application/xml",
    "ocel": "application/json",
    "csv": "text/csv; charset=utf-8",
}
ENDINGS = {"xes": "xes", "ocel": "ocel.json", "csv": "csv"}


def log_lines(
    template: WorkflowTemplate, kind: str, period: Period, *, people: bool
) -> Iterator[str]:
    """The log of a workflow's requests of a period, in pieces. Memory stays flat, but for OCEL,
    which writes its objects last.

    Names of people, and fields that hold them, are told only with `people`.
    """
    rows = requests_done(template, period, people=people)
    left_out = frozenset() if people else people_fields(template)
    formats: dict[str, Callable[[], Iterator[str]]] = {
        "xes": lambda: xes_lines(template.name, rows, left_out),
        "csv": lambda: csv_lines(rows),
        "ocel": lambda: ocel_lines(
            template, _activities(template), rows, people=people, left_out=left_out
        ),
    }
    return formats[kind]()


def _activities(template: WorkflowTemplate) -> list[Any]:
    return sorted(set(step_titles(template).values()))
