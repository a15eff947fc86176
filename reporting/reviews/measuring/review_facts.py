"""The facts of a review from rows that were read already."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from reporting.costs.queries import MonthCost
from reporting.metrics.quantiles import MICROSECOND, summarize_durations
from reporting.reviews.facts.choices import ComparedFigure, MeasureUnit, SavingsBasis
from reporting.reviews.facts.measures import BottleneckDetails, Measure
from reporting.reviews.facts.period_rows import ReviewRows, route_identity
from reporting.reviews.facts.review_facts import (
    Baseline,
    BypassedApproval,
    DurationSummary,
    FigureComparison,
    ReviewFacts,
    ReviewPeriod,
    ReviewRouteFacts,
    ReviewStepFacts,
    RunCounts,
    SavedMoney,
    Savings,
    WorkingMinutes,
)
from reporting.reviews.measuring.compute import compute_measures
from reporting.reviews.measuring.usage import (
    count_step_uses,
    count_taken_routes,
    describe_route,
    is_exception_route,
    is_task_skipped,
    route_key,
)
from reporting.reviews.measuring.waiting import expected_step_seconds, working_day_seconds
from workflows.engine.format.definition import HUMAN_KINDS


def build_review_facts(
    rows: ReviewRows, *, cost: MonthCost, now: datetime, last: ReviewFacts | None = None
) -> ReviewFacts:
    """All facts of a period; `last` are those of the review before this one."""
    measures = compute_measures(rows)
    baseline = _read_baseline(rows)
    runs, cycle, minutes = _run_counts(rows), _cycle_times(rows), _working_minutes(rows)
    return ReviewFacts(
        workflow=rows.template.key,
        name=rows.template.name,
        version=rows.map.number,
        working_day_s=working_day_seconds(rows),
        owner=rows.owner.username if rows.owner else None,
        deputy=rows.deputy.username if rows.deputy else None,
        period=_review_period(rows),
        gathered_at=now,
        runs=runs,
        cycle=cycle,
        minutes=minutes,
        baseline=baseline,
        against=tuple(_compare_figures(runs, cycle, minutes, baseline, last)),
        steps=tuple(_step_facts(rows, measures)),
        ways=tuple(_route_facts(rows)),
        past_approvals=tuple(
            BypassedApproval(step=key, count=count) for key, count in sorted(rows.gone_past.items())
        ),
        saved=_compute_savings(minutes, baseline, cost),
        measures=tuple(measures),
    )


def _review_period(rows: ReviewRows) -> ReviewPeriod:
    return ReviewPeriod(since=rows.since, until=rows.until, days=(rows.until - rows.since).days)


# -- requests ---------------------------------------------------------------------------------


def _run_counts(rows: ReviewRows) -> RunCounts:
    ended = len(rows.runs)
    good = sum(run.is_success for run in rows.runs)
    cancelled = sum(run.is_cancelled for run in rows.runs)
    wrong = {task.run for task in rows.tasks if task.is_done and task.round > 1}
    wrong |= {incident.run for incident in rows.troubles}
    errors = sum(run.id in wrong for run in rows.runs)
    return RunCounts(
        started=rows.started,
        ended=ended,
        successful=good,
        exceptions=ended - good - cancelled,
        cancelled=cancelled,
        with_errors=errors,
        open_now=rows.open_now,
        success_rate=_rounded_share(good, ended),
        error_rate=_rounded_share(errors, ended),
        successes_30_days=rows.successes_lately,
    )


def _rounded_share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _cycle_times(rows: ReviewRows) -> DurationSummary | None:
    """From start to end, by the clock, of requests that were not cancelled."""
    whole = [run for run in rows.runs if not run.is_cancelled]
    distribution = summarize_durations((run.ended - run.started) // MICROSECOND for run in whole)
    return DurationSummary(**distribution) if distribution else None


def _working_minutes(rows: ReviewRows) -> WorkingMinutes:
    """People's working time, of requests that ended in the period (their tasks in it)."""
    ended = {run.id for run in rows.runs}
    by_run: dict[int, float] = defaultdict(float)
    for task in rows.tasks:
        if task.kind in HUMAN_KINDS and task.is_done and task.working is not None:
            by_run[task.run] += task.working if task.run in ended else 0.0
    distribution = summarize_durations(
        round(by_run[run] * 1_000_000) for run in ended if run in by_run
    )
    if distribution is None:
        return WorkingMinutes()
    return WorkingMinutes(
        requests=distribution["n"],
        total=round(distribution["total_s"] / 60, 2),
        per_request=round(distribution["mean_s"] / 60, 2),
        median=round(distribution["median_s"] / 60, 2),
    )


