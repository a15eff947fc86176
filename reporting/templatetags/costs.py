"""What a request cost, as a table on its page."""

from decimal import Decimal
from typing import Any

from django import template

from reporting.costs import plain, request_cost
from reporting.costs_views import cents
from workflows.models import WorkflowInstance

register = template.Library()


@register.inclusion_tag("reporting/costs_of_request.html")
def request_costs(request: WorkflowInstance) -> dict[str, Any]:
    """The table of a request's costs, with its arithmetic; nothing where there is none."""
    return {"cost": request_cost(request)}


@register.filter
def money(value: Decimal | None) -> str:
    """Money with two decimals."""
    return f"{cents(value):,.2f}" if value is not None else ""


register.filter("plain", plain)
