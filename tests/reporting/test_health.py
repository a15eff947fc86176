"""Health: every figure against the raw rows, the worst first, who may see, few statements."""

import json
import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from reporting.health.actions import collect_step_todos
from reporting.health.messages import describe_todo
from reporting.health.queries import HealthPage, build_health_page
from reporting.health.serialization import render_health_json
from tests.factories import (
    NOW,
    make_staff,
    make_user,
    map_data,
    open_task,
    publish_map,
    start_request,
)
from workflows.definitions.models import Step, TemplateVersion, WorkflowTemplate
from workflows.execution.facts import StepDone
from workflows.execution.models import Incident, MergeRecord, WorkflowInstance, WorkItem
from workflows.execution.services import work_items as tasks
from workflows.monitoring.queries.step_health import (
    StepHealth,
    compute_outbox_health,
    compute_step_health,
    steps_in_use,
)
from workflows.outbox.choices import AttemptState
from workflows.outbox.models import Attempt, OutboxMessage

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
EVERYTHING = WorkflowTemplate.objects.all()


def with_automation(key: str = "orders", **changes: Any) -> dict[str, Any]:
    """The purchase map with a step that orders by itself at its end."""
    data = map_data() | {"key": key, "name": key.title()} | changes
    steps = data["steps"]
    steps["order"] = {
        "kind": "automation",
        "action": "http",
        "to": "approved",
        "with": {"method": "POST", "url": "https://erp.example.com/orders"},
    }
    steps["checks_done"]["to"] = "order"
    return data


@pytest.fixture
def version() -> TemplateVersion:
    return publish_map(with_automation())


@pytest.fixture
def request_(version: TemplateVersion) -> WorkflowInstance:
    return start_request(version)


def step(version: TemplateVersion, key: str) -> Step:
    return version.steps.get(key=key)


def attempt(request: WorkflowInstance, state: str, *, ago: timedelta, **more: Any) -> Attempt:
    """One attempt of the request's automation."""
    return Attempt.objects.create(
        request=request,
        step=step(request.version, "order"),
        activation=99,
        number=Attempt.objects.filter(request=request).count() + 1,
        action="order",
        idempotency_key="k",
        state=state,
        started_at=NOW - ago,
        finished_at=NOW - ago + timedelta(seconds=1),
        **more,
    )


def trouble(at: Step, request: WorkflowInstance, *, ago: timedelta = DAY, **more: Any) -> Incident:
    """One incident at a step of the request."""
    failure = {"error": "http_500", "text": "It answered 500."}
    values = {"code": "http_500", "parameters": failure, "activation": 99}
    return Incident.objects.create(request=request, step=at, opened_at=NOW - ago, **values | more)


def task(at: Step, request: WorkflowInstance, **values: Any) -> WorkItem:
    """One task at a step of the request."""
    last = request.work_items.order_by("-activation").values_list("activation", flat=True).first()
    return WorkItem.objects.create(
        request=request, step=at, activation=1000 + (last or 0), **values
    )


def health(version: TemplateVersion, key: str, now: datetime = NOW) -> StepHealth:
    """What is found of one step."""
    return compute_step_health(Step.objects.filter(version=version, key=key), now=now)[0]


# -- the figures ------------------------------------------------------------------------------


def test_an_automations_figures_are_its_attempts(request_: WorkflowInstance) -> None:
    attempt(request_, Attempt.FAILED, ago=100 * DAY, code="too_old")
    attempt(request_, Attempt.SUCCEEDED, ago=30 * DAY)
    attempt(request_, Attempt.LOST, ago=20 * DAY)
    attempt(request_, Attempt.FAILED, ago=2 * DAY, code="http_500")
    attempt(request_, Attempt.SUCCEEDED, ago=DAY)
    attempt(request_, Attempt.RUNNING, ago=timedelta(0))
    one = health(request_.version, "order")
    assert (one.runs_week, one.failed_week) == (2, 1)
    assert (one.runs_quarter, one.failed_quarter) == (4, 2)
    assert (one.last_success, one.last_error) == (NOW - DAY, "http_500")
    assert (one.last_error_at, one.state) == (NOW - 2 * DAY, "amber")


def test_a_persons_steps_figures_are_its_tasks_and_incidents(request_: WorkflowInstance) -> None:
    at = step(request_.version, "legal_review")
    for ago in (1, 8, 91):
        task(
            at, request_, state="done", is_open=False, in_queue=False, completed_at=NOW - ago * DAY
        )
    task(at, request_, state="cancelled", is_open=False, in_queue=False)
    task(at, request_, due_at=NOW - DAY)
    task(at, request_, due_at=NOW - 3 * DAY)
    task(at, request_, due_at=NOW + DAY)
    trouble(at, request_, ago=10 * DAY, state=Incident.RESOLVED, code="nobody")
    one = health(request_.version, "legal_review")
    assert (one.runs_week, one.runs_quarter, one.last_success) == (1, 2, NOW - DAY)
    assert (one.failed_week, one.failed_quarter, one.last_error) == (0, 1, "nobody")
    assert (one.overdue, one.overdue_since, one.state) == (2, NOW - 3 * DAY, "amber")


