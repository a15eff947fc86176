"""Which step of a newer map each step of an older one is: proposed, and as somebody writes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition

Written = Mapping[str, Any]
"""As it is written in a file: each old step with its new one, several where it was split, or
nothing where it was taken out."""


@dataclass(frozen=True, slots=True)
class StepMapping:
    """For each old step the new ones that it is: one, none (it is gone) or several (it was
    split)."""

    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def target(self, old: str) -> str | None:
        """The one new step that an old one is; None where that is none or several."""
        targets = self.parts(old)
        return targets[0] if len(targets) == 1 else None

    def parts(self, old: str) -> tuple[str, ...]:
        """All new steps that an old one is."""
        return self.targets.get(old, ())

    def sources(self, new: str) -> tuple[str, ...]:
        """The old steps that a new one is, by the mapping's order."""
        return tuple(old for old, targets in self.targets.items() if new in targets)

    def to_json(self) -> dict[str, Any]:
        """As it is written in a file."""
        return {old: _written_targets(targets) for old, targets in self.targets.items()}

    def changed_by(self, written: Written, old: Definition, new: Definition) -> "StepMapping":
        """This mapping, other where somebody wrote it so. Raises InvalidInput."""
        targets = dict(self.targets)
        for key, value in written.items():
            if key not in old.steps:
                raise InvalidInput(
                    "There is no step '%(key)s' in the version that requests come from; its steps"
                    " are %(steps)s.",
                    key=key,
                    steps=", ".join(old.steps),
                )
            targets[key] = tuple(_read_targets(key, value, new))
        return StepMapping(targets)


def mapping_from_json(written: Written) -> StepMapping:
    """The whole mapping that `to_json` wrote."""
    return StepMapping({old: _targets_of(value) for old, value in written.items()})


def _targets_of(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _written_targets(targets: tuple[str, ...]) -> Any:
    if not targets:
        return None
    return targets[0] if len(targets) == 1 else list(targets)


def _read_targets(key: str, value: Any, new: Definition) -> Iterable[str]:
    targets = _targets_of(value) if value is None or isinstance(value, str | list) else None
    if targets is None or not all(isinstance(target, str) for target in targets):
        raise InvalidInput(
            "Step '%(key)s': write the key of one step, a list of keys, or nothing.", key=key
        )
    for target in targets:
        if target not in new.steps:
            raise InvalidInput(
                "Step '%(key)s' is mapped to '%(target)s', and the version to move to has no such"
                " step; its steps are %(steps)s.",
                key=key,
                target=target,
                steps=", ".join(new.steps),
            )
    return dict.fromkeys(targets)
