"""A module that takes a name which is taken."""

from workflows.engine.format.actions import ActionResult, Job, action


@action("email")
def send_elsewhere(job: Job) -> ActionResult:
    """Never called."""
    return ActionResult()
