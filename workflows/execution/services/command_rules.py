"""What the commands on a request share: in which state, and how they end."""

from workflows.engine.errors import WrongState
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.unit_of_work import UnitOfWork, write_trail
from workflows.trail.choices import TrailCommand


def require_live(work: UnitOfWork) -> None:
    """Refuse a request that is over (WrongState)."""
    if not work.instance.is_live:
        raise WrongState(
            "%(reference)s is %(state)s already; there is nothing to call off.",
            reference=work.instance.reference,
            state=work.instance.get_state_display(),
        )


def require_state(work: UnitOfWork, state: str, refusal: str) -> str:
    """Refuse a request in any other state (WrongState, in these words); gives the state back."""
    if work.instance.state != state:
        raise WrongState(
            refusal,
            reference=work.instance.reference,
            state=work.instance.get_state_display(),
        )
    return state


def save_command(
    work: UnitOfWork,
    command: TrailCommand,
    before: str,
    comment: str,
    *,
    step: str = "",
    activation: int | None = None,
) -> WorkflowInstance:
    """Write what the command changed, and its row in the trail."""
    work.save(command)
    write_trail(work, command, step=step, activation=activation, from_state=before, comment=comment)
    return work.instance
