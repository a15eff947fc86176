"""Commands on a request as a whole: start, cancel, suspend, resume, reopen, resolve a merge
conflict."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.files import File
from django.db import transaction
from django.db.models import Max

from workflows.engine.definition import EndStep, title
from workflows.engine.effects import Cancel, Reopen, ResolveMerge, Start
from workflows.engine.errors import (
    InvalidInput,
    NotAllowed,
    NotFound,
    WorkflowPaused,
    WorkflowRetired,
    WrongState,
)
from workflows.engine.marking import Marking
from workflows.models import (
    Document,
    MergeRecord,
    OutboxMessage,
    TemplateVersion,
    WorkflowInstance,
    WorkflowTemplate,
)
from workflows.permissions import may_start
from workflows.services.acting import steering
from workflows.services.bypass import go_past, reopened_past
from workflows.services.case import Acting, Case, open_case, write_trail
from workflows.services.handlers import apply
from workflows.services.locks import lock_against_pause
from workflows.services.maps import map_of
from workflows.services.outbox import go_on
from workflows.services.values import (
    clean_values,
    kept_text,
    read_value,
    reason_given,
    store_files,
)

NOT_YOURS = "Only the workflow's owner or deputy may {what}."


def start(
    workflow: str,
    *,
    actor: User,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    files: Mapping[str, File] | None = None,
    title: str = "",
    source: str = WorkflowInstance.FORM,
    case_ref: str | None = None,
) -> WorkflowInstance:
    """Start a request on the workflow's published version.

    Raises NotFound (no such workflow, or none published), NotAllowed, InvalidInput.
    """
    with transaction.atomic():
        version = published_version(workflow)
        if not may_start(actor, version.template):
            raise NotAllowed(
                f"You may not start '{version.name}': you are not in the role that starts it."
            )
        return start_on(
            version, actor=actor, now=now, data=data, files=files, title=title, source=source,
            case_ref=case_ref,
        )  # fmt: skip


def start_on(
    version: TemplateVersion,
    *,
    actor: User | None,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    files: Mapping[str, File] | None = None,
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
            must_not_be_paused(version)
        case = _new_case(version, actor, now, title, source, case_ref)
        asked = _asked_by(case, requester)
        if parent is not None:
            case.instance.parent, case.instance.parent_activation = parent
        case.instance.data = clean_values(case.map, data or {})
        with store_files(case, files or {}) as uploads:
            case.instance.data |= uploads.values
            _check_start_form(case, complete=complete)
            given = dict(case.instance.data)
            apply(case, Start(asked.pk if asked is not None else None))
            case.changes["given"] = given
            if parent is not None:
                case.changes["started_by"] = parent[0].reference
            case.create("start")
            uploads.save()
            write_trail(case, "start")
    return case.instance


def must_not_be_paused(version: TemplateVersion) -> None:
    """Refuse a start while the version's workflow is paused (WorkflowPaused). One statement."""
    name, since, reason = lock_against_pause(version.template_id)
    if since is not None:
        raise WorkflowPaused(
            f"'{name}' is paused; nothing starts on it until it is resumed. The reason given:"
            f" {reason}"
        )


def _new_case(
    version: TemplateVersion,
    actor: User | None,
    now: datetime,
    title: str,
    source: str,
    case_ref: str | None,
) -> Case:
    if actor is not None and not actor.is_active:
        raise NotAllowed("Your account is not active.")
    if version.is_editable:
        raise WrongState(f"{version} is a draft; publish it before requests are started on it.")
    kept_text("title", title, 200)
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
    )
    case = Case(instance=instance, map=map_of(version), actor=actor, now=now, marking=Marking())
    if actor is not None:
        case.acting = Acting("requester")
    return case


def _asked_by(case: Case, requester: User | None) -> User | None:
    """The requester; the record says so where it is not the actor."""
    asked = requester or case.actor
    if asked is not None and asked != case.actor:
        case.instance.requester, case.instance.requester_name = asked, asked.get_username()
        case.changes["requester"] = asked.pk
    return asked


