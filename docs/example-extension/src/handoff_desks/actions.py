"""An action: reserve a desk on a floor."""

from workflows.extensions.api import (
    ActionFailed,
    ActionResult,
    ActionSetting,
    Job,
    action,
    fill_placeholders,
    text,
)

FLOORS = {"3": "3-01", "4": "4-01"}
FLOOR = ActionSetting(name="floor", title=text("Floor"), is_required=True)


@action("desks.reserve", settings=(FLOOR,))
def reserve_desk(job: Job) -> ActionResult:
    """Give the first desk of the floor; ask a real system by `job.idempotency_key` here."""
    floor = str(fill_placeholders(job.parameters["floor"], job.data))
    if floor not in FLOORS:
        raise ActionFailed("no_desk", text("No desk is free on that floor; ask facilities."))
    return ActionResult(answer={"desk": FLOORS[floor]}, answer_text=FLOORS[floor])
