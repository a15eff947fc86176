"""The way of a request, as a list and as a picture; who changed its course; when it may be done."""

from datetime import timedelta

import pytest
import yaml
from django.utils import timezone

from approvals.forms.rule_texts import rule_text
from tests.approvals.office import PURCHASE, ask, ask_approved, decide, open_office, signed_in
from tests.factories import NOW, open_task
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.completion_estimates import estimate_completion
from workflows.execution.queries.position import find_position
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def page_of(user: User, request: WorkflowInstance) -> tuple[dict[str, str], str]:
    """The words of each step of the list by its key, and the page's text."""
    answer = signed_in(user).get(f"/requests/{request.reference}/")
    way = answer.context["page"].way
    words = {step.key: step.words for step in (*way.progress, *way.others)}
    return words, answer.content.decode()


# -- what can come ----------------------------------------------------------------------------


def test_a_rule_that_the_values_decide_is_followed(people: dict[str, User]) -> None:
    words, text = page_of(people["sam"], ask(people["sam"], amount="20000"))
    assert words["finance_review"] == "ahead"
    assert words["revise"] == "only if “Send back” is chosen at “Manager review”"
    assert words["rejected"] == "only by an exception"
    assert "leads to “Finance review”." in text


def test_a_step_that_a_rule_rules_out_says_which(people: dict[str, User]) -> None:
    words, _ = page_of(people["sam"], ask(people["sam"], amount="1200"))
    assert words["finance_review"] == (
        "not taken, as “Amount” is at most 10,000.00 EUR and “Region” is not APAC"
    )
    assert words["legal_review"] == "ahead"


def test_an_open_rule_is_said_in_words_where_it_is_next_and_on_the_way(
    people: dict[str, User],
) -> None:
    request = ask(people["sam"], amount="1200")
    decide(request, "manager_review", people["mia"], "return", comment="Too dear")
    words, text = page_of(people["sam"], request)
    rule = "“Amount” is more than 10,000.00 EUR or “Region” is APAC"
    assert words["finance_review"] == f"only if {rule}"
    assert words["legal_review"] == "ahead"
    decided = "“Resubmit” leads to “Manager review”."
    assert decided in text


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("urgent and not (amount > 5)", "“Urgent” is yes and “Amount” is at most 5.00 EUR"),
        ("region in ['EU', 'US']", "“Region” is EU or US"),
        ("reason == null", "“Why” is empty"),
        ("not urgent and (amount < 1 or amount >= 2)",
         "“Urgent” is no and (“Amount” is less than 1.00 EUR or “Amount” is at least 2.00 EUR)"),
        ("needed_by < d'2026-03-01'", "“Needed by” is before 1 Mar 2026"),
        ("'x' in reason", "“Why” contains “x”"),
        ("5 <= amount", "“Amount” is at least 5.00 EUR"),
        ("amount * 2 > 5", "“amount * 2 > 5” holds"),
        ("requester.department == 'IT'", "the requester's department is IT"),
        ("not ('it' in requester.groups)", "the requester is not in the group “it”"),
        ("requester.approval_limit >= amount",
         "the requester's approval limit is at least “Amount”"),
        ("requester.manager == null", "the requester's manager is empty"),
        ("not (", "“not (” holds"),
    ],
)  # fmt: skip
def test_rules_are_said_in_words(people: dict[str, User], rule: str, words: str) -> None:
    definition = cached_map(ask(people["sam"]).version_id).graph.definition
    assert rule_text(definition, rule) == words


# -- the picture ------------------------------------------------------------------------------


def test_the_picture_says_by_sign_and_word_what_each_step_is(people: dict[str, User]) -> None:
    request = ask_approved(people)
    _, text = page_of(people["sam"], request)
    for said in (
        'class="step kind-approval first is-done" data-step="manager_review">'
        "<title>Manager review: Approve</title>",
        'class="step kind-approval is-open" data-step="legal_review">'
        "<title>Legal review: now</title>",
        'class="step kind-end is-ahead" data-step="approved"><title>Approved: ahead</title>',
        'class="step kind-decision is-done"',
        'class="step kind-parallel is-done"',
        'class="step kind-join is-ahead"',
        ">▶ now</text>",
        ">✓ done</text>",
        "Steps done: 1; open now: 2; that can come: 1; others: 4.",
    ):
        assert said in text


