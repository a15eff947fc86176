"""Rows of a log, and tasks of our own history, as a map understands them."""

from collections.abc import Iterator, Sequence

from reporting.eventlogs.readers.rows import LogRow
from reporting.replay.activity_mapping import ActivityMapping, MappedDecision
from workflows.engine.conformance.case_check import LoggedRow
from workflows.engine.conformance.map_walker import LoggedDecision
from workflows.engine.format.definition import HumanStep


def interpret_case(rows: Sequence[LogRow], activities: ActivityMapping) -> Iterator[LoggedRow]:
    """What each row of a case means on the map.

    A log that says outcomes in a column of its own (as ours do) has one row for all of a step's
    work; else a row is one decision, of which a step that several people agree on needs several.
    """
    for position, row in enumerate(rows, start=1):
        meaning = activities.meaning(row.activity, last=position == len(rows))
        if not isinstance(meaning, tuple):
            yield LoggedRow(row.activity, meaning, values=row.data)
            continue
        decisions = tuple(_logged_decision(decision, row, activities) for decision in meaning)
        yield LoggedRow(row.activity, decisions, bool(row.outcome), row.data)


def _logged_decision(
    decision: MappedDecision, row: LogRow, activities: ActivityMapping
) -> LoggedDecision:
    """The outcome that the mapping says, else the row's own where the step has it, else any."""
    step = activities.definition.steps[decision.step]
    known = not isinstance(step, HumanStep) or row.outcome in step.outcomes
    return LoggedDecision(decision.step, decision.outcome or (row.outcome if known else ""))
