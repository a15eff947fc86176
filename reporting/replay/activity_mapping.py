"""What a log's activities mean on a map: from a mapping file, else by how they are written.

A replay drives rows through the services and must know every outcome. Who only asks whether a case
fits (`infers_outcomes`) may leave outcomes open (written as ''), call steps by their names, and
name work outside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import (
    EXPIRED,
    ROUTING_KINDS,
    Definition,
    HumanStep,
    RoleDef,
    Step,
    display_title,
)
from workflows.engine.format.plain_data import UnreadableText, read_plain
from workflows.engine.texts import Text, text
from workflows.persistence.files import read_bytes

START: Final = "start"
IGNORE: Final = "ignore"
REQUESTER: Final = "requester"
KEYS: Final = frozenset({"step", "outcome", "as"})
LAST: Final = "last"
LIMIT: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class MappedDecision:
    """A step and its outcome; `performer` replaces the row's resource ('requester', or a name)."""

    step: str
    outcome: str
    performer: str = ""

    @property
    def is_by_time(self) -> bool:
        """Whether nobody decided, as the task's time was up."""
        return self.outcome == EXPIRED


Meaning = Literal["start", "ignore"] | tuple[MappedDecision, ...]
"""A row starts the request, says nothing, or decides the first of these whose step is open."""


@dataclass(frozen=True)
class MappedActivity:
    """The meaning of one activity, and what it means as the last row of its case."""

    meaning: Meaning
    last: Meaning | None = None


class ActivityMapping:
    """Answers what an activity means on this map, or that it means nothing there."""

    def __init__(
        self,
        definition: Definition,
        mapping: Mapping[str, MappedActivity],
        *,
        infers_outcomes: bool = False,
    ) -> None:
        self.definition = definition
        self.infers_outcomes = infers_outcomes
        self._mapping = mapping

    def meaning(self, activity: str, *, last: bool) -> Meaning | None:
        """What the row means; None for an activity that is nothing on the map."""
        mapped = self._mapping.get(activity)
        if mapped is None and self.infers_outcomes:
            return self._meaning_by_name(activity)
        if mapped is None:
            return _meaning_as_written(self.definition, activity)
        return mapped.last if last and mapped.last is not None else mapped.meaning

    def meanings(self, activity: str) -> list[Meaning]:
        """All that an activity may mean, wherever it stands in its case."""
        both = (self.meaning(activity, last=False), self.meaning(activity, last=True))
        return [meaning for meaning in both if meaning is not None]

    def _meaning_by_name(self, activity: str) -> Meaning | None:
        """A step by its key or its name, with an outcome behind a slash or with any; or `start`."""
        decisions = [MappedDecision(key, "") for key in self._steps_by_name.get(activity, ())]
        name, slash, outcome = (part.strip() for part in activity.rpartition("/"))
        if not decisions and slash:
            decisions = [
                MappedDecision(key, outcome)
                for key in self._steps_by_name.get(name, ())
                if outcome in _logged_outcomes(self.definition.steps[key])
            ]
        return tuple(decisions) or (START if activity == START else None)

    @cached_property
    def _steps_by_name(self) -> Mapping[str, list[str]]:
        """The steps that a row can be of, by key and by name; several may have the same name."""
        found: dict[str, list[str]] = {}
        for key, step in self.definition.steps.items():
            if is_logged_step(step):
                for name in {key, display_title(key, step.name)}:
                    found.setdefault(name, []).append(key)
        return found

    def role_of(self, decision: MappedDecision) -> RoleDef | None:
        """The role that makes this decision."""
        return self.definition.roles.get(self.role_key(decision))

    def role_key(self, decision: MappedDecision) -> str:
        """The key of that role: the outcome's own, else the step's."""
        step = self.definition.steps[decision.step]
        assert isinstance(step, HumanStep)
        way = step.outcomes.get(decision.outcome)
        return (way.role if way is not None else None) or step.role or ""

    def has_own_role(self, decision: MappedDecision) -> bool:
        """Whether the outcome names a role of its own."""
        step = self.definition.steps[decision.step]
        assert isinstance(step, HumanStep)
        way = step.outcomes.get(decision.outcome)
        return way is not None and way.role is not None


def is_logged_step(step: Step | None) -> bool:
    """Whether a log may have rows of it: people's work, or work outside."""
    return step is not None and step.kind not in ROUTING_KINDS and step.kind != "end"


def _logged_outcomes(step: Step) -> tuple[str, ...]:
    """What may stand behind the slash in a log: what people chose, or that the step's time was
    up."""
    expired = (EXPIRED,) if getattr(step, "expires", None) else ()
    return (*getattr(step, "outcomes", ()), *expired)


def _meaning_as_written(definition: Definition, activity: str) -> Meaning | None:
    """`step/outcome`, `step` where the step has one outcome, or `start`."""
    key, slash, outcome = activity.partition("/")
    step = definition.steps.get(key.strip())
    if isinstance(step, HumanStep):
        if slash and outcome.strip() in _logged_outcomes(step):
            return (MappedDecision(key.strip(), outcome.strip()),)
        if not slash and len(step.outcomes) == 1:
            return (MappedDecision(key.strip(), next(iter(step.outcomes))),)
        return None
    return START if activity == START else None


