"""The pages of resources: who sees what there is, who has it when, and who gives it back."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from approvals.pages.resources import resource_list
from tests.factories import NOW, make_user, open_task
from tests.table_rows import read_rows
from tests.workflows.resource_scenes import (
    desk_step,
    make_budget,
    make_room,
    publish_room_map,
    room_map,
    start_event,
)
from workflows.execution.models import WorkflowInstance
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.people.models import User
from workflows.people.services.absences import AbsencePlan, set_absence
from workflows.resources.choices import HoldPurpose
from workflows.resources.models import Hold, Resource
from workflows.resources.queries.holders import periods_of
from workflows.trail.models import TrailEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

TAKES = {
    "books": {"resource": "room", "from": "starts", "until": "ends"},
    "spends": {"budget": "cost_centre", "amount": "total"},
}
AT_TEN = {"room": "blue", "starts": "2026-03-05T10:00Z", "ends": "2026-03-05T11:00Z"}
WEEK = "?week=2026-03-06"


@pytest.fixture
def taken() -> WorkflowInstance:
    """A request of Rosa's that has the blue room for an hour, and 60 of a budget."""
    make_room("blue", name="The blue room")
    make_budget("4711", name="Marketing", amount="100.00")
    fields = ["room", "starts", "ends", "cost_centre", "total"]
    version = publish_room_map(room_map({"take": desk_step(outputs=fields, **TAKES)}))
    return start_event(version, **AT_TEN, cost_centre="4711", total="60.00")


def page_for(client: Client, who: str, address: str) -> tuple[int, str]:
    client.force_login(make_user(who))
    answer = client.get(address)
    return answer.status_code, answer.content.decode()


def test_everybody_sees_when_a_room_is_taken_and_few_by_whom(
    client: Client, taken: WorkflowInstance
) -> None:
    address = reverse("approvals:resource", args=["blue"]) + WEEK
    for who, is_named in (("rita", True), ("rosa", True), ("stranger", False)):
        status, page = page_for(client, who, address)
        assert status == 200
        assert "Mar 2026" in page
        assert (taken.reference in page) == is_named, who
    assert "somebody" in page
    status, page = page_for(client, "rita", reverse("approvals:resource", args=["blue"]))
    assert "Nobody has it in this week." in page


def test_a_week_leads_to_the_next_booking(client: Client, taken: WorkflowInstance) -> None:
    address = reverse("approvals:resource", args=["blue"])
    before = page_for(client, "stranger", address + "?week=2026-02-16")[1]
    assert "After this week somebody has it again on" in before
    found = re.search(r'<a href="(\?week=2026-03-[0-9]{2})">', before)
    assert found is not None
    assert taken.reference in page_for(client, "rita", address + found[1])[1]
    assert "has it again" not in page_for(client, "stranger", address + "?week=2027-01-04")[1]


def test_a_budget_is_its_owners_to_see(client: Client, taken: WorkflowInstance) -> None:
    address = reverse("approvals:resource", args=["4711"])
    status, page = page_for(client, "rita", address)
    assert status == 200
    assert "60.00 EUR" in page
    assert "40.00 EUR" in page
    assert page.count("1 Jan 2026 to 31 Dec 2026") == 2  # its own line, and beside the request
    assert taken.reference in page
    assert page_for(client, "stranger", address)[0] == 404
    names = page_for(client, "stranger", reverse("approvals:resources"))[1]
    assert "The blue room" in names
    assert "Marketing" not in names


def test_the_csv_says_the_same(client: Client, taken: WorkflowInstance) -> None:
    address = reverse("approvals:resource-csv", args=["blue"]) + WEEK
    lines = page_for(client, "rita", address)[1].splitlines()
    assert lines[0] == "from,until,count,state,request,requester"
    assert taken.reference in lines[1]
    assert taken.reference not in page_for(client, "stranger", address)[1]
    budget = page_for(client, "rita", reverse("approvals:resource-csv", args=["4711"]))[1]
    assert ",60.00,EUR,2026-01-01,held," in budget


def give_back(client: Client, who: User, hold: Hold) -> int:
    client.force_login(who)
    address = reverse("approvals:hold-give-back", args=[hold.resource.key, hold.pk])
    page = client.get(address)
    if page.status_code != 200:
        return client.post(address, {"reason": "Ours."}).status_code
    once = page.content.decode().split('name="once" value="')[1].split('"')[0]
    return client.post(address, {"reason": "Fire drill.", "once": once}).status_code


