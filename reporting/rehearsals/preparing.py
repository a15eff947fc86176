"""What a rehearsal needs of this site: its people, its calendar, and from where it supposes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone

from reporting.forecasts.learning import learn_scenario
from reporting.forecasts.own_history import read_own_history
from workflows.calendars.queries.working_calendars import map_calendar
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.sources import find_named_workflow
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition
from workflows.engine.rehearsal.comparing import Alternative, rehearse_alternatives
from workflows.engine.rehearsal.rehearsing import Rehearsal, rehearse
from workflows.engine.rehearsal.scenario import Scenario
from workflows.engine.rehearsal.supposing import Site, suppose_scenario
from workflows.engine.rehearsal.what_if import Change
from workflows.engine.routing.graph import Graph
from workflows.engine.timing.working_time import Calendar
from workflows.people.queries.listed_people import (
    SiteListedPeople,
    definition_with_current_names,
)

STARTS_AT = datetime(2026, 1, 5, tzinfo=UTC)
"""Every rehearsal begins on the same Monday, so that the same seed says the same on any day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A map ready to be rehearsed: who and when is supposed, or was learnt."""

    definition: Definition
    scenario: Scenario
    calendar: Calendar

    @property
    def graph(self) -> Graph:
        """The map as a graph, in the site's time zone."""
        return Graph(self.definition, timezone.get_default_timezone())

    def rehearse(self, runs: int) -> Rehearsal:
        """Rehearse it."""
        return rehearse(self.graph, self.scenario, calendar=self.calendar, runs=runs)

    def rehearse_alternatives(
        self, alternatives: Sequence[tuple[Change, ...]], runs: int
    ) -> tuple[Alternative, ...]:
        """Rehearse it with each of these sets of changes. Raises InvalidInput."""
        return rehearse_alternatives(
            self.graph, self.scenario, alternatives, calendar=self.calendar, runs=runs
        )


def suppose_setting(
    definition: Definition, version: TemplateVersion | None, *, seed: int, runs: int
) -> Setting:
    """A map with what it states itself, and with this site's people. A few statements a role."""
    current = definition_with_current_names(definition, version)
    calendar = map_calendar(current)
    site = Site(
        calendar=calendar,
        zone=str(timezone.get_default_timezone()),
        people=SiteListedPeople(),
    )
    scenario = suppose_scenario(current, site, starts_at=STARTS_AT, seed=seed, runs=runs)
    return Setting(definition=current, scenario=scenario, calendar=calendar)


def learn_setting(
    definition: Definition, version: TemplateVersion | None, *, seed: int, now: datetime
) -> Setting:
    """A map with what this site's own requests of it tell. Raises NotFound where the workflow is
    not here, InvalidInput where nothing was done on it yet."""
    current = definition_with_current_names(definition, version)
    template = find_named_workflow(current.key)
    history = read_own_history(template, current, until=now)
    if not any(history.done_tasks()):
        raise InvalidInput(
            "Nothing was done on '%(key)s' yet, so there is nothing to learn from; rehearse it"
            " without its history.",
            key=current.key,
        )
    calendar = map_calendar(current)
    site = Site(calendar=calendar, zone=history.zone, people=SiteListedPeople())
    learnt = learn_scenario(current, history, site, seed=seed)
    return Setting(definition=learnt.definition, scenario=learnt.scenario, calendar=calendar)
