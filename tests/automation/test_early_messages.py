"""A message that comes before the step that waits for it is kept, and handed to it once."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.approvals.api.calls import Api
from tests.automation.driving import Course, plain
from tests.automation.test_correlation import FIELDS, OTHER, VALUES
from tests.engine.driving import task
from tests.factories import NOW, make_user
from tests.workflows.drawn import NO, STOP
from tests.workflows.support import person, refused
from workflows.definitions.queries.definition_rows import definition_data_of
from workflows.engine.errors import (
    DefinitionProblem,
    InvalidInput,
    NotAllowed,
    NotFound,
    WrongState,
)
from workflows.engine.format.files import read_definition
from workflows.engine.routing.marking import Marking
from workflows.execution.models import KeptMessage, WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.execution.services.messages import incoming as messages
from workflows.execution.services.messages.keeping import digest_of_message
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db


def early(key: str = "early", **wait: Any) -> dict[str, Any]:
    """Somebody checks, and then the request waits for the goods."""
    arrival = {"kind": "wait", "message": "goods_in", "outputs": ["note"], "to": "after", **wait}
    steps = {
        "check": task(ok="arrival", skip="after", no=NO, stop=STOP),
        "arrival": arrival,
        "after": task(ok="done", no=NO, stop=STOP),
    }
    data = plain(key, steps, fields=FIELDS)
    data["start"]["fields"] = [name for name in VALUES if name != "note"]
    return data


def begin_early(**wait: Any) -> Course:
    values = {name: value for name, value in VALUES.items() if name != "note"}
    return Course.of(early(**wait), **values)


def send(course: Course, by: str = "rita", note: str = "Two.", **more: Any) -> messages.Received:
    return messages.send_message(
        course.flow.request.reference,
        "goods_in",
        actor=person(by),
        now=course.now,
        data={"note": note},
        **more,
    )


def kept(course: Course) -> list[str]:
    rows = KeptMessage.objects.filter(request=course.flow.request)
    return [row.data["note"] for row in rows]


def commands(course: Course) -> list[str]:
    rows = TrailEvent.objects.filter(request=course.flow.request).order_by("pk")
    return list(rows.values_list("command", flat=True))


def agrees(course: Course) -> bool:
    request = course.flow.refresh()
    return rebuild_from_trail(request) == (Marking.from_json(request.marking), request.data)


def test_a_message_that_comes_early_waits_for_its_step_and_is_taken_once() -> None:
    course = begin_early()
    assert send(course) == messages.Received(course.flow.request, messages.MessageFate.KEPT)
    assert kept(course) == ["Two."]
    course.flow.decide("check", "ok")
    assert course.flow.where == "arrival"
    assert course.work() == "after"
    assert (course.flow.data["note"], kept(course)) == ("Two.", [])
    assert course.work(days=1) == "after"
    assert commands(course) == ["start", "keep_message", "decide", "finish"]
    row = TrailEvent.objects.get(request=course.flow.request, command="finish")
    assert (row.actor_name, row.capacity) == ("rita", "requester")
    assert row.changes["message_taken"][0]["sender"] == "rita"
    assert agrees(course)


def test_the_same_message_again_is_the_one_that_is_kept() -> None:
    course = begin_early()
    send(course)
    assert send(course, note=" Two. ").fate == "already_kept"
    assert kept(course) == ["Two."]


def test_a_message_that_comes_again_as_its_wait_opens_is_not_a_second_one() -> None:
    course = begin_early()
    send(course)
    course.flow.decide("check", "ok")
    assert send(course).fate == "taken"
    assert kept(course) == []
    assert course.work() == "after"
    assert agrees(course)


def test_the_oldest_is_handed_over_first_and_the_other_stays() -> None:
    course = begin_early()
    send(course, note="One.")
    send(course, note="Two.")
    course.flow.decide("check", "ok")
    course.work()
    assert (course.flow.data["note"], kept(course)) == ("One.", ["Two."])


def test_twenty_messages_are_kept_and_no_large_one() -> None:
    course = begin_early()
    for number in range(20):
        send(course, note=f"Box {number}.")
    with refused(WrongState, "20 messages"):
        send(course, note="One more.")
    with pytest.raises(InvalidInput, match="too large"):
        digest_of_message("goods_in", {"note": "x" * 65_536}, {})


def test_a_message_is_dropped_when_its_time_is_over() -> None:
    course = begin_early(keep="14cd")
    until = send(course).kept_until
    assert until is not None
    course.work(days=13)
    assert kept(course) == ["Two."]
    course.work(days=3)
    assert kept(course) == []
    row = TrailEvent.objects.get(request=course.flow.request, command="drop_message")
    assert row.changes["message_dropped"] == [
        {"message": "goods_in", "sender": "rita", "why": "time"}
    ]
    course.flow.decide("check", "ok")
    assert course.work() == "arrival"


@pytest.mark.parametrize("outcome", ["skip", "stop", "cancel"])
def test_what_a_request_keeps_is_dropped_with_its_end(outcome: str) -> None:
    course = begin_early()
    send(course)
    if outcome == "cancel":
        pk, now = course.flow.request.pk, course.flow.later()
        requests.cancel(pk, actor=person("olga"), reason="So.", now=now)
    else:
        course.flow.decide("check", outcome)
    if outcome == "skip":
        course.flow.decide("after", "ok")
    course.work()
    assert (kept(course), commands(course)[-1]) == ([], "drop_message")


def test_a_message_that_no_step_can_take_any_more_is_refused() -> None:
    course = begin_early()
    course.flow.decide("check", "skip")
    with refused(WrongState, "no step that waits"):
        send(course, by="olga")


def test_a_wait_that_keeps_nothing_refuses_what_comes_early() -> None:
    course = begin_early(keep="none")
    with refused(WrongState, "no step that waits"):
        send(course)
    course.flow.decide("check", "ok")
    assert send(course).fate == "taken"


def test_only_whom_the_wait_takes_it_from_may_have_it_kept() -> None:
    course = begin_early(role="bosses")
    with pytest.raises(NotAllowed):
        send(course, by="rita")
    make_user("stranger")
    with refused(NotFound, "no request"):
        send(course, by="stranger")
    assert send(course, by="mona").fate == "kept"
    assert send(course, by="olga", note="More.").fate == "kept"


def test_whoever_has_lost_the_role_has_lost_the_message() -> None:
    course = begin_early(role="bosses")
    send(course, by="mona")
    send(course, by="max", note="Mine.")
    person("mona").groups.clear()
    course.flow.decide("check", "ok")
    assert course.work() == "after"
    assert (course.flow.data["note"], kept(course)) == ("Mine.", ["Two."])


def test_values_that_the_wait_could_not_take_are_refused_at_once() -> None:
    course = begin_early(outputs=["order_no"])
    with refused(InvalidInput, "leave it out"):
        send(course)
    reference = course.flow.request.reference
    for value in (4711, "many"):
        with pytest.raises(InvalidInput):
            messages.send_message(
                reference,
                "goods_in",
                actor=person("rita"),
                now=NOW,
                data={"order_no": value},
            )
    assert not KeptMessage.objects.exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("order_no", " 4711 "),
        ("order_no", 4711.0),
        ("amount", "1200"),
        ("amount", 1200),
        ("price", 12.5),
        ("urgent", "yes"),
        ("urgent", True),
        ("year", 2024),
        ("day", "2026-03-05"),
        ("at", "2026-03-05T11:00:00+01:00"),
        ("helper", " ann "),
    ],
)
def test_a_value_finds_the_request_that_will_wait(key: str, value: Any) -> None:
    course = begin_early()
    others = {name: value for name, value in OTHER.items() if name != "note"}
    requests.start("early", actor=person("rita"), now=NOW, data=others)
    found = messages.correlate_message(
        "early", "goods_in", actor=person("olga"), now=NOW, correlation={key: value}
    )
    assert (found.instance.pk, found.fate) == (course.flow.request.pk, "kept")


def test_whichever_waits_already_is_meant_before_one_that_is_on_its_way() -> None:
    course = begin_early()
    first = course.flow.request
    values = {name: value for name, value in VALUES.items() if name != "note"}
    requests.start("early", actor=person("rita"), now=NOW, data=values)
    said = {"actor": person("olga"), "now": NOW, "correlation": {"order_no": 4711}}
    with refused(WrongState, "Several"):
        messages.correlate_message("early", "goods_in", **said)
    course.flow.decide("check", "ok")
    found = messages.correlate_message("early", "goods_in", **said)
    assert (found.instance.pk, found.fate) == (first.pk, "taken")


def test_the_api_and_the_page_say_what_is_kept_without_its_values() -> None:
    course = begin_early(keep="1mo")
    api = Api(make_user("erp", is_superuser=True))
    path = f"/instances/{course.flow.request.reference}"
    said = {"message": "goods_in", "data": {"note": "Secret."}}
    answer = api.post(f"{path}/message", said).json()
    assert (answer["message"], bool(answer["kept_until"])) == ("kept", True)
    shown = api.get(path).json()
    (entry,) = shown["kept_messages"]
    assert (entry["message"], entry["sender"], entry["fields"]) == ("goods_in", "erp", ["note"])
    assert "Secret." not in json.dumps(shown)


def test_keep_is_in_rows_and_files_alike() -> None:
    course = begin_early(keep="7d")
    written = definition_data_of(course.flow.request.version)
    assert written["steps"]["arrival"]["keep"] == "7d"
    data = early()
    data["steps"]["arrival"]["keep"] = "soon"
    with pytest.raises(DefinitionProblem, match="is not a duration"):
        read_definition(json.dumps(data), name="map.json")
    data["steps"]["arrival"] = {"kind": "wait", "for": "1d", "keep": "1d", "to": "after"}
    with pytest.raises(DefinitionProblem, match="only a wait for a message"):
        read_definition(json.dumps(data), name="map.json")


def test_a_suspended_request_hands_over_when_it_goes_on() -> None:
    course = begin_early()
    send(course)
    course.flow.decide("check", "ok")
    pk = course.flow.request.pk
    requests.suspend(pk, actor=person("olga"), reason="So.", now=course.flow.later())
    assert course.work() == "arrival"
    requests.resume(pk, actor=person("olga"), reason="So.", now=course.flow.later())
    assert course.work() == "after"
    assert course.now > NOW + timedelta(hours=1)
    assert WorkflowInstance.objects.get(pk=pk).data["note"] == "Two."


def test_a_newer_message_does_not_overtake_one_that_is_kept_for_the_wait() -> None:
    course = begin_early()
    send(course, note="First.")
    course.flow.decide("check", "ok")  # and nobody has handed over yet
    with refused(WrongState, "no step that waits"):
        send(course, note="Second.")
    assert (course.flow.where, kept(course)) == ("arrival", ["First."])
    assert course.work(minutes=1) == "after"
    assert course.flow.data["note"] == "First."
    assert agrees(course)


def test_the_first_that_is_kept_may_come_again_and_is_taken_before_what_came_later() -> None:
    course = begin_early()
    send(course, note="First.")
    send(course, note="Second.")
    course.flow.decide("check", "ok")
    assert send(course, note="First.").fate == "taken"
    assert (course.flow.where, course.flow.data["note"]) == ("after", "First.")
    course.work(minutes=1)
    assert kept(course) == ["Second."]
    assert agrees(course)


def test_a_newer_message_takes_the_wait_where_an_older_one_does_not_fit_any_more() -> None:
    course = begin_early()
    send(course, note="First.", by="olga")
    User.objects.filter(username="olga").update(is_active=False)
    course.flow.decide("check", "ok")
    assert send(course, note="Second.").fate == "taken"
    assert (course.flow.where, course.flow.data["note"]) == ("after", "Second.")
