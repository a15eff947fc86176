"""Taking agreement back and asking one more to agree: on the page and by the API."""

import html
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.approvals.api.calls import Api, problem, unchanged
from tests.approvals.office import opened, signed_in
from tests.automation.driving import plain
from tests.factories import make_user
from tests.workflows.support import Flow, begin, digest_now, everything, person
from tests.workflows.test_directory_roles import step
from workflows.execution.models import WorkItem
from workflows.execution.queries.position import find_position
from workflows.execution.services.staffing_watch import watch_queues
from workflows.links.queries.addresses import status_link_token
from workflows.links.services.status_links import make_status_link
from workflows.notices.messages.standing import describe_request_standing
from workflows.people.models import User
from workflows.people.queries.person_names import full_name_of
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

WHY = {"reason": "She knows the site."}


def asked(quorum: int = 2) -> Flow:
    flow = begin(plain("many", {"agree": step("crew", quorum=quorum)}))
    make_user("eve")
    return flow


def agree(flow: Flow, by: str) -> None:
    flow.decide("agree", "approve", by=by, seen=digest_now(flow, "agree"))


def client(name: str) -> Client:
    return signed_in(person(name))


def page(flow: Flow, name: str, path: str = "") -> str:
    return " ".join(client(name).get(address(flow, path)).content.decode().split())


def address(flow: Flow, path: str = "") -> str:
    return f"/tasks/{flow.task('agree').pk}/{path}"


# -- the page ---------------------------------------------------------------------------------


def test_only_who_agreed_is_offered_to_take_it_back() -> None:
    flow = asked()
    agree(flow, "ann")
    button = f'action="{address(flow, "withdraw-vote/")}"'
    assert button in page(flow, "ann")
    assert button not in page(flow, "bob")
    assert button not in page(flow, "olga")
    answer = client("ann").post(address(flow, "withdraw-vote/"), follow=True)
    assert "You agree to “Agree” no longer." in answer.content.decode()
    assert button not in page(flow, "ann")
    request_page = client("rita").get(f"/requests/{flow.request.reference}/").content.decode()
    assert "ann took back having agreed to “Agree”." in request_page
    before = everything()
    refused = client("bob").post(address(flow, "withdraw-vote/"))
    assert refused.status_code == 403
    assert everything() == before


def test_a_quorum_by_roles_says_how_many_of_which_role_everywhere() -> None:
    make_user("lea", groups=["legal"])
    data = plain("many", {"agree": step("crew", quorum={"crew": 2, "legal": 1})})
    data["roles"]["legal"] = {"groups": ["legal"]}
    flow = begin(data)
    asked_for = f"/requests/{flow.request.reference}/"
    parts = "2 of “Crew” and 1 of “Legal”"
    assert f"It goes on when {parts} have agreed." in page(flow, "ann")
    assert f"{parts} have to agree; nobody has yet." in seen_by("rita", asked_for)
    assert f"{parts}; nobody has yet" in seen_by("rita", "/requests/")
    agree(flow, "ann")
    agree(flow, "lea")
    assert "It waits for 1 of “Crew” still." in page(flow, "bob")
    assert f"{parts} have to agree; 2 have so far." in seen_by("rita", asked_for)
    make_user("len", groups=["legal"])
    watch_queues(now=flow.later(minutes=1))
    shown = html.unescape(page(flow, "len"))
    assert 'value="approve"' not in shown
    assert 'value="reject"' in shown
    assert "Enough people of your role have agreed to 'Agree'" in shown
    assert "it waits for others: 1 of 'Crew'." in shown
    client("bob").post(address(flow, "approver/"), {"to": "olga", **WHY})
    more = "2 of “Crew”, 1 of “Legal” and 1 asked besides"
    by_name = f"2 of “Crew”, 1 of “Legal” and {full_name_of(person('olga'))} (asked besides)"
    assert f"{by_name} have to agree; 2 have so far." in seen_by("rita", asked_for)
    link = make_status_link(flow.request, by=person("rita"), days=7, now=timezone.now())
    status = Client().get(f"/status/{status_link_token(link)}").content.decode()
    assert f"{more} have to agree." in status
    flow.request.refresh_from_db()
    answers = dict(describe_request_standing(find_position(flow.request), None, timezone.now()))
    assert by_name in answers["Who has it"]


def test_who_is_asked_besides_is_not_counted_to_the_role_of_a_plain_quorum() -> None:
    flow = asked()
    client("ann").post(address(flow, "approver/"), {"to": "eve", **WHY})
    said = f"2 people in crew and {full_name_of(person('eve'))} (asked besides)"
    assert f"{said} have to agree; nobody has yet." in seen_by(
        "rita", f"/requests/{flow.request.reference}/"
    )
    flow.request.refresh_from_db()
    answers = dict(describe_request_standing(find_position(flow.request), None, timezone.now()))
    assert answers["Who has it"] == said


def test_who_agrees_while_others_are_awaited_reads_that_it_can_be_taken_back() -> None:
    flow = asked()
    sent = {"outcome": "approve", "opened": opened(client("ann"), flow.task("agree"))}
    answer = client("ann").post(address(flow), sent, follow=True)
    said = " ".join(answer.content.decode().split())
    assert "1 more person has to agree before it goes on." in said
    assert "Until then you can take it back on the task&#x27;s page." in said