def published_version(workflow: str) -> TemplateVersion:
    """The version that new requests of this workflow start on."""
    version = (
        TemplateVersion.objects.select_related("template")
        .filter(template__key=workflow, state=TemplateVersion.PUBLISHED)
        .first()
    )
    if version is not None:
        return version
    retired = TemplateVersion.objects.filter(
        template__key=workflow, state=TemplateVersion.SUPERSEDED
    ).aggregate(at=Max("superseded_at"))["at"]
    if retired is not None:
        raise WorkflowRetired(
            f"'{workflow}' was taken out of use on {retired:%Y-%m-%d}; nothing starts on it any"
            " more. Publishing a version brings it back."
        )
    if WorkflowTemplate.objects.filter(key=workflow).exists():
        raise NotFound(f"'{workflow}' has no published version yet; publish one to start requests.")
    raise NotFound(f"There is no workflow '{workflow}'; see the list of workflows for its key.")


def _check_start_form(case: Case, *, complete: bool) -> None:
    definition = case.map.graph.definition
    asked = (definition.start.fields or []) if definition.start else []
    extra = [key for key in case.instance.data if key not in asked]
    if extra and complete:
        raise InvalidInput(f"The start form does not ask for {', '.join(extra)}; leave it out.")
    fields = definition.fields
    empty = [
        title(key, fields[key].label)
        for key in asked
        if fields[key].required and case.instance.data.get(key) is None
    ]
    if empty and complete:
        raise InvalidInput(f"Fill in {', '.join(empty)}.")


# -- the course of a request ------------------------------------------------------------------


def cancel(instance_id: int, *, actor: User | None, reason: str, now: datetime) -> WorkflowInstance:
    """Call a request off; for its requester and for the workflow's owner and deputy."""
    reason = reason_given(reason)
    with transaction.atomic():
        case = open_case(actor=actor, now=now, instance_id=instance_id)
        if actor is not None and actor.pk == case.instance.requester_id:
            case.acting = Acting("requester")
        else:
            _managers_only(case, "cancel other people's requests")
        _must_be_live(case)
        apply(case, Cancel(f"the request was cancelled: {reason}"[:300]))
        before = case.instance.state
        case.instance.cancel(now=case.now)
        go_on(case)  # what was held back finds that nothing is left to do
        case.message(OutboxMessage.ENDED)
        return _save(case, "cancel", before, reason)


def suspend(
    instance_id: int, *, actor: User | None, reason: str, now: datetime
) -> WorkflowInstance:
    """Halt a request: nothing can be decided until it is resumed."""
    reason = reason_given(reason)
    with transaction.atomic():
        case = open_case(actor=actor, now=now, instance_id=instance_id)
        _managers_only(case, "suspend requests")
        before = _must_be(case, WorkflowInstance.RUNNING, "suspended")
        case.instance.suspend()
        return _save(case, "suspend", before, reason)


def resume(instance_id: int, *, actor: User | None, reason: str, now: datetime) -> WorkflowInstance:
    """Let a suspended request go on where it stood."""
    reason = reason_given(reason)
    with transaction.atomic():
        case = open_case(actor=actor, now=now, instance_id=instance_id)
        _managers_only(case, "resume requests")
        before = _must_be(case, WorkflowInstance.SUSPENDED, "resumed")
        case.instance.resume()
        go_on(case)
        return _save(case, "resume", before, reason)


def reopen(instance_id: int, *, actor: User | None, reason: str, now: datetime) -> WorkflowInstance:
    """Let a finished request go back to the step that its end names."""
    reason = reason_given(reason)
    with transaction.atomic():
        case = open_case(actor=actor, now=now, instance_id=instance_id)
        end = case.map.graph.steps.get(case.marking.ended or "")
        goes_to = end.reopen if isinstance(end, EndStep) else None
        _managers_only(case, "reopen requests", *([goes_to] if goes_to else []))
        before = _must_be(case, WorkflowInstance.COMPLETED, "reopened")
        if goes_to is None:
            raise WrongState(
                f"{case.instance.reference} ended as {case.instance.result}, and the map names no"
                " step to reopen it at. Start a new request."
            )
        go_past(case, reopened_past(case, goes_to), NOT_YOURS.format(what="reopen requests"))
        case.instance.reopen()
        case.changed_columns |= {"state", "result", "completed_at"}  # it may end anew at once
        apply(case, Reopen())
        return _save(case, "reopen", before, reason)


