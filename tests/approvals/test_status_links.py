"""Status links: what a stranger reads there and what not, and what links that open nothing say."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.approvals.office import (
    PURCHASE,
    ask,
    ask_approved,
    decide,
    everything,
    open_office,
    signed_in,
)
from tests.factories import NOW, make_user
from workflows.engine.errors import InvalidInput, NotAllowed
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.links.models import StatusLink
from workflows.links.queries.addresses import status_link_address, status_link_token
from workflows.links.services.status_links import (
    MOST_LINKS,
    make_status_link,
    withdraw_status_link,
)
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

PUBLIC = {
    "amount": {"type": "money", "currency": "EUR", "required": True, "public": True},
    "region": {"type": "choice", "choices": ["EU", "US", "APAC"], "required": True},
    "needed_by": {"type": "date", "label": "Needed by"},
    "manager": {"type": "user", "required": True, "label": "Your manager"},
    "quote": {"type": "document", "label": "Quote", "public": True},
    "reason": {"type": "long_text", "label": "Why"},
    "urgent": {"type": "boolean"},
    "cost_centre": {"type": "text", "label": "Cost centre"},
}


@pytest.fixture(autouse=True)
def _no_calls_before() -> Iterator[None]:
    caches["process"].clear()
    yield
    caches["process"].clear()


def office(**changes: Any) -> dict[str, User]:
    return open_office(**{"fields": PUBLIC, **changes})


def link_to(request: WorkflowInstance, **more: Any) -> StatusLink:
    return make_status_link(request, by=request.requester, now=timezone.now(), **more)


def path_of(link: StatusLink) -> str:
    return f"/status/{status_link_token(link)}"


def page_of(link: StatusLink) -> str:
    answer = Client().get(path_of(link))
    assert answer.status_code == 200
    return answer.content.decode()


# -- what it shows ----------------------------------------------------------------------------


def test_a_stranger_reads_where_it_is_who_has_it_since_when_and_what_is_next() -> None:
    people = office()
    request = ask(people["sam"])
    text = page_of(link_to(request))
    assert "It is at “Manager review”." in text
    assert "Somebody of “Manager” has it." in text
    assert "Since 2 Mar 2026, 09:00, so for" in text
    assert "Due " in text
    assert "“Approve” leads to" in text
    decide(request, "manager_review", people["mia"], "approve")
    text = page_of(link_to(request))
    assert "“Legal review” and “Budget check”" in text
    assert "It waits for somebody of “Finance” to take it." in text
    assert "Manager review</strong>: Approve" in text


def test_people_are_named_only_where_the_map_says_so() -> None:
    people = office()
    request = ask(people["sam"])
    assert "Mia" not in page_of(link_to(request))
    decide(request, "manager_review", people["mia"], "return", comment="Which ones?")
    text = page_of(link_to(request))
    for name in ("Mia", "mia", "Sam", "sam", "Olivia", "fred"):
        assert name not in text
    office(status_link_names=True)
    request = ask(people["sam"])
    assert "Mia Lopez has it." in page_of(link_to(request))


def test_nothing_is_shown_that_is_not_public() -> None:
    people = office()
    files = {"quote": ContentFile(b"x" * 2048, name="offer.pdf")}
    request = ask(people["sam"], files=files, reason="A secret plan", title="For the merger")
    decide(request, "manager_review", people["mia"], "return", comment="Between us: no.")
    text = page_of(link_to(request))
    assert "1,200.00 EUR" in text
    assert "offer.pdf" in text
    for hidden in (
        "secret plan",
        "merger",
        "Between us",
        "Region",
        "documents/",
        "<form",
        "/tasks/",
    ):
        assert hidden not in text
    assert "<a " not in text.replace('<a class="skip" href="#content">', "")


def test_the_rules_that_choose_the_way_are_not_said() -> None:
    steps = yaml.safe_load(PURCHASE)["steps"]
    steps["manager_review"]["outputs"] = ["amount"]
    people = office(steps=steps)
    request = ask(people["sam"])
    own = signed_in(people["sam"]).get(f"/requests/{request.reference}/").content.decode()
    assert "10,000" in own
    text = page_of(link_to(request))
    assert "“Approve” leads to" in text
    assert "10,000" not in text
    assert "Region" not in text


def test_it_says_how_it_ended() -> None:
    people = office()
    request = ask(people["sam"])
    link = link_to(request)
    requests.cancel(request.pk, actor=people["sam"], reason="Between us.", now=NOW)
    text = page_of(link)
    assert "It was cancelled." in text
    assert "Between us" not in text


def test_a_request_that_is_held_up_says_so_and_not_by_what() -> None:
    people = office(
        steps={
            **yaml.safe_load(PURCHASE)["steps"],
            "size_check": {
                "kind": "decision",
                "rules": [{"when": "cost_centre == 'A'", "to": "finance_review"}],
                "otherwise": "checks",
            },
        }
    )
    request = ask_approved(people)
    text = page_of(link_to(request))
    assert "Somebody who answers for the workflow has to put something right." in text
    assert "cost_centre" not in text


# -- how it is kept ---------------------------------------------------------------------------


def test_no_cache_index_or_other_site_gets_it_and_no_session_is_made() -> None:
    people = office()
    for path in (path_of(link_to(ask(people["sam"]))), "/status/x.y"):
        answer = Client().get(path)
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert not answer.cookies


def test_reading_changes_nothing_and_nothing_can_be_sent() -> None:
    people = office()
    link = link_to(ask(people["sam"]))
    before = everything()
    client = Client()
    assert client.get(path_of(link)).status_code == 200
    assert client.head(path_of(link)).status_code == 200
    assert client.post(path_of(link), {"outcome": "approve"}).status_code == 405
    assert everything() == before


def test_what_opens_nothing_is_answered_alike_in_as_many_statements() -> None:
    people = office()
    request = ask(people["sam"])
    links = [link_to(request) for _ in range(3)]
    withdrawn, expired, good = links
    withdraw_status_link(request, withdrawn.pk, by=people["sam"], now=timezone.now())
    StatusLink.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    never_made = StatusLink(name="0" * 32)
    token = status_link_token(good)
    tampered = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        f"{expired.name}.{token.partition('.')[2]}",
        good.name,
        "x",
        "PA-1",
        "a" * 3000,
    ]
    answers = set()
    paths = [path_of(link) for link in (withdrawn, expired, never_made)]
    for path in paths + [f"/status/{text}" for text in tampered]:
        with CaptureQueriesContext(connection) as caught:
            answer = Client().get(path)
        headers = tuple(sorted(answer.headers.items()))
        answers.add((answer.status_code, answer.content, headers, len(caught)))
    assert len(answers) == 1
    assert next(iter(answers))[::3] == (404, 1)


def test_a_link_of_another_kind_or_key_opens_nothing(settings: Any) -> None:
    people = office()
    link = link_to(ask(people["sam"]))
    path = path_of(link)
    settings.SECRET_KEY = "another" * 10
    assert Client().get(path).status_code == 404
    settings.SECRET_KEY_FALLBACKS = ["x"]
    assert Client().get(path).status_code == 404


def test_tries_are_counted(settings: Any) -> None:
    settings.API_RATE_ANONYMOUS = "3/m"
    people = office()
    link = link_to(ask(people["sam"]))
    client = Client()
    statuses = [client.get("/status/x").status_code for _ in range(3)]
    refused = client.get(path_of(link))
    assert (statuses, refused.status_code) == ([404] * 3, 429)
    assert int(refused.headers["Retry-After"]) > 0
    assert request_words(link) not in refused.content.decode()


def request_words(link: StatusLink) -> str:
    return link.request.reference


def test_no_row_and_no_log_holds_what_opens_it(caplog: pytest.LogCaptureFixture) -> None:
    people = office()
    link = link_to(ask(people["sam"]))
    token = status_link_token(link)
    signature = token.rpartition(".")[2]
    assert signature not in repr(StatusLink.objects.values())
    assert signature not in repr(list(TrailEvent.objects.values()))
    assert Client().get(f"/status/{token}x").status_code == 404
    assert "Not Found: /status/…" in caplog.text
    assert signature not in caplog.text


# -- making and withdrawing -------------------------------------------------------------------


def test_requester_and_owner_make_and_withdraw_links_on_the_requests_page() -> None:
    people = office()
    request = ask(people["sam"])
    for name in ("sam", "olivia", "omar"):
        client = signed_in(people[name])
        address = f"/requests/{request.reference}/"
        answer = client.post(f"{address}status-links/", {"days": "30"}, follow=True)
        assert "The link is made" in answer.content.decode()
        link = StatusLink.objects.latest("pk")
        assert (link.made_by, link.request) == (people[name], request)
        assert status_link_address(link) in answer.content.decode()
        answer = client.post(f"{address}status-links/{link.pk}/withdraw/", follow=True)
        assert "it shows nothing any more" in answer.content.decode()
        assert status_link_address(link) not in answer.content.decode()
        assert Client().get(path_of(link)).status_code == 404
    rows = TrailEvent.objects.filter(command__endswith="status_link").order_by("pk")
    assert [(row.command, row.actor_name, row.capacity) for row in rows] == [
        ("make_status_link", "sam", "requester"),
        ("withdraw_status_link", "sam", "requester"),
        ("make_status_link", "olivia", "owner"),
        ("withdraw_status_link", "olivia", "owner"),
        ("make_status_link", "omar", "deputy"),
        ("withdraw_status_link", "omar", "deputy"),
    ]
    assert all(row.request_id == request.pk and row.changes["until"] for row in rows)
    marking, data = rebuild_from_trail(request)
    request.refresh_from_db()
    assert (marking.to_json(), data) == (request.marking, request.data)


def test_others_neither_see_nor_make_nor_withdraw_them() -> None:
    people = office()
    request = ask(people["sam"])
    link = link_to(request)
    before = everything()
    address = f"/requests/{request.reference}/"
    assert "status-links" not in signed_in(people["mia"]).get(address).content.decode()
    for name, status in (("mia", 403), ("sue", 404), ("stranger", 404)):
        client = signed_in(people[name])
        assert client.post(f"{address}status-links/", {"days": "30"}).status_code == status
        assert client.post(f"{address}status-links/{link.pk}/withdraw/").status_code == status
    assert everything() == before


def test_a_link_of_another_request_is_not_withdrawn_by_this_ones_address() -> None:
    people = office()
    other, mine = link_to(ask(people["sue"])), ask(people["sam"])
    answer = signed_in(people["sam"]).post(
        f"/requests/{mine.reference}/status-links/{other.pk}/withdraw/"
    )
    assert answer.status_code == 404
    other.refresh_from_db()
    assert other.withdrawn_at is None


def test_what_cannot_be_made_says_why() -> None:
    people = office(status_link=False)
    request = ask(people["sam"])
    with pytest.raises(InvalidInput, match="switched status links off"):
        link_to(request)
    with pytest.raises(NotAllowed):
        make_status_link(request, by=people["mia"], now=NOW)
    office(name="On again")
    request = ask(people["sam"])
    with pytest.raises(InvalidInput, match="for how long"):
        link_to(request, days=4000)
    for _ in range(MOST_LINKS):
        link_to(request)
    with pytest.raises(InvalidInput, match="withdraw one of them"):
        link_to(request)


def test_it_runs_out_by_itself() -> None:
    people = office()
    request = ask(people["sam"])
    link = make_status_link(
        request, by=people["sam"], days=7, now=timezone.now() - timedelta(days=7)
    )
    assert Client().get(path_of(link)).status_code == 404
    text = signed_in(people["sam"]).get(f"/requests/{request.reference}/").content.decode()
    assert "It ran out on" in text


def test_a_closed_account_makes_none() -> None:
    people = office()
    request = ask(people["sam"])
    gone = make_user("sam")
    gone.is_active = False
    with pytest.raises(NotAllowed):
        make_status_link(request, by=gone, now=NOW)
