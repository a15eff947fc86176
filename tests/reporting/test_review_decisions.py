"""Reviews: who may decide, what closing and retiring keep, the pages and the command."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from guardian.shortcuts import assign_perm

from reporting.reviews.facts.choices import ReviewState
from reporting.reviews.models import Decision, Finding, Review
from reporting.reviews.queries.due import next_review_due
from reporting.reviews.services.decisions import close_review, decide_finding
from reporting.reviews.services.gathering import gather_review_again
from reporting.reviews.services.opening import process_due_reviews
from tests.factories import NOW, make_user
from tests.reporting.reviewed import (
    DAY,
    HOUR,
    KEY,
    QUARTER,
    claims,
    finding,
    office,
    one,
    publish,
    quarter,
    review_at,
    settle,
    user,
)
from workflows.automation.services.delivery import deliver_due
from workflows.definitions.lifecycle.retirement import retire_workflow
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.notices.messages.letters import compose_letter
from workflows.notices.models import Notice
from workflows.outbox.models import OutboxMessage
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db


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
        decide_finding(row.pk, **({"reason": "Why."} | how), actor=user(actor), now=LATER)
    assert state_of_all() == before


def rule(row: Finding, verdict: str, reason: str, **more: Any) -> None:
    """The owner decides on a finding."""
    decide_finding(row.pk, verdict=verdict, reason=reason, actor=user("olga"), now=LATER, **more)


def test_a_decision_stands_in_the_trail_with_who_and_why() -> None:
    row = finding(opened(), "bottleneck:pay")
    until = (LATER + 10 * DAY).date()
    given = {"until": until, "responsible": user("dan")}
    rule(row, "fix", "Two more people.", **given)
    event = TrailEvent.objects.filter(command="review_decide").get()
    assert event.actor_name == "olga"
    assert event.changes["finding"] == "bottleneck:pay"
    assert event.changes["until"] == until.isoformat()
    assert event.changes["responsible"] == "dan"
    assert TemplateVersion.objects.filter(state="draft").count() == 1
    assert Review.objects.get().state == ReviewState.IN_PROGRESS


def test_whom_a_decision_names_is_told_what_to_see_to_and_who_decides_is_not() -> None:
    review = opened()
    row = finding(review, "bottleneck:pay")
    said = {"verdict": "fix", "reason": "Two more people.", "until": (LATER + 10 * DAY).date()}
    rule(row, **said)
    mails = OutboxMessage.objects.filter(kind="mail", payload__event="finding_given")
    assert not mails.exists()

    for responsible, may_read in ((user("dan"), True), (user("ann"), False)):
        rule(row, **said, responsible=responsible)
        mail = mails.get(payload__to=responsible.pk)
        assert "Two more people." in mail.payload["text"]
        assert (
            f"/reports/reviews/{review.pk}/#finding-{row.pk}" in mail.payload["text"]
        ) == may_read
    deliver_due(lambda: LATER)
    notices = Notice.objects.filter(event="finding_given").order_by("pk")
    assert [str(notice.person) for notice in notices] == ["dan", "ann"]
    assert "review of" in compose_letter(notices[0], LATER).headline


def test_retiring_by_a_review_is_asked_once_more_while_requests_are_under_way() -> None:
    review = opened()
    requests.start(KEY, actor=user("rita"), now=LATER, data={"amount": "7"})
    row = finding(review, "bottleneck:pay")
    client = Client()
    client.force_login(user("olga"))
    said = {"verdict": "retire", "reason": "Bought in.", "running": "cancel"}
    before = state_of_all()

    asked = client.post(f"/reports/reviews/findings/{row.pk}/", said)
    assert asked.status_code == 409
    assert state_of_all() == before
    assert 'name="under_way" value="1"' in asked.content.decode()
    assert "Bought in." in asked.content.decode()

    client.post(f"/reports/reviews/findings/{row.pk}/", said | {"under_way": "1"})
    assert WorkflowInstance.objects.filter(state="cancelled").count() == 1


def test_a_review_closes_when_all_is_decided_and_then_its_facts_stay() -> None:
    review = opened()
    with pytest.raises(WrongState, match="still to be decided"):
        close_review(review.pk, actor=user("olga"), now=LATER)
    settle(review, LATER)
    kept = Review.objects.get().facts
    one(NOW + 60 * DAY)
    with pytest.raises(WrongState, match="closed"):
        gather_review_again(review.pk, actor=user("olga"), now=LATER)
    with pytest.raises(WrongState, match="closed"):
        rule(review.findings.earliest("pk"), "keep", "Late.")
    assert Review.objects.get().facts == kept
    commands = TrailEvent.objects.filter(command__startswith="review").order_by("pk")
    assert commands.last().command == "review_close"  # type: ignore[union-attr]


def test_facts_are_gathered_anew_while_it_is_open_and_decisions_stay() -> None:
    review = opened()
    row = finding(review, "bottleneck:pay")
    rule(row, "keep", "Known.")
    one(NOW + 60 * DAY, wait=20 * HOUR)
    gather_review_again(review.pk, actor=user("olga"), now=LATER)
    assert Review.objects.get().facts["runs"]["ended"] == 21
    assert finding(review, "bottleneck:pay").decision is not None


def test_what_is_kept_until_a_day_need_not_be_decided_again_before_it() -> None:
    review = opened()
    for row in review.findings.all():
        until = (NOW + 200 * DAY).date()
        rule(row, "keep", "Known.", until=until)
    close_review(review.pk, actor=user("olga"), now=LATER)
    quarter(2, wait=20 * HOUR)
    again = review_at(2)
    assert finding(again, "bottleneck:pay").kept_because == "Known."
    close_review(again.pk, actor=user("olga"), now=NOW + 2 * QUARTER)
    assert Review.objects.filter(state=ReviewState.CLOSED).count() == 2


# -- retiring ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("running", "state"), [("finish", "running"), ("cancel", "cancelled")])
def test_retiring_takes_a_workflow_out_of_start_and_says_what_becomes_of_what_runs(
    running: str, state: str
) -> None:
    review = opened()
    open_one = requests.start(KEY, actor=user("rita"), now=LATER, data={"amount": "7"})
    row = finding(review, "bottleneck:pay")
    rule(row, "retire", "Bought in.", running=running)
    assert WorkflowInstance.objects.get(pk=open_one.pk).state == state
    with pytest.raises(NotFound):
        requests.start(KEY, actor=user("rita"), now=LATER, data={"amount": "7"})
    event = TrailEvent.objects.get(command="retire")
    assert event.changes == {"reason": "Bought in.", "running": running, "requests": 1}
    template = WorkflowTemplate.objects.get(key=KEY)
    for left in review.findings.filter(decisions=None):
        rule(left, "keep", "Gone.")
    close_review(review.pk, actor=user("olga"), now=LATER)
    assert next_review_due(template) is None


def test_only_who_manages_a_workflow_retires_it() -> None:
    template = office().template
    with pytest.raises(NotAllowed):
        retire_workflow(template, actor=user("ann"), reason="Mine.", running="finish", now=LATER)
    assert template.versions.get().state == "published"
    retire_workflow(template, actor=user("olga"), reason="Over.", running="finish", now=LATER)
    with pytest.raises(WrongState):
        retire_workflow(template, actor=user("olga"), reason="Over.", running="finish", now=LATER)


def test_the_list_of_all_takes_the_same_few_statements_for_any_number_of_workflows(
    django_assert_max_num_queries: Any,
) -> None:
    office()
    for number in range(6):
        publish(claims(key=f"more-{number}", name=f"More {number}"))
    process_due_reviews(now=NOW + QUARTER)
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
    rule(row, "keep", "=1+1")
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
