"""One door to all formats, for the command and the page."""

from collections.abc import Callable, Iterator
from typing import Any

from reporting.exports.log_csv import csv_lines
from reporting.exports.ocel import ocel_lines
from reporting.exports.rows import fields_told, requests_of
from reporting.exports.xes import xes_lines
from reporting.rows import Period, step_titles
from workflows.models import Step, WorkflowTemplate

TYPES = {
    "xes": "application/xml",
    "ocel": "application/json",
    "csv": "text/csv; charset=utf-8",
}
NO_WORK = ("decision", "parallel", "join", "end")
"""Kinds of steps that are never a task."""
ENDINGS = {"xes": "xes", "ocel": "ocel.json", "csv": "csv"}


def log_lines(
    template: WorkflowTemplate, kind: str, period: Period, *, people: bool
) -> Iterator[str]:
    """The log of a workflow's requests of a period, in pieces. Memory stays flat, but for OCEL,
    which writes its objects last.

    Names of people, and what people write (titles, texts, documents), are told only with
    `people`.
    """
    rows = requests_of(template, period, people=people)
    formats: dict[str, Callable[[], Iterator[str]]] = {
        "xes": lambda: xes_lines(template.name, rows),
        "csv": lambda: csv_lines(rows, fields_told(template, people=people)),
        "ocel": lambda: ocel_lines(_activities(template), rows, people=people),
    }
    return formats[kind]()


def _activities(template: WorkflowTemplate) -> list[Any]:
    steps = Step.objects.filter(version__template=template).exclude(kind__in=NO_WORK)
    titles = step_titles(template)
    return sorted({titles[pk] for pk in steps.values_list("pk", flat=True)})
