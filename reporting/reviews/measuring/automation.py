"""What a machine should or should not do."""

from collections import Counter
from collections.abc import Iterator

from reporting.reviews.facts.choices import MeasureUnit
from reporting.reviews.facts.measures import AutomateDetails, Measure, UnautomateDetails
from reporting.reviews.facts.period_rows import ReviewRows
from reporting.reviews.measuring.usage import FEWEST_RUNS
from workflows.engine.format.definition import ApprovalStep

MANY_TASKS, NEARLY_ALWAYS = 50, 0.95
"""From so many tasks, with so large a share of one outcome, a rule might decide."""
OFTEN_FAILS = 0.2
NOT_DONE = ("skipped", "error")


def unautomate_measures(rows: ReviewRows) -> Iterator[Measure]:
    """Automations that often need a person."""
    for key, step in rows.graph.steps.items():
        if step.kind != "automation":
            continue
        tasks = [task for task in rows.tasks if task.step == key]
        held_up = {
            (incident.run, incident.activation)
            for incident in rows.troubles
            if incident.step == key
        }
        failed = held_up | {(t.run, t.activation) for t in tasks if t.outcome in NOT_DONE}
        number = len(failed | {(t.run, t.activation) for t in tasks if t.is_done})
        if not number:
            continue
        share = len(failed) / number
        yield Measure(
            key=f"unautomate:{key}",
            step=key,
            figure=round(share, 4),
            unit=MeasureUnit.SHARE,
            is_finding=number >= FEWEST_RUNS and share >= OFTEN_FAILS,
            details=UnautomateDetails(step=rows.graph.title(key), count=len(failed), cases=number),
        )


def automate_measures(rows: ReviewRows) -> Iterator[Measure]:
    """Approvals that nearly always go one way, and that a rule over fields might decide."""
    for key, step in rows.graph.steps.items():
        outcomes = Counter(
            task.outcome
            for task in rows.tasks
            if task.step == key and task.is_done and task.outcome
        )
        if not isinstance(step, ApprovalStep) or not outcomes:
            continue
        (outcome, count), number = outcomes.most_common(1)[0], outcomes.total()
        route = step.outcomes.get(outcome)
        share = count / number
        is_usual = route is not None and not route.exception
        has_rule = bool(rows.graph.definition.fields) and not step.outputs
        many = number >= MANY_TASKS and share >= NEARLY_ALWAYS
        yield Measure(
            key=f"automate:{key}",
            step=key,
            figure=round(share, 4),
            unit=MeasureUnit.SHARE,
            is_finding=many and is_usual and has_rule,
            details=AutomateDetails(
                step=rows.graph.title(key), outcome=outcome, count=count, cases=number
            ),
        )
