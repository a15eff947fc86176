"""Prints where work waits in a workflow."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from reporting.figures import handoffs_by_resource
from reporting.moments import days
from reporting.rows import Period, task_rows, workflow_figures
from reporting.wording import lines_of
from workflows.engine.errors import NotFound
from workflows.management.base import HandoffCommand
from workflows.models import WorkflowTemplate


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
        template = WorkflowTemplate.objects.filter(key=options["key"]).first()
        if template is None:
            raise NotFound(f"There is no workflow '{options['key']}'; check its key.")
        since, until = days(options["since"], options["until"], ("--since", "--until"))
        period = Period(since=since, until=until)
        found = workflow_figures(template, period, now=timezone.now())
        by_resource = handoffs_by_resource(task_rows(template, period))
        data = {"workflow": template.key, **found, "handoffs_by_resource": by_resource}
        self.show(options, data, "\n".join(lines_of(template.name, found)))
        return None
