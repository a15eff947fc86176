"""What a log's activities mean on a map: from a mapping file, else by how they are written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from workflows.engine.definition import Definition, HumanStep, RoleDef
from workflows.engine.errors import InvalidInput
from workflows.engine.plain_text import UnreadableText, read_plain
from workflows.management.base import read_bytes

START: Final = "start"
IGNORE: Final = "ignore"
REQUESTER: Final = "requester"
KEYS: Final = frozenset({"step", "outcome", "as"})
LAST: Final = "last"
LIMIT: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Decision:
    """A step and its outcome; `who` replaces the row's resource ('requester', or a name)."""

    step: str
    outcome: str
    who: str = ""


Meaning = Literal["start", "ignore"] | tuple[Decision, ...]
"""A row starts the request, says nothing, or decides the first of these whose step is open."""


@dataclass(frozen=True)
class Mapped:
    """The meaning of one activity, and what it means as the last row of its case."""

    meaning: Meaning
    last: Meaning | None = None


class Activities:
    """Answers what an activity means on this map, or that it means nothing there."""

    def __init__(self, definition: Definition, mapping: Mapping[str, Mapped]) -> None:
        self.definition = definition
        self._mapping = mapping

    def meaning(self, activity: str, *, last: bool) -> Meaning | None:
        """What the row means; None for an activity that is nothing on the map."""
        mapped = self._mapping.get(activity)
        if mapped is None:
            return _as_written(self.definition, activity)
        return mapped.last if last and mapped.last is not None else mapped.meaning

    def meanings(self, activity: str) -> list[Meaning]:
        """All that an activity may mean, wherever it stands in its case."""
        both = (self.meaning(activity, last=False), self.meaning(activity, last=True))
        return [meaning for meaning in both if meaning is not None]

    def role_of(self, decision: Decision) -> RoleDef | None:
        """The role that makes this decision."""
        return self.definition.roles.get(self.role_key(decision))

    def role_key(self, decision: Decision) -> str:
        """The key of that role: the outcome's own, else the step's."""
        step = self.definition.steps[decision.step]
        assert isinstance(step, HumanStep)
        return step.outcomes[decision.outcome].role or step.role or ""

    def has_own_role(self, decision: Decision) -> bool:
        """Whether the outcome names a role of its own."""
        step = self.definition.steps[decision.step]
        assert isinstance(step, HumanStep)
        return step.outcomes[decision.outcome].role is not None


def _as_written(definition: Definition, activity: str) -> Meaning | None:
    """`step/outcome`, `step` where the step has one outcome, or `start`."""
    key, slash, outcome = activity.partition("/")
    step = definition.steps.get(key.strip())
    if isinstance(step, HumanStep):
        if slash and outcome.strip() in step.outcomes:
            return (Decision(key.strip(), outcome.strip()),)
        if not slash and len(step.outcomes) == 1:
            return (Decision(key.strip(), next(iter(step.outcomes))),)
        return None
    return START if activity == START else None


def how_to_write(definition: Definition, activity: str) -> str:
    """Why an activity is nothing on the map, and what to do."""
    key, slash, outcome = activity.partition("/")
    step = definition.steps.get(key.strip())
    if isinstance(step, HumanStep):
        known = ", ".join(f"{key.strip()}/{name}" for name in step.outcomes)
        said = f"'{outcome}' is no outcome of it" if slash else "it has several outcomes"
        return f"'{key.strip()}' is a step, and {said}; write one of: {known}."
    return (
        f"'{activity}' is no step of the map that a person decides; say in a mapping file what it"
        " means."
    )


# -- the file ---------------------------------------------------------------------------------


def read_mapping(path: str | Path | None, definition: Definition) -> Activities:
    """The meanings that a mapping file gives. Raises InvalidInput with the place in the file."""
    if path is None:
        return Activities(definition, {})
    try:
        data = read_plain(read_bytes(str(path), LIMIT)).data
    except UnreadableText as problem:
        where = f", line {problem.line}" if problem.line else ""
        raise InvalidInput(f"{path}{where}: the file {problem.why}.") from None
    if not isinstance(data, dict) or not data:
        raise InvalidInput(
            f"{path}: write one line an activity: `activity: {{step: …, outcome: …}}`,"
            " `activity: start` or `activity: ignore`."
        )
    return Activities(
        definition,
        {
            str(name): _mapped(f"{path}: '{name}'", entry, definition)
            for name, entry in data.items()
        },
    )


def _mapped(place: str, entry: Any, definition: Definition) -> Mapped:
    if isinstance(entry, dict) and LAST in entry:
        usual = {key: value for key, value in entry.items() if key != LAST}
        last = _meaning(f"{place}, last", entry[LAST], definition)
        return Mapped(_meaning(place, usual, definition), last)
    return Mapped(_meaning(place, entry, definition))


def _meaning(place: str, entry: Any, definition: Definition) -> Meaning:
    if entry == START:
        return START
    if entry == IGNORE:
        return IGNORE
    if isinstance(entry, dict) and set(entry) == {"steps"}:
        entry = entry["steps"]
    several = entry if isinstance(entry, list) else [entry]
    if not several:
        raise InvalidInput(f"{place}: the list is empty; give at least one step and outcome.")
    return tuple(_decision(place, one, definition) for one in several)


def _decision(place: str, entry: Any, definition: Definition) -> Decision:
    if not isinstance(entry, dict) or "step" not in entry or set(entry) - KEYS:
        raise InvalidInput(
            f"{place}: write `start`, `ignore` or `{{step: …, outcome: …}}`, to which"
            " `as: requester` or `as: NAME` may be added."
        )
    step = definition.steps.get(str(entry["step"]))
    if not isinstance(step, HumanStep):
        raise InvalidInput(f"{place}: the map has no step '{entry['step']}' that a person decides.")
    outcome = entry.get("outcome", next(iter(step.outcomes)) if len(step.outcomes) == 1 else None)
    if outcome not in step.outcomes:
        raise InvalidInput(
            f"{place}: '{entry['step']}' has no outcome '{outcome}'; it has"
            f" {', '.join(step.outcomes)}."
        )
    who = entry.get("as", "")
    if not isinstance(who, str) or len(who) > 150:
        raise InvalidInput(f"{place}: `as` is `requester` or a person's name.")
    return Decision(str(entry["step"]), str(outcome), who)
