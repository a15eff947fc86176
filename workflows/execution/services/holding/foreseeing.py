"""What a step of a request has of resources, and what it could not have now.

It is said before it is tried.
Nothing is locked and nothing is written, so what is free here may be taken a moment later.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.routing.holds import HoldKey, WishUnclear, purposes_of, read_wish
from workflows.engine.routing.step_troubles import StepTrouble
from workflows.execution.models import WorkflowInstance
from workflows.resources.models import Hold
from workflows.resources.queries.holders import holds_of_request
from workflows.resources.services.hold_desk import open_desk
from workflows.resources.services.hold_writing import HoldChanges
from workflows.resources.services.locks import read_resources


@dataclass(frozen=True, slots=True)
class HoldOutlook:
    """What a step has, or why it cannot have what it wants; neither where it says not yet what."""

    key: HoldKey
    hold: Hold | None = None
    trouble: StepTrouble | None = None


def foresee_holds(
    instance: WorkflowInstance, version_map: VersionMap, step: str, rows: str, now: datetime
) -> list[HoldOutlook]:
    """How it stands with what a step (of these rows) books and spends. No statement where it does
    neither."""
    keys = [HoldKey(step, rows, purpose) for purpose in purposes_of(version_map.graph[step])]
    if not keys:
        return []
    live = {
        (hold.step_key, hold.place, hold.purpose): hold for hold in holds_of_request(instance.pk)
    }
    found = {key: live.get((key.step, key.place, key.purpose)) for key in keys}
    return list(_outlooks(instance, version_map, found, now))


def _outlooks(
    instance: WorkflowInstance,
    version_map: VersionMap,
    found: dict[HoldKey, Hold | None],
    now: datetime,
) -> Iterator[HoldOutlook]:
    for key, hold in found.items():
        if hold is not None:
            yield HoldOutlook(key, hold)
            continue
        try:
            wish = read_wish(version_map.graph, key, instance.data)
        except WishUnclear:
            wish = None
        if wish is None:
            yield HoldOutlook(key)
            continue
        desk = open_desk([wish], [], HoldChanges(), now, take_resources=read_resources)
        title = version_map.graph.title(key.step)
        taken = desk.take(instance, key, wish, title, None)
        yield HoldOutlook(key, trouble=taken if isinstance(taken, StepTrouble) else None)
