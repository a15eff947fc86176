"""A process's event log brought in as requests, with its own times.

The log is read twice: once to see its cases and activities (and to make an observed map where the
workflow does not exist yet), once to write its rows. Nothing of the file's size is kept but a
short record a case, and while it is looked through two moments and a name a row.
"""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from pydantic import ValidationError

from reporting.eventlog import LogRow, read_log
from workflows.engine.definition import Definition, title
from workflows.engine.errors import InvalidInput
from workflows.management.sources import looks_like_file, read_definition_file
from workflows.models import TemplateVersion, WorkflowTemplate
from workflows.services.definitions import load_definition, publish, write_version
from workflows.services.maps import map_of
from workflows.services.past import PastCase, PastTask, observe, record_past
from workflows.services.values import clean_values

END = "end_of_log"
Placed = tuple[datetime, datetime, str]
"""A row's place in its case: start (end where there is none), end, and its activity."""


@dataclass(slots=True)
class Seen:
    """What a first reading of a log found."""

    cases: dict[str, PastCase] = field(default_factory=dict)
    activities: dict[str, int] = field(default_factory=dict)
    follows: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: Counter[str] = field(default_factory=Counter)
    last: Counter[str] = field(default_factory=Counter)
    fields: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import."""

    version: TemplateVersion
    cases: int
    rows: int
    observed: bool


def import_log(source: str, log: str | Path, *, actor: User | None, now: datetime) -> Imported:
    """Bring a log in under a workflow's key, or under the workflow that a definition file defines.

    A key that does not exist yet gets an observed map. One transaction: InvalidInput (a bad row,
    an activity that is no step, a case that is there already) leaves nothing behind.
    """
    with transaction.atomic():
        seen = look_through(log)
        version, observed = _version_for(source, seen, actor, now)
        steps = _steps_of(version, seen)
        _clean_data(version, seen)
        tasks = (_task(row, steps) for row in read_log(log))
        rows = record_past(version, seen.cases, tasks, actor=actor, now=now)
    return Imported(version, len(seen.cases), rows, observed)


def look_through(log: str | Path) -> Seen:
    """Read a log once and keep what its map and its requests need."""
    seen = Seen()
    orders: dict[str, list[Placed]] = defaultdict(list)
    for row in read_log(log):
        activity = sys.intern(row.activity)
        seen.activities[activity] = seen.activities.get(activity, 0) + 1
        seen.fields.update(row.data)
        orders[row.case_id].append((row.start or row.end, row.end, activity))
        _add_to_case(seen.cases, row)
    if not seen.cases:
        raise InvalidInput(f"{log} has no rows; there is nothing to bring in.")
    for order in orders.values():
        _follow(seen, order)
    return seen


def _follow(seen: Seen, order: list[Placed]) -> None:
    """Count what begins, follows and ends in one case, in the order that the figures have too."""
    order.sort(key=itemgetter(0, 1))
    walked = [activity for _, _, activity in order]
    seen.first[walked[0]] += 1
    seen.last[walked[-1]] += 1
    seen.follows.update(pairwise(walked))


def _add_to_case(cases: dict[str, PastCase], row: LogRow) -> None:
    first = row.enabled or row.start or row.end
    case = cases.get(row.case_id)
    if case is None:
        case = cases[row.case_id] = PastCase(row.case_id, first, row.end, row.resource)
    case.first, case.last = min(case.first, first), max(case.last, row.end)
    case.rows += 1
    case.data.update(row.data)


def _task(row: LogRow, steps: Mapping[str, str]) -> PastTask:
    return PastTask(row.case_id, steps[row.activity], row.resource, row.enabled, row.start, row.end)


# -- the map ----------------------------------------------------------------------------------


def _version_for(
    source: str, seen: Seen, actor: User | None, now: datetime
) -> tuple[TemplateVersion, bool]:
    """The version that the log belongs to, and whether it was made from the log."""
    if looks_like_file(source):
        version, _ = load_definition(read_definition_file(source), actor=actor, now=now)
        if version.state == TemplateVersion.DRAFT:
            version = publish(version.pk, actor=actor, now=now)
        return version, False
    template = WorkflowTemplate.objects.filter(key=source).first()
    if template is None:
        return observed_version(source, seen, actor, now), True
    versions = template.versions.select_related("template").order_by("-number")
    newest = versions.exclude(state=TemplateVersion.DRAFT).first()
    if newest is None:
        raise InvalidInput(f"'{source}' has only a draft; publish it before a log is brought in.")
    if newest.state == TemplateVersion.OBSERVED and not _knows(newest, seen):
        return observed_version(source, seen, actor, now, template), True
    return newest, False


def _knows(version: TemplateVersion, seen: Seen) -> bool:
    names = _names_of_steps(version)
    fields = map_of(version).graph.definition.fields
    return set(seen.activities) <= set(names) and seen.fields <= set(fields)


def _names_of_steps(version: TemplateVersion) -> dict[str, str]:
    """Step keys by what a log may call them: the step's name, or its key."""
    graph = map_of(version).graph
    human = [key for key in graph.steps if graph[key].kind != "end"]
    return {key: key for key in human} | {graph.title(key): key for key in human}


