"""What a log is replayed on: a published workflow, or a definition file that is published first."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from reporting.replay.activity_mapping import REQUESTER, START, ActivityMapping, MappedDecision
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.sources import Source
from workflows.definitions.services.publishing import load_definition, publish
from workflows.engine.audit import AnyPeople
from workflows.engine.errors import WrongState
from workflows.people.services.log_accounts import LogPeople, ensure_map_people


@dataclass(frozen=True, slots=True)
class ActivityPerformer:
    """Somebody does an activity, somewhere in the log."""

    activity: str
    resource: str


def prepare_replay_version(
    source: Source,
    activities: ActivityMapping,
    people: LogPeople,
    doings: list[ActivityPerformer],
    named: list[str],
    *,
    now: datetime,
) -> TemplateVersion:
    """Make the people of the log, publish a file's map, and let everybody do what they do."""
    with transaction.atomic():
        if source.version is None:
            ensure_map_people(source.definition, people)
        for name in named:
            people.person(name)
        version = source.version or _publish_source(source, now)
        if version.state != TemplateVersion.PUBLISHED:
            raise WrongState(
                "%(version)s is %(state)s; a log is replayed on a published map.",
                version=version,
                state=version.state,
            )
        _assign_roles(version, activities, people, doings)
    return version


def _publish_source(source: Source, now: datetime) -> TemplateVersion:
    """The file's map, audited as it stands: its people are those of the log."""
    version, _ = load_definition(source.definition, actor=None, now=now)
    if version.state == TemplateVersion.DRAFT:
        version = publish(version.pk, actor=None, now=now, people=AnyPeople())
    return version


def _assign_roles(
    version: TemplateVersion,
    activities: ActivityMapping,
    people: LogPeople,
    doings: list[ActivityPerformer],
) -> None:
    """Outcomes with a role of their own first: who has one of these roles is likely to be in the
    step's role by it, and needs no other."""
    rows = {role.key: role for role in version.roles.all()}
    decided = [pair for doing in doings for pair in _collect_decisions(activities, doing)]
    decided.sort(key=lambda pair: not activities.has_own_role(pair[1]))
    for name, decision in decided:
        key = activities.role_key(decision)
        people.let_act(name, activities.role_of(decision), rows.get(key))
    start = activities.definition.start
    start_role = activities.definition.roles.get((start.role if start else None) or "")
    for doing in doings:
        if START in activities.meanings(doing.activity) and doing.resource:
            people.put_into(doing.resource, start_role)


def _collect_decisions(
    activities: ActivityMapping, doing: ActivityPerformer
) -> list[tuple[str, MappedDecision]]:
    decisions = []
    for meaning in activities.meanings(doing.activity):
        for decision in meaning if isinstance(meaning, tuple) else ():
            name = decision.performer or doing.resource
            if name and decision.performer != REQUESTER and not decision.is_by_time:
                decisions.append((name, decision))
    return decisions
