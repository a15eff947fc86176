"""Each row of an each-branch, and each branch of a block, has of resources what is its own."""

from typing import Any

import pytest

from tests.engine.driving import join, parallel
from tests.factories import NOW, make_user
from tests.table_rows import read_rows
from tests.workflows.resource_scenes import (
    ROOM_FIELDS,
    desk_step,
    make_budget,
    make_room,
    publish_room_map,
    room_map,
    start_event,
    year_of,
)
from tests.workflows.test_holds import ALL_FIELDS, BOOKS, ELEVEN, TEN, TWELVE, refused
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.audit import AnyPeople, audit_definition
from workflows.engine.format.definition import Definition
from workflows.execution.models import Incident, WorkflowInstance, WorkItem
from workflows.execution.services import instances, work_items
from workflows.execution.services.corrections import set_values
from workflows.execution.services.holding.foreseeing import foresee_holds
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.resources.models import Hold

pytestmark = pytest.mark.django_db

COLUMNS = {
    "starts": {"type": "datetime"},
    "ends": {"type": "datetime"},
    "net": {"type": "money", "currency": "EUR"},
}
FIELDS = {
    "room": ROOM_FIELDS["room"],
    "cost_centre": ROOM_FIELDS["cost_centre"],
    "sessions": {"type": "list", "columns": COLUMNS, "max_rows": 9},
}
ROW_BOOKS = {"resource": "room", "from": "row.starts", "until": "row.ends"}
ROW_SPENDS = {"budget": "cost_centre", "amount": "row.net"}
TO_JOIN = {"to": "joined", "exception": True}


def row_step(**more: Any) -> dict[str, Any]:
    """A step of a branch, which a refusal leaves towards the join."""
    step = desk_step(to="joined", **more)
    return step | {"outcomes": step["outcomes"] | {"skip": TO_JOIN}}


def session_map(*, wait_for: int | str = "all", each: Any = (), **steps: Any) -> dict[str, Any]:
    """A map that books each session of a list, and confirms them when it ends."""
    branch = {"each": "sessions", "to": "book", **dict(each)}
    split = {"kind": "parallel", "branches": [branch], "join": "joined"}
    book = row_step(outputs=["row.starts", "row.ends"], books=ROW_BOOKS)
    own = {"split": split, "book": book, **steps, "joined": join("look", wait_for)}
    data = room_map({**own, "look": desk_step()}, fields=FIELDS)
    data["steps"]["over"]["confirms"] = ["book"]
    return data


def published(**keys: Any) -> TemplateVersion:
    make_room("blue")
    return publish_room_map(session_map(**keys))


def session(starts: str, ends: str, **more: Any) -> dict[str, Any]:
    return {"starts": starts, "ends": ends, **more}


def begin(version: TemplateVersion, *sessions: dict[str, Any], **more: Any) -> WorkflowInstance:
    return start_event(version, room="blue", sessions=list(sessions), **more)


def decide(
    request: WorkflowInstance,
    row: int | None,
    outcome: str = "done",
    step: str = "book",
    **data: Any,
) -> WorkItem:
    """A decision of the desk's about a row."""
    rows = "" if row is None else str(row)
    task = WorkItem.objects.open().get(request=request, step__key=step, rows=rows)
    dana = make_user("dana")
    return work_items.decide(task.pk, actor=dana, outcome=outcome, now=NOW, data=data)


def standing() -> dict[str, str]:
    """What is held or confirmed, by step and row."""
    rows = Hold.objects.exclude(state="released").order_by("pk")
    return {f"{hold.step_key}@{hold.place}": hold.state for hold in rows}


def agrees(request: WorkflowInstance) -> None:
    request.refresh_from_db()
    assert rebuild_from_trail(request)[0].to_json() == request.marking


ONE = "2026-03-05T13:00Z"
MORNING, NOON = (TEN, ELEVEN), (ELEVEN, TWELVE)


def test_two_rows_have_one_room_at_two_times_and_both_stay() -> None:
    request = begin(published(), session(*MORNING), session(*NOON))
    assert standing() == {"book@0": "held", "book@1": "held"}
    decide(request, 1)
    decide(request, 0)
    decide(request, None, step="look")
    assert standing() == {"book@0": "confirmed", "book@1": "confirmed"}
    agrees(request)


def test_the_second_row_of_the_same_time_is_told_and_takes_another() -> None:
    version = published()
    assert "taken then" in refused(lambda: begin(version, session(*MORNING), session(*MORNING)))
    assert standing() == {}
    request = begin(version, session(*MORNING), session(*NOON))
    at_ten = {"row.starts": TEN, "row.ends": ELEVEN}
    assert "taken then" in refused(lambda: decide(request, 1, **at_ten))
    decide(request, 1, **{"row.starts": TWELVE, "row.ends": ONE})
    assert standing() == {"book@0": "held", "book@1": "held"}
    agrees(request)


