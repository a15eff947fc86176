"""What rules may ask of a request beside its values: taken once, and kept with where it stands."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from workflows.definitions.queries.compiled_versions import map_of_step
from workflows.engine.routing.known_facts import asked_facts, asks_of_requester, with_outcome
from workflows.engine.routing.rows import read_rows
from workflows.execution.models import DONE, WorkflowInstance, WorkItem
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.people.models import User
from workflows.people.queries.person_facts import find_known_of_person


def find_known_of_requester(work: UnitOfWork, asking_user: User | None) -> dict[str, Any]:
    """What rules of the map ask of whoever asks, as the directory says it now. What it said when a
    log was written, nobody knows."""
    asked = asks_of_requester(work.map.graph)
    if not asked or asking_user is None or work.instance.source in WorkflowInstance.PAST:
        return {}
    return find_known_of_person(asking_user, asked)


def find_newly_asked(
    work: UnitOfWork, before: Iterable[str], key_here: Callable[[int, str], str | None]
) -> dict[str, Any]:
    """Of a request that was moved to another map: what rules ask there and did not ask before (by
    their names now), as the directory and the request's own tasks say it. `key_here` takes a
    version (its id) and the key of a step there, and says which step here that is."""
    new = asked_facts(work.map.graph) - frozenset(before)
    if not new:
        return {}
    known = {
        **find_known_of_requester(work, work.instance.requester),
        **_decided_so_far(work, key_here),
    }
    return {slot: value for slot, value in known.items() if slot.partition("@")[0] in new}


def _decided_so_far(
    work: UnitOfWork, key_here: Callable[[int, str], str | None]
) -> Mapping[str, Any]:
    """Last outcomes and counts, by the tasks that are done."""
    known: dict[str, Any] = {}
    done = WorkItem.objects.filter(request=work.instance, state=DONE)
    for item in done.order_by("completed_at", "activation"):
        done_on = map_of_step(work.map, item.step_id)
        key = key_here(done_on.version_id, done_on.step_keys[item.step_id])
        if key is not None and item.outcome:
            rows = read_rows(item.rows)
            known = with_outcome(work.map.graph, known, key, rows, item.outcome)
    return known
