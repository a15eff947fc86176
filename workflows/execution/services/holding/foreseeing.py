"""What a step of a request has of resources, and what it could not have now.

It is said before it is tried.
Nothing is locked and nothing is written, so what is free here may be taken a moment later.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.routing.holds import (
    SPENDS,
    HoldKey,
    Wish,
    WishUnclear,
    fields_behind_hold,
    holding_steps,
    purposes_of,
    read_wish,
)
from workflows.engine.routing.rows import write_rows
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
        wish = _wish_of(version_map, key, instance.data)
        if wish is None:
            yield HoldOutlook(key)
            continue
        desk = open_desk([wish], [], HoldChanges(), now, take_resources=read_resources)
        title = version_map.graph.title(key.step)
        taken = desk.take(instance, key, wish, title, None)
        yield HoldOutlook(key, trouble=taken if isinstance(taken, StepTrouble) else None)


def _wish_of(version_map: VersionMap, key: HoldKey, data: Mapping[str, Any]) -> Wish | None:
    try:
        return read_wish(version_map.graph, key, data)
    except WishUnclear:
        return None


def foresee_typed_holds(
    version_map: VersionMap,
    data: Mapping[str, Any],
    typed: Collection[str],
    now: datetime,
    *,
    instance: WorkflowInstance | None = None,
    spending_step: str | None = None,
) -> list[HoldOutlook]:
    """What could not be had with these values of a form: what any step books, and what one step
    spends, as far as one of the typed fields says it. What one row takes is not free for the next.
    No statement where the fields say nothing of it."""
    keys = [
        key
        for key in _keys_said_by(version_map, data, typed)
        if key.purpose != SPENDS or key.step == spending_step
    ]
    wishes = {key: _wish_of(version_map, key, data) for key in keys}
    wanted = {key: wish for key, wish in wishes.items() if wish is not None}
    if not wanted:
        return []
    live = holds_of_request(instance.pk) if instance is not None else []
    mine = {(hold.step_key, hold.place, hold.purpose): hold for hold in live}
    wished = wanted.values()
    desk = open_desk(wished, live, HoldChanges(), now, take_resources=read_resources)
    outlooks = []
    for key, wish in wanted.items():
        before = mine.get((key.step, key.place, key.purpose))
        taken = desk.take(instance, key, wish, version_map.graph.title(key.step), before)
        if isinstance(taken, StepTrouble):
            outlooks.append(HoldOutlook(key, trouble=taken))
    return outlooks


def _keys_said_by(
    version_map: VersionMap, data: Mapping[str, Any], typed: Collection[str]
) -> Iterator[HoldKey]:
    """What steps hold that these fields say something of; row by row where it stands in rows."""
    graph = version_map.graph
    for name, step in holding_steps(graph).items():
        scopes = graph.row_scopes[name]
        if len(scopes) > 1:
            continue
        rows = range(len(data.get(scopes[0].source) or ())) if scopes else ()
        places = [write_rows((number,)) for number in rows] if scopes else [""]
        for purpose in purposes_of(step):
            if not fields_behind_hold(graph, name, purpose).isdisjoint(typed):
                yield from (HoldKey(name, place, purpose) for place in places)
