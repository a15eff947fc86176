"""The head of a map: who answers for it, how it starts, and whether it expects trouble."""

from collections.abc import Iterator

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.format.definition import BaseStep, TriggerDef
from workflows.engine.texts import Text, text

ENOUGH_EXCEPTIONS = 2


def check_owners(survey: Survey) -> Iterator[AuditFinding]:
    """A workflow has an owner and a deputy, two different people who are there."""
    definition = survey.definition
    for office, username in (("owner", definition.owner), ("deputy", definition.deputy)):
        if not username:
            yield make_finding(f"{office}_missing", None)
        elif not survey.people.is_active(username):
            is_unknown = survey.people.is_active(username) is None
            yield make_finding(
                f"{office}_inactive", None, "unknown" if is_unknown else "", person=username
            )
    if definition.owner and definition.owner == definition.deputy:
        yield make_finding("deputy_is_owner", None, person=definition.owner)


def check_owners_of_parts(survey: Survey) -> Iterator[AuditFinding]:
    """Whom steps and triggers name as their own owner or deputy are there, and two people."""
    for key, step in survey.graph.steps.items():
        yield from _check_part(survey, key, survey.called(key), step)
    begin = survey.definition.start
    for number, trigger in enumerate((begin.triggers if begin else None) or [], start=1):
        yield from _check_part(survey, None, text("Trigger %(number)s", number=number), trigger)


def _check_part(
    survey: Survey, step: str | None, part: Text | str, owned: BaseStep | TriggerDef
) -> Iterator[AuditFinding]:
    for username in dict.fromkeys(filter(None, (owned.owner, owned.deputy))):
        if not survey.people.is_active(username):
            yield make_finding("part_owner_inactive", step, part=part, person=username)
    if owned.owner and owned.owner == owned.deputy:
        yield make_finding("part_deputy_is_owner", step, part=part, person=owned.owner)


def check_start(survey: Survey) -> Iterator[AuditFinding]:
    """A request can be started: by whom, with what, and where it goes."""
    begin = survey.definition.start
    if begin is None or begin.first is None:
        yield make_finding("start_first_missing", None)
    if begin is None or begin.fields is None:
        yield make_finding("start_fields_missing", None)
    if begin is None or begin.role is None:
        yield make_finding("start_role_missing", None)
    else:
        yield from _check_start_role(survey, begin.role)


def _check_start_role(survey: Survey, name: str) -> Iterator[AuditFinding]:
    members = survey.members(name)
    if members is None:
        yield make_finding("start_role_unfit", None, name=name)
    elif not members:
        yield make_finding("start_role_empty", None, name=name)


def check_start_fields(survey: Survey) -> Iterator[AuditFinding]:
    """What the start and its triggers fill in is declared."""
    begin, fields = survey.definition.start, survey.definition.fields
    if begin is None:
        return
    for key in begin.fields or []:
        if key not in fields:
            yield make_finding("start_field_unknown", None, key=key)
    for number, trigger in enumerate(begin.triggers or [], start=1):
        for key in (*(trigger.data or {}), *(trigger.mapping or {})):
            if key not in fields:
                yield make_finding("trigger_field_unknown", None, number=number, key=key)


def check_calendar(survey: Survey) -> Iterator[AuditFinding]:
    """The hours in which durations count are known."""
    name = survey.definition.calendar
    if survey.people.calendar(name) is None:
        yield make_finding("calendar_unknown", None, name=name)
    for key, step in survey.graph.steps.items():
        own = getattr(step, "calendar", None)
        if own and survey.people.calendar(own) is None:
            yield make_finding("calendar_unknown", key, name=own)


def check_exceptions(survey: Survey) -> Iterator[AuditFinding]:
    """At least two ways are marked as exceptions: the map knows what can go wrong."""
    count = sum(bool(link.route.exception) for link in survey.graph.links)
    if count < ENOUGH_EXCEPTIONS:
        yield make_finding("exceptions_too_few", None, "" if count else "none")


def check_step_names(survey: Survey) -> Iterator[AuditFinding]:
    """Two steps that read the same cannot be told apart."""
    first: dict[str, str] = {}
    for key in survey.graph.steps:
        title = survey.graph.title(key)
        other = first.setdefault(title, key)
        if other != key:
            yield make_finding("step_name_twice", key, title=title, other=other, key=key)


CHECKS = (
    check_owners,
    check_owners_of_parts,
    check_start,
    check_start_fields,
    check_calendar,
    check_exceptions,
    check_step_names,
)
