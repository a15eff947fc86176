"""How every step does: when it last ran well, how often it failed, and whose it is.

Facts only, each from rows that services wrote; the pages put them in words. However many
workflows there are, they are read in the same few statements.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils.translation import gettext

from workflows.definitions.models import MapFinding, Role, Step, TemplateVersion, WorkflowTemplate
from workflows.engine.format.definition import ROUTING_KINDS
from workflows.engine.format.role_finders import describe_role_people
from workflows.execution.models import DONE, Incident, WorkflowInstance, WorkItem
from workflows.execution.queries.open_work import late_tasks_condition, open_incidents_condition
from workflows.execution.queries.routing_counts import count_step_passes
from workflows.outbox.choices import MessageKind
from workflows.outbox.models import ASIDE, DROPPED, TAKEN, WAITING, Attempt, OutboxMessage
from workflows.people.queries.person_names import full_name_of, full_names_of

RED, AMBER, GREEN, GREY = "red", "amber", "green", "grey"
STATES_WORST_FIRST = (RED, AMBER, GREEN, GREY)
"""The worst first."""
WEEK, QUARTER = timedelta(days=7), timedelta(days=90)
CLOCK_TOLERANCE = timedelta(seconds=60)
"""What is due longer than this shows that the clock or the workers are down."""
EARLIEST_MOMENT = datetime(1990, 1, 1, tzinfo=UTC)
"""No message of Handoff is older."""
LONG_FAILURE = timedelta(minutes=15)
"""What fails for longer than this does not come right by itself."""
BY_WORKFLOW = (
    *("version__template__name", "version__template_id", "-version__number"),
    *("position", "id"),
)
NOT_RUN_OUTCOMES = ("error", "skipped")
"""How a step that no person does ends without having done its work."""
NOTICE_KINDS = (MessageKind.NOTICE, MessageKind.DIGEST)
FAILED_ATTEMPTS = (Attempt.FAILED, Attempt.LOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepHealth:
    """The figures of one step.

    A run of an automation is an attempt, counted when it began. A run of any other step is a
    task that was done, and a failed run an incident that was opened there, or an end on the
    step's error way.
    """

    step: Step
    state: str
    last_success: datetime | None
    runs_week: int
    failed_week: int
    runs_quarter: int
    failed_quarter: int
    last_error: str
    last_error_at: datetime | None
    last_run_failed: bool
    open_incidents: int
    oldest_incident: Incident | None
    overdue: int
    overdue_since: datetime | None
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxHealth:
    """Whether what is to be done outside is being done."""

    state: str
    due: int
    oldest_due: datetime | None
    abandoned: int
    given_up: int
    is_ticking: bool
    aside: int
    failing: int
    failing_since: datetime | None
    failing_kinds: tuple[str, ...]
    lost_notices: int = 0


# -- steps ------------------------------------------------------------------------------------


def steps_in_use(templates: QuerySet[WorkflowTemplate]) -> QuerySet[Step]:
    """The steps of these workflows' published versions, and of those with requests under way."""
    running = WorkflowInstance.objects.running().values("version")
    return (
        Step.objects.filter(
            Q(version__state=TemplateVersion.PUBLISHED) | Q(version__in=running),
            version__template__in=templates,
        )
        .exclude(kind="end")
        .select_related("role", "version__template__owner", "version__template__deputy")
        .order_by(*BY_WORKFLOW)
    )


def compute_step_health(steps: Iterable[Step], *, now: datetime) -> list[StepHealth]:
    """The health of these steps, in their order; at most seven statements, and three more where
    a step that only routes went wrong."""
    rows = list(steps)
    facts = _HealthFacts.read(rows, now)
    healths = (_build_step_health(step, facts) for step in rows)
    return [
        health
        for health in healths
        if health.step.kind not in ROUTING_KINDS or _has_gone_wrong(health)
    ]


def _has_gone_wrong(health: StepHealth) -> bool:
    return bool(health.open_incidents or health.failed_quarter)


