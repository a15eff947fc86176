"""What a review measures, thing by thing, and which of it is a finding. Pure: rows in, values out.

Each measure has a key that is the same in every review, so that the next one can say whether a
fix helped: the figure is there whether or not it is a finding.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from reporting.bottlenecks_words import spoken
from reporting.quantiles import spread
from reporting.reviews.rows import LATELY, Person, Rows, Task, ident
from workflows.engine.calendar import parse_duration
from workflows.engine.definition import ApprovalStep, HumanStep, Link, title
from workflows.engine.graph import reach

FEWEST_RUNS = 10
"""Below so many runs of the current map nothing is said of what was never used."""
FEWEST_TASKS = 5
MANY, NEARLY_ALWAYS = 50, 0.95
"""From so many tasks, with so large a share of one outcome, a rule might decide."""
OFTEN_FAILS = 0.2
ALWAYS_SKIPPED = 0.9
FEW_INCIDENTS = 3
NOT_DONE = ("skipped", "error")
WORK = "work_s"
"""The unit of business seconds; 's' are seconds by the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure with its sentence; `is_finding` when somebody should decide on it."""

    kind: str
    key: str
    step: str = ""
    figure: float
    unit: str
    is_finding: bool
    words: str
    facts: dict[str, Any] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)


def measures(rows: Rows) -> list[Measure]:
    """Everything that is measured, the most pressing kinds first."""
    return [
        *_ownership(rows),
        *_stale(rows),
        *sorted(_bottlenecks(rows), key=lambda one: -one.facts["excess_s"]),
        *_incidents(rows),
        *_unused_steps(rows),
        *_unused_ways(rows),
        *_skipped(rows),
        *_should_not_be_automated(rows),
        *_could_be_automated(rows),
    ]


# -- who answers for it -----------------------------------------------------------------------


def _ownership(rows: Rows) -> Iterator[Measure]:
    for what, person in (("owner", rows.owner), ("deputy", rows.deputy)):
        wrong = _decayed(what, person)
        yield Measure(
            kind="ownership",
            key=what,
            figure=float(not wrong),
            unit="people",
            is_finding=bool(wrong),
            words=wrong or f"The {what} is there.",
        )
    for role, people in rows.roles.items():
        who = "nobody" if people == 0 else "one person only"
        yield Measure(
            kind="ownership",
            key=f"role:{role}",
            figure=people,
            unit="people",
            is_finding=people < 2,
            words=f"In the role '{role}' there is {who}. Add people to its group."
            if people < 2
            else f"In the role '{role}' there are {people} people.",
        )


def _decayed(what: str, person: Person | None) -> str:
    """What is wrong with owner or deputy; nothing where all is well."""
    if person is None:
        return f"There is no {what}. Name one in the next version."
    if not person.is_active:
        return f"The {what}, {person.username}, has left: the account is not active any more."
    if person.groups == 0:
        return f"The {what}, {person.username}, is in no group of the company any more."
    return ""


def _stale(rows: Rows) -> Iterator[Measure]:
    is_old_enough = rows.in_use_since <= rows.until - LATELY
    none = rows.successes_lately == 0
    yield Measure(
        kind="stale",
        key="stale",
        figure=rows.successes_lately,
        unit="runs",
        is_finding=none and is_old_enough,
        words="No request went well in the last 30 days of the period."
        if none
        else f"{rows.successes_lately} requests went well in the last 30 days of the period.",
    )


# -- where work waits -------------------------------------------------------------------------


def _bottlenecks(rows: Rows) -> Iterator[Measure]:
    day = working_day(rows)
    taken: dict[str, list[float]] = defaultdict(list)
    for task in rows.tasks:
        if task.is_done and task.taken is not None:
            taken[task.step].append(task.taken)
    for step, expected in expected_seconds(rows).items():
        found = spread(round(seconds * 1_000_000) for seconds in taken[step])
        if found is None:
            continue
        gap = found["median_s"] - expected
        name = rows.graph.title(step)
        yield Measure(
            kind="bottleneck",
            key=f"bottleneck:{step}",
            step=step,
            figure=found["median_s"],
            unit=WORK,
            is_finding=gap > 0 and found["n"] >= FEWEST_TASKS,
            words=f"{name}: {spoken(expected, day)} expected, {spoken(found['median_s'], day)} at"
            f" the median of {found['n']} (working time, waiting and working together).",
            facts={
                "n": found["n"],
                "median_s": found["median_s"],
                "p90_s": found["p90_s"],
                "expected_s": expected,
                "gap_s": gap,
                "excess_s": round(sum(max(one - expected, 0.0) for one in taken[step]), 3),
            },
        )


def working_day(rows: Rows) -> int:
    """How many seconds a day has in the workflow's calendar."""
    return rows.map.calendar.seconds(parse_duration("1d"))


