"""What requests hold of resources: from when, until when, and who is refused."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import models

from tests.factories import NOW, make_user, open_task
from tests.table_rows import read_rows
from tests.workflows.moves import target
from tests.workflows.resource_scenes import (
    build_period,
    desk_step,
    make_budget,
    make_room,
    publish_room_map,
    room_map,
    start_event,
    year_of,
)
from workflows.calendars.models import BusinessCalendar
from workflows.definitions.models import TemplateVersion
from workflows.engine.errors import HandoffError
from workflows.engine.values.resource_amounts import units_of_amount
from workflows.execution.models import Incident, WorkflowInstance, WorkItem
from workflows.execution.services import incidents, instances, work_items
from workflows.execution.services.corrections import set_values
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.outbox.models import OutboxMessage
from workflows.people.models import User
from workflows.people.services.absences import AbsencePlan, end_absence, set_absence
from workflows.persistence.row_edits import RowEdits
from workflows.resources.models import BudgetPeriod, Hold, Resource
from workflows.resources.queries.resources import offered_resources
from workflows.resources.services.resources import save_resource
from workflows.trail.models import TrailEvent
from workflows.version_changes.models import MovedRequest
from workflows.version_changes.services.moving import move_request
from workflows.version_changes.services.putting_back import put_back

pytestmark = pytest.mark.django_db

TEN, ELEVEN, TWELVE = ("2026-03-05T10:00Z", "2026-03-05T11:00Z", "2026-03-05T12:00Z")
BOOKS = {"resource": "room", "from": "starts", "until": "ends"}
SPENDS = {"budget": "cost_centre", "amount": "total"}
ALL_FIELDS = ["room", "starts", "ends", "cost_centre", "total"]
CHANGED: tuple[type[models.Model], ...] = (
    *(WorkflowInstance, WorkItem, Incident, Hold, BudgetPeriod, TrailEvent, OutboxMessage),
)


def refused(call: Any) -> str:
    """The sentence of a refusal, of which nothing stays."""
    before = [read_rows(model) for model in CHANGED]
    with pytest.raises(HandoffError) as refusal:
        call()
    assert [read_rows(model) for model in CHANGED] == before
    return str(refusal.value)


def desk_books(**more: Any) -> TemplateVersion:
    """A desk that books a room, and a second step that looks at it again."""
    booking = desk_step(to="look", outputs=ALL_FIELDS, books=BOOKS, **more)
    return publish_room_map(room_map({"book": booking, "look": desk_step()}))


def decide(request: WorkflowInstance, step: str, outcome: str = "done", **data: Any) -> WorkItem:
    """A decision of the desk's."""
    task, dana = open_task(request, step), make_user("dana")
    return work_items.decide(task.pk, actor=dana, outcome=outcome, now=NOW, data=data)


def standing() -> list[tuple[str, str]]:
    """What is held or confirmed, by the keys of resources."""
    rows = Hold.objects.exclude(state="released").order_by("pk")
    return [(hold.resource.key, hold.state) for hold in rows]


# -- bookings -------------------------------------------------------------------------------------


def test_a_room_is_held_when_the_step_is_reached_and_free_when_the_request_is_over() -> None:
    make_room()
    request = start_event(desk_books(), room="blue", starts=TEN, ends=ELEVEN)
    assert standing() == [("blue", "held")]
    decide(request, "book")
    assert standing() == [("blue", "held")]
    decide(request, "look")
    assert standing() == []
    hold = Hold.objects.get()
    assert (hold.release_code, hold.released_at) == ("ended", NOW)
    row = TrailEvent.objects.filter(command="start").get()
    assert row.changes["held"][0]["resource"] == "blue"


def test_nobody_starts_what_cannot_be_held() -> None:
    make_room()
    version = desk_books()
    start_event(version, room="blue", starts=TEN, ends=TWELVE)
    sentence = refused(lambda: start_event(version, room="blue", starts=ELEVEN, ends=TWELVE))
    assert "it is taken then" in sentence
    start_event(version, room="blue", starts=TWELVE, ends="2026-03-05T13:00Z")


def test_who_is_second_chooses_another_time() -> None:
    make_room()
    version = desk_books()
    start_event(version, room="blue", starts=TEN, ends=TWELVE)
    second = start_event(version)
    taken = {"room": "blue", "starts": ELEVEN, "ends": "2026-03-05T13:00Z"}
    assert "taken then" in refused(lambda: decide(second, "book", **taken))
    decide(second, "book", **taken | {"starts": TWELVE})
    assert len(standing()) == 2


