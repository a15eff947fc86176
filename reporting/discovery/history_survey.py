"""Our own history surveyed for a map: an imported log, or what ran here."""

from collections.abc import Iterator

from reporting.discovery.log_survey import survey_cases
from reporting.eventlogs.readers.rows import LogRow
from reporting.eventlogs.writers.events import exported_requests
from reporting.metrics.native_rows import RequestPeriod
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.discovery.survey import LogSurvey
from workflows.engine.errors import InvalidInput
from workflows.engine.texts import grouped

MOST_REQUESTS = 20_000


def survey_history(template: WorkflowTemplate) -> LogSurvey:
    """The requests of a workflow with at least one finished task. Raises InvalidInput where there
    are none, or too many for a page."""
    requests = RequestPeriod().requests(template)
    if requests[: MOST_REQUESTS + 1].count() > MOST_REQUESTS:
        raise InvalidInput(
            "“%(name)s” has more than %(most)s requests; export its log, and use the command line.",
            name=template.name,
            most=grouped(MOST_REQUESTS),
        )
    survey = survey_cases(_history_cases(template))
    if not survey.cases:
        raise InvalidInput("“%(name)s” has no finished task yet.", name=template.name)
    return survey


def _history_cases(template: WorkflowTemplate) -> Iterator[list[LogRow]]:
    """Who did a task only makes roles of people who do the same; nobody is named by that."""
    for request in exported_requests(template, RequestPeriod(), people=True):
        rows = [
            LogRow(
                request.reference, task.activity, task.resource, task.enabled, task.start, task.end
            )
            for task in request.done
        ]
        if rows:
            yield rows