@pytest.mark.parametrize("seed", range(5))
def test_every_figure_is_what_plain_python_counts(seed: int, request_: WorkflowInstance) -> None:
    dice, version = random.Random(seed), request_.version
    steps = [step(version, key) for key in ("order", "manager_review", "legal_review")]
    for _ in range(60):
        ago, at = dice.randint(0, 120) * DAY, dice.choice(steps)
        match dice.randint(0, 3):
            case 0:
                state = dice.choice(AttemptState.values)
                attempt(request_, state, ago=ago, code=f"code_{dice.randint(0, 9)}")
            case 1:
                state = dice.choice([Incident.OPEN, Incident.RESOLVED])
                trouble(at, request_, ago=ago, state=state, code=f"code_{dice.randint(0, 9)}")
            case 2:
                task(
                    at,
                    request_,
                    state="done",
                    is_open=False,
                    in_queue=False,
                    completed_at=NOW - ago,
                )
            case _:
                task(at, request_, due_at=NOW - ago + 60 * DAY)
    for at in steps:
        assert figures(health(version, at.key)) == counted(at), at.key


def figures(one: StepHealth) -> dict[str, Any]:
    names = (
        *("last_success", "runs_week", "failed_week", "runs_quarter", "failed_quarter"),
        *("last_error", "open_incidents", "overdue", "overdue_since", "state"),
    )
    return {name: getattr(one, name) for name in names}


def counted(at: Step) -> dict[str, Any]:
    """The same figures, counted one row after the other."""
    tries = [a for a in Attempt.objects.filter(step=at).order_by("id") if a.state != "running"]
    failed = [a for a in tries if a.state in ("failed", "lost")]
    tasks = list(WorkItem.objects.filter(step=at))
    done = [t.completed_at for t in tasks if t.state == "done" and t.completed_at]
    late = [t.due_at for t in tasks if t.is_open and t.due_at and t.due_at < NOW]
    troubles = list(Incident.objects.filter(step=at).order_by("id"))
    stuck = [i for i in troubles if i.state == "open"]
    if at.kind == "automation":
        good = [a.started_at for a in tries if a.state == "succeeded"]
        runs, bad = [a.started_at for a in tries], [a.started_at for a in failed]
    else:
        good, runs, bad = done, done, [i.opened_at for i in troubles]
    last = [(a.started_at, a.code) for a in failed[-1:]]
    last += [(i.opened_at, i.code) for i in troubles[-1:]]
    code = max(last, key=lambda one: one[0])[1] if last else ""
    is_automatic = at.kind == "automation"
    overdue = [] if is_automatic else late
    red = stuck or (tries and tries[-1] in failed)
    amber = since(bad, 7) or overdue
    return {
        "last_success": max(good, default=None),
        "runs_week": since(runs, 7),
        "failed_week": since(bad, 7),
        "runs_quarter": since(runs, 90),
        "failed_quarter": since(bad, 90),
        "last_error": code,
        "open_incidents": len(stuck),
        "overdue": len(overdue),
        "overdue_since": min(overdue, default=None),
        "state": "red" if red else "amber" if amber else "green" if good or code else "grey",
    }


def since(moments: Iterable[datetime], days: int) -> int:
    return sum(moment >= NOW - days * DAY for moment in moments)


def test_a_step_is_red_amber_green_or_grey(request_: WorkflowInstance) -> None:
    version = request_.version
    assert health(version, "order").state == "grey"
    attempt(request_, Attempt.SUCCEEDED, ago=8 * DAY)
    assert health(version, "order").state == "green"
    attempt(request_, Attempt.FAILED, ago=DAY)
    assert health(version, "order").state == "red"
    attempt(request_, Attempt.SUCCEEDED, ago=timedelta(hours=1))
    assert health(version, "order").state == "amber"
    stuck = trouble(step(version, "order"), request_)
    assert health(version, "order").state == "red"
    stuck.resolve(now=NOW, resolution=StepDone())
    stuck.save()
    assert health(version, "order").state == "amber"


def test_a_step_that_only_routes_is_shown_once_something_goes_wrong_there(
    request_: WorkflowInstance,
) -> None:
    at = step(request_.version, "size_check")
    assert compute_step_health([at], now=NOW) == []
    trouble(at, request_, code="rule_failed")
    assert [one.state for one in compute_step_health([at], now=NOW)] == ["red"]