def test_the_picture_lights_the_ways_that_were_gone(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    _, before = page_of(people["sam"], request)
    assert "is-gone" not in before
    decide(request, "manager_review", people["mia"], "reject", comment="No")
    _, after = page_of(people["sam"], request)
    assert after.count('class="way exception is-gone"') == 1
    assert after.count('class="label exception is-gone"') == 1
    assert after.count("is-gone") == 2
    assert "kind-end is-refused" in after


def test_the_picture_lights_every_branch_that_a_block_opened_also_through_a_decision() -> None:
    steps = yaml.safe_load(PURCHASE)["steps"]
    steps["checks"]["branches"] = [{"to": "which"}, {"to": "budget_check"}]
    steps["which"] = {"kind": "decision", "otherwise": "legal_review", "rules": []}
    steps["which"]["rules"] = [{"when": "amount > 5000", "to": "checks_done"}]
    people = open_office(steps=steps)
    _, text = page_of(people["sam"], ask_approved(people))
    assert 'class="step kind-decision is-done" data-step="which"' in text
    for source, target in (("checks", "which"), ("which", "legal_review")):
        assert f'class="way is-gone" data-from="{source}" data-to="{target}"' in text


def test_a_request_of_a_map_with_hostile_names_is_drawn_harmlessly() -> None:
    steps = yaml.safe_load(PURCHASE)["steps"]
    steps["manager_review"]["name"] = "<script>1</script>"
    steps["manager_review"]["outcomes"]["return"]["label"] = "<i>back"
    people = open_office(steps=steps)
    sam = people["sam"]
    request = ask(sam)
    _, text = page_of(sam, request)
    assert "<script>1" not in text
    assert "<i>ok" not in text


# -- who changed its course -------------------------------------------------------------------


def test_the_requester_reads_who_halted_it_and_why(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    requests.suspend(request.pk, actor=people["omar"], reason="Budget freeze", now=NOW)
    _, text = page_of(people["sam"], request)
    assert "Omar Haddad suspended the request." in text
    assert "as deputy" in text
    assert "Budget freeze" in text


def test_a_cancellation_and_a_reassignment_say_who_and_why(people: dict[str, User]) -> None:
    request = ask_approved(people)
    task = open_task(request, "legal_review")
    tasks.reassign(task.pk, actor=people["olivia"], to=people["leo"], reason="Lena is ill", now=NOW)
    requests.cancel(request.pk, actor=people["sam"], reason="Changed my mind", now=NOW)
    _, text = page_of(people["sam"], request)
    assert "Olivia Grant gave “Legal review” to Leo Martin." in text
    assert "Lena is ill" in text
    assert "Sam Okafor cancelled the request." in text
    assert "Changed my mind" in text


# -- when it may be done ----------------------------------------------------------------------


def finish_requests(people: dict[str, User], number: int, request: WorkflowInstance) -> None:
    """So many finished requests like this one; the n-th took n days from its first step."""
    (task,) = WorkItem.objects.filter(request=request)
    for day in range(1, number + 1):
        past = WorkflowInstance.objects.create(
            template=request.template,
            version=request.version,
            prefix="PA",
            state=WorkflowInstance.COMPLETED,
            started_at=NOW,
            completed_at=NOW + timedelta(days=day),
        )
        WorkItem.objects.create(
            request=past,
            step=task.step,
            activation=1,
            state="done",
            is_open=False,
            in_queue=False,
            enabled_at=NOW,
            completed_at=NOW + timedelta(hours=1),
        )


def test_with_fewer_than_twenty_nothing_is_said(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    finish_requests(people, 19, request)
    assert estimate_completion(find_position(request), NOW) is None
    assert "When will it be done" not in page_of(people["sam"], request)[1]


def test_the_range_is_of_those_that_stood_as_long(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    finish_requests(people, 41, request)
    at_once = estimate_completion(find_position(request), NOW)
    assert at_once is not None
    assert (at_once.requests, at_once.alike) == (41, 41)
    assert (at_once.half, at_once.most) == (timedelta(days=21), timedelta(days=37))
    later = estimate_completion(find_position(request), NOW + timedelta(days=11))
    assert later is not None
    assert (later.alike, later.half) == (31, timedelta(days=15))
    too_late = estimate_completion(find_position(request), NOW + timedelta(days=30))
    assert too_late is not None
    assert (too_late.alike, too_late.half, too_late.most) == (12, None, None)


def test_the_page_says_the_days_and_what_they_rest_on(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    since = timezone.now() - timedelta(hours=2)
    WorkItem.objects.filter(request=request).update(enabled_at=since)
    finish_requests(people, 41, request)
    _, text = page_of(people["sam"], request)
    assert "Perhaps by " in text
    assert (
        "Of 41 finished requests that stood at “Manager review” as long as this one has, half"
        " were done within another 20 d 21 h, nine of ten within another 36 d 21 h." in text
    )


def test_a_halted_request_has_no_range(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    finish_requests(people, 41, request)
    requests.suspend(request.pk, actor=people["omar"], reason="Wait", now=NOW)
    request.refresh_from_db()
    assert estimate_completion(find_position(request), NOW) is None
