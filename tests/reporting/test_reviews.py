"""Reviews: a year of four, figures against plain Python, who may decide, what closing keeps."""

import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from statistics import mean, median
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from guardian.shortcuts import assign_perm

from reporting.reviews import services
from reporting.reviews.measures import Measure, measures
from reporting.reviews.models import Decision, Review
from reporting.reviews.rows import Task, read
from tests.factories import NOW, make_user
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
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.models import (
    Incident,
    OutboxMessage,
    TemplateVersion,
    TrailEvent,
    WorkflowInstance,
    WorkflowTemplate,
    WorkItem,
)
from workflows.services import requests
from workflows.services.retire import retire

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
    services.close(fourth.pk, actor=user("nina"), now=NOW + 4 * QUARTER)
    assert Review.objects.filter(state=Review.CLOSED).count() == 4


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
    saved = review_at(1).facts["saved"]
    by_request: dict[int, float] = {}
    for task in WorkItem.objects.filter(state="done"):
        minutes = (task.working_business_seconds or 0) / 60
        by_request[task.request_id] = by_request.get(task.request_id, 0) + minutes
    each = round(95 - round(mean(by_request.values()), 2), 2)
    assert saved["minutes"] == round(each * 20, 2)
    text = " ".join(saved["words"])
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
    words = {row.key: row.words for row in review.findings.filter(kind="ownership")}
    assert set(words) == {"owner", "deputy", "role:crew"}
    assert "in no group" in words["owner"]
    assert "has left" in words["deputy"]
    assert "one person only" in words["role:crew"]


def test_incidents_are_counted_by_code() -> None:
    office()
    made = quarter(1)
    for request in made[:3]:
        task = request.work_items.earliest("pk")
        Incident.objects.create(
            request=request, step=task.step, activation=task.activation, code="call_failed",
            message="It failed.", opened_at=request.started_at,
        )  # fmt: skip
    review = review_at(1)
    assert review.facts["incidents"] == [
        {"code": "call_failed", "count": 3, "open": 3, "steps": {"Check": 3}}
    ]
    assert review.facts["runs"]["error_rate"] == round(3 / 20, 4)
    assert "incidents:call_failed" in found(review)


def test_an_approval_that_nearly_always_goes_one_way_could_be_a_rule() -> None:
    office()
    for number in range(50):
        one(NOW + (number + 1) * DAY, outcome="reject" if number == 7 else "approve")
    review = review_at(1)
    row = finding(review, "automate:check")
    assert "49 of 50 (98%)" in row.words
    assert "automate:pay" not in found(review), "paying is work, no rule can do it"


def planted(version: TemplateVersion, tasks: list[Task]) -> dict[str, Measure]:
    """What is found when these are the period's tasks."""
    rows = read(version.template, since=NOW, until=NOW + QUARTER)
    return {one.key: one for one in measures(replace(rows, tasks=tasks)) if one.is_finding}


def a_task(number: int, step: str, kind: str, outcome: str, *, is_done: bool = True) -> Task:
    return Task(
        run=number, version=1, activation=number, step=step, kind=kind, outcome=outcome,
        is_done=is_done, round=1, waiting=60.0, working=60.0,
    )  # fmt: skip


@pytest.mark.parametrize(("called_off", "is_found"), [(9, True), (8, False)])
def test_a_step_that_is_nearly_always_gone_past_is_found(called_off: int, is_found: bool) -> None:
    tasks = [
        a_task(number, "pay", "task", "" if number < called_off else "paid",
               is_done=number >= called_off)
        for number in range(10)
    ]  # fmt: skip
    assert ("skipped:pay" in planted(office(), tasks)) == is_found


@pytest.mark.parametrize(("failed", "is_found"), [(2, True), (1, False)])
def test_an_automation_that_often_needs_a_person_is_found(failed: int, is_found: bool) -> None:
    office()
    book = {"kind": "automation", "action": "set_fields", "with": {"amount": "1"}, "to": "done",
            "on_error": {"to": "check", "exception": True}}  # fmt: skip
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
    services.review_due(now=NOW + QUARTER)
    for days in (0, 1, 20):
        services.review_due(now=NOW + QUARTER + days * DAY)
    mails = OutboxMessage.objects.filter(kind=OutboxMessage.MAIL)
    assert sorted(mail.payload["to"] for mail in mails) == sorted(
        user(name).pk for name in ("olga", "dan")
    )
    assert all(f"/reports/reviews/{r.pk}/" in m.payload["text"] for m in mails
               for r in Review.objects.all())  # fmt: skip


def test_a_review_falls_due_by_the_maps_own_period_and_waits_for_the_one_before() -> None:
    office()
    publish(claims(review_every_days=30), NOW + DAY)
    assert services.review_due(now=NOW + 29 * DAY) == []
    (first,) = services.review_due(now=NOW + 30 * DAY)
    assert services.review_due(now=NOW + 100 * DAY) == []
    settle(first, NOW + 100 * DAY)
    (second,) = services.review_due(now=NOW + 100 * DAY)
    assert (second.period_start, second.period_end) == (first.period_end, NOW + 90 * DAY)