def test_who_names_no_room_books_none_and_who_names_no_time_is_told() -> None:
    make_room()
    version = desk_books()
    decide(start_event(version), "book")
    assert standing() == []
    request = start_event(version)
    assert "fill in" in refused(lambda: decide(request, "book", room="blue", starts=TEN))
    backwards = {"room": "blue", "starts": TWELVE, "ends": TEN}
    assert "does not come after" in refused(lambda: decide(request, "book", **backwards))


def test_a_refusal_and_a_cancellation_give_the_room_back() -> None:
    make_room()
    version = desk_books()
    at_ten = {"room": "blue", "starts": TEN, "ends": ELEVEN}
    decide(start_event(version, **at_ten), "book", "drop")
    assert Hold.objects.latest("pk").release_code == "refused"
    request = start_event(version, **at_ten)
    owner = make_user("olga")
    instances.cancel(request.pk, actor=owner, reason="No.", now=NOW)
    assert Hold.objects.latest("pk").release_code == "cancelled"
    start_event(version, **at_ten)
    assert standing() == [("blue", "held")]


def test_several_may_have_what_has_room_for_several() -> None:
    make_room("car", group="cars", capacity=3)
    fields = {
        "room": {"type": "resource", "of": "cars"},
        "starts": {"type": "date"},
        "ends": {"type": "date"},
        "how_many": {"type": "integer"},
    }
    booking = desk_step(outputs=list(fields), books=BOOKS | {"amount": "how_many"})
    version = publish_room_map(room_map({"book": booking}, fields=fields))
    days = {"room": "car", "starts": "2026-03-05", "ends": "2026-03-06"}
    start_event(version, **days, how_many=2)
    assert "only 1 is free" in refused(lambda: start_event(version, **days, how_many=2))
    start_event(version, **days, how_many=1)
    later = {"room": "car", "starts": "2026-03-06", "ends": "2026-03-07"}
    assert "taken" in refused(lambda: start_event(version, **later, how_many=1))
    start_event(version, room="car", starts="2026-03-07", ends="2026-03-07", how_many=3)
    whole_day = Hold.objects.latest("pk")
    assert whole_day.ends_at - whole_day.starts_at == timedelta(days=1)


def test_a_calendar_says_when_something_can_be_had() -> None:
    BusinessCalendar.objects.create(key="office", name="Office", zone="UTC")
    make_room(calendar="office")
    version = desk_books()
    sentence = refused(
        lambda: start_event(
            version, room="blue", starts="2026-03-07T10:00Z", ends="2026-03-07T11:00Z"
        )
    )
    assert "by its calendar" in sentence
    start_event(version, room="blue", starts=TEN, ends="2026-03-05T17:00Z")


def test_a_step_that_confirms_keeps_the_room_beyond_the_end() -> None:
    make_room()
    steps = {
        "book": desk_step(to="look", outputs=ALL_FIELDS, books=BOOKS),
        "look": desk_step(confirms=["book"]),
    }
    version = publish_room_map(room_map(steps))
    request = start_event(version, room="blue", starts=TEN, ends=ELEVEN)
    decide(request, "book")
    decide(request, "look")
    assert standing() == [("blue", "confirmed")]
    row = TrailEvent.objects.filter(command="decide").latest("pk")
    assert row.changes["hold_confirmed"][0]["step"] == "book"


def test_an_end_confirms_what_it_says() -> None:
    make_room()
    data = room_map({"book": desk_step(outputs=ALL_FIELDS, books=BOOKS)})
    data["steps"]["over"]["confirms"] = ["book"]
    version = publish_room_map(data)
    decide(start_event(version, room="blue", starts=TEN, ends=ELEVEN), "book")
    decide(start_event(version, room="blue", starts=ELEVEN, ends=TWELVE), "book", "drop")
    assert standing() == [("blue", "confirmed")]


def test_going_back_before_a_booking_gives_it_back_and_coming_to_it_again_asks_anew() -> None:
    make_room()
    look = desk_step()
    look["outcomes"]["again"] = {"to": "ask", "exception": True}
    steps = {
        "ask": desk_step(to="book", outputs=ALL_FIELDS),
        "book": desk_step(to="look", outputs=ALL_FIELDS, books=BOOKS),
        "look": look,
    }
    version = publish_room_map(room_map(steps))
    request = start_event(version, room="blue", starts=TEN, ends=ELEVEN)
    assert standing() == []
    decide(request, "ask")
    decide(request, "book")
    decide(request, "look", "again")
    assert Hold.objects.get().release_code == "went_back"
    decide(request, "ask", starts=ELEVEN, ends=TWELVE)
    assert standing() == [("blue", "held")]
    assert Hold.objects.latest("pk").starts_at == datetime.fromisoformat(ELEVEN)


