"""What the page about moving shows: verdicts by reason, steps to choose from, past runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from django.db.models import Count, Max, Q
from django.http import QueryDict

from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.format.definition import display_title
from workflows.engine.versions.move_reasons import Verdict
from workflows.version_changes.messages import VERDICT_WORDS, describe_move_reason
from workflows.version_changes.models import MovedRequest
from workflows.version_changes.queries.move_plans import RequestVerdict
from workflows.version_changes.queries.target_versions import MoveTarget, find_source_versions

STEP_FIELD: Final = "step."
"""Before an old step's key, the name of its box; its value is the new step's key."""
GONE: Final = "-"
"""The value of a box that says that a step is gone."""
EXAMPLES: Final = 3
MOST_RUNS: Final = 20


@dataclass
class VerdictGroup:
    """The requests of which the same is said, with a few examples."""

    verdict: Verdict
    code: str
    sentence: str
    request_ids: list[int] = field(default_factory=list)
    examples: list[tuple[int, str]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.request_ids)

    @property
    def verdict_words(self) -> str:
        """What becomes of them, in words."""
        return str(VERDICT_WORDS[self.verdict])

    @property
    def moves(self) -> bool:
        """Whether they can be moved."""
        return self.verdict is Verdict.MOVES


def group_verdicts(lines: Iterable[RequestVerdict]) -> list[VerdictGroup]:
    """The verdicts by what is said, the largest group first; those that move before the others."""
    groups: dict[str, VerdictGroup] = {}
    for line in lines:
        sentence = str(describe_move_reason(line.reason))
        code = f"{line.reason.code}:{line.reason.step_key}"
        key = f"{code}:{sentence}"
        group = groups.setdefault(key, VerdictGroup(line.verdict, code, sentence))
        group.request_ids.append(line.request_id)
        if len(group.examples) < EXAMPLES:
            group.examples.append((line.request_id, line.reference))
    order = list(Verdict)
    return sorted(groups.values(), key=lambda group: (order.index(group.verdict), -group.count))


# -- which step is which ------------------------------------------------------------------------


@dataclass(frozen=True)
class StepChoice:
    """An old step, the new ones that it may be, and what it is now."""

    key: str
    title: str
    chosen: str
    is_plain: bool
    parts: Sequence[str]
    options: Sequence[tuple[str, str]]

    @property
    def name(self) -> str:
        """The name of its box."""
        return f"{STEP_FIELD}{self.key}"


def list_step_choices(target: MoveTarget) -> list[StepChoice]:
    """The steps of all versions from which requests would come, those that are not found by their
    own key first."""
    new = target.map.graph
    options = [(key, new.title(key)) for key in new.steps]
    choices: dict[str, StepChoice] = {}
    for pk in find_source_versions(target.version):
        old, steps = cached_map(pk).graph, target.steps_from(pk)
        for key, step in old.steps.items():
            parts = steps.parts(key)
            chosen = parts[0] if len(parts) == 1 else "" if parts else GONE
            title = display_title(key, step.name)
            names = [new.title(part) for part in parts] if len(parts) > 1 else []
            choice = StepChoice(key, title, chosen, parts == (key,), names, options)
            choices.setdefault(key, choice)
    return sorted(choices.values(), key=lambda choice: choice.is_plain)


def group_choices(choices: Sequence[StepChoice]) -> list[tuple[bool, list[StepChoice]]]:
    """Those that somebody has to look at, and those that are found by their own key."""
    return [(plain, list(group)) for plain, group in groupby(choices, lambda c: c.is_plain)]


def read_written_steps(query: QueryDict) -> Mapping[str, Any]:
    """What the boxes in an address say; an empty one leaves a step as it is found."""
    return {
        name.removeprefix(STEP_FIELD): None if value == GONE else value
        for name, value in query.items()
        if name.startswith(STEP_FIELD) and value
    }


# -- what was moved before ----------------------------------------------------------------------


@dataclass(frozen=True)
class MoveRun:
    """What one run moved to a version, and how many of them could perhaps be put back."""

    run: str
    moved_at: datetime
    moved: int
    standing: int
    by: str


def list_runs(version: TemplateVersion) -> list[MoveRun]:
    """The newest runs that moved requests to this version. One statement."""
    rows = MovedRequest.objects.filter(to_version=version).order_by()
    counted = rows.values("run", "moved_by__username").annotate(
        at=Max("moved_at"),
        moved=Count("pk"),
        standing=Count("pk", filter=Q(put_back_at=None)),
    )
    return [
        MoveRun(
            run=row["run"],
            moved_at=row["at"],
            moved=row["moved"],
            standing=row["standing"],
            by=row["moved_by__username"] or "",
        )
        for row in counted.order_by("-at")[:MOST_RUNS]
    ]
