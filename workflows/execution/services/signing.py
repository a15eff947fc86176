"""Signing a decision: who decides has shown again who they are, for this one decision.

Whoever asks (a page) checks the password or the second factor and says how in a `Signature`; what
was typed comes no further than there. Here is the one place that says whether a decision is signed
as its step asks, and what the trail keeps of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from workflows.engine.errors import NotAllowed
from workflows.engine.format.definition import HumanStep
from workflows.execution.models import WorkItem
from workflows.execution.services.review_digest import digest_of_values
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.people.models import User
from workflows.people.queries.person_names import full_name_of
from workflows.trail.changes import SignatureRecord
from workflows.trail.signature_digest import digest_of_signature


class SignatureMethod(StrEnum):
    """How somebody showed again who they are."""

    PASSWORD = "password"  # noqa: S105 - a word of the trail
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """That this person (an id) has just shown again who they are, to decide this task (an id)."""

    signer: int
    task: int
    method: SignatureMethod


def require_signature(
    work: UnitOfWork, item: WorkItem, signature: Signature | None, *, is_shown_by_log: bool
) -> None:
    """Raises NotAllowed where the task's step is signed and this decision is not, by the actor
    themselves and for this task. A log shows no signatures: none is asked for, and none is kept."""
    step = _step_of(work, item)
    if step.sign is None or is_shown_by_log:
        return
    if signature is None or (signature.signer, signature.task) != (_actor(work).pk, item.pk):
        raise NotAllowed(
            "'%(step)s' is signed by whoever decides it. Sign in and decide it on its own page,"
            " with your password or second factor.",
            step=item.step,
        )


def record_signature(
    work: UnitOfWork,
    item: WorkItem,
    signature: Signature | None,
    seen: Mapping[str, Any],
    outcome: str,
) -> None:
    """The trail keeps how the decision was signed, bound to it and to the values that were seen."""
    meaning = _step_of(work, item).sign
    if meaning is None or signature is None:
        return
    record = SignatureRecord(
        name=full_name_of(_actor(work)),
        meaning=meaning,
        method=signature.method.value,
        digest=digest_of_values(seen),
    )
    bound = digest_of_signature(
        record,
        signer=_actor(work).pk,
        request=work.instance.reference,
        step=work.map.step_keys[item.step_id],
        activation=item.activation,
        outcome=outcome,
        at=work.now,
    )
    work.changes.facts.signature = replace(record, bound=bound)


def _step_of(work: UnitOfWork, item: WorkItem) -> HumanStep:
    return work.map.human(work.map.step_keys[item.step_id])


def _actor(work: UnitOfWork) -> User:
    assert work.actor is not None
    return work.actor
