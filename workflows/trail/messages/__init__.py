"""What the codes among the changes of a row of the trail mean, in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, gettext_noop

from workflows.engine.routing import cancel_reasons as reasons
from workflows.engine.values.records import RecordUnreadable
from workflows.execution.facts import INCIDENT_FACTS
from workflows.execution.messages import describe_cancel_reason, describe_trouble

_CAUSE_SENTENCES: Mapping[type[reasons.CommandCause], str] = {
    reasons.WorkflowWasPaused: gettext_noop("The workflow was paused."),
    reasons.WorkflowWasResumed: gettext_noop("The workflow was resumed."),
    reasons.WorkflowWasRetired: gettext_noop("The workflow was taken out of use."),
    reasons.ShownByLog: gettext_noop("Shown by the log."),
}


def describe_recorded_facts(changes: Mapping[str, Any]) -> list[str]:
    """What a request's row says beside its comment: why a step failed, what led to the command,
    whom it found nobody to add from."""
    sentences = []
    try:
        if failed := changes.get("failed"):
            sentences.append(str(describe_trouble(INCIDENT_FACTS.from_json(failed))))
        if cause := changes.get("cause"):
            sentences.append(_describe_cause(reasons.COMMAND_CAUSES.from_json(cause)))
    except (RecordUnreadable, KeyError, TypeError):
        return sentences
    if role := changes.get("nobody_in_role"):
        sentences.append(gettext("Nobody is in the role '%(role)s' to add.") % {"role": role})
    return sentences


def _describe_cause(cause: reasons.CommandCause) -> str:
    if isinstance(cause, reasons.ParentGaveUp):
        why = describe_cancel_reason(cause.why)
        return gettext("Not needed any more: %(reason)s.") % {"reason": why}
    return gettext(_CAUSE_SENTENCES[type(cause)])
