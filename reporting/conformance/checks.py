"""Replays a log, or our own history, on a map; nothing is written.

A log is read twice: to count each case's rows, and to judge a case when its last row has been read.
Only the cases that are under way in the file at one time are held.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from django.utils import timezone

from reporting.conformance.history_cases import read_history_cases
from reporting.conformance.results import ConformanceResult
from reporting.conformance.row_meanings import interpret_case
from reporting.eventlogs.account import Account
from reporting.eventlogs.messages import refuse_empty_log
from reporting.eventlogs.readers.read import LogReadOptions, read_log
from reporting.metrics.native_rows import RequestPeriod
from reporting.replay.activity_mapping import ActivityMapping
from reporting.replay.log_replay import read_log_cases
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.conformance.case_check import CaseChecker
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition
from workflows.engine.routing.graph import Graph

Report = Callable[[ConformanceResult], None]


def check_log(
    activities: ActivityMapping,
    log: str | Path,
    *,
    read_options: LogReadOptions | None = None,
    account: Account | None = None,
    report: Report = lambda result: None,
) -> ConformanceResult:
    """How far a log fits the map of this mapping. Raises HandoffError on a bad file."""
    checker = make_checker(activities.definition)
    account = account or Account(str(log))
    counts = Counter(row.case_id for row in read_log(log, read_options, account))
    if not counts:
        raise refuse_empty_log(account)
    result = empty_result(checker)
    for rows in read_log_cases(log, counts, read_options):
        result.add(rows[0].case_id, checker.judge(list(interpret_case(rows, activities))))
        report(result)
    return result


def check_history(
    definition: Definition,
    template: WorkflowTemplate,
    period: RequestPeriod,
    *,
    report: Report = lambda result: None,
) -> ConformanceResult:
    """How far the requests of a workflow that were started in a period fit this map; a finished
    one may have been reopened where its end says."""
    checker = make_checker(definition, reopens=True)
    result = empty_result(checker)
    for case in read_history_cases(template, period, checker):
        result.add(case.reference, checker.judge(case.rows))
        report(result)
    return result


def make_checker(definition: Definition, *, reopens: bool = False) -> CaseChecker:
    """Judges cases on this map. Raises InvalidInput for one that cannot be started."""
    if definition.start is None or definition.start.first is None:
        raise InvalidInput("The map has no first step; add `start: first`.")
    return CaseChecker(Graph(definition, timezone.get_default_timezone()), reopens=reopens)


def empty_result(checker: CaseChecker) -> ConformanceResult:
    """No case yet."""
    graph = checker.walker.graph
    return ConformanceResult({key: graph.title(key) for key in graph.steps})
