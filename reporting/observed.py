"""The map that a log shows: its activities as steps, and how they follow each other."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.contrib.auth.models import User
from pydantic import ValidationError

from reporting.logs.rows import LogRow
from workflows.engine.definition import Definition, title
from workflows.engine.errors import InvalidInput
from workflows.models import TemplateVersion, WorkflowTemplate
from workflows.services.definitions import load_definition, write_version
from workflows.services.past import observe

END = "end_of_log"


@dataclass(slots=True)
class Seen:
    """What was found in a log, by case."""

    cases: dict[str, list[LogRow]] = field(default_factory=dict)
    activities: dict[str, int] = field(default_factory=dict)
    follows: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: Counter[str] = field(default_factory=Counter)
    last: Counter[str] = field(default_factory=Counter)
    fields: set[str] = field(default_factory=set)
    rows: int = 0


def look_through(rows: Iterable[LogRow]) -> Seen:
    """Gather the rows of a log, and what its map needs."""
    seen = Seen()
    for row in rows:
        seen.rows += 1
        seen.activities[row.activity] = seen.activities.get(row.activity, 0) + 1
        seen.fields.update(row.data)
        seen.cases.setdefault(row.case_id, []).append(row)
    for case in seen.cases.values():
        _follow(seen, case)
    return seen


def _follow(seen: Seen, case: list[LogRow]) -> None:
    """Count what begins, follows and ends in one case, in the order that the figures have too."""
    order = sorted(case, key=lambda row: (row.start or row.last, row.last))
    walked = [row.activity for row in order]
    seen.first[walked[0]] += 1
    seen.last[walked[-1]] += 1
    seen.follows.update(pairwise(walked))


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