def test_a_hold_follows_values_that_are_put_right_and_a_taken_time_is_refused() -> None:
    make_room()
    version = desk_books()
    first = start_event(version, room="blue", starts=TEN, ends=ELEVEN)
    start_event(version, room="blue", starts=ELEVEN, ends=TWELVE)
    owner = make_user("olga")

    def move(**data: str) -> WorkflowInstance:
        return set_values(first.pk, actor=owner, data=data, now=NOW, reason="Later.")

    assert "taken then" in refused(lambda: move(ends="2026-03-05T11:30Z"))
    move(starts=TWELVE, ends="2026-03-05T13:00Z")
    assert {hold.starts_at.hour for hold in Hold.objects.exclude(state="released")} == {11, 12}
    move(room="")
    assert standing() == [("blue", "held")]


def test_work_that_goes_on_by_itself_waits_for_a_room_on_an_incident() -> None:
    make_room()
    wait = {"kind": "wait", "for": "1h", "to": "over", "expected": "1h", "books": BOOKS}
    version = publish_room_map(
        room_map({"ask": desk_step(to="stay", outputs=ALL_FIELDS), "stay": wait})
    )
    other = start_event(version, room="blue", starts=TEN, ends=ELEVEN)
    decide(other, "ask")
    request = start_event(version, room="blue", starts=TEN, ends=ELEVEN)
    decide(request, "ask")
    incident = Incident.objects.get()
    assert (incident.code, incident.owner.username) == ("no_room", "olga")
    assert not OutboxMessage.objects.filter(request=request, kind="wake").exists()
    request.refresh_from_db()
    assert rebuild_from_trail(request)[0].to_json() == request.marking
    owner = make_user("olga")

    def again() -> WorkflowInstance:
        return incidents.retry(incident.pk, actor=owner, reason="Again.", now=NOW)

    assert "taken then" in refused(again)
    instances.cancel(other.pk, actor=owner, reason="Off.", now=NOW)
    again()
    assert standing() == [("blue", "held")]
    assert OutboxMessage.objects.filter(request=request, kind="wake").exists()
    request.refresh_from_db()
    assert rebuild_from_trail(request)[0].to_json() == request.marking


# -- budgets --------------------------------------------------------------------------------------


def desk_spends(**more: Any) -> TemplateVersion:
    """A desk that draws on a budget, and an end that confirms it."""
    data = room_map({"draw": desk_step(outputs=ALL_FIELDS, spends=SPENDS | more)})
    data["steps"]["over"]["confirms"] = ["draw"]
    return publish_room_map(data)


def amounts(budget: Resource) -> tuple[int, int, int]:
    year = year_of(budget)
    return year.held_units, year.spent_units, year.left_units


def test_money_is_held_then_spent_or_given_back() -> None:
    budget, version = make_budget(amount="1000.00"), desk_spends()
    kept = start_event(version, cost_centre="4711", total="600.10")
    dropped = start_event(version, cost_centre="4711", total="399.90")
    assert amounts(budget) == (100000, 0, 0)
    sentence = refused(lambda: start_event(version, cost_centre="4711", total="0.01"))
    assert "0.00 EUR is left" in sentence
    decide(kept, "draw")
    decide(dropped, "draw", "drop")
    assert amounts(budget) == (0, 60010, 39990)


def test_a_smaller_or_larger_amount_takes_the_place_of_the_first() -> None:
    budget, version = make_budget(amount="100.00"), desk_spends()
    request = start_event(version, cost_centre="4711", total="60.00")
    assert "is left" in refused(lambda: decide(request, "draw", total="100.01"))
    decide(request, "draw", total="100.00")
    assert amounts(budget) == (0, 10000, 0)


def test_nobody_draws_less_than_nothing_or_without_a_budget() -> None:
    budget, version = make_budget(), desk_spends()
    assert "more than nothing" in refused(
        lambda: start_event(version, cost_centre="4711", total="-5.00")
    )
    assert "fill in" in refused(lambda: start_event(version, total="5.00"))
    start_event(version, total="0.00")
    assert amounts(budget) == (0, 0, 100000)


def test_the_budgets_period_is_that_of_the_day_that_is_said() -> None:
    budget = make_budget()
    following = build_period(budget, "50.00", date(2027, 1, 1), date(2027, 12, 31))
    save_resource(budget, RowEdits(added=[following]), by=budget.owner, now=NOW)
    version = desk_spends(day="starts")
    start_event(version, cost_centre="4711", total="50.00", starts="2027-01-01T12:00Z")
    assert BudgetPeriod.objects.get(first_day__year=2027).left_units == 0
    sentence = refused(
        lambda: start_event(version, cost_centre="4711", total="5.00", starts="2028-01-02T12:00Z")
    )
    assert "no amount for that day" in sentence