def expected_seconds(rows: Rows) -> dict[str, float]:
    """What steps of the current map should take, in business seconds."""
    calendar = rows.map.calendar
    return {
        key: float(calendar.seconds(parse_duration(step.expected)))
        for key, step in rows.graph.steps.items()
        if isinstance(step, HumanStep) and step.expected
    }


def _incidents(rows: Rows) -> Iterator[Measure]:
    by_code: dict[str, list[Any]] = defaultdict(list)
    for trouble in rows.troubles:
        by_code[trouble.code].append(trouble)
    for code, troubles in sorted(by_code.items(), key=lambda pair: -len(pair[1])):
        still = sum(one.is_open for one in troubles)
        where = Counter(rows.graph.title(one.step) if one.step in rows.graph.steps else one.step
                        for one in troubles)  # fmt: skip
        steps = ", ".join(f"{step} ({count})" for step, count in where.most_common(3))
        yield Measure(
            kind="incidents",
            key=f"incidents:{code}",
            figure=len(troubles),
            unit="incidents",
            is_finding=len(troubles) >= FEW_INCIDENTS or still > 0,
            words=f"'{code}' came {_times(len(troubles))}, at {steps}; {still} still open.",
            facts={"open": still, "steps": dict(where)},
        )


# -- what nobody needs ------------------------------------------------------------------------


def used(rows: Rows) -> Counter[str]:
    """How often each step of the current map was used by requests on it."""
    found: Counter[str] = Counter(rows.passed)
    for task in rows.tasks:
        if task.version == rows.map.number:
            found[task.step] += 1
    return found


def taken_ways(rows: Rows) -> Counter[tuple[str, str]]:
    """How often each way of the current map was taken, outcomes of tasks included."""
    found = Counter(rows.ways)
    for task in rows.tasks:
        if task.is_done and task.version == rows.map.number:
            found[task.step, _way_of(rows, task)] += 1
    return found


def _way_of(rows: Rows, task: Task) -> str:
    if rows.graph.steps.get(task.step) is None or rows.graph.is_human(task.step):
        return task.outcome
    return "on_error" if task.outcome == "error" else "to"


def _has_enough(rows: Rows) -> bool:
    return sum(run.version == rows.map.number for run in rows.runs) >= FEWEST_RUNS


def _unused_steps(rows: Rows) -> Iterator[Measure]:
    """Steps that usual work should reach and never does; exception paths may well rest."""
    counts, enough = used(rows), _has_enough(rows)
    usual = _usual_steps(rows)
    for key in rows.graph.steps:
        if key not in usual:
            continue
        yield Measure(
            kind="step_unused",
            key=f"step:{key}",
            step=key,
            figure=counts[key],
            unit="times",
            is_finding=enough and counts[key] == 0,
            words=f"{rows.graph.title(key)} was {_used(counts[key])} in {len(rows.runs)} requests.",
        )


def _usual_steps(rows: Rows) -> set[str]:
    following: dict[str, set[str]] = defaultdict(set)
    for link in rows.graph.links:
        if not is_exception(link):
            following[link.source].add(link.to)
    first = rows.graph.first
    return set() if first is None else reach([first], following, frozenset())


def is_exception(link: Link) -> bool:
    """Whether work should not go this way; error ways and reopening are not usual either."""
    return bool(link.route.exception) or link.kind in ("on_error", "reopen")


