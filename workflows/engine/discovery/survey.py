"""What is known of a log, for a map to be made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workflows.engine.discovery.concurrency import Traces
from workflows.engine.discovery.split_rules import FieldKind, SplitRule


@dataclass(frozen=True, slots=True)
class LogSurvey:
    """The courses of the cases; who does what how often; how long it usually takes, as a map writes
    it; what kinds of values there are; and what splits ways by values, by activity. Ways are called
    by the activity that comes next, the end of a case by ''."""

    traces: Traces
    resources: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    expected: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, FieldKind] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rules: Mapping[str, SplitRule] = field(default_factory=dict)

    @property
    def cases(self) -> int:
        """How many cases there are."""
        return sum(self.traces.values())
