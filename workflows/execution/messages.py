"""What the codes of requests, tasks and incidents mean, as sentences in the reader's language."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop

from workflows.engine.routing import cancel_reasons as reasons
from workflows.engine.routing.step_troubles import (
    BudgetExceeded,
    ChainInCircle,
    ChainTooShort,
    HoldUnclear,
    NoDate,
    NoRoom,
    RuleFailed,
    StepFailed,
    StepTrouble,
)
from workflows.engine.texts import Text, plural_text, text
from workflows.engine.values.records import Fact, RecordUnreadable
from workflows.execution import facts
from workflows.execution.choices import StaffingGap
from workflows.language.formats import moment_text, money_text
from workflows.outbox.messages import describe_delivery_problem

# -- why work is not needed any more ----------------------------------------------------------

_CANCEL_SENTENCES: Mapping[type[reasons.CancelReason], str] = {
    reasons.BlockLeftFor: gettext_noop("left for '%(step)s'"),
    reasons.EnoughArrived: gettext_noop("not needed any more: enough branches came to '%(join)s'"),
    reasons.RowRefused: gettext_noop(
        "not needed any more: at '%(step)s' somebody refused, and the others are not asked"
    ),
    reasons.InstanceEnded: gettext_noop("the request ended as %(result)s"),
    reasons.InstanceCancelled: gettext_noop("the request was cancelled: %(reason)s"),
    reasons.SentElsewhere: gettext_noop("sent to '%(step)s'"),
    reasons.AwaitsApproval: gettext_noop("it waits until '%(step)s' has been decided again"),
    reasons.ApprovalRestored: gettext_noop("the values are again what was approved"),
    reasons.ApprovalRefused: gettext_noop("'%(step)s' was not given again"),
    reasons.TriedAgain: gettext_noop("tried again"),
    reasons.PutBackOnVersion: gettext_noop("the request was put back on its version"),
}
_CAUSE_SENTENCES: Mapping[type[reasons.CommandCause], str] = {
    reasons.WorkflowWasPaused: gettext_noop("The workflow was paused: %(reason)s"),
    reasons.WorkflowWasResumed: gettext_noop("The workflow was resumed: %(reason)s"),
    reasons.WorkflowWasRetired: gettext_noop("Retired: %(reason)s"),
    reasons.ParentGaveUp: gettext_noop("Not needed any more: %(reason)s"),
}


def describe_cancel_reason(reason: reasons.CancelReason) -> Text:
    """Why open work was cancelled, as a part of a sentence."""
    sentence = _CANCEL_SENTENCES[type(reason)]
    if isinstance(reason, reasons.InstanceCancelled):
        words = _as_part_of_sentence(reason.reason)
        return text(sentence, reason=describe_command_reason(words, reason.cause))
    return text(sentence, **reason.parameters)


def _as_part_of_sentence(words: str) -> str:
    """A person's words without their full stop: the sentence around them has its own."""
    return words if words.endswith("..") else words.removesuffix(".")


def describe_command_reason(reason: str, cause: reasons.CommandCause | None) -> Text | str:
    """Why a request was suspended, resumed or cancelled: a person's words, and what led to it."""
    if cause is None:
        return reason
    sentence = _CAUSE_SENTENCES[type(cause)]
    if isinstance(cause, reasons.ParentGaveUp):
        return text(sentence, reason=describe_cancel_reason(cause.why))
    return text(sentence, reason=reason)


# -- why a step cannot go on ------------------------------------------------------------------