def test_a_budget_may_be_the_word_of_a_choice() -> None:
    budget = make_budget("4711")
    fields = {
        "department": {"type": "choice", "choices": ["4711", "4712"]},
        "total": {"type": "money", "currency": "EUR"},
    }
    spends = {"budget": "department", "amount": "total", "of": "cost-centres"}
    draw = desk_step(outputs=list(fields), spends=spends)
    version = publish_room_map(room_map({"draw": draw}, fields=fields))
    start_event(version, department="4711", total="5.00")
    assert amounts(budget)[0] == 500
    sentence = refused(lambda: start_event(version, department="4712", total="5.00"))
    assert "no '4712' in use" in sentence


def test_sums_are_exact_to_the_cent() -> None:
    budget, version = make_budget(amount="100.00"), desk_spends()
    for _ in range(100):
        decide(start_event(version, cost_centre="4711", total="0.10"), "draw")
    assert amounts(budget) == (0, 1000, 9000)
    assert units_of_amount(Decimal("0.10"), "EUR") == 10
    assert units_of_amount(Decimal("0.105"), "EUR") is None
    assert units_of_amount(Decimal("7"), "JPY") == 7


# -- somebody's time ------------------------------------------------------------------------------

LATER = {"starts": "2026-03-09T10:00Z", "ends": "2026-03-09T11:00Z"}


@pytest.fixture
def tess() -> User:
    """Tess, whose time is booked, and who is away from the 5th to the 6th of March."""
    tess, stand_in = make_user("tess"), make_user("stan")
    make_room("tess", name="Tess", person=tess)
    days = AbsencePlan(deputy=stand_in, first_day=date(2026, 3, 5), last_day=date(2026, 3, 6))
    set_absence(tess, days, by=tess, now=NOW)
    return tess


def test_nobody_is_booked_while_they_are_away(tess: User) -> None:
    version = desk_books()
    assert "Tess is away then" in refused(
        lambda: start_event(version, room="tess", starts=TEN, ends=ELEVEN)
    )
    start_event(version, room="tess", **LATER)
    assert standing() == [("tess", "held")]


def test_who_did_not_go_is_booked_again(tess: User) -> None:
    end_absence(tess.absences.get().pk, by=tess, now=NOW)
    start_event(desk_books(), room="tess", starts=TEN, ends=ELEVEN)
    assert standing() == [("tess", "held")]


def test_whose_account_is_closed_is_not_offered_and_stays_booked(tess: User) -> None:
    version = desk_books()
    request = start_event(version, room="tess", **LATER)
    User.objects.filter(pk=tess.pk).update(is_active=False)
    assert not offered_resources("rooms").exists()
    assert refused(lambda: start_event(version, room="tess", **LATER))
    decide(request, "book", ends="2026-03-09T12:00Z")
    assert standing() == [("tess", "held")]


def test_a_budget_is_nobody_s_time() -> None:
    with pytest.raises(HandoffError, match="nobody's time"):
        make_budget(person=make_user("tess"))
    assert not Resource.objects.exists()


# -- another version ------------------------------------------------------------------------------


def looked_at(*, books: str | None) -> dict[str, Any]:
    """The map of `desk_books` as it is later: the step that books is called otherwise."""
    booking = desk_step(to="look", outputs=ALL_FIELDS, books=BOOKS)
    plain = desk_step(to="look", outputs=ALL_FIELDS)
    return room_map(
        {books: booking, "look": desk_step()} if books else {"book": plain, "look": desk_step()}
    )


def test_what_is_held_goes_with_its_step_to_another_version_and_back() -> None:
    make_room()
    request = start_event(desk_books(), room="blue", starts=TEN, ends=ELEVEN)
    decide(request, "book")
    to = target(publish_room_map(looked_at(books="reserve")), book="reserve")
    run = move_request(request.pk, to, actor=make_user("olga"), reason="So.", now=NOW, run="x")
    assert run.verdict == "moves"
    assert [hold.step_key for hold in Hold.objects.all()] == ["reserve"]
    put_back(MovedRequest.objects.get().pk, actor=make_user("olga"), reason="No.", now=NOW)
    assert [hold.step_key for hold in Hold.objects.all()] == ["book"]


def test_what_no_step_holds_in_another_version_is_given_back() -> None:
    make_room()
    request = start_event(desk_books(), room="blue", starts=TEN, ends=ELEVEN)
    decide(request, "book")
    to, olga = target(publish_room_map(looked_at(books=None))), make_user("olga")
    move_request(request.pk, to, actor=olga, reason="So.", now=NOW, run="x")
    assert standing() == []
    moved = MovedRequest.objects.get()
    assert "changed with the move" in refused(
        lambda: put_back(moved.pk, actor=olga, reason="No.", now=NOW)
    )
