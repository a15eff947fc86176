"""Resources: who sets them up, what stays of them, and the fields that name them."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import NOW, make_staff, make_user
from tests.table_rows import read_rows
from tests.workflows.resource_scenes import (
    build_period,
    build_resource,
    desk_step,
    make_budget,
    make_room,
    publish_room_map,
    room_map,
    start_event,
    year_of,
)
from workflows.engine.errors import HandoffError
from workflows.people.lifecycle.ownership import Leaving, hand_over
from workflows.people.queries.reach import find_reach
from workflows.persistence.row_edits import RowEdits
from workflows.resources.models import BudgetPeriod, Resource
from workflows.resources.services.resources import save_resource
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

LOOK = {"look": desk_step()}


def refused(call: Any) -> str:
    """The sentence of a refusal, of which nothing stays."""
    before = [read_rows(model) for model in (Resource, BudgetPeriod, TrailEvent)]
    with pytest.raises(HandoffError) as refusal:
        call()
    assert [read_rows(model) for model in (Resource, BudgetPeriod, TrailEvent)] == before
    return str(refusal.value)


def test_only_who_answers_for_a_resource_changes_it() -> None:
    room, sam = make_room(), make_user("sam")
    room.capacity = 5
    sentence = refused(lambda: save_resource(room, RowEdits(), by=sam, now=NOW))
    assert "owner, its deputy or a superuser" in sentence
    save_resource(room, RowEdits(), by=room.owner, now=NOW)
    event = TrailEvent.objects.latest("pk")
    assert (event.command, event.changes["changed"]) == ("change_resource", {"capacity": [1, 5]})


def test_nobody_makes_a_resource_in_another_name() -> None:
    sam, rita = make_user("sam"), make_user("rita")
    room = build_resource("blue", owner=rita)
    assert "ask its owner" in refused(lambda: save_resource(room, RowEdits(), by=sam, now=NOW))


@pytest.mark.parametrize(
    ("column", "value"), [("key", "red"), ("kind", "budget"), ("currency", "EUR")]
)
def test_what_requests_were_reckoned_by_stays(column: str, value: str) -> None:
    room = make_room()
    setattr(room, column, value)
    sentence = refused(lambda: save_resource(room, RowEdits(), by=room.owner, now=NOW))
    assert "make another resource" in sentence


def test_all_of_a_group_are_of_one_kind() -> None:
    room = make_room()
    budget = build_resource("b", owner=room.owner, kind="budget", currency="EUR", group="rooms")
    assert "of one kind" in refused(
        lambda: save_resource(budget, RowEdits(), by=room.owner, now=NOW)
    )


def test_periods_of_a_budget_have_no_day_in_common_and_cover_what_is_used() -> None:
    budget = make_budget(amount="1000.00")
    year = year_of(budget)
    more = build_period(budget, "5.00", date(2026, 12, 31), date(2027, 12, 31))

    def save(edits: RowEdits[Any]) -> Resource:
        return save_resource(budget, edits, by=budget.owner, now=NOW)

    assert "a day in common" in refused(lambda: save(RowEdits(added=[more])))
    more.first_day = date(2027, 1, 1)
    save(RowEdits(added=[more]))
    BudgetPeriod.objects.filter(pk=year.pk).update(held_units=40000)
    year.units = 39999
    assert "larger amount" in refused(lambda: save(RowEdits(changed=[year])))
    year.units = 40000
    save(RowEdits(changed=[year]))
    assert year_of_first(budget) == (40000, 40000)


def year_of_first(budget: Resource) -> tuple[int, int]:
    year = budget.periods.order_by("first_day")[0]
    return year.units, year.held_units


def test_a_room_has_no_amounts() -> None:
    room = make_room()
    period = build_period(room, "5.00", date(2026, 1, 1), date(2026, 12, 31))
    sentence = refused(
        lambda: save_resource(room, RowEdits(added=[period]), by=room.owner, now=NOW)
    )
    assert "Only a budget" in sentence


def test_a_resource_goes_over_with_what_else_is_somebodys() -> None:
    room = make_room()
    rita, boss = room.owner, make_user("boss", is_superuser=True)
    assert find_reach(rita, now=NOW).resources == [room]
    to = make_user("rob")
    assert hand_over(room, to, Leaving(person=rita, by=boss, now=NOW))
    assert Resource.objects.get().owner == to


def test_a_budget_is_set_up_in_the_admin_with_its_amounts(client: Client) -> None:
    rita = make_staff("rita", "add_resource", "change_resource", "view_resource")
    client.force_login(rita)
    page = client.get(reverse("admin:workflows_resource_add"))
    once = page.context.get("once")
    sent = {
        "key": "4711",
        "name": "Marketing",
        "kind": "budget",
        "group": "cost-centres",
        "owner": rita.pk,
        "capacity": 1,
        "currency": "JPY",
        "is_active": "on",
        "periods-TOTAL_FORMS": 1,
        "periods-INITIAL_FORMS": 0,
        "periods-0-first_day": "2026-01-01",
        "periods-0-last_day": "2026-12-31",
        "periods-0-amount": "125000",
        **({"once": once} if once else {}),
    }
    answer = client.post(reverse("admin:workflows_resource_add"), sent)
    assert answer.status_code == 302, answer.content.decode()
    assert year_of(Resource.objects.get()).units == 125000
    page = client.get(reverse("admin:workflows_resource_change", args=[Resource.objects.get().pk]))
    assert "125,000" in page.content.decode()


# -- fields ---------------------------------------------------------------------------------------


def test_a_field_takes_a_resource_of_its_group_that_is_in_use() -> None:
    make_room("blue")
    make_room("red", is_active=False)
    make_room("car", group="cars")
    version = publish_room_map(room_map(LOOK))
    assert start_event(version, room="BLUE").data["room"] == "blue"
    for key in ("red", "car", "green"):
        with pytest.raises(HandoffError, match="there is no"):
            start_event(version, room=key)


def test_the_form_offers_the_resources_of_the_group_by_their_names(client: Client) -> None:
    make_room("blue", name="The blue room")
    make_room("car", group="cars", name="A car")
    publish_room_map(room_map(LOOK))
    client.force_login(make_user("rosa", is_staff=True))
    page = client.get(reverse("approvals:start-form", args=["event"])).content.decode()
    assert "The blue room" in page
    assert "A car" not in page
