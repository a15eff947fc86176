"""An action that automations may call, and a trigger of a kind of its own."""

from workflows.engine.format.actions import ActionResult, Job, action
from workflows.engine.format.trigger_kinds import TRIGGER_KINDS, TriggerKind
from workflows.engine.texts import text


@action("acme.reserve_desk")
def reserve_desk(job: Job) -> ActionResult:
    """Give the first desk of a floor."""
    return ActionResult(answer={"desk": f"{job.parameters['floor']}-01"})


TRIGGER_KINDS.register(
    "acme.badge", TriggerKind(title=text("Badge reader"), takes_settings=True, brings_values=True)
)