def _read_baseline(rows: ReviewRows) -> Baseline:
    baseline = rows.graph.definition.baseline
    return Baseline(
        minutes_per_request=baseline.minutes_per_request if baseline else None,
        error_rate=baseline.error_rate if baseline else None,
    )


def _compare_figures(
    runs: RunCounts,
    cycle: DurationSummary | None,
    minutes: WorkingMinutes,
    baseline: Baseline,
    last: ReviewFacts | None,
) -> list[FigureComparison]:
    now = _compared_figures(runs, cycle, minutes)
    before = _compared_figures(last.runs, last.cycle, last.minutes) if last else {}
    baselines = {
        ComparedFigure.ERROR_RATE: baseline.error_rate,
        ComparedFigure.MINUTES_PER_REQUEST: baseline.minutes_per_request,
    }
    return [
        FigureComparison(
            figure=figure,
            unit=COMPARED_UNITS[figure],
            now=value,
            last=before.get(figure),
            baseline=baselines.get(figure),
        )
        for figure, value in now.items()
    ]


COMPARED_UNITS = {
    ComparedFigure.ENDED: MeasureUnit.COUNT,
    ComparedFigure.SUCCESS_RATE: MeasureUnit.SHARE,
    ComparedFigure.CYCLE_MEDIAN: MeasureUnit.SECONDS,
    ComparedFigure.CYCLE_P90: MeasureUnit.SECONDS,
    ComparedFigure.ERROR_RATE: MeasureUnit.SHARE,
    ComparedFigure.MINUTES_PER_REQUEST: MeasureUnit.MINUTES,
}


def _compared_figures(
    runs: RunCounts, cycle: DurationSummary | None, minutes: WorkingMinutes
) -> dict[ComparedFigure, int | float | None]:
    return {
        ComparedFigure.ENDED: runs.ended,
        ComparedFigure.SUCCESS_RATE: runs.success_rate,
        ComparedFigure.CYCLE_MEDIAN: cycle.median_s if cycle else None,
        ComparedFigure.CYCLE_P90: cycle.p90_s if cycle else None,
        ComparedFigure.ERROR_RATE: runs.error_rate,
        ComparedFigure.MINUTES_PER_REQUEST: minutes.per_request,
    }


# -- steps and routes -------------------------------------------------------------------------


def _step_facts(rows: ReviewRows, measures: Iterable[Measure]) -> list[ReviewStepFacts]:
    waits = {
        measure.step: measure.details
        for measure in measures
        if isinstance(measure.details, BottleneckDetails)
    }
    expected, counts = expected_step_seconds(rows), count_step_uses(rows)
    skipped = Counter(task.step for task in rows.tasks if is_task_skipped(rows, task))
    facts = []
    for key, step in rows.graph.steps.items():
        wait = waits.get(key)
        facts.append(
            ReviewStepFacts(
                step=key,
                name=rows.graph.title(key),
                kind=step.kind,
                used=counts[key],
                skipped=skipped[key],
                median_s=wait.median_s if wait else None,
                p90_s=wait.p90_s if wait else None,
                expected_s=expected.get(key),
                gap_s=wait.gap_s if wait else None,
            )
        )
    return facts


def _route_facts(rows: ReviewRows) -> list[ReviewRouteFacts]:
    counts = count_taken_routes(rows)
    return [
        ReviewRouteFacts(
            key=route_key(link),
            step=link.source,
            to=link.to,
            kind=link.kind,
            route=describe_route(rows, link),
            exception=is_exception_route(link),
            taken=counts[link.source, route_identity(link)],
        )
        for link in rows.graph.links
        if link.kind not in ("to", "reopen")
    ]


# -- what it saves ----------------------------------------------------------------------------


def _compute_savings(minutes: WorkingMinutes, baseline: Baseline, cost: MonthCost) -> Savings:
    """Minutes and money against the baseline; money where all work is of one currency."""
    before, now = baseline.minutes_per_request, minutes.per_request
    if before is None:
        return Savings(basis=SavingsBasis.NO_BASELINE)
    if now is None:
        return Savings(basis=SavingsBasis.NO_WORKING_TIME)
    each = round(before - now, 2)
    total = round(each * minutes.requests, 2)
    money = []
    for currency, paid in cost.people.items():
        if len(cost.people) == 1 and cost.priced_seconds:
            per_hour = paid / (cost.priced_seconds / 3600)
            amount = round(float(per_hour) * total / 60, 2)
            money.append(SavedMoney(currency=currency, per_hour=float(per_hour), amount=amount))
    return Savings(basis=SavingsBasis.COMPARED, minutes=total, each=each, money=tuple(money))