def test_who_answers_for_a_resource_gives_back_what_is_held(
    client: Client, taken: WorkflowInstance
) -> None:
    room, draw = (Hold.objects.get(purpose=purpose) for purpose in ("books", "spends"))
    models = (Hold, Resource, TrailEvent, WorkflowInstance)
    before = [read_rows(model) for model in models]
    for stranger in ("rosa", "olga", "stranger"):
        assert give_back(client, make_user(stranger), room) in (403, 404), stranger
    assert [read_rows(model) for model in models] == before
    for hold in (room, draw):
        assert give_back(client, make_user("rita"), hold) == 302
    assert not Hold.objects.exclude(state="released").exists()
    assert draw.resource.periods.get().left_units == 10000
    event = TrailEvent.objects.latest("pk")
    assert (event.command, event.capacity, event.comment) == ("give_back", "owner", "Fire drill.")
    taken.refresh_from_db()
    assert rebuild_from_trail(taken)[0].to_json() == taken.marking


def test_the_period_that_a_budget_is_in_comes_first() -> None:
    budget, year = make_budget(), timezone.localdate().year
    made = budget.periods.get()
    for first in (2001, year + 1, year, year + 2):
        made.first_day, made.last_day = date(first, 1, 1), date(first, 12, 31)
        made.save()
        made.pk = None
    years = [row.first_day.year for row in periods_of(budget)]
    assert years == [year, year + 1, year + 2, 2001]


def test_the_api_says_what_there_is_when_it_is_had_and_what_a_request_has(
    client: Client, taken: WorkflowInstance
) -> None:
    client.force_login(make_user("stranger"))
    listed = client.get("/api/v1/resources").json()["resources"]
    assert [row["key"] for row in listed] == ["blue"]
    span = {"since": "2026-03-05T00:00:00Z", "until": "2026-03-06T00:00:00Z"}
    (one,) = client.get("/api/v1/resources/blue/busy", span).json()["taken"]
    assert (one["starts"], one["request"]) == ("2026-03-05T10:00:00Z", None)
    assert client.get("/api/v1/resources/4711/busy").status_code == 404
    backwards = {"since": span["until"], "until": span["since"]}
    assert client.get("/api/v1/resources/blue/busy", backwards).status_code == 422
    client.force_login(make_user("rita"))
    budget = client.get("/api/v1/resources/4711/busy").json()
    assert budget["periods"][0]["left"] == "40.00"
    assert budget["taken"][0]["request"] == taken.reference
    client.force_login(make_user("rosa"))
    holds = client.get(f"/api/v1/instances/{taken.reference}").json()["holds"]
    assert [(hold["resource"], hold["amount"]) for hold in holds] == [
        ("blue", None),
        ("4711", "60.00"),
    ]


def test_a_week_that_is_none_is_this_one(client: Client, taken: WorkflowInstance) -> None:
    for week in ("never", "0001-01-01", "9999-12-31", "2026-13-01"):
        address = reverse("approvals:resource", args=["blue"])
        assert page_for(client, "rita", f"{address}?week={week}")[0] == 200
    assert datetime.now(UTC) > Hold.objects.latest("pk").made_at


def test_a_task_names_a_conflict_before_it_is_decided(
    client: Client, taken: WorkflowInstance
) -> None:
    later = {"room": "blue", "starts": "2026-03-05T12:00Z", "ends": "2026-03-05T13:00Z"}
    version = taken.version
    second = start_event(version, **later, cost_centre="4711", total="1.00")
    room = Hold.objects.get(request=second, purpose="books")
    assert give_back(client, make_user("rita"), room) == 302
    start_event(version, **later, cost_centre="4711", total="1.00")
    address = reverse("approvals:task", args=[open_task(second, "take").pk])
    page = page_for(client, "dana", address)[1]
    assert "it is taken then" in page
    assert "1.00 EUR of Marketing: held" in page
    assert reverse("approvals:resource", args=["blue"]) + "?week=2026-03-05" in page


def test_a_request_says_what_it_has_to_who_may_see_it(
    client: Client, taken: WorkflowInstance
) -> None:
    page = page_for(client, "rosa", reverse("approvals:request", args=[taken.reference]))[1]
    assert "The blue room from 5 Mar 2026, 10:00 until 5 Mar 2026, 11:00: held" in page
    assert "60.00 EUR of Marketing: held" in page
    Hold.objects.all().delete()
    page = page_for(client, "rosa", reverse("approvals:request", args=[taken.reference]))[1]
    assert "The blue room from" not in page