def _steps_of(version: TemplateVersion, seen: Seen) -> dict[str, str]:
    names = _names_of_steps(version)
    unknown = [activity for activity in seen.activities if activity not in names]
    if unknown:
        raise InvalidInput(
            f"'{version.template.key}' has no step '{unknown[0]}'"
            f"{f' (and {len(unknown) - 1} more)' if len(unknown) > 1 else ''}. An activity is"
            " written as a step's name or key; to let Handoff draw the map from the log, give a"
            " key that does not exist yet."
        )
    return {activity: names[activity] for activity in seen.activities}


def _clean_data(version: TemplateVersion, seen: Seen) -> None:
    """Values of `data.` columns as the map's fields; people need not exist, documents cannot."""
    if not seen.fields:
        return
    version_map = map_of(version)
    for case in seen.cases.values():
        try:
            case.data = clean_values(version_map, case.data)
        except InvalidInput as problem:
            raise InvalidInput(f"Case '{case.case_id}' of the log: {problem}") from problem


def observed_version(
    key: str,
    seen: Seen,
    actor: User | None,
    now: datetime,
    template: WorkflowTemplate | None = None,
) -> TemplateVersion:
    """A map of what a log shows: its activities as steps, and how they follow each other."""
    definition = observed_map(key, seen)
    if template is None:
        version, _ = load_definition(definition, actor=actor, now=now)
    else:
        version = write_version(template, definition, actor=actor, now=now)
    observe(version, _used(seen), actor=actor, now=now)
    return version


def _used(seen: Seen) -> dict[tuple[str, str], int]:
    """How often the log went each way of its observed map, by the keys of the steps."""
    keys = _keys(seen.activities)
    ways = {(keys[one], keys[other]): count for (one, other), count in seen.follows.items()}
    return ways | {(keys[last], END): count for last, count in seen.last.items()}


def observed_map(key: str, seen: Seen) -> Definition:
    """The definition of an observed map."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key) or len(key) > 60:
        raise InvalidInput(
            f"'{key[:60]}' cannot be a workflow's key: write lower-case letters, digits and single"
            " hyphens, at most 60 characters."
        )
    _check_fields(seen.fields)
    keys = _keys(seen.activities)
    steps: dict[str, Any] = {
        keys[activity]: {
            "kind": "task",
            "name": activity,
            "outcomes": _ways(activity, keys, seen),
        }
        for activity in seen.activities
    }
    steps[END] = {"kind": "end", "name": "End of the log", "result": "imported"}
    first = seen.first.most_common(1)[0][0]
    written = {
        "format": 1,
        "key": key,
        "name": title(key, None),
        "purpose": "Observed in an event log: to learn from and to redraw. It cannot be started.",
        "fields": {name: {"type": "long_text"} for name in sorted(seen.fields)},
        "start": {"first": keys[first]},
        "steps": steps,
    }
    try:
        return Definition.model_validate(written)
    except ValidationError as problem:
        why = problem.errors()[0]
        where = ".".join(map(str, why["loc"])) or "the map"
        raise InvalidInput(
            f"No map can be drawn from this log; {where[:200]}: {why['msg']}."
        ) from None


def _check_fields(fields: set[str]) -> None:
    for name in sorted(fields):
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name):
            raise InvalidInput(
                f"The column 'data.{name[:60]}' cannot become a field: after data. write lower-case"
                " letters, digits and underscores, a letter first."
            )


def _ways(activity: str, keys: Mapping[str, str], seen: Seen) -> dict[str, str]:
    """Where the log goes from an activity, most frequent first."""
    ways = {
        f"to_{keys[after]}"[:80]: keys[after]
        for (before, after), _ in seen.follows.most_common()
        if before == activity
    }
    if seen.last[activity] or not ways:
        ways["end"] = END
    return ways


def _keys(activities: Mapping[str, int]) -> dict[str, str]:
    """A step key for each activity: its words, and a number where two would be the same."""
    keys: dict[str, str] = {}
    taken = {END}
    for activity in activities:
        words = re.sub(r"[^a-z0-9]+", "_", activity.lower()).strip("_")[:60]
        base = words if words[:1].isalpha() else f"step_{words}".rstrip("_")
        key, number = base, 1
        while key in taken:
            number += 1
            key = f"{base}_{number}"
        taken.add(key)
        keys[activity] = key
    return keys
