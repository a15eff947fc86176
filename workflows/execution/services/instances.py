"""Commands on a request as a whole: start, cancel, suspend, resume, reopen."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from workflows.access.permissions import may_start
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.definitions.queries.published_versions import get_published_version
from workflows.engine.authority.asked_fields import missing_answers
from workflows.engine.errors import InvalidInput, NotAllowed, WorkflowPaused, WrongState
from workflows.engine.format.definition import EndStep, display_title
from workflows.engine.routing.cancel_reasons import CommandCause, InstanceCancelled, ParentGaveUp
from workflows.engine.routing.effects import Cancel, Reopen, Start
from workflows.engine.routing.marking import Marking
from workflows.engine.texts import text
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.bypassed_approvals import (
    find_reopened_past_approvals,
    record_bypassed_approvals,
)
from workflows.execution.services.capacities import authorize_steering
from workflows.execution.services.command_rules import (
    require_live,
    require_state,
    save_command,
)
from workflows.execution.services.effect_handlers import apply_event
from workflows.execution.services.field_values.default_values import (
    default_values,
    with_row_defaults,
)
from workflows.execution.services.field_values.value_constraints import clean_writes, kept_files
from workflows.execution.services.field_values.values import (
    SentFiles,
    require_reason,
    store_files,
)
from workflows.execution.services.known_facts import find_known_of_requester
from workflows.execution.services.unit_of_work import (
    ActingCapacity,
    UnitOfWork,
    open_unit_of_work,
    write_trail,
)
from workflows.execution.services.unit_of_work.locks import lock_against_pause
from workflows.outbox.payloads import EndedPayload
from workflows.outbox.services.messages import release_held_messages
from workflows.people.models import User
from workflows.persistence.kept_text import validate_text
from workflows.trail.choices import TrailCapacity, TrailCommand

_NOT_YOURS_TO_CANCEL = text(
    "Only the workflow's owner or deputy may cancel other people's requests."
)
_NOT_YOURS_TO_SUSPEND = text("Only the workflow's owner or deputy may suspend requests.")
_NOT_YOURS_TO_RESUME = text("Only the workflow's owner or deputy may resume requests.")
_NOT_YOURS_TO_REOPEN = text("Only the workflow's owner or deputy may reopen requests.")


def start(
    workflow: str,
    *,
    actor: User,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    files: SentFiles | None = None,
    title: str = "",
    source: str = WorkflowInstance.FORM,
    case_ref: str | None = None,
) -> WorkflowInstance:
    """Start a request on the workflow's published version.

    Raises NotFound (no such workflow, or none published), NotAllowed, InvalidInput.
    """
    with transaction.atomic():
        version = get_published_version(workflow)
        _require_may_start(actor, version)
        return start_on_version(
            version,
            actor=actor,
            now=now,
            data=data,
            files=files,
            title=title,
            source=source,
            case_ref=case_ref,
        )


def _require_may_start(actor: User, version: TemplateVersion) -> None:
    if not may_start(actor, version.template):
        raise NotAllowed(
            "You may not start '%(name)s': you are not in the role that starts it.",
            name=version.name,
        )


def start_on_version(
    version: TemplateVersion,
    *,
    actor: User | None,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    files: SentFiles | None = None,
    title: str = "",
    source: str = WorkflowInstance.FORM,
    case_ref: str | None = None,
    complete: bool = True,
    parent: tuple[WorkflowInstance, int | None] | None = None,
    requester: User | None = None,
) -> WorkflowInstance:
    """Start a request on this version, for callers that have asked `may_start` already.

    A draft is refused: its map may still change under the request. Nobody (`actor` is None)
    starts what a clock or another workflow starts. `parent` is the request that started this
    one, with the activation that waits for it, if one does. `requester` is who asked, where it is
    not the actor: an account that is closed by now asks, and does not act.

    With `complete=False` required fields may be missing (a log does not know them).
    Raises WorkflowPaused where the workflow is paused; what a log tells of is the past.
    """
    with transaction.atomic():
        if source not in WorkflowInstance.PAST:
            require_not_paused(version)
        work = _begin_work(version, actor, now, title, source, case_ref)
        asking_user = _resolve_requester(work, requester)
        if parent is not None:
            work.instance.parent, work.instance.parent_activation = parent
        given = with_row_defaults(work.map, data or {}) if complete else data or {}
        work.instance.data = clean_writes(work, given)
        if complete:
            _fill_in_defaults(work, asking_user, data or {})
        _write_start(work, asking_user, files or {}, complete=complete)
    return work.instance


def _fill_in_defaults(work: UnitOfWork, asking_user: User | None, given: Mapping[str, Any]) -> None:
    """What the start form opens with, where a field was left out; one that was sent empty stays
    so."""
    start = work.map.graph.definition.start
    left_out = [key for key in (start.fields if start else None) or () if key not in given]
    work.instance.data |= default_values(
        work.map, left_out, asking_user, work.now, work.instance.data
    )


def _write_start(
    work: UnitOfWork, asking_user: User | None, files: SentFiles, *, complete: bool
) -> None:
    """Check the start form with its files, advance, and write the request and its trail."""
    with store_files(work, kept_files(work, files, {})) as uploads:
        work.instance.data |= uploads.values
        _check_start_form(work, complete=complete)
        _apply_start(work, asking_user, work.instance.parent)
        uploads.save()
        write_trail(work, TrailCommand.START)


def _apply_start(
    work: UnitOfWork, asking_user: User | None, parent: WorkflowInstance | None
) -> None:
    """Advance to the first steps, and write the request."""
    start_values = dict(work.instance.data)
    known = find_known_of_requester(work, asking_user)
    apply_event(work, Start(asking_user.pk if asking_user is not None else None, known))
    work.changes.facts.known = known or None
    _refuse_start_without_room(work)
    work.changes.facts.given = start_values
    if parent is not None:
        work.changes.facts.started_by = parent.reference
    work.create(TrailCommand.START)


def _refuse_start_without_room(work: UnitOfWork) -> None:
    """Whoever asks can ask for another time, or less; where nobody is there to, the request starts
    and waits. Raises InvalidInput."""
    if work.lacking and work.instance.source in WorkflowInstance.FILLED_IN:
        raise work.lacking[0]


def require_not_paused(version: TemplateVersion) -> None:
    """Refuse a start while the version's workflow is paused (WorkflowPaused). One statement."""
    name, since, reason = lock_against_pause(version.template_id)
    if since is not None:
        raise WorkflowPaused(
            "'%(name)s' is paused; nothing starts on it until it is resumed. The reason given:"
            " %(reason)s",
            name=name,
            reason=reason,
        )


