"""A finding of a rehearsal, and how harmful each kind of them is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from workflows.engine.rehearsal.sentences import SENTENCES
from workflows.engine.texts import Text

FindingKind = Literal[
    "never_ends",
    "nobody",
    "quorum_unreachable",
    "barred",
    "automation_fails",
    "incident",
    "merge_conflict",
    "too_many_rounds",
    "role_overloaded",
    "overdue",
    "rule_never",
    "rule_always",
    "dead_step",
    "single_person",
]
KINDS: Final[tuple[FindingKind, ...]] = get_args(FindingKind)
"""The most harmful first: requests that stand still, then those that go wrong or round, then those
that are slow, then what the map says in vain, then what may go wrong one day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a rehearsal found: its kind, the step, and in what share of the runs.

    `share` is 0 where only a run met it that was sent there on purpose. `example` is the number of
    a run in which it can be looked at; `cause` chooses among the sentences of a kind.
    """

    kind: FindingKind
    step: str | None
    share: float
    example: int | None = None
    cause: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)

    @property
    def message(self) -> Text:
        """What goes wrong."""
        return self._sentences[0].filled(self.parameters)

    @property
    def remedy(self) -> Text:
        """How to mend it."""
        return self._sentences[1].filled(self.parameters)

    @property
    def _sentences(self) -> tuple[Text, Text]:
        return SENTENCES.get(f"{self.kind}.{self.cause}") or SENTENCES[self.kind]


def rank(findings: list[Finding]) -> tuple[Finding, ...]:
    """The most harmful first, and of one kind those that are met most often."""
    return tuple(sorted(findings, key=lambda finding: (KINDS.index(finding.kind), -finding.share)))
