"""Why a message could not be delivered, and what became of an attempt, as sentences."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop

from workflows.engine.texts import Text, text
from workflows.engine.values.records import RecordUnreadable
from workflows.outbox import delivery_problems as problems

_SENTENCES: Mapping[type[problems.DeliveryProblem], str] = {
    problems.KindUnknown: gettext_noop(
        "No part of this version of Handoff delivers messages of this kind."
    ),
    problems.NoObject: gettext_noop("Its payload is no object."),
    problems.UnsoundPart: gettext_noop("Its payload has no sound '%(part)s'."),
    problems.NoRequest: gettext_noop("It names no request."),
    problems.NoStep: gettext_noop("It names no step of its request."),
    problems.VersionLeft: gettext_noop(
        "Its request was moved to another version, which has timers of its own."
    ),
    problems.HandoverBroken: gettext_noop(
        "A worker ended while it handed this over. It may have arrived, so it is not sent again by"
        " itself; send it again if it has not."
    ),
}


def describe_delivery_problem(problem: problems.DeliveryProblem) -> Text | str:
    """Why a message waits, is set aside or was given up."""
    if isinstance(problem, problems.CommandRefused | problems.ActionRefused):
        return problem.text
    if isinstance(problem, problems.ErrorRaised):
        return problem.error
    if isinstance(problem, problems.GivenUp):
        return _describe_given_up(problem)
    return text(_SENTENCES[type(problem)], **problem.parameters)


def _describe_given_up(problem: problems.GivenUp) -> Text:
    if not problem.before:
        return text("Given up by %(by)s: %(reason)s", by=problem.by, reason=problem.reason)
    return text(
        "%(before)s\nGiven up by %(by)s: %(reason)s",
        before=describe_delivery_problem(problems.DELIVERY_PROBLEMS.from_json(problem.before)),
        by=problem.by,
        reason=problem.reason,
    )


def describe_kept_problem(code: str, parameters: object) -> str:
    """The same, as it is kept; the code alone where the rest cannot be read."""
    if not code:
        return ""
    try:
        return str(describe_delivery_problem(problems.DELIVERY_PROBLEMS.parse(code, parameters)))
    except RecordUnreadable:
        return code


# -- attempts ---------------------------------------------------------------------------------


def describe_attempt_note(note: problems.AttemptNote) -> Text | str:
    """What became of an attempt."""
    if isinstance(note, problems.AttemptFailed):
        return note.text
    if isinstance(note, problems.AnsweredLate):
        return _describe_late_answer(note)
    if isinstance(note, problems.RequestSuspended):
        return _describe_suspended(note)
    return text("The worker ended before an answer was written down; the same key is tried again.")


def _describe_late_answer(note: problems.AnsweredLate) -> Text:
    if not note.readings:
        return text("The answer came when nothing waited for it any more, and changed nothing.")
    return text(
        "The answer came when nothing waited for it any more, and changed nothing. It gives"
        " %(values)s.",
        values="; ".join(f"{field}: {value}" for field, value in note.readings.items()),
    )


def _describe_suspended(note: problems.RequestSuspended) -> Text:
    if note.late is None:
        return text("The request was suspended.")
    late = problems.ATTEMPT_NOTES.parse(note.late["code"], note.late)
    return text("The request was suspended. %(answer)s", answer=describe_attempt_note(late))


def describe_attempt(code: str, parameters: object) -> str:
    """The same, as an attempt keeps it; nothing where it went well."""
    if not code:
        return ""
    try:
        return str(describe_attempt_note(problems.ATTEMPT_NOTES.parse(code, parameters)))
    except RecordUnreadable:
        return ""
