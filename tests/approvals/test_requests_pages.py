"""The list of requests, the page of one, and its documents: what they say, and to whom."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.approvals.office import ask, ask_approved, decide, signed_in
from tests.factories import NOW, open_task
from workflows.documents.models import Document
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import corrections
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def seen(user: User, request: WorkflowInstance) -> str:
    answer = signed_in(user).get(f"/requests/{request.reference}/")
    assert answer.status_code == 200
    return answer.content.decode()


def listed(user: User, query: str = "") -> list[str]:
    answer = signed_in(user).get(f"/requests/{query}")
    return [row.request.title for row in answer.context["current_page"].rows]


# -- one request ------------------------------------------------------------------------------


def test_the_page_answers_where_who_since_and_next(people: dict[str, User]) -> None:
    text = seen(people["sam"], ask(people["sam"]))
    for said in (
        "It is at “Manager review”.",
        "Mia Lopez has it and has not begun.",
        f"Since {NOW.day} {NOW:%b %Y}, 09:00, so for",
        "“Send back” leads to “Revise”",
        "It is overdue by",
    ):
        assert said in text


def test_branches_are_answered_each_for_itself(people: dict[str, User]) -> None:
    request = ask_approved(people)
    tasks.claim(open_task(request, "budget_check").pk, actor=people["fred"], now=NOW)
    text = seen(people["sam"], request)
    assert "It is at “Legal review” and “Budget check”, at the same time." in text
    assert "Anybody in legal can take it; nobody has yet." in text
    assert "Fred Bauer has taken it." in text
    assert "leads to “Checks done” (where it waits for what goes on beside it)" in text


def test_of_several_steps_it_is_said_which_one_somebody_has(people: dict[str, User]) -> None:
    request = ask_approved(people)
    tasks.claim(open_task(request, "budget_check").pk, actor=people["fred"], now=NOW)
    client = signed_in(people["olivia"])
    address = f"/requests/{request.reference}/suspend/"
    client.post(address, {"reason": "Wait."})
    client.post(address.replace("suspend", "resume"), {"reason": "Go on."})
    text = client.get("/").content.decode()
    assert "“Budget check”: Fred Bauer has taken it." in text
    assert "“Legal review”: Anybody in legal can take it; nobody has yet." in text


def test_a_quorum_says_how_many_have_agreed(people: dict[str, User]) -> None:
    request = ask_approved(people, amount="20000")
    assert "2 people in finance have to agree; nobody has yet." in seen(people["sam"], request)
    decide(request, "finance_review", people["fay"], "approve")
    assert "2 people in finance have to agree; 1 has so far." in seen(people["sam"], request)


def test_a_finished_request_says_how_and_that_nobody_has_it(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "reject", comment="No money")
    text = seen(people["sam"], request)
    assert "It is complete: rejected." in text
    assert "Nobody; it is over." in text
    assert "reopens it at “Manager review”" in text
    assert "No money" in text


def test_a_cancelled_request_says_so(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    requests.cancel(request.pk, actor=people["sam"], reason="Not needed", now=NOW)
    assert "It was cancelled." in seen(people["sam"], request)


def test_an_incident_is_told_in_words_with_its_owner(people: dict[str, User]) -> None:
    request = ask(people["sam"], manager="sam")
    text = seen(people["sam"], request)
    assert "It waits for Olivia Grant to resolve the incident below." in text
    assert "separation of duties keeps from it" in text
    assert "Reassign</a>" not in text
    assert "Reassign</a>" in seen(people["olivia"], request)


def test_a_merge_that_disagrees_shows_both_values(people: dict[str, User]) -> None:
    request = ask_approved(people)
    decide(request, "legal_review", people["lena"], "approve", data={"cost_centre": "L-1"})
    decide(request, "budget_check", people["fred"], "done", data={"cost_centre": "F-2"})
    text = seen(people["sam"], request)
    assert "It is held up at “Checks done”." in text
    assert "Legal review says <strong>L-1</strong>." in text
    assert "Budget check says <strong>F-2</strong>." in text
    assert "Olivia Grant has to choose which value holds." in text
    assert "Choose between the branches" not in text
    assert "Choose between the branches" in seen(people["omar"], request)


def test_the_way_shows_what_is_done_open_and_ahead(people: dict[str, User]) -> None:
    request = ask_approved(people)
    answer = signed_in(people["sam"]).get(f"/requests/{request.reference}/")
    assert [(one.step, one.state) for one in answer.context["page"].way.progress] == [
        ("Manager review", "done"),
        ("Legal review", "open"),
        ("Budget check", "open"),
        ("Approved", "ahead"),
    ]


def ways_of(by: User, request: WorkflowInstance) -> list[tuple[str, str, int]]:
    """The way so far and ahead as the page has it."""
    answer = signed_in(by).get(f"/requests/{request.reference}/")
    return [(one.step, one.state, one.round) for one in answer.context["page"].way.progress]


def test_every_round_stays_on_the_way(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "return", comment="Too dear")
    decide(request, "revise", people["sam"], "resubmit", data={"amount": "5"})
    assert ways_of(people["sam"], request)[:3] == [
        ("Manager review", "done", 1),
        ("Revise", "done", 1),
        ("Manager review", "open", 2),
    ]


def test_a_rejection_is_no_success_and_neither_is_the_end_it_leads_to(
    people: dict[str, User],
) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "reject", comment="No")
    assert ways_of(people["sam"], request) == [
        ("Manager review", "refused", 1),
        ("Rejected", "refused", 1),
    ]
    assert 'class="done"' not in seen(people["sam"], request)


def test_a_cancelled_request_ends_where_it_was_called_off(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    requests.cancel(request.pk, actor=people["sam"], reason="Changed my mind.", now=NOW)
    assert ways_of(people["sam"], request) == [("Cancelled", "stopped", 1)]


@pytest.mark.parametrize(("amount", "there"), [("1200", False), ("20000", True)])
def test_a_rule_that_the_data_decide_leaves_out_the_other_way(
    people: dict[str, User], amount: str, there: bool
) -> None:
    request = ask(people["sam"], amount=amount)
    text = seen(people["sam"], request)
    assert ("leads to “Finance review”" in text) is there


def test_a_step_that_was_cancelled_is_not_shown_as_done(people: dict[str, User]) -> None:
    request = ask_approved(people)
    decide(request, "budget_check", people["fred"], "reject")
    answer = signed_in(people["sam"]).get(f"/requests/{request.reference}/")
    assert [one.step for one in answer.context["page"].way.progress] == [
        "Manager review",
        "Budget check",
        "Rejected",
    ]


def test_a_step_that_comes_again_is_done_and_ahead(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "return", comment="Too dear")
    answer = signed_in(people["sam"]).get(f"/requests/{request.reference}/")
    states = [(one.step, one.state) for one in answer.context["page"].way.progress]
    assert states[:3] == [
        ("Manager review", "done"),
        ("Revise", "open"),
        ("Manager review", "ahead"),
    ]


def test_the_history_has_every_round_and_what_was_cancelled(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "return", comment="Too dear")
    decide(request, "revise", people["sam"], "resubmit", data={"amount": "5"})
    decide(request, "manager_review", people["mia"], "approve", now=NOW + timedelta(hours=2))
    decide(request, "legal_review", people["lena"], "reject")
    text = seen(people["sam"], request)
    assert "round 2" in text
    assert "Too dear" in text
    assert "cancelled" in text
    assert "2 h" in text


def test_the_trail_is_for_those_who_may_audit(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    assert "Audit trail" not in seen(people["sam"], request)
    assert "Audit trail" in seen(people["olivia"], request)


def test_courses_are_offered_to_those_who_may_take_them(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    assert "Cancel the request" in seen(people["sam"], request)
    assert "Suspend the request" not in seen(people["sam"], request)
    assert "Suspend the request" in seen(people["omar"], request)
    assert "Cancel the request" not in seen(people["mia"], request)


@pytest.mark.parametrize("reference", ["PA-999999", "XX-1", "nonsense", "PA-", "PA-1e3", "-1"])
def test_an_unknown_reference_is_not_found(people: dict[str, User], reference: str) -> None:
    assert signed_in(people["sam"]).get(f"/requests/{reference}/").status_code == 404


def test_a_request_that_is_not_theirs_to_see_is_not_found(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    client = signed_in(people["stranger"])
    assert client.get(f"/requests/{request.reference}/").status_code == 404
    assert client.get(f"/requests/{request.reference.lower()}/").status_code == 404
    assert (
        signed_in(people["sam"]).get(f"/requests/{request.reference.lower()}/").status_code == 200
    )


def test_who_agreed_among_several_still_sees_the_request(people: dict[str, User]) -> None:
    request = ask_approved(people, amount="20000")
    decide(request, "finance_review", people["fred"], "approve")
    decide(request, "finance_review", people["fay"], "reject")
    assert "It is complete: rejected." in seen(people["fred"], request)
    assert listed(people["fred"], "?whose=all&state=any") == ["Two laptops"]


def test_the_statements_of_the_page_do_not_grow_with_the_request(people: dict[str, User]) -> None:
    request = ask(people["sam"], files={"quote": ContentFile(b"x", name="offer.pdf")})
    client = signed_in(people["olivia"])
    counts = []
    for _ in range(3):
        client.get(f"/requests/{request.reference}/")
        with CaptureQueriesContext(connection) as said:
            client.get(f"/requests/{request.reference}/")
        counts.append(len(said))
        decide(request, "manager_review", people["mia"], "return", comment="Again")
        decide(request, "revise", people["sam"], "resubmit")
    assert counts == [7, 7, 7]  # its trail beside what comes with the request


# -- the list ---------------------------------------------------------------------------------


def test_the_list_has_my_open_requests(people: dict[str, User]) -> None:
    ask(people["sam"], title="Mine")
    ask(people["sue"], title="Hers")
    done = ask(people["sam"], title="Done")
    requests.cancel(done.pk, actor=people["sam"], reason="x", now=NOW)
    assert listed(people["sam"]) == ["Mine"]
    assert listed(people["sam"], "?state=finished") == ["Done"]
    assert listed(people["sam"], "?state=any") == ["Done", "Mine"]
    assert listed(people["sam"], "?whose=all&state=any") == ["Done", "Mine"]
    assert listed(people["olivia"], "?whose=all&state=any") == ["Done", "Hers", "Mine"]
    assert listed(people["stranger"], "?whose=all&state=any") == []


def test_the_list_finds_by_reference_title_and_workflow(people: dict[str, User]) -> None:
    chair = ask(people["sam"], title="A chair")
    ask(people["sam"], title="A desk")
    assert listed(people["sam"], f"?q={chair.reference.lower()}") == ["A chair"]
    assert listed(people["sam"], "?q=DESK") == ["A desk"]
    assert listed(people["sam"], "?q=nothing") == []
    assert len(listed(people["sam"], "?workflow=purchase-approval")) == 2
    assert listed(people["sam"], "?workflow=other") == []


def test_nonsense_in_the_address_is_the_plain_list(people: dict[str, User]) -> None:
    ask(people["sam"], title="Mine")
    assert listed(people["sam"], "?whose=x&state=y&before=z&workflow=") == ["Mine"]


def test_the_list_says_where_each_is_and_who_has_it(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    ask(people["sam"], manager="sam")
    decide(request, "manager_review", people["mia"], "approve")
    text = signed_in(people["sam"]).get("/requests/").content.decode()
    assert "Legal review: anybody in legal" in text
    assert "Olivia Grant, to resolve an incident" in text


def test_the_list_is_paged_at_a_fixed_number_of_statements(people: dict[str, User]) -> None:
    client = signed_in(people["sam"])
    for number in range(2):
        ask(people["sam"], title=f"R{number}")
    client.get("/requests/")
    with CaptureQueriesContext(connection) as few:
        client.get("/requests/")
    for number in range(2, 52):
        ask(people["sam"], title=f"R{number}")
    with CaptureQueriesContext(connection) as many:
        first = client.get("/requests/")
    assert len(few) == len(many) == 5
    assert len(first.context["current_page"].rows) == 50
    rest = client.get(f"/requests/{first.context['current_page'].next}")
    assert [row.request.title for row in rest.context["current_page"].rows] == ["R1", "R0"]
    assert rest.context["current_page"].next == ""


# -- documents --------------------------------------------------------------------------------


def uploaded(people: dict[str, User], name: str, content: bytes = b"content") -> Document:
    request = ask(people["sam"], files={"quote": ContentFile(content, name=name)})
    return Document.objects.get(request=request)


def test_a_document_is_an_attachment_and_never_run_in_place(people: dict[str, User]) -> None:
    document = uploaded(people, "offer.txt", b"<script>alert(1)</script>")
    answer = signed_in(people["mia"]).get(f"/documents/{document.pk}/")
    assert answer.status_code == 200
    assert b"".join(answer) == b"<script>alert(1)</script>"  # type: ignore[arg-type]
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="offer.txt"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.pdf", "application/pdf"), ("a.DWG", "application/octet-stream"), ("a.txt", "text/plain")],
)
def test_only_safe_kinds_are_named(people: dict[str, User], name: str, kind: str) -> None:
    answer = signed_in(people["sam"]).get(f"/documents/{uploaded(people, name).pk}/")
    assert answer.headers["Content-Type"] == kind
    answer.close()


def test_a_document_is_for_those_who_may_see_its_request(people: dict[str, User]) -> None:
    document = uploaded(people, "offer.pdf")
    assert signed_in(people["stranger"]).get(f"/documents/{document.pk}/").status_code == 404
    assert signed_in(people["sue"]).get(f"/documents/{document.pk}/").status_code == 404
    assert signed_in(people["sam"]).get("/documents/99999/").status_code == 404
    assert signed_in(people["sam"]).post(f"/documents/{document.pk}/").status_code == 405


def test_a_lost_file_is_said_in_words(people: dict[str, User]) -> None:
    document = uploaded(people, "offer.pdf")
    Path(document.file.path).unlink()
    answer = signed_in(people["sam"]).get(f"/documents/{document.pk}/")
    assert answer.status_code == 404
    assert "missing from the store" in answer.content.decode()


def test_every_version_of_a_document_can_be_had(people: dict[str, User]) -> None:
    document = uploaded(people, "first.pdf")
    request = document.request
    decide(request, "manager_review", people["mia"], "return", comment="Newer, please")
    decide(
        request,
        "revise",
        people["sam"],
        "resubmit",
        files={"quote": ContentFile(b"y", name="second.pdf")},
    )
    text = seen(people["sam"], request)
    assert "first.pdf" in text
    assert "second.pdf" in text
    assert "Earlier versions" in text


def test_its_requester_reads_which_approval_is_asked_again_and_why(
    people: dict[str, User],
) -> None:
    request = ask_approved(people)
    client, path = signed_in(people["sam"]), f"/requests/{request.reference}/"
    assert "is asked again" not in client.get(path).content.decode()
    corrections.set_values(
        request.pk, actor=people["olivia"], now=NOW, data={"amount": "1300.00"}, reason="Dearer."
    )
    page = client.get(path).content.decode()
    assert "“Manager review” is asked again, as “Amount” changed after it was approved" in page
    decide(request, "manager_review", people["mia"], "approve")
    assert "is asked again, as “Amount” changed after" not in client.get(path).content.decode()
