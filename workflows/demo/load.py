"""Loads the demo: the company, its maps, and its past; one transaction, all or nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.db import transaction
from django.utils import timezone

from workflows.demo.company import (
    MAPS,
    WORKFLOWS,
    connect,
    let_ops_and_auditors,
    make_company,
)
from workflows.demo.history import DAYS, History
from workflows.demo.scenes import stage
from workflows.engine.calendar import calendar_named, parse_duration
from workflows.engine.definition_file import read_definition
from workflows.models import TemplateVersion, WorkflowInstance, WorkItem
from workflows.services.definitions import load_definition, publish
from workflows.services.facts import beginning
from workflows.services.seals import seal_all

SEED = 1


@dataclass(frozen=True, slots=True)
class Loaded:
    """How much there is now."""

    people: int
    workflows: int
    requests: int
    decisions: int
    open: int


def load_demo(*, now: datetime, seed: int = SEED, volume: float = 1.0) -> Loaded:
    """Make the company and its past up to now. Raises what the services raise, and then writes
    nothing."""
    with transaction.atomic(), beginning():
        people = make_company()
        began = _office_moment(now - timedelta(days=DAYS + 3))
        connect(people)
        versions = [_publish(name, began) for name in WORKFLOWS]
        let_ops_and_auditors(versions)
        history = History(Random(seed), now, people, versions)  # noqa: S311  not a secret
        history.fill(volume)
        stage(history)
        history.happen()
    seal_all(lambda: now)
    requests = WorkflowInstance.objects.filter(version__in=versions)
    return Loaded(
        people=len(people),
        workflows=len(versions),
        requests=requests.count(),
        decisions=WorkItem.objects.filter(request__in=requests, state="done").count(),
        open=requests.running().count(),
    )


def _office_moment(moment: datetime) -> datetime:
    """An hour into the working day."""
    calendar = calendar_named(None, timezone.get_default_timezone())
    return calendar.add(moment, parse_duration("1h"))


def _publish(name: str, now: datetime) -> TemplateVersion:
    path = MAPS / f"{name}.yaml"
    definition = read_definition(path.read_bytes(), name=path.name)
    version, _ = load_definition(definition, actor=None, now=now)
    return publish(version.pk, actor=None, now=now)
