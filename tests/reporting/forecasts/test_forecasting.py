"""What is foretold of open requests, kept, judged, and shown only where it held."""

from datetime import datetime, timedelta

import pytest

from approvals.pages.position_texts import completion_sentences
from reporting.forecasts.forecasting import foretell, refresh_forecasts
from tests.factories import NOW, let, make_user, publish_map
from workflows.access.conditions import AUDIT
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.execution.models import (
    QueueForecast,
    RequestForecast,
    WorkflowInstance,
    WorkItem,
)
from workflows.execution.queries.completion_estimates import (
    count_request_hits,
    estimate_completion,
    find_queue_forecasts,
    is_worth_showing,
)
from workflows.execution.queries.position import find_position
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.execution.services.forecasts import keep_forecasts
from workflows.people.models import User

pytestmark = pytest.mark.django_db

MAP = {
    "format": 1,
    "key": "sums",
    "name": "Sums",
    "purpose": "To be foretold.",
    "owner": "olivia",
    "deputy": "omar",
    "calendar": "24/7",
    "roles": {"staff": {"groups": ["staff"]}},
    "fields": {"reason": {"type": "text", "label": "Why"}},
    "start": {"role": "staff", "first": "check", "fields": ["reason"]},
    "steps": {
        "check": {
            "kind": "task",
            "role": "staff",
            "expected": "3h",
            "outcomes": {"done": "pay", "drop": {"to": "over", "exception": True}},
        },
        "pay": {
            "kind": "task",
            "role": "staff",
            "expected": "4h",
            "outcomes": {"paid": "over", "refuse": {"to": "over", "exception": True}},
        },
        "over": {"kind": "end", "result": "done"},
    },
}


@pytest.fixture
def sam(db: None) -> User:
    """Somebody who does everything."""
    for name in ("olivia", "omar"):
        make_user(name)
    return make_user("sam", groups=["staff"])


def begin(version: TemplateVersion, sam: User, now: datetime) -> WorkflowInstance:
    """Sam starts a request at a moment."""
    return requests.start_on_version(version, actor=sam, now=now, data={"reason": "so"})


def decide_after(request: WorkflowInstance, sam: User, outcome: str, now: datetime) -> None:
    """Sam decides the open task of a request at a moment."""
    item = WorkItem.objects.get(request=request, is_open=True)
    tasks.decide(item.pk, actor=sam, outcome=outcome, now=now)


def make_past(sam: User, count: int = 25) -> WorkflowTemplate:
    """A request a day for so many days, until yesterday: checked after two hours, paid after three
    more."""
    version = publish_map(MAP)
    for day in range(count, 0, -1):
        begins = NOW - timedelta(days=day)
        request = begin(version, sam, begins)
        decide_after(request, sam, "done", begins + timedelta(hours=2))
        decide_after(request, sam, "paid", begins + timedelta(hours=5))
    return version.template


def open_one(template: WorkflowTemplate, sam: User) -> WorkflowInstance:
    """A request that was started an hour ago."""
    version = template.versions.get(state="published")
    return begin(version, sam, NOW - timedelta(hours=1))


def test_an_open_request_is_foretold_by_what_others_took(sam: User) -> None:
    template = make_past(sam)
    request = open_one(template, sam)
    outlook = foretell(template, now=NOW)
    assert outlook is not None
    (forecast,) = outlook.requests
    assert forecast.request_id == request.pk
    assert NOW < forecast.half_at <= forecast.most_at < NOW + timedelta(days=2)


def test_too_short_a_history_foretells_nothing(sam: User) -> None:
    template = make_past(sam, count=10)
    open_one(template, sam)
    assert foretell(template, now=NOW) is None
    assert refresh_forecasts(now=NOW) == 0
    assert not RequestForecast.objects.exists()


def test_the_first_forecast_stays_and_the_newest_is_replaced(sam: User) -> None:
    template = make_past(sam)
    open_one(template, sam)
    for night in range(2):
        assert refresh_forecasts(now=NOW + timedelta(hours=night)) == 1
    kept = RequestForecast.objects.order_by("is_first").values_list("is_first", "made_at")
    assert list(kept) == [(False, NOW + timedelta(hours=1)), (True, NOW)]


def foretold(request: WorkflowInstance, **values: object) -> RequestForecast:
    """A forecast of a request: half by tomorrow, nine of ten by the day after."""
    defaults = {
        "is_first": False,
        "made_at": NOW,
        "half_at": NOW + timedelta(days=1),
        "most_at": NOW + timedelta(days=2),
    }
    return RequestForecast(request=request, **defaults | values)


def test_a_forecast_held_where_the_request_was_done_by_then(sam: User) -> None:
    template = make_past(sam, count=2)
    early, late = WorkflowInstance.objects.filter(template=template).order_by("pk")
    assert early.completed_at is not None
    assert late.completed_at is not None
    due = [
        foretold(early, is_first=True, most_at=early.completed_at + timedelta(hours=1)),
        foretold(late, is_first=True, most_at=late.completed_at - timedelta(hours=1)),
    ]
    RequestForecast.objects.bulk_create(due)
    assert count_request_hits(template.pk, NOW) == (2, 1)


@pytest.mark.parametrize(
    ("judged", "held", "is_shown"),
    [(0, 0, False), (19, 19, False), (20, 14, True), (20, 13, False)],
)
def test_only_what_held_often_enough_is_shown(
    sam: User, judged: int, held: int, is_shown: bool
) -> None:
    request = open_one(make_past(sam, count=1), sam)
    foretold(request, judged=judged, held=held).save()
    assert is_worth_showing(judged, held) is is_shown
    estimate = estimate_completion(find_position(request), NOW)
    said = completion_sentences(estimate, NOW)
    assert (f"{held} held" in said) is is_shown


def test_a_queue_is_judged_when_its_moment_is_over(sam: User) -> None:
    template = make_past(sam, count=1)
    open_one(template, sam)
    queue = QueueForecast(
        template=template,
        step_key="check",
        step_name="Check",
        made_at=NOW - timedelta(days=14),
        for_at=NOW,
        queue_now=0,
        low=0,
        middle=1,
        high=2,
    )
    queue.save()
    keep_forecasts(template, [], [], now=NOW + timedelta(minutes=1))
    queue.refresh_from_db()
    assert queue.actual == 1


def test_the_report_and_the_health_page_say_who_will_drown(sam: User, client) -> None:
    template = make_past(sam, count=1)
    olivia = User.objects.get(username="olivia")
    let(olivia, AUDIT, template)
    now = datetime.now(NOW.tzinfo)
    QueueForecast.objects.create(
        template=template,
        step_key="check",
        step_name="Check",
        role="staff",
        made_at=now,
        for_at=now + timedelta(days=14),
        queue_now=3,
        low=8,
        middle=11,
        high=15,
        drowns=True,
        judged=40,
        held=33,
    )
    assert [row.step_key for row in find_queue_forecasts([template.pk], now)] == ["check"]
    client.force_login(olivia)
    report = client.get("/reports/workflow/sums/").content.decode()
    assert "Check: 3 now, 11 then (8 to 15)." in report
    assert "33 held" in report
    assert "staff will drown" in report
    health = client.get("/reports/health/").content.decode()
    assert "Check (staff), 3 now, 11 then." in health