def put_right(request: WorkflowInstance, *sessions: dict[str, Any], **more: Any) -> None:
    data = {"sessions": list(sessions), **more}
    set_values(request.pk, actor=make_user("olga"), data=data, reason="Moved.", now=NOW)


def times() -> list[tuple[str, str]]:
    """Which row has the room from when."""
    rows = Hold.objects.exclude(state="released").order_by("place")
    return [(hold.place, f"{hold.starts_at:%H}") for hold in rows if hold.starts_at is not None]


def both_decided() -> WorkflowInstance:
    """Two rows that have the room one after the other, behind their join."""
    request = begin(published(), session(*MORNING), session(*NOON))
    for row in (0, 1):
        decide(request, row)
    return request


def test_two_rows_exchange_their_times() -> None:
    request = both_decided()
    put_right(request, session(*NOON), session(*MORNING))
    assert times() == [("0", "11"), ("1", "10")]
    put_right(request, session(*MORNING), session(*NOON))
    assert times() == [("0", "10"), ("1", "11")]
    agrees(request)


def test_the_first_row_is_taken_out_and_the_next_one_stands_in_its_place() -> None:
    request = both_decided()
    put_right(request, session(*NOON))
    assert times() == [("0", "11")]
    agrees(request)


def test_a_row_does_not_take_the_time_of_one_that_stays() -> None:
    request = both_decided()
    before = read_rows(Hold)
    assert "taken then" in refused(lambda: put_right(request, session(*NOON), session(*NOON)))
    assert read_rows(Hold) == before


def test_two_rows_exchange_their_amounts_where_the_budget_has_no_more() -> None:
    budget = make_budget(amount="100.00")
    make_room("blue")
    book = row_step(outputs=["row.net"], spends=ROW_SPENDS)
    version = publish_room_map(session_map(book=book) | {"key": "spending"})
    request = start_event(
        version, cost_centre="4711", sessions=[{"net": "90.00"}, {"net": "10.00"}]
    )
    for row in (0, 1):
        decide(request, row)
    put_right(request, {"net": "10.00"}, {"net": "90.00"})
    assert year_of(budget).left_units == 0
    too_much = lambda: put_right(request, {"net": "20.00"}, {"net": "90.00"})  # noqa: E731
    assert "EUR" in refused(too_much)
    assert year_of(budget).left_units == 0
    put_right(request, {"net": "30.00"})
    assert year_of(budget).left_units == 7000
    agrees(request)


def test_the_page_of_a_rows_task_says_what_this_row_has() -> None:
    version = published()
    request = begin(version, session(*MORNING), session(*NOON))
    used = cached_map(version.pk)
    found = [foresee_holds(request, used, "book", row, NOW)[0].hold for row in ("0", "1")]
    assert [hold.place for hold in found if hold is not None] == ["0", "1"]


def test_a_row_that_is_refused_gives_back_only_its_own() -> None:
    request = begin(published(), session(*MORNING), session(*NOON))
    decide(request, 0, "skip")
    assert standing() == {"book@1": "held"}
    assert Hold.objects.get(place="0").release_code == "refused"


def test_rows_that_a_refusal_stops_give_back_theirs_and_who_came_before_keeps_it() -> None:
    version = published(each={"stop_on": "refusal"})
    three = [session(*MORNING), session(*NOON), session(TWELVE, ONE)]
    request = begin(version, *three)
    decide(request, 0)
    decide(request, 1, "skip")
    assert standing() == {"book@0": "held"}
    assert Hold.objects.get(place="2").release_code == "not_needed"
    agrees(request)


def test_rows_that_the_join_does_not_need_give_back_theirs() -> None:
    request = begin(published(wait_for=1), session(*MORNING), session(*NOON))
    decide(request, 1)
    assert standing() == {"book@1": "held"}


def test_one_row_after_another_does_not_take_the_others_for_gone_back() -> None:
    """The second row comes to a step before the first one's booking, which is still ahead of it."""
    data = session_map(each={"to": "see", "one_at_a_time": True}, see=row_step())
    data["steps"]["see"]["outcomes"]["done"] = "book"
    make_room("blue")
    request = begin(publish_room_map(data), session(*MORNING), session(*NOON))
    decide(request, 0, step="see")
    decide(request, 0)
    assert standing() == {"book@0": "held"}
    decide(request, 1, step="see")
    assert standing() == {"book@0": "held", "book@1": "held"}


def test_a_row_that_goes_back_gives_back_its_own() -> None:
    data = session_map(each={"to": "see"}, see=row_step(), after=row_step())
    data["steps"]["see"]["outcomes"]["done"] = "book"
    data["steps"]["book"]["outcomes"]["done"] = "after"
    data["steps"]["after"]["outcomes"]["back"] = {"to": "see", "exception": True}
    make_room("blue")
    request = begin(publish_room_map(data), session(*MORNING), session(*NOON))
    for row in (0, 1):
        decide(request, row, step="see")
        decide(request, row)
    decide(request, 0, "back", step="after")
    assert standing() == {"book@1": "held"}


