"""The extension, tried with what Handoff ships for that: no database, no network."""

from pathlib import Path

import pytest

from workflows.extensions.testing import Directory, MapRun, Person

MAP = (Path(__file__).parents[1] / "desk.yaml").read_text()


def test_a_desk_is_given() -> None:
    run = MapRun(MAP).start(floor="3")
    assert run.where == "= given"
    assert run.data["desk"] == "3-01"


def test_a_person_looks_where_no_desk_is_free() -> None:
    run = MapRun(MAP).start(floor="9")
    assert run.where == "find"
    run.decide("find", "found", desk="somewhere")
    assert run.where == "find"
    run.decide("find", "found", desk="4-17")
    assert run.where == "= given"


def test_what_the_action_is_told_is_seen_without_running_it() -> None:
    run = MapRun(MAP, answers={"desks.reserve": {"desk": "3-09"}}).start(floor="3")
    [job] = run.calls
    assert job.parameters == {"floor": "{{ floor }}"}
    assert run.data["desk"] == "3-09"


KEYS = """
format: 1
key: keys
name: Keys
owner: olga
deputy: dan
roles:
  staff: {groups: [staff]}
  caretakers: {caretakers_of: requester}
  manager: {manager_of: requester}
fields: {room: {type: text, required: true}}
start: {role: staff, fields: [room], first: agree}
steps:
  agree:
    kind: approval
    role: manager
    expected: 1h
    outcomes: {approve: hand_over, reject: {to: refused, exception: true}}
  hand_over:
    kind: task
    role: caretakers
    expected: 1h
    outcomes: {done: handed, none: {to: refused, exception: true}}
  handed: {kind: end, result: handed}
  refused: {kind: end, result: refused}
"""
PEOPLE = {
    "rita": Person(groups=["staff"], place="North", manager="mona"),
    "mona": Person(place="North"),
    "karl": Person(department="Facilities", place="North"),
    "kim": Person(department="Facilities", place="South"),
    "kurt": Person(department="Facilities", place="North", is_active=False),
}


def test_whoever_looks_after_the_requester_s_place_hands_keys_over() -> None:
    run = MapRun(KEYS, people=Directory(PEOPLE)).start(by="rita", room="3-01")
    assert run.people_of("staff") == ["rita"]
    assert run.people_of("caretakers") == ["karl"]
    run.decide("agree", "approve", by="mona")
    with pytest.raises(LookupError, match="'kim' may not decide 'hand_over'; found for it: karl"):
        run.decide("hand_over", "done", by="kim")
    run.decide("hand_over", "done", by="karl")
    assert run.where == "= handed"