@dataclass(frozen=True, slots=True)
class _HealthFacts:
    """What was read, each by step."""

    attempts: Mapping[int, Mapping[str, Any]]
    last_attempts: Mapping[int, Attempt]
    tasks: Mapping[int, Mapping[str, Any]]
    incidents: Mapping[int, Mapping[str, Any]]
    incident_rows: Mapping[int, Incident]
    names: Mapping[str, str]

    @classmethod
    def read(cls, steps: Sequence[Step], now: datetime) -> "_HealthFacts":
        automation_ids = [step.pk for step in steps if step.kind == "automation"]
        other_step_ids = [step.pk for step in steps if step.kind != "automation"]
        attempts = _count_attempts(automation_ids, now)
        incidents = _count_incidents([step.pk for step in steps], now)
        return cls(
            attempts=attempts,
            last_attempts=_fetch_rows_by_id(
                Attempt.objects.all(), _collect_row_ids(attempts, "last", "last_failed")
            ),
            tasks=_count_tasks(other_step_ids, now) | _count_passes(steps, incidents, now),
            incidents=incidents,
            incident_rows=_fetch_rows_by_id(
                Incident.objects.select_related("request"),
                _collect_row_ids(incidents, "last", "oldest_open"),
            ),
            names=full_names_of({name for step in steps for name in _role_usernames(step.role)}),
        )


def _collect_row_ids(rows: Mapping[int, Mapping[str, Any]], *columns: str) -> list[int]:
    return [row[name] for row in rows.values() for name in columns if row[name] is not None]


def _fetch_rows_by_id(rows: QuerySet[Any], ids: list[int]) -> dict[int, Any]:
    """The rows by id. One statement however many: `in_bulk` makes several on SQLite."""
    return {row.pk: row for row in rows.filter(pk__in=ids)}


def _count_attempts(steps: list[int], now: datetime) -> dict[int, Mapping[str, Any]]:
    over, bad = ~Q(state=Attempt.RUNNING), Q(state__in=FAILED_ATTEMPTS)
    week, quarter = Q(started_at__gte=now - WEEK), Q(started_at__gte=now - QUARTER)
    rows = (
        Attempt.objects.filter(step__in=steps)
        .order_by()
        .values("step")
        .annotate(
            success=Max("started_at", filter=Q(state=Attempt.SUCCEEDED)),
            runs_week=Count("pk", filter=over & week),
            failed_week=Count("pk", filter=bad & week),
            runs_quarter=Count("pk", filter=over & quarter),
            failed_quarter=Count("pk", filter=bad & quarter),
            last=Max("pk", filter=over),
            last_failed=Max("pk", filter=bad),
        )
    )
    return {row["step"]: row for row in rows}


def _count_tasks(steps: list[int], now: datetime) -> dict[int, Mapping[str, Any]]:
    """What people did, and waits and subworkflows: those can end on their error way too."""
    week, quarter = Q(completed_at__gte=now - WEEK), Q(completed_at__gte=now - QUARTER)
    done, late = Q(state=DONE), late_tasks_condition(now)
    alone = Q(step__kind__in=("wait", "subworkflow"))
    bad = done & alone & Q(outcome="error")
    rows = (
        WorkItem.objects.filter(step__in=steps)
        .order_by()
        .values("step")
        .annotate(
            success=Max("completed_at", filter=done & ~(alone & Q(outcome__in=NOT_RUN_OUTCOMES))),
            runs_week=Count("pk", filter=done & week),
            runs_quarter=Count("pk", filter=done & quarter),
            failed_week=Count("pk", filter=bad & week),
            failed_quarter=Count("pk", filter=bad & quarter),
            overdue=Count("pk", filter=late),
            overdue_since=Min("due_at", filter=late),
        )
    )
    return {row["step"]: row for row in rows}


def _count_passes(
    steps: Sequence[Step], troubled: Mapping[int, Mapping[str, Any]], now: datetime
) -> dict[int, Mapping[str, Any]]:
    """How often steps that only route were passed, where something went wrong at them; of the
    others nothing is said."""
    wrong = [step for step in steps if step.kind in ROUTING_KINDS and step.pk in troubled]
    step_passes = count_step_passes(wrong, week=now - WEEK, quarter=now - QUARTER)
    return {
        pk: {
            **NO_FIGURES,
            "success": passage.last,
            "runs_week": passage.week,
            "runs_quarter": passage.quarter,
        }
        for pk, passage in step_passes.items()
    }


