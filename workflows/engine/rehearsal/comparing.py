"""Today and what would be, side by side: the same number of runs, the same seed."""

from collections.abc import Sequence
from dataclasses import dataclass

from workflows.engine.format.definition import Definition
from workflows.engine.rehearsal.rehearsing import Rehearsal, rehearse
from workflows.engine.rehearsal.scenario import Scenario
from workflows.engine.rehearsal.what_if import Change, apply_changes
from workflows.engine.routing.graph import Graph
from workflows.engine.timing.working_time import Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """What a rehearsal says with changes made together."""

    changes: tuple[Change, ...]
    definition: Definition
    rehearsal: Rehearsal


def rehearse_alternatives(
    graph: Graph,
    scenario: Scenario,
    alternatives: Sequence[tuple[Change, ...]],
    *,
    calendar: Calendar,
    runs: int,
) -> tuple[Alternative, ...]:
    """A rehearsal for each set of changes. Raises InvalidInput where one cannot be."""
    found = []
    for changes in alternatives:
        changed = apply_changes(graph.definition, scenario, changes)
        other = Graph(changed.definition, graph.zone)
        rehearsal = rehearse(other, changed.scenario, calendar=calendar, runs=runs)
        found.append(
            Alternative(changes=changes, definition=changed.definition, rehearsal=rehearsal)
        )
    return tuple(found)
