"""A request's record: its steps so far, its merges, its incidents."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from approvals.forms.field_presentations import value_text
from approvals.pages.decisions import (
    EarlierDecision,
    Signatures,
    describe_signatures,
    describe_votes,
    outcome_label,
)
from approvals.pages.position_texts import ROWS_SHOWN, short_holder_text
from approvals.ui.formats import performer_text, person_name
from workflows.definitions.queries.compiled_versions import VersionMap, map_of_step
from workflows.engine.format.definition import FieldDef, display_title
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.rows import branch_row
from workflows.engine.values.field_types.base import type_of_field
from workflows.engine.values.field_types.documents import are_documents
from workflows.execution.choices import IncidentCode
from workflows.execution.models import Incident, MergeRecord, WorkItem
from workflows.execution.queries.position import (
    InstancePosition,
    StepPosition,
    build_step_position,
)
from workflows.language.formats import count_text, join_words
from workflows.outbox.models import Attempt

# -- the steps so far -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PastStep:
    """One task of the request as its history shows it; with every vote, where several people
    decide."""

    task: WorkItem
    position: StepPosition
    who: str
    outcome: str
    votes: list[EarlierDecision]
    signature: str = ""

    @property
    def step(self) -> str:
        """The step's title, and the row that it is about."""
        return self.position.place


def describe_past_steps(
    position: InstancePosition,
    tasks: Sequence[WorkItem],
    now: datetime,
    names: Mapping[str, str],
) -> list[PastStep]:
    """These tasks in words; `names` are full names of all who voted, by username. One statement
    where a step of them is signed, else none."""
    open_steps = {task.pk: step for step, task in position.tasks}
    signatures = describe_signatures(position.map, position.instance, tasks)
    return [
        _describe_past_step(position, task, open_steps.get(task.pk), names, signatures, now)
        for task in tasks
    ]


def _describe_past_step(
    position: InstancePosition,
    task: WorkItem,
    open_step: StepPosition | None,
    names: Mapping[str, str],
    signatures: Signatures,
    now: datetime,
) -> PastStep:
    """A task in words; its people were read already, so no statement."""
    step = open_step or build_step_position(position.map, task)
    votes = describe_votes(position.map, task, names, signatures)
    if open_step is not None:
        performer = short_holder_text(position, open_step, now)
    elif votes:
        performer = join_words(list(dict.fromkeys(vote.who for vote in votes)))
    else:
        by_whom = task.performer_name or ("" if step.is_human else gettext("the system"))
        performer = performer_text(
            person_name(task.decided_by, by_whom),
            person_name(task.decided_for) if task.decided_for is not None else "",
        )
    step_map = map_of_step(position.map, task.step_id)
    outcome = outcome_label(step_map, step.key, task.outcome) if task.outcome else ""
    signature = signatures.get((task.pk, task.decided_by_id or 0), "")
    return PastStep(task, step, performer, outcome, votes, signature)


# -- merges -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A field to which branches gave different values; each value with its branch."""

    key: str
    label: str
    values: list[tuple[str, str, str]]
    is_document: bool


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge check: what it waited for, what came and when, and how it ended."""

    row: MergeRecord
    join: str
    total: int
    """For how many branches it waits, or waited; those of many rows are one in what is said."""
    waits_for: list[str]
    came_before: list[str]
    came: list[tuple[str, str, datetime]]
    not_needed: list[str]
    disagreements: list[Disagreement]


def describe_merge_record(
    version_map: VersionMap, row: MergeRecord, hidden: frozenset[str] = frozenset()
) -> Merge:
    """A merge record in words; of `hidden` fields it is only said that branches disagree."""
    version_map = map_of_step(version_map, row.join_id)
    graph = version_map.graph
    branches = {
        branch: _branch_title(graph.title(step), int(branch))
        for branch, step in row.waits_for.items()
    }
    before, latest = _latest_arrivals(row)
    return Merge(
        row=row,
        join=graph.title(version_map.step_keys[row.join_id]),
        total=len(branches),
        waits_for=_branch_titles(graph, row.waits_for),
        came_before=_branch_titles(graph, _branches_of(row, before)),
        came=[
            (
                branches.get(str(arrival["branch"]), ""),
                graph.title(arrival["from"]),
                datetime.fromisoformat(arrival["at"]),
            )
            for arrival in latest
        ],
        not_needed=_branch_titles(
            graph, _branches_of(row, [{"branch": branch} for branch in row.not_needed])
        ),
        disagreements=[
            _field_disagreement(
                graph.definition.all_fields[key], key, values, branches, is_hidden=key in hidden
            )
            for key, values in row.conflicts.items()
        ],
    )


def _branches_of(row: MergeRecord, arrivals: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The step of each of these branches."""
    named = [str(arrival["branch"]) for arrival in arrivals]
    return {branch: row.waits_for[branch] for branch in named if branch in row.waits_for}


