"""Reviews: a year of four, figures against plain Python, and when a review is due."""

from dataclasses import replace
from statistics import mean, median

import pytest

from reporting.reviews.facts.choices import ReviewState
from reporting.reviews.facts.measures import IncidentCountDetails, Measure
from reporting.reviews.facts.period_rows import ReviewedTask
from reporting.reviews.measuring.compute import compute_measures
from reporting.reviews.messages.measures import describe_review_finding
from reporting.reviews.messages.savings import describe_savings
from reporting.reviews.models import Decision, Review
from reporting.reviews.queries.period_rows import read_review_rows
from reporting.reviews.services.decisions import close_review
from reporting.reviews.services.opening import process_due_reviews
from tests.factories import NOW
from tests.reporting.reviewed import (
    CLAIMS,
    DAY,
    HOUR,
    KEY,
    QUARTER,
    claims,
    finding,
    found,
    office,
    one,
    publish,
    quarter,
    review_at,
    settle,
    user,
    without_board,
)
from workflows.definitions.models import TemplateVersion
from workflows.execution.models import Incident, WorkflowInstance, WorkItem
from workflows.execution.services import instances as requests
from workflows.outbox.choices import MessageKind
from workflows.outbox.models import OutboxMessage

pytestmark = pytest.mark.django_db

DEAD = {"way:size/amount > 100000", "step:board"}


# -- the year ---------------------------------------------------------------------------------


def test_a_year_of_four_reviews_finds_each_trouble_in_its_quarter_and_not_after_its_fix() -> None:
    office()

    quarter(1)
    first = review_at(1)
    assert found(first) == DEAD
    settle(first, NOW + QUARTER, rule_unused="fix", step_unused="fix")
    draft = Decision.objects.filter(draft__isnull=False).values_list("draft", flat=True)
    assert len(set(draft)) == 1, "one draft takes all the fixes of a review"
    publish(without_board(), NOW + QUARTER)

    quarter(2, wait=20 * HOUR)
    second = review_at(2)
    assert found(second) == {"bottleneck:pay"}
    assert {fix["key"]: fix["helped"] for fix in second.facts["fixes"]} == dict.fromkeys(DEAD, True)
    settle(second, NOW + 2 * QUARTER, bottleneck="fix")

    quarter(3, days=50)
    leave = user("olga")
    leave.is_active = False
    leave.save()
    third = review_at(3)
    assert found(third) == {"stale", "owner"}
    (fix,) = third.facts["fixes"]
    assert (fix["helped"], fix["before"], fix["after"]) == (True, 20 * 3600 + 1200, 3600 + 1200)
    settle(third, NOW + 3 * QUARTER, stale="fix", ownership="fix")
    publish(without_board() | {"owner": "dan", "deputy": "nina"}, NOW + 3 * QUARTER)

    quarter(4)
    fourth = review_at(4)
    assert found(fourth) == set()
    assert all(fix["helped"] for fix in fourth.facts["fixes"])
    assert len(fourth.facts["fixes"]) == 2
    close_review(fourth.pk, actor=user("nina"), now=NOW + 4 * QUARTER)
    assert Review.objects.filter(state=ReviewState.CLOSED).count() == 4


def test_a_bottleneck_that_comes_again_says_how_often_and_that_the_fix_did_not_help() -> None:
    office()
    for number in (1, 2, 3):
        quarter(number, wait=(10 + number) * HOUR)
        review = review_at(number)
        row = finding(review, "bottleneck:pay")
        assert row.times == number
        settle(review, NOW + number * QUARTER, bottleneck="fix")
    (fix,) = [one for one in review.facts["fixes"] if one["key"] == "bottleneck:pay"]
    assert not fix["helped"]
    assert (fix["before"], fix["after"]) == (12 * 3600 + 1200, 13 * 3600 + 1200)


# -- figures ----------------------------------------------------------------------------------


