"""What a request cost, as a table on its page."""

from typing import Any

from django import template

from reporting.costs.queries import compute_request_cost
from reporting.costs.tables import request_cost_table, sums_text
from workflows.execution.models import WorkflowInstance
from workflows.language.formats import decimal_text

register = template.Library()


@register.inclusion_tag("reporting/costs_of_request.html")
def request_costs(request: WorkflowInstance) -> dict[str, Any]:
    """The table of a request's costs, with its arithmetic; nothing where there is none."""
    cost = compute_request_cost(request)
    return {
        "cost": cost,
        "table": request_cost_table(cost),
        "sums": sums_text(cost.totals),
        "minutes": decimal_text(cost.minutes, 1),
    }