def test_a_step_names_its_people_and_an_automation_who_answers_for_the_workflow(
    version: TemplateVersion,
) -> None:
    for name, first, last in (("olivia", "Olivia", "Grant"), ("omar", "Omar", "Haddad")):
        person = make_user(name)
        person.first_name, person.last_name = first, last
        person.save()
    assert health(version, "finance_review").owner == "finance"
    assert health(version, "revise").owner == "the requester"
    assert health(version, "manager_review").owner == "the person in “Manager”"
    assert health(version, "order").owner == "Olivia Grant"
    owner = make_user("olivia")
    owner.is_active = False
    owner.save()
    assert health(version, "order").owner == "Omar Haddad"


def test_an_old_version_is_there_as_long_as_requests_run_on_it(
    request_: WorkflowInstance,
) -> None:
    newer = publish_map(with_automation(purpose="The next one."))
    shown = steps_in_use(EVERYTHING).values_list("version", flat=True)
    assert set(shown) == {request_.version_id, newer.pk}
    WorkflowInstance.objects.update(state="completed")
    assert set(shown.all()) == {newer.pk}


# -- the outbox -------------------------------------------------------------------------------


def message(**values: Any) -> OutboxMessage:
    given = {"kind": "wake", "run_after": NOW, "created_at": NOW} | values
    return OutboxMessage.objects.create(**given)


def test_the_clock_is_down_when_something_due_waits_for_over_a_minute() -> None:
    assert compute_outbox_health(now=NOW).is_ticking
    message(run_after=NOW + DAY)
    message(run_after=NOW - timedelta(seconds=60))
    assert (compute_outbox_health(now=NOW).state, compute_outbox_health(now=NOW).due) == (
        "green",
        1,
    )
    message(run_after=NOW - timedelta(seconds=61))
    found = compute_outbox_health(now=NOW)
    assert (found.state, found.due, found.is_ticking) == ("red", 2, False)
    assert found.oldest_due == NOW - timedelta(seconds=61)


def test_a_message_whose_worker_died_long_ago_shows_that_the_clock_is_down() -> None:
    message(state="taken", taken_until=NOW + timedelta(seconds=5))
    assert compute_outbox_health(now=NOW).abandoned == 0
    message(state="taken", taken_until=NOW - timedelta(minutes=5))
    found = compute_outbox_health(now=NOW)
    assert (found.abandoned, found.state) == (1, "red")


def test_what_was_given_up_in_seven_days_is_counted() -> None:
    for ago in (1, 6, 8):
        message(state="dropped", closed_at=NOW - ago * DAY)
    message(state="delivered", closed_at=NOW)
    assert compute_outbox_health(now=NOW).given_up == 2


# -- the page ---------------------------------------------------------------------------------


def test_red_workflows_come_first_then_by_name_and_red_steps_first_in_each(
    request_: WorkflowInstance,
) -> None:
    for key in ("alpha", "beta", "zulu"):
        publish_map(with_automation(key))
    zulu = start_request(TemplateVersion.objects.get(template__key="zulu"))
    trouble(step(zulu.version, "order"), zulu)
    trouble(step(request_.version, "order"), request_, state=Incident.RESOLVED)
    attempt(request_, Attempt.FAILED, ago=DAY)
    attempt(request_, Attempt.SUCCEEDED, ago=timedelta(0))
    page = build_health_page(EVERYTHING, now=NOW)
    assert [(one.template.key, one.state) for one in page.workflows] == [
        ("zulu", "red"),
        ("orders", "amber"),
        ("alpha", "grey"),
        ("beta", "grey"),
    ]
    assert page.workflows[0].steps[0].health.step.key == "order"
    assert (page.state, page.counts["red"], page.counts["amber"]) == ("red", 1, 1)


def test_the_page_says_in_words_what_to_do(request_: WorkflowInstance) -> None:
    at = step(request_.version, "order")
    for activation in range(12):
        trouble(at, request_, activation=activation)
    review = step(request_.version, "legal_review")
    task(review, request_, due_at=NOW - 2 * DAY)

    def said(key: str) -> list[str]:
        return [
            describe_todo(todo) for todo in collect_step_todos(health(request_.version, key), NOW)
        ]

    assert said("order") == ["Retry 12 incidents"]
    assert said("legal_review") == ["Remind or reassign 1 overdue task, the oldest by 2 d"]
    assert said("manager_review") == []


