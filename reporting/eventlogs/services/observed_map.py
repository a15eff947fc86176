"""The map that a log shows: its activities as steps, and how they follow each other."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from reporting.eventlogs.readers.rows import LogRow
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.services.publishing import load_definition, write_version
from workflows.engine.discovery.draft import step_keys
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition, display_title
from workflows.engine.format.explanations import explain_validation_error
from workflows.history_import.services.importing import mark_version_observed
from workflows.people.models import User

END = "end_of_log"


@dataclass(slots=True)
class LogSurvey:
    """What was found in a log, by case."""

    cases: dict[str, list[LogRow]] = field(default_factory=dict)
    activities: dict[str, int] = field(default_factory=dict)
    follows: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: Counter[str] = field(default_factory=Counter)
    last: Counter[str] = field(default_factory=Counter)
    fields: set[str] = field(default_factory=set)
    rows: int = 0


def survey_log(rows: Iterable[LogRow]) -> LogSurvey:
    """Gather the rows of a log, and what its map needs."""
    seen = LogSurvey()
    for row in rows:
        seen.rows += 1
        seen.activities[row.activity] = seen.activities.get(row.activity, 0) + 1
        seen.fields.update(row.data)
        seen.cases.setdefault(row.case_id, []).append(row)
    for case in seen.cases.values():
        _count_transitions(seen, case)
    return seen


def _count_transitions(seen: LogSurvey, case: list[LogRow]) -> None:
    """Count what begins, follows and ends in one case, in the order that the figures have too."""
    order = sorted(case, key=lambda row: (row.start or row.last, row.last))
    walked = [row.activity for row in order]
    seen.first[walked[0]] += 1
    seen.last[walked[-1]] += 1
    seen.follows.update(pairwise(walked))


def create_observed_version(
    key: str,
    seen: LogSurvey,
    actor: User | None,
    now: datetime,
    template: WorkflowTemplate | None = None,
) -> TemplateVersion:
    """A map of what a log shows: its activities as steps, and how they follow each other."""
    definition = build_observed_map(key, seen)
    if template is None:
        version, _ = load_definition(definition, actor=actor, now=now)
    else:
        version = write_version(template, definition, actor=actor, now=now)
    mark_version_observed(version, _count_route_usage(seen), actor=actor, now=now)
    return version


def _count_route_usage(seen: LogSurvey) -> dict[tuple[str, str], int]:
    """How often the log went each way of its observed map, by the keys of the steps."""
    keys = step_keys(seen.activities, [END])
    usage = {
        (keys[source], keys[target]): count for (source, target), count in seen.follows.items()
    }
    return usage | {(keys[last], END): count for last, count in seen.last.items()}


def build_observed_map(key: str, seen: LogSurvey) -> Definition:
    """The definition of an observed map."""
    check_workflow_key(key)
    check_field_names(seen.fields)
    keys = step_keys(seen.activities, [END])
    steps: dict[str, Any] = {
        keys[activity]: {
            "kind": "task",
            "name": activity,
            "outcomes": _build_outcomes(activity, keys, seen),
        }
        for activity in seen.activities
    }
    steps[END] = {"kind": "end", "name": "End of the log", "result": "imported"}
    first = seen.first.most_common(1)[0][0]
    written = {
        "format": 1,
        "key": key,
        "name": display_title(key, None),
        "purpose": "Observed in an event log: to learn from and to redraw. It cannot be started.",
        "fields": {name: {"type": "long_text"} for name in sorted(seen.fields)},
        "start": {"first": keys[first]},
        "steps": steps,
    }
    return _validate_map(written)


def check_workflow_key(key: str) -> None:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key) or len(key) > 60:
        raise InvalidInput(
            "'%(key)s' cannot be a workflow's key: write lower-case letters, digits and single"
            " hyphens, at most 60 characters.",
            key=key[:60],
        )


def _validate_map(written: Mapping[str, Any]) -> Definition:
    try:
        return Definition.model_validate(written)
    except ValidationError as problem:
        raise InvalidInput(
            "No map can be drawn from this log; %(problem)s.",
            problem=explain_validation_error(problem),
        ) from None


def check_field_names(fields: set[str]) -> None:
    for name in sorted(fields):
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name):
            raise InvalidInput(
                "The column 'data.%(name)s' cannot become a field: after data. write lower-case"
                " letters, digits and underscores, a letter first.",
                name=name[:60],
            )


def _build_outcomes(activity: str, keys: Mapping[str, str], seen: LogSurvey) -> dict[str, str]:
    """Where the log goes from an activity, most frequent first."""
    outcomes = {
        f"to_{keys[after]}"[:80]: keys[after]
        for (before, after), _ in seen.follows.most_common()
        if before == activity
    }
    if seen.last[activity] or not outcomes:
        outcomes["end"] = END
    return outcomes
