"""Which step of a newer map an older one's is, where nobody has said so: the same key, else the
one that is most like it by name, role, outcomes and neighbours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from workflows.engine.format.definition import Definition, HumanStep, Step, display_title
from workflows.engine.versions.step_mapping import StepMapping

LIKENESS = 0.6
"""From so much (of 1) on a step of another key is taken to be the same one, renamed."""
MARGIN = 0.12
"""So much more like it than the next one it must be; else the step was split among them."""
WEIGHTS = {"name": 0.4, "role": 0.2, "outcomes": 0.15, "neighbours": 0.25}


def propose_steps(old: Definition, new: Definition) -> StepMapping:
    """The new steps that each old step is, as far as that can be seen from the two maps."""
    return _Matching(old, new).propose()


@dataclass(frozen=True)
class _Matching:
    old: Definition
    new: Definition

    def propose(self) -> StepMapping:
        gone = [key for key in self.old.steps if key not in self.new.steps]
        added = [key for key in self.new.steps if key not in self.old.steps]
        scores = {(o, n): s for o in gone for n in added if (s := self._likeness(o, n)) >= LIKENESS}
        likest = {n: _best([o for o in gone if (o, n) in scores], n, scores) for n in added}
        targets: dict[str, tuple[str, ...]] = {}
        for key in self.old.steps:
            if key in self.new.steps:
                targets[key] = (key,)
            else:
                targets[key] = self._parts(key, [n for n in added if likest[n] == key], scores)
        return StepMapping(targets)

    @staticmethod
    def _parts(
        key: str, candidates: Sequence[str], scores: Mapping[tuple[str, str], float]
    ) -> tuple[str, ...]:
        """The one that is clearly the most like it, or all that are about as like as that one."""
        if not candidates:
            return ()
        best = max(scores[key, candidate] for candidate in candidates)
        return tuple(n for n in candidates if scores[key, n] > best - MARGIN)

    def _likeness(self, old: str, new: str) -> float:
        before, after = self.old.steps[old], self.new.steps[new]
        if before.kind != after.kind:
            return 0.0
        parts = {
            "name": _name_likeness(display_title(old, before.name), display_title(new, after.name)),
            "role": float(_role_of(before) == _role_of(after)),
            "outcomes": _share(_outcomes_of(before), _outcomes_of(after)),
            "neighbours": _share(self._old_neighbours[old], self._new_neighbours[new]),
        }
        return sum(WEIGHTS[name] * part for name, part in parts.items())

    @cached_property
    def _old_neighbours(self) -> Mapping[str, set[str]]:
        return _neighbours(self.old)

    @cached_property
    def _new_neighbours(self) -> Mapping[str, set[str]]:
        return _neighbours(self.new)


def _best(
    candidates: Sequence[str], new: str, scores: Mapping[tuple[str, str], float]
) -> str | None:
    return max(candidates, key=lambda old: scores[old, new], default=None)


def _neighbours(definition: Definition) -> dict[str, set[str]]:
    """The steps right before (`<`) and right behind (`>`) each step."""
    around: dict[str, set[str]] = {key: set() for key in definition.steps}
    for link in definition.links():
        around[link.source].add(f">{link.to}")
        around[link.to].add(f"<{link.source}")
    return around


def _name_likeness(before: str, after: str) -> float:
    """How alike two names are; one that has all words of the other is much alike."""
    first, second = before.casefold(), after.casefold()
    ratio = SequenceMatcher(None, first, second).ratio()
    words, others = {*first.split()}, {*second.split()}
    return max(ratio, 0.85) if words <= others or others <= words else ratio


def _share(before: Iterable[str], after: Iterable[str]) -> float:
    """How much of what either has both have; all where neither has anything."""
    first, second = {*before}, {*after}
    return len(first & second) / len(first | second) if first | second else 1.0


def _role_of(step: Step) -> str | None:
    return getattr(step, "role", None)


def _outcomes_of(step: Step) -> Iterable[str]:
    return step.outcomes if isinstance(step, HumanStep) else ()