def _require_startable(version: TemplateVersion, actor: User | None) -> None:
    if actor is not None and not actor.is_active:
        raise NotAllowed("Your account is not active.")
    if version.is_editable:
        raise WrongState(
            "%(version)s is a draft; publish it before requests are started on it.", version=version
        )


def _begin_work(
    version: TemplateVersion,
    actor: User | None,
    now: datetime,
    title: str,
    source: str,
    case_ref: str | None,
) -> UnitOfWork:
    _require_startable(version, actor)
    validate_text(gettext_noop("title"), title, 200)
    instance = WorkflowInstance(
        template=version.template,
        version=version,
        prefix=version.template.reference_prefix,
        title=title.strip() or version.name,
        source=source,
        case_ref=case_ref,
        requester=actor,
        requester_name=actor.get_username() if actor is not None else "",
        started_at=now,
        moved_at=now,
    )
    work = UnitOfWork(
        instance=instance, map=get_version_map(version), actor=actor, now=now, marking=Marking()
    )
    if actor is not None:
        work.acting = ActingCapacity(TrailCapacity.REQUESTER)
    return work


def _resolve_requester(work: UnitOfWork, requester: User | None) -> User | None:
    """The requester; the record says so where it is not the actor."""
    asking_user = requester or work.actor
    if asking_user is not None and asking_user != work.actor:
        work.instance.requester, work.instance.requester_name = (
            asking_user,
            asking_user.get_username(),
        )
        work.changes.facts.requester = asking_user.pk
    return asking_user


def _check_start_form(work: UnitOfWork, *, complete: bool) -> None:
    definition = work.map.graph.definition
    form_fields = (definition.start.fields or []) if definition.start else []
    extra = [key for key in work.instance.data if key not in form_fields]
    if extra and complete:
        raise InvalidInput(
            "The start form does not ask for %(extra)s; leave it out.", extra=", ".join(extra)
        )
    missing = missing_answers(work.map.graph, form_fields, work.instance.data)
    if missing and complete:
        titles = [display_title(key, definition.fields[key].label) for key in missing]
        raise InvalidInput("Fill in %(empty)s.", empty=", ".join(titles))