def test_the_figures_are_those_of_plain_python_over_the_raw_rows() -> None:
    office()
    quarter(1, count=23, wait=9 * HOUR)
    facts = review_at(1).facts
    requests = list(WorkflowInstance.objects.filter(completed_at__lt=NOW + QUARTER))
    good = [request for request in requests if request.result == "done"]
    seconds = [(r.completed_at - r.started_at).total_seconds() for r in requests if r.completed_at]
    assert facts["runs"]["ended"] == len(requests) == 23
    assert facts["runs"]["successful"] == len(good) == 21
    assert facts["runs"]["success_rate"] == round(21 / 23, 4)
    assert facts["runs"]["error_rate"] == 0
    assert facts["cycle"]["median_s"] == median(seconds)
    pays = WorkItem.objects.filter(step__key="pay", state="done")
    taken = [(t.completed_at - t.enabled_at).total_seconds() for t in pays if t.completed_at]  # type: ignore[operator]
    row = next(step for step in facts["steps"] if step["step"] == "pay")
    assert row["median_s"] == median(taken)
    assert row["gap_s"] == median(taken) - 4 * 3600
    assert row["used"] == 21


def test_minutes_saved_are_reckoned_in_words_and_promise_nothing() -> None:
    office()
    quarter(1)
    facts = review_at(1).read_facts()
    by_request: dict[int, float] = {}
    for task in WorkItem.objects.filter(state="done"):
        minutes = (task.working_business_seconds or 0) / 60
        by_request[task.request_id] = by_request.get(task.request_id, 0) + minutes
    each = round(95 - round(mean(by_request.values()), 2), 2)
    assert facts.saved.minutes == round(each * 20, 2)
    text = " ".join(describe_savings(facts))
    assert "95 minutes of work a request" in text
    assert "48.00 minutes a request on average" in text
    assert "× 20 = 940.00 minutes" in text
    assert "not a promise" in text


def test_a_rejection_and_a_cancelled_request_did_not_go_well() -> None:
    office()
    one(NOW + DAY)
    one(NOW + DAY, outcome="reject")
    late = requests.start(KEY, actor=user("rita"), now=NOW + DAY, data={"amount": "5"})
    requests.cancel(late.pk, actor=user("olga"), reason="Not wanted.", now=NOW + 2 * DAY)
    runs = review_at(1).facts["runs"]
    assert (runs["ended"], runs["successful"], runs["exceptions"], runs["cancelled"]) == (
        3,
        1,
        1,
        1,
    )


def test_ownership_decay_names_who_left_and_roles_that_stand_on_one_person() -> None:
    office()
    quarter(1)
    user("olga").groups.clear()
    bob, dan = user("bob"), user("dan")
    bob.is_active = dan.is_active = False
    bob.save()
    dan.save()
    review = review_at(1)
    words = {
        row.key: describe_review_finding(row) for row in review.findings.filter(kind="ownership")
    }
    assert set(words) == {"owner", "deputy", "role:crew"}
    assert "in no group" in words["owner"]
    assert "has left" in words["deputy"]
    assert "one person only" in words["role:crew"]


def fail_call(request: WorkflowInstance) -> None:
    """An incident at the first step."""
    task = request.work_items.earliest("pk")
    Incident.objects.create(
        request=request,
        step=task.step,
        activation=task.activation,
        code="call_failed",
        parameters={"error": "call_failed", "text": "It failed."},
        opened_at=request.started_at,
    )


def test_incidents_are_counted_by_code() -> None:
    office()
    made = quarter(1)
    for request in made[:3]:
        fail_call(request)
    review = review_at(1)
    assert review.read_facts().incidents == [
        IncidentCountDetails(code="call_failed", count=3, open=3, steps={"Check": 3})
    ]
    assert review.facts["runs"]["error_rate"] == round(3 / 20, 4)
    assert "incidents:call_failed" in found(review)