def _request_of(merge_id: int) -> int:
    """The request of a merge, before that request is locked."""
    found = MergeRecord.objects.filter(pk=merge_id).values_list("request_id", flat=True).first()
    if found is None:
        raise NotFound("There is no such merge; it may have been typed wrongly.")
    return int(found)


def resolve_merge(
    merge_id: int,
    *,
    actor: User | None,
    choices: Mapping[str, Any],
    reason: str,
    now: datetime,
) -> WorkflowInstance:
    """Choose between branches that disagree; then the join fires.

    `choices` gives for each field in question the number of the branch whose value holds, as
    the merge record shows them (for documents too), or `{"value": raw}` for another value.
    """
    reason = reason_given(reason)
    with transaction.atomic():
        case = open_case(actor=actor, now=now, instance_id=_request_of(merge_id))
        _managers_only(case, "choose between branches")
        _must_be(case, WorkflowInstance.RUNNING, "merged")
        activation = MergeRecord.objects.values_list("activation", flat=True).get(pk=merge_id)
        merge = case.merge(activation, case.marking)
        if merge.state != MergeRecord.CONFLICT:
            raise WrongState("This merge has no disagreement any more.")
        values = _chosen(case, merge, choices)
        merge.resolution, merge.resolved_by = {"values": values, "reason": reason}, actor
        case.touch_merge(merge, merge.state)
        apply(case, ResolveMerge(merge.activation, values, actor.pk if actor else None))
        case.changes["given"] = values
        step = case.map.step_keys[merge.join_id]
        return _save(
            case, "resolve_merge", case.instance.state, reason, step=step,
            activation=merge.activation,
        )  # fmt: skip


def _chosen(case: Case, merge: MergeRecord, choices: Mapping[str, Any]) -> dict[str, Any]:
    missing = [key for key in merge.conflicts if key not in choices]
    if missing:
        raise InvalidInput(f"Choose a value for {', '.join(missing)} too.")
    extra = [key for key in choices if key not in merge.conflicts]
    if extra:
        raise InvalidInput(f"The branches do not disagree on {', '.join(extra)}; leave it out.")
    return {key: _choice(case, merge, key, choice) for key, choice in choices.items()}


def _choice(case: Case, merge: MergeRecord, key: str, choice: Any) -> Any:
    spec = case.map.graph.definition.fields[key]
    by_branch = merge.conflicts[key]
    if isinstance(choice, dict) and set(choice) == {"value"} and spec.type != "document":
        return read_value(key, spec, choice["value"])
    if str(choice) not in by_branch:
        raise InvalidInput(f"'{key}': choose one of the branches {', '.join(sorted(by_branch))}.")
    value = by_branch[str(choice)]
    if spec.type != "document" or isinstance(value, dict):
        return value
    document = Document.objects.get(request=case.instance, field=key, version=value)
    return document.value()


# -- what the commands share ------------------------------------------------------------------


def _managers_only(case: Case, what: str, *steps: str) -> None:
    steering(case, NOT_YOURS.format(what=what), *steps)


def _must_be_live(case: Case) -> None:
    if not case.instance.is_live:
        raise WrongState(
            f"{case.instance.reference} is {case.instance.state} already; there is nothing to"
            " call off."
        )


def _must_be(case: Case, state: str, done: str) -> str:
    if case.instance.state != state:
        raise WrongState(
            f"{case.instance.reference} is {case.instance.state}; only a request that is {state}"
            f" can be {done}."
        )
    return state


def _save(
    case: Case,
    command: str,
    before: str,
    comment: str,
    *,
    step: str = "",
    activation: int | None = None,
) -> WorkflowInstance:
    case.save(command)
    write_trail(case, command, step=step, activation=activation, from_state=before, comment=comment)
    return case.instance