def test_a_new_workflow_is_not_stale() -> None:
    office()
    publish(claims(review_every_days=20), NOW)
    (review,) = services.review_due(now=NOW + 20 * DAY)
    assert "stale" not in found(review)


# -- deciding ---------------------------------------------------------------------------------


def opened() -> Review:
    """A review with findings."""
    office()
    quarter(1, wait=20 * HOUR)
    return review_at(1)


def state_of_all() -> list[Any]:
    return [
        list(Review.objects.order_by("pk").values()),
        list(Decision.objects.order_by("pk").values()),
        list(TemplateVersion.objects.order_by("pk").values()),
        TrailEvent.objects.count(),
    ]


LATER = NOW + QUARTER + DAY


@pytest.mark.parametrize(
    ("actor", "how", "error"),
    [
        ("ann", {"verdict": "keep"}, NotAllowed),
        ("olga", {"verdict": "perhaps"}, InvalidInput),
        ("olga", {"verdict": "keep", "reason": " "}, InvalidInput),
        ("olga", {"verdict": "fix"}, InvalidInput),
        ("olga", {"verdict": "fix", "until": NOW.date()}, InvalidInput),
        ("olga", {"verdict": "retire"}, InvalidInput),
    ],
)
def test_a_decision_that_is_refused_changes_nothing(
    actor: str, how: dict[str, Any], error: type[Exception]
) -> None:
    row = finding(opened(), "bottleneck:pay")
    before = state_of_all()
    with pytest.raises(error):
        services.decide(row.pk, **({"reason": "Why."} | how), actor=user(actor), now=LATER)
    assert state_of_all() == before


def test_a_decision_stands_in_the_trail_with_who_and_why() -> None:
    row = finding(opened(), "bottleneck:pay")
    until = (LATER + 10 * DAY).date()
    services.decide(
        row.pk, verdict="fix", reason="Two more people.", actor=user("olga"), now=LATER,
        until=until, responsible=user("dan"),
    )  # fmt: skip
    event = TrailEvent.objects.filter(command="review_decide").get()
    assert event.actor_name == "olga"
    assert event.changes["finding"] == "bottleneck:pay"
    assert event.changes["until"] == until.isoformat()
    assert event.changes["responsible"] == "dan"
    assert TemplateVersion.objects.filter(state="draft").count() == 1
    assert Review.objects.get().state == Review.IN_PROGRESS


def test_a_review_closes_when_all_is_decided_and_then_its_facts_stay() -> None:
    review = opened()
    with pytest.raises(WrongState, match="still to be decided"):
        services.close(review.pk, actor=user("olga"), now=LATER)
    settle(review, LATER)
    kept = Review.objects.get().facts
    one(NOW + 60 * DAY)
    with pytest.raises(WrongState, match="closed"):
        services.gather_again(review.pk, actor=user("olga"), now=LATER)
    with pytest.raises(WrongState, match="closed"):
        services.decide(
            review.findings.earliest("pk").pk, verdict="keep", reason="Late.",
            actor=user("olga"), now=LATER,
        )  # fmt: skip
    assert Review.objects.get().facts == kept
    commands = TrailEvent.objects.filter(command__startswith="review").order_by("pk")
    assert commands.last().command == "review_close"  # type: ignore[union-attr]


def test_facts_are_gathered_anew_while_it_is_open_and_decisions_stay() -> None:
    review = opened()
    row = finding(review, "bottleneck:pay")
    services.decide(row.pk, verdict="keep", reason="Known.", actor=user("olga"), now=LATER)
    one(NOW + 60 * DAY, wait=20 * HOUR)
    services.gather_again(review.pk, actor=user("olga"), now=LATER)
    assert Review.objects.get().facts["runs"]["ended"] == 21
    assert finding(review, "bottleneck:pay").decision is not None


def test_what_is_kept_until_a_day_need_not_be_decided_again_before_it() -> None:
    review = opened()
    for row in review.findings.all():
        until = (NOW + 200 * DAY).date()
        services.decide(
            row.pk, verdict="keep", reason="Known.", actor=user("olga"), now=LATER, until=until
        )
    services.close(review.pk, actor=user("olga"), now=LATER)
    quarter(2, wait=20 * HOUR)
    again = review_at(2)
    assert finding(again, "bottleneck:pay").facts["kept_because"] == "Known."
    services.close(again.pk, actor=user("olga"), now=NOW + 2 * QUARTER)
    assert Review.objects.filter(state=Review.CLOSED).count() == 2


