"""The two sentences of a finding."""

from dataclasses import dataclass

from workflows.engine.texts import Text


@dataclass(frozen=True, slots=True)
class AuditSentences:
    """Two sentences with places: what would go wrong when the workflow runs a hundred times, and
    how to mend it."""

    message: Text
    remedy: Text
