"""Loads the demo: the company, its maps, and its past; one transaction, all or nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.db import transaction
from django.utils import timezone

from workflows.access.services.rights_trail import suppress_fact_recording
from workflows.definitions.models import TemplateVersion
from workflows.definitions.services.publishing import load_definition, publish
from workflows.demo.company import (
    MAPS,
    WORKFLOWS,
    connect_plant_directory,
    grant_ops_and_auditors,
    make_company,
)
from workflows.demo.scenarios import plan_scenarios
from workflows.demo.simulation import DAYS, DemoSimulation
from workflows.demo.workshops import make_resources
from workflows.engine.format.files import read_definition
from workflows.engine.timing.working_time import calendar_named, parse_duration
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.trail.services.sealing import seal_all

SEED = 1


@dataclass(frozen=True, slots=True)
class DemoCounts:
    """How much there is now."""

    people: int
    workflows: int
    requests: int
    decisions: int
    open: int


def load_demo(*, now: datetime, seed: int = SEED, volume: float = 1.0) -> DemoCounts:
    """Make the company and its past up to now. Raises what the services raise, and then writes
    nothing."""
    with transaction.atomic(), suppress_fact_recording():
        people = make_company()
        began = _office_moment(now - timedelta(days=DAYS + 3))
        connect_plant_directory(people)
        make_resources(people, began)
        versions = [_publish_map(name, began) for name in WORKFLOWS]
        grant_ops_and_auditors(versions)
        simulation = DemoSimulation(Random(seed), now, people, versions)  # noqa: S311  not a secret
        simulation.plan_requests(volume)
        plan_scenarios(simulation)
        simulation.run()
    seal_all(lambda: now)
    requests = WorkflowInstance.objects.filter(version__in=versions)
    return DemoCounts(
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


def _publish_map(name: str, now: datetime) -> TemplateVersion:
    path = MAPS / f"{name}.yaml"
    definition = read_definition(path.read_bytes(), name=path.name)
    version, _ = load_definition(definition, actor=None, now=now)
    return publish(version.pk, actor=None, now=now)