def test_a_step_of_a_row_confirms_what_is_the_rows() -> None:
    data = session_map(after=row_step(confirms=["book"]))
    data["steps"]["book"]["outcomes"]["done"] = "after"
    make_room("blue")
    request = begin(publish_room_map(data), session(*MORNING), session(*NOON))
    decide(request, 0)
    decide(request, 1)
    decide(request, 1, step="after")
    assert standing() == {"book@0": "held", "book@1": "confirmed"}
    instances.cancel(request.pk, actor=make_user("rosa"), reason="Not needed.", now=NOW)
    assert standing() == {"book@1": "confirmed"}


def test_rows_draw_on_one_budget_and_each_gives_back_its_own_to_the_cent() -> None:
    make_room()
    budget = make_budget("4711", "100.00")
    data = session_map(book=row_step(outputs=["row.net"], spends=ROW_SPENDS))
    version = publish_room_map(data)

    def amounts() -> tuple[int, int]:
        year = year_of(budget)
        return year.held_units, year.spent_units

    refused(lambda: begin(version, {"net": "60.00"}, {"net": "40.01"}, cost_centre="4711"))
    request = begin(version, {"net": "60.00"}, {"net": "40.00"}, cost_centre="4711")
    assert amounts() == (10000, 0)
    decide(request, 0, **{"row.net": "59.99"})
    assert amounts() == (9999, 0)
    decide(request, 1, "skip")
    assert amounts() == (5999, 0)
    decide(request, None, step="look")
    assert amounts() == (0, 5999)


def test_what_a_row_has_follows_its_list_when_that_is_put_right_later() -> None:
    request = begin(published(), session(*MORNING), session(*NOON))
    decide(request, 0)
    decide(request, 1)

    def put_right(*sessions: dict[str, Any]) -> None:
        data = {"sessions": list(sessions)}
        set_values(request.pk, actor=make_user("olga"), data=data, reason="Moved.", now=NOW)

    put_right(session(*MORNING), session(TWELVE, ONE))
    assert standing() == {"book@0": "held", "book@1": "held"}
    assert Hold.objects.filter(place="1").latest("pk").starts_at.isoformat() == (
        "2026-03-05T12:00:00+00:00"
    )
    refused(lambda: put_right(session(*MORNING), session(*MORNING)))
    put_right(session(*MORNING))
    assert standing() == {"book@0": "held"}


def test_rows_wait_on_incidents_of_their_own_where_no_person_books() -> None:
    wait = {"kind": "wait", "for": "1h", "to": "joined", "expected": "1h", "books": ROW_BOOKS}
    data = session_map(ask=desk_step(to="split"), book=wait)
    data["start"]["first"] = "ask"
    make_room()
    request = begin(publish_room_map(data), session(*MORNING), session(*MORNING))
    decide(request, None, step="ask")
    assert standing() == {"book@0": "held"}
    assert [incident.code for incident in Incident.objects.all()] == ["no_room"]
    agrees(request)


def test_a_branch_that_is_not_needed_gives_back_and_the_other_keeps() -> None:
    steps = {
        "split": {
            "kind": "parallel",
            "branches": [{"to": "book"}, {"to": "see"}],
            "join": "joined",
        },
        "book": row_step(outputs=ALL_FIELDS, books=BOOKS),
        "see": row_step(),
        "joined": join("look", 1),
        "look": desk_step(confirms=["book"]),
    }
    make_room("blue")
    version = publish_room_map(room_map(steps))
    first, second = (
        start_event(version, room="blue", starts=starts, ends=ends)
        for starts, ends in (MORNING, NOON)
    )
    decide(first, None, step="see")
    decide(second, None)
    assert [hold.request_id for hold in Hold.objects.exclude(state="released")] == [second.pk]


def test_a_row_outside_of_its_branch_and_a_step_of_two_branches_are_findings() -> None:
    outside = session_map()
    outside["steps"]["look"]["books"] = ROW_BOOKS
    assert "row_outside" in codes(outside)
    shared = room_map(
        {
            "split": parallel("book", "see", join="joined"),
            "see": row_step() | {"outcomes": {"done": "book"}},
            "book": row_step(books=BOOKS),
            "joined": join("over"),
        }
    )
    assert "hold_step_shared" in codes(shared)
    assert codes(session_map()) & {"row_outside", "hold_step_shared", "hold_field_unfit"} == set()


def codes(data: dict[str, Any]) -> set[str]:
    definition = Definition.model_validate(data)
    return {finding.code for finding in audit_definition(definition, AnyPeople())}


def test_a_map_that_books_by_rows_comes_back_as_it_was_written() -> None:
    data = session_map()
    assert Definition.model_validate(data).dump() == data
