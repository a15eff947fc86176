"""The trail as a page: only what one may audit, filtered, paged, and the same rows as CSV."""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reporting.audit.queries import trail_page as trail
from tests.approvals.office import KEY, ask, ask_approved, decide, open_office, signed_in
from tests.factories import NOW, map_data, publish_map, start_request
from workflows.access.conditions import AUDIT
from workflows.access.grant_models import TemplateUserPermission
from workflows.access.permissions import permission_named
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.services import corrections
from workflows.execution.services import instances as requests
from workflows.people.models import User
from workflows.trail.choices import TrailCommand
from workflows.trail.models import TrailEvent
from workflows.trail.seal_models import TrailHead
from workflows.trail.services.sealing import seal_all

pytestmark = pytest.mark.django_db

PAGE, FILE = "/reports/trail/", "/reports/trail.csv"


@pytest.fixture
def people() -> dict[str, User]:
    """The office with two requests, one of them decided on and cancelled the next day."""
    people = open_office()
    first, _ = ask(people["sam"]), ask(people["sue"], title="A chair")
    decide(first, "manager_review", people["mia"], "approve", comment="=1+1")
    tomorrow = NOW + timedelta(days=1)
    requests.cancel(first.pk, actor=people["sam"], reason="No need.", now=tomorrow)
    return people


def rows_of(user: User, **filters: str) -> list[dict[str, str]]:
    """The CSV's rows of a filter."""
    answer = signed_in(user).get(FILE, filters)
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def page_of(user: User, **filters: str) -> Any:
    return signed_in(user).get(PAGE, filters)


def test_who_audits_nothing_gets_no_trail(people: Mapping[str, User]) -> None:
    for address in (PAGE, FILE):
        answer = signed_in(people["mia"]).get(address)
        assert answer.status_code == 403
        assert b"manager_review" not in answer.content


def test_who_is_not_signed_in_is_sent_to_sign_in(people: Mapping[str, User]) -> None:
    answer = signed_in(people["olivia"]).post(PAGE)
    assert answer.status_code == 405
    assert Client().get(PAGE).status_code == 302
    assert Client().get(FILE).status_code == 302


def test_the_owner_reads_all_rows_and_an_auditor_only_those_of_the_workflow(
    people: Mapping[str, User],
) -> None:
    other = start_request(publish_map(map_data() | {"key": "other", "owner": "mia"}))
    grant = permission_named(WorkflowTemplate, AUDIT)
    template = WorkflowTemplate.objects.get(key=KEY)
    TemplateUserPermission.objects.create(
        user=people["stranger"], permission=grant, content_object=template
    )
    ours = TrailEvent.objects.filter(template=template)
    for name in ("olivia", "stranger"):
        found = rows_of(people[name])
        assert [int(row["sequence"]) for row in found] == list(ours.values_list("pk", flat=True))
        assert other.reference.encode() not in page_of(people[name]).content
        assert rows_of(people[name], workflow="other") == []
        assert rows_of(people[name], reference=other.reference) == []


@pytest.mark.parametrize(
    ("filters", "commands"),
    [
        ({"command": "decide"}, ["decide"]),
        ({"person": "sue"}, ["start"]),
        ({"person": "mia"}, ["decide"]),
        ({"since": "2026-03-03"}, ["cancel"]),
        ({"until": "2026-03-03", "person": "sam"}, ["start"]),
        ({"command": "decide", "person": "sue"}, []),
        ({"workflow": KEY, "command": "cancel"}, ["cancel"]),
        ({"workflow": "none"}, []),
    ],
)
def test_filters_choose_the_rows_and_the_file_has_exactly_those_of_the_page(
    people: Mapping[str, User], filters: dict[str, str], commands: list[str]
) -> None:
    assert [row["command"] for row in rows_of(people["olivia"], **filters)] == commands
    shown = page_of(people["olivia"], **filters).context["page"].rows
    assert [event.command for event in reversed(shown)] == commands


def test_a_reference_is_found_in_small_letters_too(people: Mapping[str, User]) -> None:
    reference = TrailEvent.objects.filter(command="decide").get().reference
    found = rows_of(people["olivia"], reference=reference.lower())
    assert [row["command"] for row in found] == ["start", "decide", "cancel"]


def test_pages_follow_each_other_and_leave_nothing_out(
    people: Mapping[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "PAGE", 2)
    client, seen, query = signed_in(people["olivia"]), [], ""
    while True:
        context = client.get(f"{PAGE}?{query}").context
        seen += [event.pk for event in context["page"].rows]
        query = context["older"]
        if not query:
            break
    assert seen == list(TrailEvent.objects.order_by("-pk").values_list("pk", flat=True))


@pytest.mark.parametrize("address", [PAGE, FILE])
def test_a_day_that_is_none_is_named(people: Mapping[str, User], address: str) -> None:
    answer = signed_in(people["olivia"]).get(address, {"since": "<b>yesterday</b>"})
    assert answer.status_code == 400
    assert b"is not a day" in answer.content
    assert b"<b>yesterday" not in answer.content or answer["Content-Type"].startswith("text/plain")


def test_the_page_says_what_is_sealed_and_what_was_sent(people: Mapping[str, User]) -> None:
    assert "not yet" in page_of(people["olivia"]).content.decode()
    seal_all(lambda: NOW)
    TrailHead.objects.create(date=NOW.date(), position=1, hash="a" * 64, written_at=NOW)
    text = page_of(people["olivia"]).content.decode()
    assert "not yet" not in text
    assert "2 Mar 2026 and was not sent outside" in text


def test_the_file_names_each_rows_seal_once_it_has_one(people: Mapping[str, User]) -> None:
    assert {row["seal"] for row in rows_of(people["olivia"])} == {""}
    seal_all(lambda: NOW)
    hashes = TrailEvent.objects.order_by("pk").values_list("seal__hash", flat=True)
    assert [row["seal"] for row in rows_of(people["olivia"])] == list(hashes)
    assert all(len(hash_) == 64 for hash_ in hashes)


def test_each_row_leads_to_the_request_as_it_was_then(people: Mapping[str, User]) -> None:
    text = page_of(people["olivia"], command="decide").content.decode()
    reference = TrailEvent.objects.filter(command="decide").get().reference
    assert f"/requests/{reference}/?asof=2026-03-02T09:00:00.000000Z" in text


def test_every_command_of_the_trail_can_be_chosen(people: Mapping[str, User]) -> None:
    assert set(TrailEvent.objects.values_list("command", flat=True)) <= set(TrailCommand.values)


def test_what_a_row_means_is_said_by_titles_for_one_statement_in_all(
    people: Mapping[str, User],
) -> None:
    request = ask_approved(people, amount="20000", title="A press")
    for amount in ("21000", "22000", "23000"):
        decide(request, "finance_review", people["fay"], "approve")
        corrections.set_values(
            request.pk, actor=people["olivia"], data={"amount": amount}, reason="Typo.", now=NOW
        )
        decide(request, "manager_review", people["mia"], "approve")
    auditor, filters = people["olivia"], {"reference": request.reference}
    said = "“Manager review” is asked again, as “Amount” changed"
    for text in (
        page_of(auditor, **filters).content.decode(),
        signed_in(auditor).get(f"/requests/{request.reference}/").content.decode(),
    ):
        assert text.count(said) == 3
    client = signed_in(auditor)
    with CaptureQueriesContext(connection) as with_notes:
        client.get(PAGE, filters)
    with CaptureQueriesContext(connection) as without:
        client.get(PAGE, {"reference": "PA-2"})
    assert len(with_notes) == len(without)