def _count_incidents(steps: list[int], now: datetime) -> dict[int, Mapping[str, Any]]:
    is_open = open_incidents_condition()
    rows = (
        Incident.objects.filter(step__in=steps)
        .order_by()
        .values("step")
        .annotate(
            open=Count("pk", filter=is_open),
            oldest_open=Min("pk", filter=is_open),
            failed_week=Count("pk", filter=Q(opened_at__gte=now - WEEK)),
            failed_quarter=Count("pk", filter=Q(opened_at__gte=now - QUARTER)),
            last=Max("pk"),
        )
    )
    return {row["step"]: row for row in rows}


NO_FIGURES: Mapping[str, Any] = dict.fromkeys(
    ("success", "last", "last_failed", "oldest_open", "overdue_since")
) | dict.fromkeys(
    ("overdue", "open", "runs_week", "failed_week", "runs_quarter", "failed_quarter"), 0
)
"""The figures of a step of which there are no rows."""


def _build_step_health(step: Step, facts: _HealthFacts) -> StepHealth:
    tasks, troubles = facts.tasks.get(step.pk, NO_FIGURES), facts.incidents.get(step.pk, NO_FIGURES)
    attempts = facts.attempts.get(step.pk, NO_FIGURES)
    runs = attempts if step.kind == "automation" else tasks
    failures = (attempts,) if step.kind == "automation" else (tasks, troubles)
    last = facts.last_attempts.get(attempts["last"] or 0)
    code, when = _find_last_error(attempts, troubles, facts)
    figures = {
        "last_success": runs["success"],
        "failed_week": sum(counts["failed_week"] for counts in failures),
        "last_error": code,
        "last_run_failed": last is not None and last.state in FAILED_ATTEMPTS,
        "open_incidents": troubles["open"],
        "overdue": tasks["overdue"],
    }
    return StepHealth(
        step=step,
        state=_step_state(**figures),
        runs_week=runs["runs_week"],
        runs_quarter=runs["runs_quarter"],
        failed_quarter=sum(counts["failed_quarter"] for counts in failures),
        last_error_at=when,
        oldest_incident=facts.incident_rows.get(troubles["oldest_open"] or 0),
        overdue_since=tasks["overdue_since"],
        owner=_step_owner(step, facts.names),
        **figures,
    )


def _find_last_error(
    attempts: Mapping[str, Any], troubles: Mapping[str, Any], facts: _HealthFacts
) -> tuple[str, datetime | None]:
    """The code of what failed last: an attempt, or what opened an incident."""
    failed = facts.last_attempts.get(attempts["last_failed"] or 0)
    trouble = facts.incident_rows.get(troubles["last"] or 0)
    errors = [(failed.started_at, failed.code or failed.state)] if failed is not None else []
    errors += [(trouble.opened_at, trouble.code)] if trouble is not None else []
    when, code = max(errors, key=itemgetter(0), default=(None, ""))
    return code, when


def _step_state(
    *,
    last_success: datetime | None,
    failed_week: int,
    last_error: str,
    last_run_failed: bool,
    open_incidents: int,
    overdue: int,
) -> str:
    if open_incidents or last_run_failed:
        return RED
    if failed_week or overdue:
        return AMBER
    return GREEN if last_success or last_error else GREY


def worst_state(states: Iterable[str]) -> str:
    """The state that counts for all of them; grey where there is none."""
    return min(states, key=STATES_WORST_FIRST.index, default=GREY)


# -- whose it is ------------------------------------------------------------------------------


def responsible_person_name(template: WorkflowTemplate) -> str:
    """Who answers for a workflow: its owner, or the deputy where the owner's account is closed."""
    people = (template.owner, template.deputy)
    active = [person for person in people if person is not None and person.is_active]
    return full_name_of(active[0]) if active else gettext("nobody")


def _step_owner(step: Step, names: Mapping[str, str]) -> str:
    """The step's people; where the step has none, who answers for the workflow."""
    role = step.role
    if step.kind not in ("approval", "task") or role is None:
        return responsible_person_name(step.version.template)
    return describe_role_people(role.settings, names)