def test_an_approval_that_nearly_always_goes_one_way_could_be_a_rule() -> None:
    office()
    for number in range(50):
        one(NOW + (number + 1) * DAY, outcome="reject" if number == 7 else "approve")
    review = review_at(1)
    row = finding(review, "automate:check")
    assert "49 of 50 (98%)" in describe_review_finding(row)
    assert "automate:pay" not in found(review), "paying is work, no rule can do it"


def planted(version: TemplateVersion, tasks: list[ReviewedTask]) -> dict[str, Measure]:
    """What is found when these are the period's tasks."""
    rows = read_review_rows(version.template, since=NOW, until=NOW + QUARTER)
    return {one.key: one for one in compute_measures(replace(rows, tasks=tasks)) if one.is_finding}


def a_task(
    number: int, step: str, kind: str, outcome: str, *, is_done: bool = True
) -> ReviewedTask:
    return ReviewedTask(
        run=number,
        version=1,
        activation=number,
        step=step,
        kind=kind,
        outcome=outcome,
        is_done=is_done,
        round=1,
        waiting=60.0,
        working=60.0,
    )


@pytest.mark.parametrize(("called_off", "is_found"), [(9, True), (8, False)])
def test_a_step_that_is_nearly_always_gone_past_is_found(called_off: int, is_found: bool) -> None:
    tasks = [
        a_task(
            number,
            "pay",
            "task",
            "" if number < called_off else "paid",
            is_done=number >= called_off,
        )
        for number in range(10)
    ]
    assert ("skipped:pay" in planted(office(), tasks)) == is_found


@pytest.mark.parametrize(("failed", "is_found"), [(2, True), (1, False)])
def test_an_automation_that_often_needs_a_person_is_found(failed: int, is_found: bool) -> None:
    office()
    book = {
        "kind": "automation",
        "action": "set_fields",
        "with": {"amount": "1"},
        "to": "done",
        "on_error": {"to": "check", "exception": True},
    }
    check = {**CLAIMS["steps"]["check"]}
    check["outcomes"] = {**check["outcomes"], "approve": "book"}
    ends = {key: CLAIMS["steps"][key] for key in ("done", "rejected")}
    roles = {key: CLAIMS["roles"][key] for key in ("staff", "crew")}
    version = publish(claims(steps={"check": check, "book": book, **ends}, roles=roles))
    tasks = [
        a_task(number, "book", "automation", "error" if number < failed else "done")
        for number in range(10)
    ]
    found_now = planted(version, tasks)
    assert ("unautomate:book" in found_now) == is_found


# -- when it is due ---------------------------------------------------------------------------


def test_owner_and_deputy_get_one_mail_each_and_never_another() -> None:
    office()
    publish(claims(key="second", name="A second"))
    process_due_reviews(now=NOW + QUARTER)
    for days in (0, 1, 20):
        process_due_reviews(now=NOW + QUARTER + days * DAY)
    mails = OutboxMessage.objects.filter(kind=MessageKind.MAIL)
    assert sorted(mail.payload["to"] for mail in mails) == sorted(
        user(name).pk for name in ("olga", "dan")
    )
    assert all(
        f"/reports/reviews/{r.pk}/" in m.payload["text"]
        for m in mails
        for r in Review.objects.all()
    )


def test_a_review_falls_due_by_the_maps_own_period_and_waits_for_the_one_before() -> None:
    office()
    publish(claims(review_every_days=30), NOW + DAY)
    assert process_due_reviews(now=NOW + 29 * DAY) == []
    (first,) = process_due_reviews(now=NOW + 30 * DAY)
    assert process_due_reviews(now=NOW + 100 * DAY) == []
    settle(first, NOW + 100 * DAY)
    (second,) = process_due_reviews(now=NOW + 100 * DAY)
    assert (second.period_start, second.period_end) == (first.period_end, NOW + 90 * DAY)


def test_a_new_workflow_is_not_stale() -> None:
    office()
    publish(claims(review_every_days=20), NOW)
    (review,) = process_due_reviews(now=NOW + 20 * DAY)
    assert "stale" not in found(review)