def test_the_menu_leads_to_resources_for_who_can_see_one(client: Client) -> None:
    inbox, link = reverse("approvals:inbox"), f'href="{reverse("approvals:resources")}"'
    make_user("rita")
    assert link not in page_for(client, "stranger", inbox)[1]
    make_budget("4711")
    assert link not in page_for(client, "stranger", inbox)[1]
    assert link in page_for(client, "rita", inbox)[1]
    make_room("blue")
    assert link in page_for(client, "stranger", inbox)[1]


def test_whose_it_is_is_not_told_where_a_field_that_is_only_for_some_says_it(
    client: Client,
) -> None:
    make_room("blue")
    data = room_map({"take": desk_step(inputs=["starts", "ends"], books=TAKES["books"])})
    data["fields"]["room"] = {**data["fields"]["room"], "visible_to": ["asks"]}
    request = start_event(publish_room_map(data), **AT_TEN)
    address = reverse("approvals:resource", args=["blue"]) + WEEK
    busy = reverse("api-v1:busy", args=["blue"]) + "?since=2026-03-05T00:00:00Z"
    for who, is_named in (("rosa", True), ("rita", True), ("dana", False), ("olga", False)):
        assert (request.reference in page_for(client, who, address)[1]) == is_named, who
        assert (request.reference in page_for(client, who, busy)[1]) == is_named, who


def test_everybody_sees_when_somebody_who_is_booked_is_away(client: Client) -> None:
    tess = make_user("tess")
    make_room("tess", name="Tess", person=tess)
    days = AbsencePlan(
        deputy=make_user("stan"), first_day=date(2026, 3, 5), last_day=date(2026, 3, 6)
    )
    set_absence(tess, days, by=tess, now=NOW)
    address = reverse("approvals:resource", args=["tess"])
    assert "Away from 5 Mar 2026 to 6 Mar 2026" in page_for(client, "stranger", address + WEEK)[1]
    later = page_for(client, "stranger", address + "?week=2026-03-16")[1]
    assert "Away from" not in later
    span = {"since": "2026-03-05T00:00:00Z", "until": "2026-03-06T00:00:00Z"}
    answer = client.get(reverse("api-v1:busy", args=["tess"]), span).json()
    assert [moment["starts"][:10] for moment in answer["away"]] == ["2026-03-05"]
    assert answer["taken"] == []
    User.objects.filter(pk=tess.pk).update(is_active=False)
    assert "account closed" in page_for(client, "stranger", reverse("approvals:resources"))[1]


def standings(user: User, now: datetime) -> dict[str, str]:
    """What the list says of each resource in its last column, by its name."""
    table = resource_list(user, now)
    return {row.name: table.columns[-1].cell(row, "").text for row in table.rows}


def test_the_list_says_how_each_stands_now(taken: WorkflowInstance) -> None:
    rita, tess = make_user("rita"), make_user("tess")
    make_room("tess", name="Tess", person=tess)
    make_room("pool", name="The pool", capacity=5)
    hold = Hold.objects.get(purpose=HoldPurpose.BOOKS)
    assert hold.starts_at
    assert hold.ends_at
    before = standings(rita, hold.starts_at - timedelta(minutes=1))
    during = standings(rita, hold.starts_at)
    assert before["The blue room"] == standings(rita, hold.ends_at)["The blue room"] == "free"
    assert during["The blue room"].startswith("taken until 5 Mar 2026")
    assert during["Marketing"] == "40.00 EUR left"
    assert standings(rita, datetime(2031, 3, 5, tzinfo=UTC))["Marketing"] == "no amount for today"
    Hold.objects.filter(pk=hold.pk).update(resource=Resource.objects.get(key="pool"), count=2)
    assert standings(rita, hold.starts_at)["The pool"] == "2 of 5 taken"
    days = AbsencePlan(
        deputy=make_user("stan"), first_day=date(2026, 3, 5), last_day=date(2026, 3, 6)
    )
    set_absence(tess, days, by=tess, now=NOW)
    assert during["Tess"] == "free"
    assert standings(rita, hold.starts_at)["Tess"] == "away"


def test_the_list_costs_no_more_for_more_resources(client: Client) -> None:
    make_user("rita")
    client.force_login(make_user("stranger"))
    counts = []
    for number in range(3):
        make_room(f"r{number}", name=f"Room {number}")
        client.get(reverse("approvals:resources"))
        with CaptureQueriesContext(connection) as said:
            client.get(reverse("approvals:resources"))
        counts.append(len(said))
    assert len(set(counts)) == 1, counts