# -- the course of a request ------------------------------------------------------------------

NOT_RUNNING = gettext_noop(
    "%(reference)s is %(state)s; only a request that is running can be suspended."
)
NOT_SUSPENDED = gettext_noop(
    "%(reference)s is %(state)s; only a request that is suspended can be resumed."
)
NOT_COMPLETED = gettext_noop(
    "%(reference)s is %(state)s; only a request that is completed can be reopened."
)


def cancel(
    instance_id: int,
    *,
    actor: User | None,
    reason: str,
    now: datetime,
    cause: CommandCause | None = None,
) -> WorkflowInstance:
    """Call a request off; for its requester and for the workflow's owner and deputy. `cause` is
    what led to it, where that was not a person alone."""
    reason = reason if isinstance(cause, ParentGaveUp) else require_reason(reason)
    with transaction.atomic():
        work = open_unit_of_work(actor=actor, now=now, instance_id=instance_id)
        if actor is not None and actor.pk == work.instance.requester_id:
            work.acting = ActingCapacity(TrailCapacity.REQUESTER)
        else:
            authorize_steering(work, _NOT_YOURS_TO_CANCEL)
        require_live(work)
        apply_event(work, Cancel(InstanceCancelled(reason, cause)))
        work.changes.facts.cause = cause
        before = work.instance.state
        work.instance.cancel(now=work.now)
        release_held_messages(work)  # what was held back finds that nothing is left to do
        work.message(EndedPayload())
        return save_command(work, TrailCommand.CANCEL, before, reason)


def suspend(
    instance_id: int,
    *,
    actor: User | None,
    reason: str,
    now: datetime,
    cause: CommandCause | None = None,
) -> WorkflowInstance:
    """Halt a request: nothing can be decided until it is resumed."""
    reason = require_reason(reason)
    with transaction.atomic():
        work = open_unit_of_work(actor=actor, now=now, instance_id=instance_id)
        authorize_steering(work, _NOT_YOURS_TO_SUSPEND)
        before = require_state(work, WorkflowInstance.RUNNING, NOT_RUNNING)
        work.instance.suspend()
        work.changes.facts.cause = cause
        return save_command(work, TrailCommand.SUSPEND, before, reason)


def resume(
    instance_id: int,
    *,
    actor: User | None,
    reason: str,
    now: datetime,
    cause: CommandCause | None = None,
) -> WorkflowInstance:
    """Let a suspended request go on where it stood."""
    reason = require_reason(reason)
    with transaction.atomic():
        work = open_unit_of_work(actor=actor, now=now, instance_id=instance_id)
        authorize_steering(work, _NOT_YOURS_TO_RESUME)
        before = require_state(work, WorkflowInstance.SUSPENDED, NOT_SUSPENDED)
        work.instance.resume()
        work.changes.facts.cause = cause
        release_held_messages(work)
        return save_command(work, TrailCommand.RESUME, before, reason)


def reopen(instance_id: int, *, actor: User | None, reason: str, now: datetime) -> WorkflowInstance:
    """Let a finished request go back to the step that its end names."""
    reason = require_reason(reason)
    with transaction.atomic():
        work = open_unit_of_work(actor=actor, now=now, instance_id=instance_id)
        end = work.map.graph.steps.get(work.marking.ended or "")
        goes_to = end.reopen if isinstance(end, EndStep) else None
        authorize_steering(work, _NOT_YOURS_TO_REOPEN, *([goes_to] if goes_to else []))
        before = require_state(work, WorkflowInstance.COMPLETED, NOT_COMPLETED)
        if goes_to is None:
            raise _no_step_to_reopen_at(work.instance)
        record_bypassed_approvals(
            work,
            find_reopened_past_approvals(work, goes_to),
            _NOT_YOURS_TO_REOPEN,
        )
        work.instance.reopen()
        work.changed_columns |= {"state", "result", "completed_at"}  # it may end anew at once
        apply_event(work, Reopen())
        return save_command(work, TrailCommand.REOPEN, before, reason)


def _no_step_to_reopen_at(instance: WorkflowInstance) -> WrongState:
    return WrongState(
        "%(reference)s ended as %(result)s, and the map names no step to reopen it at."
        " Start a new request.",
        reference=instance.reference,
        result=instance.result,
    )
