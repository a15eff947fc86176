"""What a step that no person does is waiting for, in words."""

from datetime import datetime

from django.utils.translation import gettext

from workflows.automation.services.attempts import ATTEMPTS
from workflows.engine.format.definition import AutomationStep, RoleDef, SubworkflowStep, WaitStep
from workflows.engine.format.role_finders import FIELD
from workflows.execution.queries.automatic_steps import AutomaticStepStatus
from workflows.execution.queries.position import InstancePosition, StepPosition
from workflows.language.formats import join_alternatives, moment_text

UNKNOWN = AutomaticStepStatus()


def short_waiting_text(position: InstancePosition, step: StepPosition, now: datetime) -> str:
    """What a step waits for, in a few words for a list: 'the system, again at …'."""
    declared, status = position.map.graph[step.key], step.status or UNKNOWN
    if isinstance(declared, WaitStep):
        return _short_wait_text(declared, status)
    if isinstance(declared, SubworkflowStep) and status.child is not None:
        return gettext("waits for %(reference)s") % {"reference": status.child.reference}
    if isinstance(declared, AutomationStep) and status.attempt_count:
        return _short_attempt_text(declared, status, now)
    return gettext("the system")


def full_waiting_text(
    position: InstancePosition, step: StepPosition, now: datetime, *, audits: bool
) -> str:
    """What a step waits for, as sentences; what went wrong outside only for those who audit."""
    declared, status = position.map.graph[step.key], step.status or UNKNOWN
    if status.is_held:
        return gettext("Nobody; it waits until the request is resumed.")
    if isinstance(declared, WaitStep):
        return _wait_sentence(position, declared, status)
    if isinstance(declared, SubworkflowStep):
        return _subworkflow_sentence(declared, step.status)
    sentences = [gettext("Nobody; the system does this step.")]
    if isinstance(declared, AutomationStep) and step.status is not None:
        if status.failed is not None:
            sentences.append(_failure_sentence(status, audits=audits))
        sentences.append(_attempt_sentence(declared, status, now))
    return " ".join(sentences)


# -- waits and subworkflows -------------------------------------------------------------------


def _short_wait_text(declared: WaitStep, status: AutomaticStepStatus) -> str:
    if declared.message is not None:
        return gettext("nobody; it waits for the message “%(message)s”") % {
            "message": declared.message
        }
    if status.message is not None:
        return gettext("nobody; it waits until %(moment)s") % {
            "moment": moment_text(status.message.run_after)
        }
    return gettext("nobody; it waits until its time has come")


def _wait_sentence(
    position: InstancePosition, declared: WaitStep, status: AutomaticStepStatus
) -> str:
    if declared.message is not None:
        return _message_sentence(position, declared, declared.message)
    if status.message is not None:
        return gettext("Nobody; it waits until %(moment)s.") % {
            "moment": moment_text(status.message.run_after)
        }
    return gettext("Nobody; it waits until its time has come.")


def _message_sentence(position: InstancePosition, declared: WaitStep, message: str) -> str:
    """For which message it waits, and who sends that."""
    role: RoleDef | None = position.map.graph.definition.roles.get(declared.role or "")
    if role is None or role.is_requester:
        return gettext("Nobody; it waits for the message “%(message)s” from the requester.") % {
            "message": message
        }
    field = role.settings.get(FIELD.name)
    person = position.instance.data.get(field) if field else None
    if person:
        return gettext("Nobody; it waits for the message “%(message)s” from %(person)s.") % {
            "message": message,
            "person": person,
        }
    if not role.is_static:
        return gettext(
            "Nobody; it waits for the message “%(message)s” from the person in its role."
        ) % {"message": message}
    names = join_alternatives(role.listed_names)
    return gettext("Nobody; it waits for the message “%(message)s” from anybody in %(role)s.") % {
        "message": message,
        "role": names,
    }


def _subworkflow_sentence(declared: SubworkflowStep, status: AutomaticStepStatus | None) -> str:
    if status is None:
        return gettext("Nobody; it waits for a request of “%(workflow)s”.") % {
            "workflow": declared.workflow
        }
    if status.child is None:
        return gettext("Nobody; the system starts a request of “%(workflow)s” for it now.") % {
            "workflow": declared.workflow
        }
    return gettext("Nobody; it waits until %(reference)s has ended.") % {
        "reference": status.child.reference
    }


# -- automations ------------------------------------------------------------------------------


def _failure_sentence(status: AutomaticStepStatus, *, audits: bool) -> str:
    if status.failed is None or not audits:
        return gettext("The last attempt failed.")
    places = {"code": status.failed.code, "message": status.failed.message.rstrip(".")}
    return gettext("The last attempt failed (%(code)s: %(message)s).") % places


def _attempt_sentence(declared: AutomationStep, status: AutomaticStepStatus, now: datetime) -> str:
    """When the next attempt is: 'Attempt 2 of 5 follows at 5 Jan 2026, 09:00.'"""
    if status.message is None or not status.attempt_count:
        if status.failed is None and not status.attempt_count:
            return gettext("Its first attempt is about to be made.")
        return gettext("It is about to be tried again.")
    places = _attempt_places(declared, status)
    if status.is_being_tried:
        return gettext("Attempt %(number)s of %(allowed)s is being made.") % places
    if status.message.run_after <= now:
        return gettext("Attempt %(number)s of %(allowed)s is due now.") % places
    return gettext("Attempt %(number)s of %(allowed)s follows at %(moment)s.") % {
        **places,
        "moment": moment_text(status.message.run_after),
    }


def _short_attempt_text(
    declared: AutomationStep, status: AutomaticStepStatus, now: datetime
) -> str:
    places = _attempt_places(declared, status)
    if status.message is None:
        return gettext("the system; it is about to be tried again")
    if status.is_being_tried:
        return gettext("the system; attempt %(number)s of %(allowed)s is being made") % places
    if status.message.run_after <= now:
        return gettext("the system; attempt %(number)s of %(allowed)s is due now") % places
    return gettext("the system; attempt %(number)s of %(allowed)s follows at %(moment)s") % {
        **places,
        "moment": moment_text(status.message.run_after),
    }


def _attempt_places(declared: AutomationStep, status: AutomaticStepStatus) -> dict[str, object]:
    """Which attempt is being made, or comes next, and how many there may be."""
    number = status.attempt_count if status.is_being_tried else status.attempt_count + 1
    allowed = (declared.retry.attempts if declared.retry else None) or ATTEMPTS
    return {"number": number, "allowed": allowed}
