"""The extension, tried with what Handoff ships for that: no database, no network."""

from pathlib import Path

from workflows.extensions.testing import MapRun

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
