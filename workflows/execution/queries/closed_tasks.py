"""What became of a task that is over."""

from workflows.engine.format.definition import EXPIRED, display_title
from workflows.engine.texts import Text, text
from workflows.execution.models import CANCELLED, WorkItem
from workflows.people.queries.person_names import recorded_name_of


def describe_closed_task(work_item_id: int) -> Text:
    """A sentence about a task that is over: who did it and when, or why it was cancelled."""
    item = WorkItem.objects.select_related("step", "decided_by").get(pk=work_item_id)
    if item.state == CANCELLED:
        return text(
            "'%(step)s' is not needed any more: %(reason)s.",
            step=item.step,
            reason=item.closing_reason,
        )
    if item.outcome == EXPIRED and item.decided_by is None:
        return text("The time of '%(step)s' was up, and it has expired.", step=item.step)
    parameters = {
        "person": recorded_name_of(item.decided_by, item.performer_name) or text("Somebody"),
        "step": item.step,
        "outcome": display_title(item.outcome, None),
    }
    if item.completed_at is None:
        return text("%(person)s was first: '%(step)s' → %(outcome)s, earlier.", **parameters)
    return text(
        "%(person)s was first: '%(step)s' → %(outcome)s, %(moment)s UTC.",
        moment=f"{item.completed_at:%Y-%m-%d %H:%M:%S}",
        **parameters,
    )