def _branch_titles(graph: Graph, branches: Mapping[str, str]) -> list[str]:
    """Branches by their steps; the rows of one step are told one by one where they are few."""
    rows = Counter(step for branch, step in branches.items() if branch_row(int(branch)) is not None)
    titles = []
    for branch, step in branches.items():
        if rows[step] <= ROWS_SHOWN or branch_row(int(branch)) is None:
            titles.append(_branch_title(graph.title(step), int(branch)))
            continue
        count = {"step": graph.title(step), "count": count_text(rows[step])}
        titles.append(gettext("%(step)s, %(count)s rows") % count)
    return list(dict.fromkeys(titles))


def _latest_arrivals(
    row: MergeRecord,
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """What came, without most of the rows of one step that are many, and these apart."""
    left = Counter(row.waits_for.get(str(arrival["branch"]), "") for arrival in row.arrivals)
    before: list[Mapping[str, Any]] = []
    latest: list[Mapping[str, Any]] = []
    for arrival in row.arrivals:
        step = row.waits_for.get(str(arrival["branch"]), "")
        is_row = branch_row(arrival["branch"]) is not None
        (before if is_row and left[step] > ROWS_SHOWN else latest).append(arrival)
        left[step] -= 1
    return before, latest


def _branch_title(title: str, branch: int) -> str:
    """A branch by its step, and by its row, counted from 1."""
    row = branch_row(branch)
    if row is None:
        return title
    return gettext("%(step)s, row %(row)s") % {"step": title, "row": row + 1}


def _field_disagreement(
    field: FieldDef,
    key: str,
    values: dict[str, Any],
    branches: dict[str, str],
    *,
    is_hidden: bool,
) -> Disagreement:
    unseen = gettext("not shown to you")
    branch_values = [
        (
            branch,
            branches.get(branch, branch),
            unseen if is_hidden else _branch_value_text(field, value),
        )
        for branch, value in sorted(values.items())
    ]
    return Disagreement(
        key, display_title(key, field.label), branch_values, type_of_field(field).holds_document
    )


def _branch_value_text(field: FieldDef, value: Any) -> str:
    if type_of_field(field).holds_document and isinstance(value, int):
        return gettext("version %(number)s") % {"number": value}
    if type_of_field(field).holds_document and isinstance(value, list) and not are_documents(value):
        numbers = {"numbers": ", ".join(map(str, value))}
        return gettext("the files with the numbers %(numbers)s") % numbers
    return value_text(field, value, {}) or gettext("(empty)")


# -- incidents --------------------------------------------------------------------------------


OUTSIDE = ("automation", "wait", "subworkflow")


@dataclass(frozen=True, slots=True)
class IncidentDetails:
    """An incident with what was tried, and the ways on that its step has.

    What went wrong outside is told only to those who manage or audit; such a step can be skipped.
    """

    row: Incident
    step: str
    attempts: list[Attempt]
    is_outside: bool
    may_reroute: bool

    @property
    def is_open(self) -> bool:
        """Whether it holds the request up now."""
        return bool(self.row.state == Incident.OPEN)


def describe_incidents(
    version_map: VersionMap, incidents: Iterable[Incident], attempts: Iterable[Attempt]
) -> list[IncidentDetails]:
    """The incidents as the page shows them; those of merges are shown with the merge."""
    tried: dict[int, list[Attempt]] = {}
    for attempt in attempts:
        tried.setdefault(attempt.activation, []).append(attempt)
    visible_incidents = (
        incident for incident in incidents if incident.code != IncidentCode.MERGE_CONFLICT
    )
    return [
        _describe_incident(version_map, incident, tried.get(incident.activation, []))
        for incident in visible_incidents
    ]


def _describe_incident(
    version_map: VersionMap, incident: Incident, attempts: list[Attempt]
) -> IncidentDetails:
    version_map = map_of_step(version_map, incident.step_id)
    graph, key = version_map.graph, version_map.step_keys[incident.step_id]
    return IncidentDetails(
        row=incident,
        step=graph.title(key),
        attempts=attempts,
        is_outside=graph[key].kind in OUTSIDE,
        may_reroute=bool(graph.ways_out(key)),
    )
