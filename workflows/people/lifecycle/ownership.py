"""Handing over what somebody owns: workflows, steps, schedules, connections, keys, programs.

Nobody hands on more power than they have. Whoever answers for a thing, or for the workflow that it
is part of, gives it to whom they like. Whoever only looks after accounts gives it to somebody who
answers for it already: its deputy, or the workflow's people.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.db import models, transaction

from workflows.access.models import ServiceAccount
from workflows.access.permissions import may_manage
from workflows.access.services.rights_trail import attribute_changes_to
from workflows.access.services.tokens import may_manage_service_account
from workflows.connections.models import Connection, WebhookKey
from workflows.connections.services.credentials import may_change_connection
from workflows.definitions.models import PartOwner, WorkflowTemplate
from workflows.engine.errors import InvalidInput, NotAllowed
from workflows.engine.texts import text
from workflows.notices.choices import NoticeEvent
from workflows.outbox.payloads import MailPayload
from workflows.outbox.services import messages as outbox
from workflows.people.models import User
from workflows.people.queries.person_names import full_name_of
from workflows.persistence.row_edits import save_changed_columns
from workflows.resources.models import Resource
from workflows.resources.services.resources import may_change_resource
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import OwnerChanged
from workflows.trail.services.recording import write_fact

OwnedRow: TypeAlias = (
    WorkflowTemplate | PartOwner | Connection | WebhookKey | ServiceAccount | Resource
)
HANDED_OVER = "hand_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """Who gives it all away, who writes that down, and when."""

    person: User
    by: User
    now: datetime


def workflow_of(row: OwnedRow) -> WorkflowTemplate | None:
    """The workflow of which a thing is, or is a part."""
    if isinstance(row, WorkflowTemplate):
        return row
    if isinstance(row, PartOwner):
        return row.version.template
    return row.template if isinstance(row, WebhookKey) else None


def hand_over(row: OwnedRow, to: User | None, leaving: Leaving) -> bool:
    """Put another person (of a step or a schedule None: the workflow's) in the place that somebody
    has at a thing, as its owner or its deputy; whether they had one. The owner's deputy moves up
    where they are that person. Raises NotAllowed and InvalidInput."""
    with transaction.atomic(), attribute_changes_to(leaving.by):
        locked: Any = type(row)._base_manager.select_for_update(of=("self",)).get(pk=row.pk)
        office = _office_of(locked, leaving.person)
        if office is None:
            return False
        _require_fit(locked, office, to)
        _require_right(locked, to, leaving.by)
        before = getattr(locked, office)
        names = _put_into_office(locked, office, to)
        save_changed_columns(locked, names, by=leaving.by, now=leaving.now, why=HANDED_OVER)
        _record(locked, office, before, to, leaving)
    return True


def _office_of(row: Any, person: User) -> str | None:
    offices = ("owner", "deputy") if hasattr(row, "deputy_id") else ("owner",)
    return next((name for name in offices if getattr(row, f"{name}_id") == person.pk), None)


def _put_into_office(row: Any, office: str, to: User | None) -> list[str]:
    """The names of the columns that say something else now. Nobody is both."""
    setattr(row, office, to)
    if not hasattr(row, "deputy_id"):
        return [office]
    if office == "owner" and to is not None and row.deputy_id == to.pk:
        row.deputy = None
    if office == "deputy" and to is not None and row.owner_id == to.pk:
        row.deputy = None
    return ["owner", "deputy"]


def _require_fit(row: Any, office: str, to: User | None) -> None:
    if to is not None and not to.is_active:
        raise InvalidInput(
            "%(to)s's account is not active; choose somebody else.", to=full_name_of(to)
        )
    if to is not None and ServiceAccount.objects.filter(user=to).exists():
        raise InvalidInput("A program owns nothing; choose a person.")
    if to is None and office == "owner" and not isinstance(row, PartOwner):
        raise InvalidInput("'%(thing)s' needs an owner; choose somebody.", thing=str(row))


def _require_right(row: OwnedRow, to: User | None, by: User) -> None:
    if _answers_for(row, by) or to is None or to.pk in _standing_ids(row):
        return
    raise NotAllowed(
        "%(to)s has no say over '%(thing)s', and you do not answer for it: somebody who does, or a"
        " superuser, hands it to them.",
        to=full_name_of(to),
        thing=str(row),
    )


def _answers_for(row: OwnedRow, by: User) -> bool:
    """Whether this person says whose a thing is."""
    if isinstance(row, ServiceAccount):
        return may_manage_service_account(by, row.user)
    if isinstance(row, Connection):
        return may_change_connection(by, row)
    if isinstance(row, Resource):
        return may_change_resource(by, row)
    workflow = workflow_of(row)
    return workflow is not None and may_manage(by, workflow)


def _standing_ids(row: OwnedRow) -> set[int | None]:
    """Who has a say over a thing as it is."""
    workflow = workflow_of(row)
    people = {getattr(row, "owner_id", None), getattr(row, "deputy_id", None)}
    if workflow is not None:
        people |= {workflow.owner_id, workflow.deputy_id}
    return people - {None}


def _record(row: OwnedRow, office: str, before: User, to: User | None, leaving: Leaving) -> None:
    """The trail says who gave what to whom, and who has it now is told."""
    fact = OwnerChanged(
        kind=type(row)._meta.model_name or "",
        thing=str(row),
        office=office,
        before=before.get_username(),
        to=to.get_username() if to is not None else None,
    )
    workflow = workflow_of(row)
    write_fact(
        TrailCommand.HAND_OVER, actor=leaving.by, now=leaving.now, fact=fact, template=workflow
    )
    if to is None or to.pk == leaving.by.pk:
        return
    mail = MailPayload(
        to=to.pk,
        event=NoticeEvent.ACCESS_CHANGED,
        subject=text("'%(thing)s' is yours now", thing=str(row)),
        text=text(
            "%(before)s leaves, and %(by)s has handed '%(thing)s' to you. You answer for it from"
            " now on.",
            before=full_name_of(before),
            by=full_name_of(leaving.by),
            thing=str(row),
        ),
        workflow=workflow.pk if workflow is not None else None,
    )
    outbox.enqueue_message(mail, now=leaving.now)


def natural_successor(row: OwnedRow) -> User | None:
    """Who a thing falls to by itself: its deputy, or whoever owns the workflow that it is of."""
    workflow = workflow_of(row)
    candidates = [getattr(row, "deputy", None)]
    if workflow is not None and workflow is not row:
        candidates += [workflow.owner, workflow.deputy]
    return next((person for person in candidates if person is not None and person.is_active), None)


def is_row_of_workflow_part(row: models.Model) -> bool:
    """Whether a thing may be without an owner of its own: then it is the workflow's."""
    return isinstance(row, PartOwner)
