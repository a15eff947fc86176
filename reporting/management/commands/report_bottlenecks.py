"""Prints where work waits in a workflow."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from reporting.metrics.figures import handoffs_by_resource
from reporting.metrics.messages import render_figure_lines
from reporting.metrics.native_rows import (
    RequestPeriod,
    compute_workflow_figures,
    read_task_rows,
    report_step_titles,
)
from reporting.metrics.requester_waits import collect_requester_waits, requester_questions
from reporting.metrics.timestamps import parse_day_range
from workflows.definitions.queries.sources import find_named_workflow
from workflows.management.base import HandoffCommand


class Command(HandoffCommand):
    """The bottleneck figures of a workflow, of requests started in a period."""

    help = "Print the bottleneck figures of a workflow: waiting, working, hand-offs, rework, queue."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workflow and which requests."""
        parser.add_argument("key", metavar="KEY", help="the workflow's key")
        parser.add_argument("--since", metavar="D", help="requests started on this day or later")
        parser.add_argument("--until", metavar="D", help="requests started before this day")

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Compute and print."""
        template = find_named_workflow(options["key"])
        since, until = parse_day_range(options["since"], options["until"], ("--since", "--until"))
        period = RequestPeriod(since=since, until=until)
        figures = compute_workflow_figures(template, period, now=timezone.now())
        by_resource = handoffs_by_resource(read_task_rows(template, period))
        questions = requester_questions(template).filter(request__in=period.requests(template))
        waits = collect_requester_waits(questions, report_step_titles(template))
        data = {
            "workflow": template.key,
            **figures,
            "handoffs_by_resource": by_resource,
            "requester": {of_step.step: of_step.to_json() for of_step in waits},
        }
        self.show(options, data, "\n".join(render_figure_lines(template.name, figures)))
        return None