_GAP_SENTENCES: Mapping[StaffingGap, str] = {
    StaffingGap.NOBODY: gettext_noop(
        "There is nobody who may act on '%(step)s'. Add people to its role's group, or put"
        " somebody in by reassigning the task."
    ),
    StaffingGap.BARRED: gettext_noop(
        "There is nobody who may act on '%(step)s': separation of duties keeps away everybody"
        " who is there. Add people to its role's group, or put somebody in by reassigning the"
        " task."
    ),
    StaffingGap.HOLDER_INACTIVE: gettext_noop(
        "'%(step)s' is with %(person)s, whose account is not active any more. Reassign the task"
        " to a person, or try again to give it back to those whose it is."
    ),
    StaffingGap.HOLDER_BARRED: gettext_noop(
        "'%(step)s' is with %(person)s, whom separation of duties keeps from it. Reassign the"
        " task to a person, or try again to give it back to those whose it is."
    ),
    StaffingGap.HOLDER_LEFT_ROLE: gettext_noop(
        "'%(step)s' is with %(person)s, who is not in its role any more. Reassign the task to a"
        " person, or try again to give it back to those whose it is."
    ),
    StaffingGap.ROLE_OF_ONE: gettext_noop(
        "'%(step)s' needs %(needed)s different people, and its role names one. Cancel the"
        " request, and mend the map."
    ),
    StaffingGap.FIELD_EMPTY: gettext_noop(
        "'%(step)s' has nobody: the field '%(field)s' is empty. Put the value right, or reassign"
        " the task."
    ),
    StaffingGap.NO_REQUESTER: gettext_noop(
        "'%(step)s' has nobody: nobody asked for this. Put the value right, or reassign the task."
    ),
    StaffingGap.NOBODY_FOUND: gettext_noop(
        "'%(step)s' has nobody: there is no person whom its role names in this request. Put the"
        " value or the directory right, or reassign the task."
    ),
    StaffingGap.PERSON_GONE: gettext_noop(
        "'%(step)s' has nobody: there is no person '%(person)s' any more. Put the value right, or"
        " reassign the task."
    ),
    StaffingGap.PERSON_INACTIVE: gettext_noop(
        "'%(step)s' is for %(person)s, whose account is not active. Reassign the task to a person."
    ),
    StaffingGap.PERSON_BARRED: gettext_noop(
        "'%(step)s' is for %(person)s, whom separation of duties keeps from it. Reassign the task"
        " to a person."
    ),
    StaffingGap.OUTCOMES_CLOSED: gettext_noop(
        "There is nobody who may choose an outcome of '%(step)s' that goes on. Add people to the"
        " roles of its outcomes."
    ),
}


def _describe_nobody(trouble: facts.NobodyCanFinish) -> Text:
    names = {"step": trouble.step, "needed": trouble.needed}
    if trouble.gap != StaffingGap.TOO_FEW:
        sentence = _GAP_SENTENCES[StaffingGap(trouble.gap)]
        return text(sentence, **names, person=trouble.person, field=trouble.field)
    if not trouble.votes:
        return text(
            "There are not %(needed)s different people who may act on '%(step)s'. Add people to its"
            " role's group, or put somebody in by reassigning the task.",
            **names,
        )
    return plural_text(
        "There are not %(needed)s different people who may act on '%(step)s': %(count)s of them"
        " has agreed already, and too few are left. Add people to its role's group, or put"
        " somebody in by reassigning the task.",
        "There are not %(needed)s different people who may act on '%(step)s': %(count)s of them"
        " have agreed already, and too few are left. Add people to its role's group, or put"
        " somebody in by reassigning the task.",
        trouble.votes,
        **names,
    )


def _describe_missing_date(trouble: NoDate) -> Text:
    if trouble.value is None:
        return text(
            "'%(step)s' waits until '%(field)s', which is empty. Fill it in and try again, or skip"
            " the wait.",
            step=trouble.step,
            field=trouble.field,
        )
    return text(
        "'%(step)s' waits until '%(field)s', and nobody can wait for %(value)s. Put it right"
        " and try again, or skip the wait.",
        step=trouble.step,
        field=trouble.field,
        value=trouble.value,
    )


def _describe_failure(trouble: StepFailed) -> Text | str:
    if not trouble.tried:
        return trouble.text
    return plural_text(
        "%(problem)s Tried %(count)s time.",
        "%(problem)s Tried %(count)s times.",
        trouble.tried,
        problem=trouble.text,
    )


def _describe_disagreement(trouble: facts.BranchesDisagree) -> Text:
    return text(
        "The branches before '%(join)s' disagree on %(fields)s. Choose which value holds.",
        join=trouble.join,
        fields=", ".join(trouble.fields),
    )