def explain_unmapped_activity(definition: Definition, activity: str) -> Text:
    """Why an activity is nothing on the map, and what to do."""
    key, slash, outcome = (part.strip() for part in activity.partition("/"))
    step = definition.steps.get(key)
    if not isinstance(step, HumanStep):
        return text(
            "'%(activity)s' is no step of the map that a person decides; say in a mapping file"
            " what it means.",
            activity=activity,
        )
    choices = ", ".join(f"{key}/{name}" for name in _logged_outcomes(step))
    if slash:
        return text(
            "'%(step)s' is a step, and '%(outcome)s' is no outcome of it; write one of:"
            " %(choices)s.",
            step=key,
            outcome=outcome,
            choices=choices,
        )
    return text(
        "'%(step)s' is a step, and it has several outcomes; write one of: %(choices)s.",
        step=key,
        choices=choices,
    )


# -- the file ---------------------------------------------------------------------------------


def _read_plain_file(path: str | Path) -> Any:
    try:
        return read_plain(read_bytes(str(path), LIMIT)).data
    except UnreadableText as problem:
        line, why = problem.line, problem.why
        if line:
            raise InvalidInput(
                "%(path)s, line %(line)s: the file %(problem)s.", path=path, line=line, problem=why
            ) from None
        raise InvalidInput("%(path)s: the file %(problem)s.", path=path, problem=why) from None


def read_mapping(
    path: str | Path | None, definition: Definition, *, infers_outcomes: bool = False
) -> ActivityMapping:
    """The meanings that a mapping file gives. Raises InvalidInput with the place in the file."""
    if path is None:
        return ActivityMapping(definition, {}, infers_outcomes=infers_outcomes)
    data = _read_plain_file(path)
    if not isinstance(data, dict) or not data:
        raise InvalidInput(
            "%(path)s: write one line an activity: `activity: {step: …, outcome: …}`, `activity:"
            " start` or `activity: ignore`.",
            path=path,
        )
    reader = _MappingReader(definition, infers_outcomes)
    return ActivityMapping(
        definition,
        {str(name): reader.entry(f"{path}: '{name}'", entry) for name, entry in data.items()},
        infers_outcomes=infers_outcomes,
    )


@dataclass(frozen=True)
class _MappingReader:
    """Reads the entries of a mapping file, each with its place in the file."""

    definition: Definition
    infers_outcomes: bool

    def entry(self, place: str, entry: Any) -> MappedActivity:
        """What an activity means, and what it means as the last of its case."""
        if isinstance(entry, dict) and LAST in entry:
            usual = {key: value for key, value in entry.items() if key != LAST}
            last = self._meaning(f"{place}, last", entry[LAST])
            return MappedActivity(self._meaning(place, usual), last)
        return MappedActivity(self._meaning(place, entry))

    def _meaning(self, place: str, entry: Any) -> Meaning:
        if entry == START:
            return START
        if entry == IGNORE:
            return IGNORE
        if isinstance(entry, dict) and set(entry) == {"steps"}:
            entry = entry["steps"]
        several = entry if isinstance(entry, list) else [entry]
        if not several:
            raise InvalidInput(
                "%(place)s: the list is empty; give at least one step and outcome.", place=place
            )
        return tuple(self._decision(place, item) for item in several)

    def _decision(self, place: str, entry: Any) -> MappedDecision:
        if not isinstance(entry, dict) or "step" not in entry or set(entry) - KEYS:
            raise InvalidInput(
                "%(place)s: write `start`, `ignore` or `{step: …, outcome: …}`, to which `as:"
                " requester` or `as: NAME` may be added.",
                place=place,
            )
        step = self.definition.steps.get(str(entry["step"]))
        if self.infers_outcomes and is_logged_step(step) and "outcome" not in entry:
            return MappedDecision(str(entry["step"]), "")
        if not isinstance(step, HumanStep):
            raise InvalidInput(
                "%(place)s: the map has no step '%(step)s' that a person decides.",
                place=place,
                step=entry["step"],
            )
        outcome = entry.get(
            "outcome", next(iter(step.outcomes)) if len(step.outcomes) == 1 else None
        )
        if outcome not in _logged_outcomes(step):
            raise InvalidInput(
                "%(place)s: '%(step)s' has no outcome '%(outcome)s'; it has %(outcomes)s.",
                place=place,
                step=entry["step"],
                outcome=outcome,
                outcomes=", ".join(_logged_outcomes(step)),
            )
        performer = entry.get("as", "")
        if not isinstance(performer, str) or len(performer) > 150:
            raise InvalidInput("%(place)s: `as` is `requester` or a person's name.", place=place)
        return MappedDecision(str(entry["step"]), str(outcome), performer)
