"""What a map relies on outside itself: groups, people, connections, calendars, other workflows.

A map that was sound when it was published can go wrong by these alone. `WORLD` names the findings
that can come and go without any change of the map; the clock asks for them again and again.
"""

from collections.abc import Iterator
from typing import Any, Final

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.format.definition import AutomationStep, RoleDef
from workflows.engine.format.directory_finders import MANAGER_OF, REQUESTER_WORD
from workflows.engine.format.role_finders import GROUPS
from workflows.engine.texts import Text, text
from workflows.engine.values.field_types.base import type_of_field

WORLD: Final = frozenset(
    {
        *("owner_inactive", "deputy_inactive", "start_role_empty", "calendar_unknown"),
        *("role_empty", "outcome_role_empty", "escalation_empty", "quorum_too_large"),
        *("group_choice_unknown", "group_choice_empty", "manager_missing"),
        *("nobody_left", "group_unknown", "person_inactive", "part_owner_inactive"),
        *("action_unknown", "action_told_wrongly", "connection_off", "calendar_runs_out"),
        *("subworkflow_unknown", "subworkflow_not_in_use", "subworkflow_field_missing"),
        *("subworkflow_field_unfit", "trigger_workflow_unknown"),
        *("field_group_unknown", "nobody_to_choose"),
        *("resource_group_unknown", "resource_kind_wrong"),
        # a rule was right when it was published, but for a function that is not installed any more
        *("rule_wrong", "value_wrong", "condition_wrong", "chain_rule_wrong"),
    }
)


def check_named_people(survey: Survey) -> Iterator[AuditFinding]:
    """The groups and people whom roles name are there."""
    for name, role in survey.definition.roles.items():
        for group in role.groups:
            if not survey.people.has_group(group):
                yield make_finding(
                    "group_unknown", survey.step_with_role(name), name=name, group=group
                )
        yield from _check_groups_by_fields(survey, name, role)
        for user in role.users:
            if not survey.people.is_active(user):
                yield _inactive_person_finding(
                    user, survey.step_with_role(name), text("The role %(name)s", name=name)
                )


def _check_groups_by_fields(survey: Survey, name: str, role: RoleDef) -> Iterator[AuditFinding]:
    """The group of each choice is there, and has somebody."""
    groups = [
        group
        for finder, setting in role.sources
        for group in finder.group_choices(setting, survey.definition.fields)
    ]
    for group in dict.fromkeys(groups):
        step = survey.step_with_role(name)
        if not survey.people.has_group(group):
            yield make_finding("group_choice_unknown", step, name=name, group=group)
        elif not survey.people.members(RoleDef.model_validate({GROUPS.name: [group]})):
            yield make_finding("group_choice_empty", step, name=name, group=group)


def check_managers(survey: Survey) -> Iterator[AuditFinding]:
    """Who may start has a manager, where one is asked for."""
    start = survey.definition.start
    for name, role in survey.definition.roles.items():
        if role.settings.get(MANAGER_OF.name) != REQUESTER_WORD:
            continue
        asking = survey.role(start.role if start else None)
        count = survey.people.count_without_manager(asking)
        if count:
            yield make_finding(
                "manager_missing", survey.step_with_role(name), name=name, count=count
            )


def _inactive_person_finding(user: str, step: str | None, source: Text | str) -> AuditFinding:
    return make_finding("person_inactive", step, source=source, person=user)


def check_given_people(survey: Survey) -> Iterator[AuditFinding]:
    """People who are written out in what triggers and steps give are there."""
    begin = survey.definition.start
    for number, trigger in enumerate((begin.triggers if begin else None) or [], start=1):
        for user in _inactive_people_in(survey, trigger.data):
            yield _inactive_person_finding(user, None, text("Trigger %(number)s", number=number))
        if trigger.workflow and not survey.people.is_in_use(trigger.workflow):
            yield make_finding(
                "trigger_workflow_unknown", None, number=number, workflow=trigger.workflow
            )


def _inactive_people_in(survey: Survey, data: dict[str, Any] | None) -> Iterator[str]:
    for name, value in (data or {}).items():
        field = survey.definition.fields.get(name)
        if field is None or (isinstance(value, str) and not type_of_field(field).names_anybody):
            continue
        for person in type_of_field(field).people_in(field, value):
            if not survey.people.is_active(person):
                yield person


def check_connections(survey: Survey) -> Iterator[AuditFinding]:
    """The connections that calls use are in use."""
    for key, step in survey.graph.steps.items():
        arguments = (
            step.with_ if isinstance(step, AutomationStep) and step.action == "http" else None
        )
        connection = str((arguments or {}).get("connection") or "")
        is_known = connection and survey.people.has_connection(connection)
        if is_known and not survey.people.is_connection_on(connection):
            yield make_finding(
                "connection_off", key, step=survey.called(key), connection=connection
            )


def check_calendar_closures(survey: Survey) -> Iterator[AuditFinding]:
    """The calendar that durations count in knows the days off that are to come."""
    name = survey.definition.calendar
    if name and survey.people.calendar_has_run_out(name):
        yield make_finding("calendar_runs_out", None, name=name)
    for key, step in survey.graph.steps.items():
        own = getattr(step, "calendar", None)
        if own and own != name and survey.people.calendar_has_run_out(own):
            yield make_finding("calendar_runs_out", key, name=own)


CHECKS = (
    check_named_people,
    check_managers,
    check_given_people,
    check_connections,
    check_calendar_closures,
)