def _unused_ways(rows: Rows) -> Iterator[Measure]:
    """Ways never taken out of steps that are in use. Exception ways may well rest."""
    counts, steps, enough = taken_ways(rows), used(rows), _has_enough(rows)
    for link in rows.graph.links:
        if is_exception(link) or link.kind == "to":
            continue
        count = counts[link.source, ident(link)]
        yield Measure(
            kind="rule_unused" if link.kind == "rule" else "way_unused",
            key=way_key(link),
            step=link.source,
            figure=count,
            unit="times",
            is_finding=enough and count == 0 and steps[link.source] >= FEWEST_RUNS,
            words=f"{way_words(rows, link)}: {_times(count)} in {steps[link.source]} passes.",
        )


def way_key(link: Link) -> str:
    """A way's key: short enough to keep, and its own."""
    key = f"way:{link.source}/{ident(link)}"
    if len(key) <= 200:
        return key
    return f"{key[:180]}#{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def way_words(rows: Rows, link: Link) -> str:
    """A way as people read it."""
    source, target = rows.graph.title(link.source), rows.graph.title(link.to)
    if link.kind == "rule":
        return f"{source} → {target}, when {link.route.when}"
    name = "" if link.kind == "branch" else f" ({link.route.label or title(link.name, None)})"
    return f"{source} → {target}{name}"


def _skipped(rows: Rows) -> Iterator[Measure]:
    by_step: dict[str, list[Task]] = defaultdict(list)
    for task in rows.tasks:
        if task.step in rows.graph.steps:
            by_step[task.step].append(task)
    for step, tasks in by_step.items():
        count = sum(is_skipped(rows, task) for task in tasks)
        share = count / len(tasks)
        yield Measure(
            kind="step_skipped",
            key=f"skipped:{step}",
            step=step,
            figure=round(share, 4),
            unit="share",
            is_finding=share >= ALWAYS_SKIPPED and len(tasks) >= FEWEST_TASKS,
            words=f"{rows.graph.title(step)} was skipped, sent elsewhere or called off in {count}"
            f" of {len(tasks)} cases.",
        )


def is_skipped(rows: Rows, task: Task) -> bool:
    """Whether a task was gone past: skipped, sent to another step, or called off alone."""
    return (
        not task.is_done
        or task.outcome == "skipped"
        or (task.run, task.activation) in rows.rerouted
    )


# -- what a machine should or should not do ------------------------------------------------------


def _should_not_be_automated(rows: Rows) -> Iterator[Measure]:
    for key, step in rows.graph.steps.items():
        if step.kind != "automation":
            continue
        tasks = [task for task in rows.tasks if task.step == key]
        held_up = {(one.run, one.activation) for one in rows.troubles if one.step == key}
        failed = held_up | {(t.run, t.activation) for t in tasks if t.outcome in NOT_DONE}
        number = len(failed | {(t.run, t.activation) for t in tasks if t.is_done})
        if not number:
            continue
        share = len(failed) / number
        yield Measure(
            kind="unautomate",
            key=f"unautomate:{key}",
            step=key,
            figure=round(share, 4),
            unit="share",
            is_finding=number >= FEWEST_RUNS and share >= OFTEN_FAILS,
            words=f"{rows.graph.title(key)} runs by itself and needed a person, or went its error"
            f" way, in {len(failed)} of {number} cases ({share:.0%}).",
        )


def _could_be_automated(rows: Rows) -> Iterator[Measure]:
    for key, step in rows.graph.steps.items():
        outcomes = Counter(
            task.outcome
            for task in rows.tasks
            if task.step == key and task.is_done and task.outcome
        )
        if not isinstance(step, ApprovalStep) or not outcomes:
            continue
        (outcome, count), number = outcomes.most_common(1)[0], outcomes.total()
        route = step.outcomes.get(outcome)
        share = count / number
        is_usual = route is not None and not route.exception
        has_rule = bool(rows.graph.definition.fields) and not step.outputs
        many = number >= MANY and share >= NEARLY_ALWAYS
        yield Measure(
            kind="automate",
            key=f"automate:{key}",
            step=key,
            figure=round(share, 4),
            unit="share",
            is_finding=many and is_usual and has_rule,
            words=f"{rows.graph.title(key)}: {count} of {number} ({share:.0%}) went"
            f" '{title(outcome, None)}'. A rule over the request's fields could decide the usual"
            " case and leave the rest to people.",
        )


def _used(count: int) -> str:
    return f"used {_times(count)}" if count else "never used"


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")
