"""What a log is replayed on: a published workflow, or a definition file that is published first."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from reporting.mapping import REQUESTER, START, Activities, Decision
from workflows.engine.audit import AnyPeople
from workflows.engine.errors import WrongState
from workflows.management.sources import Source
from workflows.models import TemplateVersion
from workflows.services.definitions import load_definition, publish
from workflows.services.log_people import LogPeople, people_a_map_names


@dataclass(frozen=True, slots=True)
class Doing:
    """Somebody does an activity, somewhere in the log."""

    activity: str
    resource: str


def prepare(
    source: Source,
    activities: Activities,
    people: LogPeople,
    doings: list[Doing],
    named: list[str],
    *,
    now: datetime,
) -> TemplateVersion:
    """Make the people of the log, publish a file's map, and let everybody do what they do."""
    with transaction.atomic():
        if source.version is None:
            people_a_map_names(source.definition, people)
        for name in named:
            people.person(name)
        version = source.version or _published(source, now)
        if version.state != TemplateVersion.PUBLISHED:
            raise WrongState(f"{version} is {version.state}; a log is replayed on a published map.")
        _give_roles(version, activities, people, doings)
    return version


def _published(source: Source, now: datetime) -> TemplateVersion:
    """The file's map, audited as it stands: its people are those of the log."""
    version, _ = load_definition(source.definition, actor=None, now=now)
    if version.state == TemplateVersion.DRAFT:
        version = publish(version.pk, actor=None, now=now, people=AnyPeople())
    return version


def _give_roles(
    version: TemplateVersion, activities: Activities, people: LogPeople, doings: list[Doing]
) -> None:
    """Outcomes with a role of their own first: who has one of these roles is likely to be in the
    step's role by it, and needs no other."""
    rows = {role.key: role for role in version.roles.all()}
    decided = [pair for doing in doings for pair in _decisions(activities, doing)]
    decided.sort(key=lambda pair: not activities.has_own_role(pair[1]))
    for name, decision in decided:
        key = activities.role_key(decision)
        people.let_act(name, activities.role_of(decision), rows.get(key))
    start = activities.definition.start
    start_role = activities.definition.roles.get((start.role if start else None) or "")
    for doing in doings:
        if START in activities.meanings(doing.activity) and doing.resource:
            people.put_into(doing.resource, start_role)


def _decisions(activities: Activities, doing: Doing) -> list[tuple[str, Decision]]:
    found = []
    for meaning in activities.meanings(doing.activity):
        for decision in meaning if isinstance(meaning, tuple) else ():
            name = decision.who or doing.resource
            if name and decision.who != REQUESTER:
                found.append((name, decision))
    return found