@pytest.fixture
def as_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Lets the pages be read at another time."""

    def set_clock(now: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: now)

    return set_clock


def test_the_json_says_what_the_page_says(
    client: Client, request_: WorkflowInstance, as_of: Callable[[datetime], None]
) -> None:
    as_of(NOW)
    trouble(step(request_.version, "order"), request_)
    attempt(request_, Attempt.FAILED, ago=DAY, code="timeout")
    message(run_after=NOW - DAY)
    client.force_login(make_user("olivia"))
    page: HealthPage = client.get("/reports/health/").context["page"]
    found = client.get("/reports/health.json").json()
    assert found == json.loads(json.dumps(render_health_json(page), default=iso))
    text = client.get("/reports/health/").content.decode()
    for workflow in found["workflows"]:
        assert workflow["name"] in text
        for one in workflow["steps"]:
            for words in (one["name"], one["last_error"], *one["to_do"]):
                assert words in text
    assert (found["state"], found["outbox"]["is_ticking"]) == ("red", False)
    assert found["outbox"]["to_do"][0] in text


def iso(value: Any) -> str:
    text: str = value.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


# -- who may, and how much it costs -----------------------------------------------------------


def test_people_see_the_workflows_that_they_may_audit(client: Client) -> None:
    publish_map(with_automation("first"))
    publish_map(with_automation("second", owner="omar", deputy="mia"))
    shown = {}
    for name in ("olivia", "mia"):
        client.force_login(make_user(name))
        found = client.get("/reports/health.json").json()
        shown[name] = [one["key"] for one in found["workflows"]]
    assert shown == {"olivia": ["first"], "mia": ["second"]}


def test_who_may_audit_nothing_is_told_whom_to_ask(client: Client) -> None:
    publish_map(with_automation())
    assert client.get("/reports/health.json").status_code == 401
    assert client.get("/reports/health/").status_code == 302
    client.force_login(make_user("nosy"))
    for path in ("/reports/health/", "/reports/health.json"):
        answer = client.get(path)
        assert answer.status_code == 403
        assert "Ask a workflow" in answer.content.decode()


def test_the_pages_take_only_get(client: Client) -> None:
    client.force_login(make_user("olivia"))
    for path in ("/reports/health/", "/reports/health.json"):
        assert client.post(path).status_code == 405


def test_links_into_the_admin_are_for_those_who_may_open_its_lists(
    client: Client, request_: WorkflowInstance
) -> None:
    trouble(step(request_.version, "order"), request_)
    shown = {}
    for name in ("olivia", "omar"):
        person = make_user(name)
        if name == "omar":
            person = make_staff(name, "view_incident")
            person.is_staff = True
            person.save()
        client.force_login(person)
        text = client.get("/reports/health/").content.decode()
        assert "Retry 1 incident" in text
        shown[name] = "/admin/workflows/incident/?" in text
    assert shown == {"olivia": False, "omar": True}


def test_the_statements_do_not_grow_with_the_workflows(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    client.force_login(make_user("olivia"))
    for number in range(3):
        request = start_request(publish_map(with_automation(f"map-{number}")))
        trouble(step(request.version, "order"), request)
        attempt(request, Attempt.FAILED, ago=DAY)
        with django_assert_max_num_queries(21):
            client.get("/reports/health/")
        with django_assert_max_num_queries(20):
            client.get("/reports/health.json")


def merge(request: WorkflowInstance, activation: int, at: datetime) -> None:
    """The branches of this request came together."""
    MergeRecord.objects.create(
        request=request,
        activation=activation,
        parallel=step(request.version, "checks"),
        join=step(request.version, "checks_done"),
        round=1,
        waits_for={},
        needs=1,
        opened_at=at,
        closed_at=at,
        state="fired",
    )


def fail(request: WorkflowInstance, key: str, code: str, at: datetime) -> None:
    """An incident at this step, of the last merge."""
    at_step = {"step": step(request.version, key), "activation": 93}
    Incident.objects.create(request=request, code=code, opened_at=at, **at_step)


def health_of(key: str) -> StepHealth:
    found = compute_step_health(steps_in_use(EVERYTHING), now=timezone.now())
    return next(health for health in found if health.step.key == key)


def test_a_merge_that_failed_says_of_how_many(version: TemplateVersion) -> None:
    """A join makes no task; it is counted by what it merged."""
    yesterday = timezone.now() - DAY
    for number in range(4):
        request = start_request(version, by="sam", now=yesterday)
        merge(request, 90 + number, yesterday)
    fail(request, "checks_done", "merge_conflict", yesterday)
    health = health_of("checks_done")
    assert (health.failed_week, health.runs_week) == (1, 4)
    assert health.last_success == yesterday


def test_a_decision_that_failed_says_of_how_many(version: TemplateVersion) -> None:
    yesterday = timezone.now() - DAY
    request = start_request(version, by="sam", now=yesterday)
    decide_all(request, "manager_review", yesterday)
    fail(request, "size_check", "rule_failed", yesterday)
    health = health_of("size_check")
    assert (health.failed_week, health.runs_week) == (1, 1)


def decide_all(request: WorkflowInstance, key: str, now: datetime) -> None:
    """The manager approves."""
    item = open_task(request, key)
    tasks.decide(item.pk, actor=make_user("mia"), outcome="approve", now=now)