def test_who_takes_agreement_back_too_late_is_told_that_nobody_is_awaited_any_more() -> None:
    flow = asked()
    agree(flow, "ann")
    agree(flow, "bob")
    pk = WorkItem.objects.get(step__key="agree").pk
    before = everything()
    answer = client("ann").post(f"/tasks/{pk}/withdraw-vote/")
    said = html.unescape(answer.content.decode())
    assert answer.status_code == 409
    assert "It is too late to take agreement back: 'Agree' waits for nobody any more" in said
    assert "was first" not in said
    assert everything() == before


def test_who_was_asked_besides_and_has_agreed_is_not_told_that_it_waits_for_them() -> None:
    flow = asked()
    client("ann").post(address(flow, "approver/"), {"to": "eve", **WHY})
    waits = "it does not go on without you"
    assert waits in page(flow, "eve")
    agree(flow, "eve")
    assert waits not in page(flow, "eve")
    client("eve").post(address(flow, "withdraw-vote/"))
    assert waits in page(flow, "eve")


def test_the_page_that_reassigns_says_that_somebody_has_left_only_where_that_is_so() -> None:
    flow = asked()
    reassign = address(flow, "reassign/")
    assert "There are enough who can agree" in seen_by("olga", reassign)
    assert "Who has left" not in seen_by("olga", reassign)
    for name in ("bob", "cat", "sid"):
        User.objects.filter(username=name).update(is_active=False)
    assert "Who has left is missing among those who must agree" in seen_by("olga", reassign)


def seen_by(name: str, path: str) -> str:
    return " ".join(client(name).get(path).content.decode().split())


def test_one_more_is_asked_on_a_page_of_its_own_with_a_reason() -> None:
    flow = asked()
    assert f'href="{address(flow, "approver/")}"' in page(flow, "ann")
    assert "Ask one more person to agree to “Agree”" in page(flow, "ann", "approver/")
    before = everything()
    without = client("ann").post(address(flow, "approver/"), {"to": "eve"})
    assert "Give a reason" in without.content.decode()
    assert everything() == before
    sent = client("ann").post(address(flow, "approver/"), {"to": "eve", **WHY}, follow=True)
    said = sent.content.decode()
    assert "“Agree” does not go on now without eve." in said
    assert "eve was asked to agree besides, and has not yet." in said
    assert "You were asked on" in page(flow, "eve")
    course = client("rita").get(f"/requests/{flow.request.reference}/").content.decode()
    assert "ann asked eve to agree to “Agree” besides." in course
    assert WHY["reason"].rstrip(".") in course


def test_one_more_is_asked_neither_by_who_asked_for_it_nor_by_a_stranger() -> None:
    flow = asked()
    assert address(flow, "approver/") not in page(flow, "rita")
    before = everything()
    for name, status in (("rita", 403), ("mona", 404)):
        for answer in (
            client(name).get(address(flow, "approver/")),
            client(name).post(address(flow, "approver/"), {"to": "eve", **WHY}),
        ):
            assert answer.status_code == status
    assert everything() == before


def test_the_owner_is_offered_it_too_and_nobody_when_it_is_over() -> None:
    flow = asked(1)
    path = address(flow, "approver/")
    assert f'href="{path}"' in page(flow, "olga")
    agree(flow, "ann")
    assert (
        f'href="{path}"' not in client("olga").get(path.replace("approver/", "")).content.decode()
    )
    assert client("olga").get(path).status_code == 409


# -- the API ----------------------------------------------------------------------------------


def call(flow: Flow, name: str, course: str, body: Any = None) -> Any:
    return Api(person(name)).post(f"/work-items/{flow.task('agree').pk}/{course}", body)


def test_the_api_takes_back_and_adds_once_for_one_key() -> None:
    flow = asked()
    agree(flow, "ann")
    out = call(flow, "ann", "withdraw-vote").json()
    assert (out["agreed"], out["needed"], out["votes"]) == (0, 2, [])
    added = call(flow, "ann", "approvers", {"person": "eve", **WHY}).json()
    assert (added["agreed"], added["needed"], added["awaited"]) == (0, 3, ["eve"])
    commands = TrailEvent.objects.filter(command__in=("withdraw_vote", "add_approver"))
    assert [row.channel for row in commands.order_by("pk")] == ["api", "api"]


def test_the_api_refuses_in_words_and_changes_nothing() -> None:
    flow = asked()
    agree(flow, "ann")
    with unchanged():
        problem(call(flow, "bob", "withdraw-vote"), 403)
        problem(call(flow, "rita", "approvers", {"person": "eve", **WHY}), 403)
        problem(call(flow, "bob", "approvers", {"person": "nobody", **WHY}), 422)
        problem(call(flow, "bob", "approvers", {"person": "rita", **WHY}), 403)
        problem(call(flow, "bob", "approvers", {"person": "eve"}), 422)
        problem(call(flow, "mona", "withdraw-vote"), 404)
