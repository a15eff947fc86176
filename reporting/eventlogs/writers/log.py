"""One door to all formats, for the command and the page."""

from collections.abc import Callable, Iterator
from typing import Any

from reporting.eventlogs.writers.csv_log import log_csv_lines
from reporting.eventlogs.writers.events import exported_field_keys, exported_requests
from reporting.eventlogs.writers.ocel_log import ocel_lines
from reporting.eventlogs.writers.xes_log import xes_lines
from reporting.metrics.native_rows import RequestPeriod, report_step_titles
from workflows.definitions.models import Step, WorkflowTemplate
from workflows.engine.format.definition import ROUTING_KINDS

TYPES = {
    "xes": "application/xml",
    "ocel": "application/json",
    "csv": "text/csv; charset=utf-8",
}
STEP_KINDS_WITHOUT_TASK = (*sorted(ROUTING_KINDS), "end")
"""Kinds of steps that are never a task."""
FILE_SUFFIXES = {"xes": "xes", "ocel": "ocel.json", "csv": "csv"}


def log_lines(
    template: WorkflowTemplate,
    kind: str,
    period: RequestPeriod,
    *,
    people: bool,
    untold: frozenset[str] = frozenset(),
) -> Iterator[str]:
    """The log of a workflow's requests of a period, in pieces. Memory stays flat, but for OCEL,
    which writes its objects last.

    Names of people, and what people write (titles, texts, documents), are told only with
    `people`, and values of the fields in `untold` not at all.
    """
    keys = exported_field_keys(template, people=people, untold=untold)
    rows = exported_requests(template, period, people=people, untold=untold)
    formats: dict[str, Callable[[], Iterator[str]]] = {
        "xes": lambda: xes_lines(template.name, rows),
        "csv": lambda: log_csv_lines(rows, keys),
        "ocel": lambda: ocel_lines(_activity_titles(template), rows, people=people),
    }
    return formats[kind]()


def _activity_titles(template: WorkflowTemplate) -> list[Any]:
    steps = Step.objects.filter(version__template=template).exclude(
        kind__in=STEP_KINDS_WITHOUT_TASK
    )
    titles = report_step_titles(template)
    return sorted({titles[pk] for pk in steps.values_list("pk", flat=True)})
