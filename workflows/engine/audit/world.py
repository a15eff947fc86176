"""What a map relies on outside itself: groups, people, connections, calendars, other workflows.

A map that was sound when it was published can go wrong by these alone. `WORLD` names the findings
that can come and go without any change of the map; the clock asks for them again and again.
"""

from collections.abc import Iterator
from typing import Any, Final

from workflows.engine.audit.findings import Finding, found
from workflows.engine.audit.survey import Survey
from workflows.engine.definition import AutomationStep

WORLD: Final = frozenset(
    {
        *("owner_inactive", "deputy_inactive", "start_role_empty", "calendar_unknown"),
        *("role_empty", "outcome_role_empty", "escalation_empty", "quorum_too_large"),
        *("nobody_left", "group_unknown", "person_inactive"),
        *("action_unknown", "action_told_wrongly", "connection_off", "calendar_runs_out"),
        *("subworkflow_unknown", "subworkflow_not_in_use", "subworkflow_field_missing"),
        *("subworkflow_field_unfit", "trigger_workflow_unknown"),
    }
)


def named(survey: Survey) -> Iterator[Finding]:
    """The groups and people whom roles name are there."""
    for name, role in survey.definition.roles.items():
        for group in role.groups or ():
            if not survey.people.has_group(group):
                yield found(
                    "group_unknown",
                    _step_of(survey, name),
                    f"The role {name} names the group '{group}', and there is no such group: it"
                    " was deleted or renamed, and whoever was in it may not act any more.",
                    "Make the group again and add its people, or name another one.",
                )
        for user in role.users or ():
            if not survey.people.is_active(user):
                yield _gone(user, _step_of(survey, name), f"The role {name}")


def _step_of(survey: Survey, role: str) -> str | None:
    return next((key for key, step in survey.humans() if step.role == role), None)


def _gone(user: str, step: str | None, what: str) -> Finding:
    return found(
        "person_inactive",
        step,
        f"{what} names '{user}', who is not active or not there: nothing reaches that person.",
        "Name somebody else.",
    )


def given(survey: Survey) -> Iterator[Finding]:
    """People who are written out in what triggers and steps give are there."""
    begin = survey.definition.start
    for number, trigger in enumerate((begin.triggers if begin else None) or [], start=1):
        for user in _people_in(survey, trigger.data):
            yield _gone(user, None, f"Trigger {number}")
        if trigger.workflow and not survey.people.is_in_use(trigger.workflow):
            yield found(
                "trigger_workflow_unknown",
                None,
                f"Trigger {number} waits for ends of '{trigger.workflow}', of which no version is"
                " published: nothing ever ends there.",
                "Correct the key, publish that workflow, or take the trigger out.",
            )


def _people_in(survey: Survey, data: dict[str, Any] | None) -> Iterator[str]:
    for name, value in (data or {}).items():
        field = survey.definition.fields.get(name)
        is_person = field is not None and field.type == "user" and isinstance(value, str)
        if is_person and not survey.people.is_active(value):
            yield value


def connections(survey: Survey) -> Iterator[Finding]:
    """The connections that calls use are in use."""
    for key, step in survey.graph.steps.items():
        told = step.with_ if isinstance(step, AutomationStep) and step.action == "http" else None
        connection = str((told or {}).get("connection") or "")
        known = connection and survey.people.has_connection(connection)
        if known and not survey.people.is_connection_on(connection):
            yield found(
                "connection_off",
                key,
                f"{survey.called(key)} calls by the connection '{connection}', which is switched"
                " off: every request waits there on an incident.",
                "Ask the connection's owner to switch it on, or use another one.",
            )


def calendars(survey: Survey) -> Iterator[Finding]:
    """The calendar that durations count in knows the days off that are to come."""
    name = survey.definition.calendar
    if name and survey.people.calendar_has_run_out(name):
        yield found(
            "calendar_runs_out",
            None,
            f"The calendar '{name}' knows no day off from today on: dues and reminders will fall on"
            " holidays.",
            "Add the closures to come, or choose the country whose holidays count.",
        )


CHECKS = (named, given, connections, calendars)