def _role_usernames(role: Role | None) -> list[str]:
    return list(role.users or []) if role is not None else []


# -- the maps ---------------------------------------------------------------------------------


def open_findings_by_workflow(templates: Iterable[WorkflowTemplate]) -> dict[int, list[MapFinding]]:
    """What has gone wrong with the published maps of these workflows, by workflow; one
    statement."""
    by_workflow: dict[int, list[MapFinding]] = {}
    rows = MapFinding.objects.filter(closed_at=None, version__template__in=list(templates))
    for row in rows.select_related("version").order_by("severity", "found_at", "id"):
        by_workflow.setdefault(row.version.template_id, []).append(row)
    return by_workflow


# -- the outbox -------------------------------------------------------------------------------


def compute_outbox_health(*, now: datetime) -> OutboxHealth:
    """Whether anything due waits for longer than the clock takes to come round, and whether what
    was tried got through. Four statements.

    `abandoned` are messages whose worker died; `given_up` those closed undone in seven days;
    `failing` are tried again and again, `aside` are not tried any more until somebody has looked;
    `lost_notices` of those given up were to tell somebody.
    """
    due = OutboxMessage.objects.filter(state=WAITING, run_after__lte=now)
    waiting = _count_and_oldest(due, "run_after")
    abandoned = OutboxMessage.objects.filter(state=TAKEN, taken_until__lt=now)
    abandoned_counts = _count_and_oldest(abandoned, "taken_until")
    given_up = _count_given_up(now)
    moments = (waiting["oldest"], abandoned_counts["oldest"])
    oldest = min((moment for moment in moments if moment), default=None)
    is_ticking = oldest is None or now - oldest <= CLOCK_TOLERANCE
    aside, failing, since, kinds = _count_failing_messages()
    is_long = since is not None and now - since > LONG_FAILURE
    has_failed = bool(failing or given_up["notices"])
    return OutboxHealth(
        state=RED if not is_ticking or aside or is_long else AMBER if has_failed else GREEN,
        due=waiting["count"],
        oldest_due=waiting["oldest"],
        abandoned=abandoned_counts["count"],
        given_up=given_up["count"],
        is_ticking=is_ticking,
        aside=aside,
        failing=failing,
        failing_since=since,
        failing_kinds=kinds,
        lost_notices=given_up["notices"],
    )


def _count_given_up(now: datetime) -> dict[str, int]:
    """What was closed undone in a week, and of that what was to tell somebody: a notice that failed
    for good, or that broke off while it was handed over."""
    given_up = OutboxMessage.objects.filter(state=DROPPED, closed_at__gte=now - WEEK)
    return given_up.aggregate(
        count=Count("pk"), notices=Count("pk", filter=Q(kind__in=NOTICE_KINDS))
    )


def _count_and_oldest(messages: QuerySet[OutboxMessage], column: str) -> dict[str, Any]:
    return messages.aggregate(count=Count("pk"), oldest=earliest_valid_moment(column))


def earliest_valid_moment(column: str) -> Min:
    """The earliest moment of a column that can be one: a row with another is about to be set
    aside, and must not keep this page from being shown."""
    return Min(column, filter=Q(**{f"{column}__gte": EARLIEST_MOMENT}))


def _count_failing_messages() -> tuple[int, int, datetime | None, tuple[str, ...]]:
    """How many messages are set aside, how many are tried again and again, since when, and of
    which kinds those are."""
    rows = (
        OutboxMessage.objects.filter(failing_since__isnull=False, state__in=(WAITING, TAKEN, ASIDE))
        .order_by()
        .values("state", "kind")
        .annotate(count=Count("pk"), since=Min("failing_since"))
    )
    counts = list(rows)
    tried = [row for row in counts if row["state"] != ASIDE]
    return (
        sum(row["count"] for row in counts if row["state"] == ASIDE),
        sum(row["count"] for row in tried),
        min((row["since"] for row in tried), default=None),
        tuple(sorted({row["kind"] for row in tried})),
    )
