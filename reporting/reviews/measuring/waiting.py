"""Where work waits for longer than expected, and where it is held up."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from reporting.metrics.quantiles import summarize_durations
from reporting.reviews.facts.choices import MeasureUnit
from reporting.reviews.facts.measures import BottleneckDetails, IncidentCountDetails, Measure
from reporting.reviews.facts.period_rows import ReviewedIncident, ReviewRows
from workflows.engine.format.definition import HumanStep
from workflows.engine.timing.working_time import parse_duration

FEWEST_TASKS = 5
FEW_INCIDENTS = 3


def bottleneck_measures(rows: ReviewRows) -> list[Measure]:
    """Each step that says what is expected of it, the one with the most excess first."""
    day = working_day_seconds(rows)
    durations: dict[str, list[float]] = defaultdict(list)
    for task in rows.tasks:
        if task.is_done and task.business_seconds is not None:
            durations[task.step].append(task.business_seconds)
    slow_steps = [
        (details, step)
        for step, expected in expected_step_seconds(rows).items()
        if (details := _summarize_step(rows.graph.title(step), durations[step], expected, day))
    ]
    return [
        Measure(
            key=f"bottleneck:{step}",
            step=step,
            figure=details.median_s,
            unit=MeasureUnit.WORKING_SECONDS,
            is_finding=details.gap_s > 0 and details.n >= FEWEST_TASKS,
            details=details,
        )
        for details, step in sorted(slow_steps, key=lambda pair: -pair[0].excess_s)
    ]


def _summarize_step(
    title: str, durations: list[float], expected: float, day: int
) -> BottleneckDetails | None:
    distribution = summarize_durations(round(seconds * 1_000_000) for seconds in durations)
    if distribution is None:
        return None
    excess = sum(max(duration - expected, 0.0) for duration in durations)
    return BottleneckDetails(
        step=title,
        n=distribution["n"],
        median_s=distribution["median_s"],
        p90_s=distribution["p90_s"],
        expected_s=expected,
        gap_s=distribution["median_s"] - expected,
        excess_s=round(excess, 3),
        working_day_s=day,
    )


def working_day_seconds(rows: ReviewRows) -> int:
    """How many seconds a day has in the workflow's calendar."""
    return rows.map.calendar.seconds(parse_duration("1d"))


def expected_step_seconds(rows: ReviewRows) -> dict[str, float]:
    """What steps of the current map should take, in business seconds."""
    return {
        key: float(rows.map.calendar_of(key).seconds(parse_duration(step.expected)))
        for key, step in rows.graph.steps.items()
        if isinstance(step, HumanStep) and step.expected
    }


def incident_measures(rows: ReviewRows) -> Iterator[Measure]:
    """Incidents by code, the most frequent first."""
    by_code: dict[str, list[ReviewedIncident]] = defaultdict(list)
    for incident in rows.troubles:
        by_code[incident.code].append(incident)
    for code, incidents in sorted(by_code.items(), key=lambda pair: -len(pair[1])):
        open_count = sum(incident.is_open for incident in incidents)
        titles = Counter(_step_title(rows, incident.step) for incident in incidents)
        yield Measure(
            key=f"incidents:{code}",
            figure=len(incidents),
            unit=MeasureUnit.INCIDENTS,
            is_finding=len(incidents) >= FEW_INCIDENTS or open_count > 0,
            details=IncidentCountDetails(
                code=code, count=len(incidents), open=open_count, steps=dict(titles)
            ),
        )


def _step_title(rows: ReviewRows, step: str) -> str:
    return rows.graph.title(step) if step in rows.graph.steps else step
