"""What a run is likely to cost, by the rates of roles and calls of today."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from reporting.costs.queries import CENT, Rates, exact_seconds, working_time_cost
from workflows.engine.format.definition import AutomationStep, Definition, HumanStep
from workflows.engine.rehearsal.figures import Figures


def cost_per_run(
    definition: Definition, figures: Figures, rates: Rates, day: date
) -> dict[str, str]:
    """Money a run by currency; empty where no rate is known of anything in it."""
    total: dict[str, Decimal] = defaultdict(Decimal)
    for measured in figures.steps:
        step = definition.steps[measured.step]
        if isinstance(step, HumanStep) and step.role:
            price = rates.of_role(step.role, definition.roles[step.role].groups, day)
            if price is not None:
                worked = exact_seconds(measured.worked_s)
                total[price.currency] += working_time_cost(worked, price)
        elif isinstance(step, AutomationStep):
            connection = (step.with_ or {}).get("connection")
            call = rates.of_call(str(connection), day) if connection else None
            if call is not None:
                total[call.currency] += call.amount * measured.tasks
    runs = max(1, figures.runs)
    return {
        currency: str((amount / runs).quantize(CENT)) for currency, amount in sorted(total.items())
    }