# -- retiring ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("running", "state"), [("finish", "running"), ("cancel", "cancelled")])
def test_retiring_takes_a_workflow_out_of_start_and_says_what_becomes_of_what_runs(
    running: str, state: str
) -> None:
    review = opened()
    open_one = requests.start(KEY, actor=user("rita"), now=LATER, data={"amount": "7"})
    row = finding(review, "bottleneck:pay")
    services.decide(
        row.pk, verdict="retire", reason="Bought in.", actor=user("olga"), now=LATER,
        running=running,
    )  # fmt: skip
    assert WorkflowInstance.objects.get(pk=open_one.pk).state == state
    with pytest.raises(NotFound):
        requests.start(KEY, actor=user("rita"), now=LATER, data={"amount": "7"})
    event = TrailEvent.objects.get(command="retire")
    assert event.changes == {"reason": "Bought in.", "running": running, "requests": 1}
    template = WorkflowTemplate.objects.get(key=KEY)
    for left in review.findings.filter(decisions=None):
        services.decide(left.pk, verdict="keep", reason="Gone.", actor=user("olga"), now=LATER)
    services.close(review.pk, actor=user("olga"), now=LATER)
    assert services.next_due(template) is None


def test_only_who_manages_a_workflow_retires_it() -> None:
    template = office().template
    with pytest.raises(NotAllowed):
        retire(template, actor=user("ann"), reason="Mine.", running="finish", now=LATER)
    assert template.versions.get().state == "published"
    retire(template, actor=user("olga"), reason="Over.", running="finish", now=LATER)
    with pytest.raises(WrongState):
        retire(template, actor=user("olga"), reason="Over.", running="finish", now=LATER)


def test_the_list_of_all_takes_the_same_few_statements_for_any_number_of_workflows(
    django_assert_max_num_queries: Any,
) -> None:
    office()
    for number in range(6):
        publish(claims(key=f"more-{number}", name=f"More {number}"))
    services.review_due(now=NOW + QUARTER)
    client = signed_in("olga")
    with django_assert_max_num_queries(8):
        page = client.get("/reports/reviews/").content.decode()
    assert "More 5" in page


# -- pages and command ------------------------------------------------------------------------


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(make_user(name))
    return client


def test_who_may_audit_reads_reviews_and_nobody_else() -> None:
    review = opened()
    for name, status in (("olga", 200), ("dan", 200), ("ann", 404)):
        client = signed_in(name)
        for address in ("", "findings.csv", "steps.csv"):
            answer = client.get(f"/reports/reviews/{review.pk}/{address}")
            assert answer.status_code == status, (name, address)
    assert "Claims" not in signed_in("ann").get("/reports/reviews/").content.decode()
    page = signed_in("olga").get("/reports/reviews/").content.decode()
    assert f"/reports/reviews/{review.pk}/" in page
    assert "style=" not in page


def test_a_finding_is_decided_on_the_page() -> None:
    review = opened()
    row = finding(review, "bottleneck:pay")
    client = signed_in("olga")
    said = {"verdict": "fix", "reason": "More people.", "until": ""}
    answer = client.post(f"/reports/reviews/findings/{row.pk}/", said)
    assert answer.status_code == 422
    assert "Say until when" in answer.content.decode()
    assert row.decision is None
    until = (review.due_at + timedelta(days=3650)).date().isoformat()
    answer = client.post(
        f"/reports/reviews/findings/{row.pk}/", said | {"until": until}, follow=True
    )
    page = answer.content.decode()
    assert "is open as a draft" in page
    assert "More people." in page
    assert "20 min" in page or "20.3 h" in page


def test_an_auditor_reads_and_does_not_decide() -> None:
    review = opened()
    auditor = make_user("aud")

    assign_perm("workflows.audit_workflowtemplate", auditor, review.template)
    client = signed_in("aud")
    page = client.get(f"/reports/reviews/{review.pk}/").content.decode()
    assert '<form method="post" action="/reports/reviews' not in page
    before = state_of_all()
    row = finding(review, "bottleneck:pay")
    for address in (f"findings/{row.pk}/", f"{review.pk}/close/", f"{review.pk}/gather/"):
        answer = client.post(
            f"/reports/reviews/{address}", {"verdict": "keep", "reason": "I say so."}
        )
        assert answer.status_code == 403, address
    assert state_of_all() == before


def test_csv_cells_do_not_run_and_hold_the_raw_figures() -> None:
    review = opened()
    client = signed_in("olga")
    lines = client.get(f"/reports/reviews/{review.pk}/steps.csv").content.decode().splitlines()
    assert lines[0] == "Step,Kind,Used,Skipped,Median,9 of 10,Expected,Gap"
    assert any(line.startswith("Pay,task,18,0,73200.0") for line in lines)
    row = finding(review, "bottleneck:pay")
    services.decide(row.pk, verdict="keep", reason="=1+1", actor=user("olga"), now=LATER)
    text = client.get(f"/reports/reviews/{review.pk}/findings.csv").content.decode()
    assert "'=1+1" in text


def test_the_command_prints_the_facts_and_exits_1_when_there_are_findings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    opened()
    out = StringIO()
    period = ("--since", "2026-03-02T09:00", "--until", "2026-05-31T09:00")
    with pytest.raises(SystemExit) as code:
        call_command("review", KEY, *period, "--json", stdout=out)
    assert code.value.code == 1
    facts = json.loads(out.getvalue())
    assert facts["runs"]["ended"] == 20
    assert "bottleneck:pay" in {one["key"] for one in facts["findings"]}
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("review", KEY, *period, stdout=out)
    assert "Pay" in out.getvalue()
