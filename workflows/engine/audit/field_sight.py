"""Fields that only some may see: nobody is asked for what they may not see, or shown it."""

from collections.abc import Iterator

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.format.definition import HumanStep, roles_of_step
from workflows.engine.format.parts import DueDef
from workflows.engine.routing.outside_fields import fields_sent_outside


def check_asked_in_sight(survey: Survey) -> Iterator[AuditFinding]:
    """Who fills in a field may see it."""
    for key, step in survey.humans():
        for name in step.outputs or ():
            for role in _blind_roles(survey, step, name, *_roles_of_usual_ways(step)):
                yield make_finding(
                    "field_asked_unseen", key, step=survey.called(key), name=name, role=role
                )


def check_shown_in_sight(survey: Survey) -> Iterator[AuditFinding]:
    """What a step lists as shown is shown to its people."""
    for key, step in survey.humans():
        for name in step.inputs or ():
            for role in _blind_roles(survey, step, name):
                yield make_finding(
                    "field_not_shown", key, step=survey.called(key), name=name, role=role
                )


def _blind_roles(survey: Survey, step: HumanStep, name: str, *others: str) -> list[str]:
    """The roles of a step, and these besides, whose people may not see a field."""
    roles = dict.fromkeys((*roles_of_step(step), *others))
    return [role for role in roles if not _may_see(survey, role, name)]


def _roles_of_usual_ways(step: HumanStep) -> list[str]:
    """The roles that some usual outcomes are for: whoever chooses one fills in the fields."""
    usual = (route for route in step.outcomes.values() if not route.exception)
    return [route.role for route in usual if route.role]


def _may_see(survey: Survey, role: str, name: str) -> bool:
    """Whether the people of a role may see a field: by name, as the requester, or because all of
    them are in a role that may."""
    field = survey.definition.all_fields.get(name)
    if field is None or field.visible_to is None or role in field.visible_to:
        return True
    definition, start = survey.role(role), survey.definition.start
    asked_at_start = (start.fields if start else None) or ()
    written = survey.definition.row_sources.get(name.partition(".")[0], name)
    if (
        definition is not None
        and definition.settings.get("requester")
        and written in asked_at_start
    ):
        return True
    members = survey.members(role) or frozenset()
    lists = [survey.members(other) or frozenset() for other in field.visible_to]
    return bool(members) and members <= frozenset[str]().union(*lists)


def check_sent_in_sight(survey: Survey) -> Iterator[AuditFinding]:
    """What only some may see and a step tells others is told on purpose."""
    restricted = {key for key, field in survey.definition.all_fields.items() if field.visible_to}
    for key, step in survey.graph.steps.items():
        for name in sorted(fields_sent_outside(step) & restricted):
            yield make_finding("hidden_field_told", key, step=survey.called(key), name=name)


def check_dates_in_sight(survey: Survey) -> Iterator[AuditFinding]:
    """When work is due, and until when a request waits, is shown to whoever may see it: with that
    the date from which it is reckoned."""
    definition, fields = survey.definition, survey.definition.all_fields
    hidden = {name for name, field in fields.items() if field.visible_to is not None}
    for key, name in survey.graph.date_fields.items():
        if name in hidden:
            yield make_finding("hidden_date_told", key, step=survey.called(key), name=name)
    if isinstance(definition.due, DueDef) and definition.due.field in hidden:
        yield make_finding("hidden_date_told", None, "request", name=definition.due.field)


CHECKS = (
    *(check_asked_in_sight, check_shown_in_sight),
    *(check_sent_in_sight, check_dates_in_sight),
)
