"""The words of a workflow's page: its state, how requests start, and what each command asks and
says."""

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.translation import gettext, gettext_lazy

from workflows.engine.format.parts import TriggerDef
from workflows.engine.format.trigger_kinds import PUBLIC_FORM


class WorkflowState(TextChoices):
    """What a workflow is, to those who answer for it."""

    IN_USE = "in_use", gettext_lazy("in use")
    PAUSED = "paused", gettext_lazy("paused")
    RETIRED = "retired", gettext_lazy("out of use")
    NEW = "new", gettext_lazy("not published yet")
    OBSERVED = "observed", gettext_lazy("observed from a log")


STATE_CSS: Mapping[WorkflowState, str] = {
    WorkflowState.IN_USE: "in-use",
    WorkflowState.PAUSED: "paused",
    WorkflowState.RETIRED: "out-of-use",
    WorkflowState.NEW: "not-published-yet",
    WorkflowState.OBSERVED: "observed-from-a-log",
}


def form_start_text(role: str) -> str:
    """By its form."""
    return gettext("By its form or the HTTP API, for the role “%(role)s”.") % {"role": role}


def trigger_start_text(trigger: TriggerDef) -> str:
    """By a trigger of its map."""
    places = {
        "cron": trigger.cron or "",
        "workflow": trigger.workflow or "",
        "result": trigger.result or "",
        "kind": trigger.kind,
    }
    if trigger.kind == "webhook":
        return gettext("By a signed call of another system (webhook).")
    if trigger.kind == PUBLIC_FORM:
        return gettext("By people without an account, who fill in its public form.")
    if trigger.kind == "schedule":
        return gettext("By its schedule: %(cron)s.") % places
    if not trigger.workflow:
        return gettext("By a trigger of the kind “%(kind)s”.") % places
    if trigger.result:
        return gettext("When a request of “%(workflow)s” ends as “%(result)s”.") % places
    return gettext("When a request of “%(workflow)s” ends.") % places