def _describe_undelivered(trouble: facts.NotDelivered) -> Text:
    problem = describe_delivery_problem(trouble.problem)
    return text("It was given up: %(problem)s", problem=problem)


def _describe_cancelled_child(trouble: facts.ChildCancelled) -> Text:
    return text(
        "The request %(reference)s, which this step waited for, was cancelled. Try again to start"
        " another one, or skip the step.",
        reference=trouble.reference,
    )


def _describe_unknown_action(trouble: facts.ActionUnknown) -> Text:
    return text(
        "There is no action '%(action)s' on this site. Add its module to HANDOFF_EXTENSIONS, or"
        " correct the map.",
        action=trouble.action,
    )


def _describe_failed_rule(trouble: RuleFailed) -> Text | str:
    return trouble.problem


def _describe_no_room(trouble: NoRoom) -> Text:
    names = {
        "step": trouble.step,
        "resource": trouble.resource,
        "from": _moment_text(trouble.starts),
        "until": _moment_text(trouble.ends),
    }
    if trouble.free:
        return plural_text(
            "'%(step)s' needs %(wanted)s of %(resource)s from %(from)s until %(until)s, and only"
            " %(count)s is free. Choose another time, or something else.",
            "'%(step)s' needs %(wanted)s of %(resource)s from %(from)s until %(until)s, and only"
            " %(count)s are free. Choose another time, or something else.",
            trouble.free,
            wanted=trouble.wanted,
            **names,
        )
    taken = "; ".join(f"{_moment_text(a)} – {_moment_text(b)}" for a, b in trouble.taken)  # noqa: RUF001
    return text(
        "'%(step)s' needs %(resource)s from %(from)s until %(until)s, and it is taken then"
        " (%(taken)s). Choose another time, or something else.",
        taken=taken,
        **names,
    )


def _moment_text(written: str) -> str:
    return moment_text(datetime.fromisoformat(written))


def _describe_exceeded(trouble: BudgetExceeded) -> Text:
    return text(
        "'%(step)s' needs %(wanted)s of %(budget)s, and %(left)s is left. Take less, or ask the"
        " budget's owner for more.",
        step=trouble.step,
        budget=trouble.budget,
        wanted=money_text(trouble.wanted, trouble.currency),
        left=money_text(trouble.left, trouble.currency),
    )


_UNCLEAR_SENTENCES: Mapping[str, str] = {
    "missing": gettext_noop("'%(step)s' cannot say what it needs: fill in %(fields)s."),
    "backwards": gettext_noop(
        "'%(step)s': the end does not come after the beginning; correct %(fields)s."
    ),
    "none_wanted": gettext_noop("'%(step)s': write more than nothing in %(fields)s."),
    "unknown": gettext_noop(
        "'%(step)s': there is no '%(resource)s' in use. Choose something else."
    ),
    "closed": gettext_noop(
        "'%(step)s': %(resource)s cannot be had then, by its calendar. Choose another time."
    ),
    "away": gettext_noop(
        "'%(step)s': %(resource)s is away then. Choose another time, or somebody else."
    ),
    "no_period": gettext_noop(
        "'%(step)s': %(resource)s has no amount for that day. Ask the budget's owner."
    ),
    "currency": gettext_noop(
        "'%(step)s': %(resource)s is kept in another currency. Choose another budget."
    ),
    "restricted": gettext_noop(
        "'%(step)s' cannot have what %(fields)s say. Ask somebody who may see them."
    ),
    "uneven": gettext_noop(
        "'%(step)s': the amount has more digits than the currency of %(resource)s."
    ),
}


def _describe_unclear(trouble: HoldUnclear) -> Text:
    return text(
        _UNCLEAR_SENTENCES[trouble.why],
        step=trouble.step,
        fields=", ".join(trouble.fields),
        resource=trouble.resource,
    )


_SHORT_SENTENCES: Mapping[str, str] = {
    "nobody": gettext_noop(
        "'%(step)s' asks managers in turn, and nobody is known from whom they would start. Put the"
        " value right, and try again."
    ),
    "alone": gettext_noop(
        "'%(step)s' asks managers in turn, and nobody who could be asked is above %(starts)s. Enter"
        " their manager in the directory, and try again."
    ),
    "top": gettext_noop(
        "'%(step)s' asks managers in turn until `%(until)s` holds. It holds for none of those above"
        " %(starts)s (%(people)s), and nobody is above the last. Put the directory or the value"
        " right, and try again."
    ),
    "levels": gettext_noop(
        "'%(step)s' asks managers in turn until `%(until)s` holds. It holds for none of the first"
        " %(levels)s above %(starts)s (%(people)s). Put the directory or the value right, and try"
        " again; or allow more `levels` in the map."
    ),
}


def _describe_short_chain(trouble: ChainTooShort) -> Text:
    why = "alone" if trouble.why == "top" and not trouble.people else trouble.why
    return text(
        _SHORT_SENTENCES[why],
        step=trouble.step,
        until=trouble.until,
        starts=trouble.starts,
        people=", ".join(trouble.people),
        levels=trouble.levels,
    )


def _describe_circle(trouble: ChainInCircle) -> Text:
    return text(
        "'%(step)s' asks managers in turn, and the directory goes round in a circle: each of these"
        " is above the one before: %(people)s. Put the directory right, and try again.",
        step=trouble.step,
        people=", ".join(trouble.people),
    )


_TROUBLE_SENTENCES: Mapping[type[StepTrouble], Callable[[Any], Text | str]] = {
    facts.NobodyCanFinish: _describe_nobody,
    RuleFailed: _describe_failed_rule,
    NoDate: _describe_missing_date,
    StepFailed: _describe_failure,
    facts.BranchesDisagree: _describe_disagreement,
    facts.NotDelivered: _describe_undelivered,
    facts.ChildCancelled: _describe_cancelled_child,
    facts.ActionUnknown: _describe_unknown_action,
    NoRoom: _describe_no_room,
    BudgetExceeded: _describe_exceeded,
    HoldUnclear: _describe_unclear,
    ChainTooShort: _describe_short_chain,
    ChainInCircle: _describe_circle,
}


def describe_trouble(trouble: StepTrouble) -> Text | str:
    """What a person has to put right."""
    return _TROUBLE_SENTENCES[type(trouble)](trouble)


def describe_incident(code: str, parameters: object) -> str:
    """The same, as an incident keeps it; its code where the rest cannot be read."""
    try:
        return str(describe_trouble(facts.INCIDENT_FACTS.parse(code, parameters)))
    except RecordUnreadable:
        return code


# -- how it ended -----------------------------------------------------------------------------

_RESOLUTION_SENTENCES: Mapping[type[facts.Resolution], str] = {
    facts.Reassigned: gettext_noop("Reassigned to %(person)s."),
    facts.StepDone: gettext_noop("It is done."),
    facts.NotNeeded: gettext_noop("Not needed any more: %(reason)s."),
    facts.StepRetried: gettext_noop("Tried again."),
    facts.BranchChosen: gettext_noop("A person chose between the branches."),
    facts.TaskStaffed: gettext_noop("Somebody is there now."),
}


def describe_resolution(code: str, parameters: object) -> str:
    """How an incident came to its end; nothing while it is open."""
    if not code:
        return ""
    try:
        resolution = facts.RESOLUTIONS.parse(code, parameters)
    except RecordUnreadable:
        return code
    sentence = _RESOLUTION_SENTENCES[type(resolution)]
    if isinstance(resolution, facts.NotNeeded):
        return str(text(sentence, reason=describe_cancel_reason(resolution.why)))
    return str(text(sentence, **resolution.parameters))


def describe_closing(code: str, parameters: object) -> str:
    """Why a task was closed undecided, or a block left; nothing where it was not."""
    if not code:
        return ""
    try:
        closing: Fact = facts.parse_closing(code, parameters)
    except RecordUnreadable:
        return code
    if isinstance(closing, reasons.CancelReason):
        return str(describe_cancel_reason(closing))
    assert isinstance(closing, StepTrouble)
    return str(describe_trouble(closing))
