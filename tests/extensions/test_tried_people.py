"""People of a tried map: found as on a site, in a database of their own."""

import pytest

from tests.automation.driving import plain
from tests.extensions.company import Load
from tests.extensions.test_role_finders import leave
from tests.workflows.drawn import NO
from workflows.extensions.testing import Directory, MapRun, Person
from workflows.people.models import User

pytestmark = pytest.mark.django_db
PEOPLE = {
    "rita": Person(groups=["staff"], manager="mona", department="Sales"),
    "mona": Person(manager="max", approval_limit="50"),
    "max": Person(manager="cleo", approval_limit="5000"),
    "cleo": Person(),
    "bob": Person(department="Finance"),
    "cat": Person(department="Finance", is_active=False),
}


def test_people_are_found_by_lists_by_requests_and_by_the_directory(load: Load) -> None:
    load("managers")
    run = MapRun(leave(), people=Directory(PEOPLE)).start(by="rita", amount="100", helper="bob")
    assert run.people_of("manager") == ["mona"]
    assert run.people_of("finance") == ["bob"]
    assert run.people_of("asker") == ["rita"]
    assert run.people_of("helper") == ["bob"]
    run.decide("review", "approve", by="mona").decide("pay", "approve", by="bob")
    assert run.where == "= done"


def test_who_is_not_in_the_role_decides_nothing(load: Load) -> None:
    load("managers")
    run = MapRun(leave(), people=Directory(PEOPLE)).start(by="rita", amount="100")
    before = run.marking
    with pytest.raises(LookupError, match="'bob' may not decide 'review'; found for it: mona"):
        run.decide("review", "approve", by="bob")
    with pytest.raises(LookupError, match="'nora' may not decide"):
        run.decide("review", "approve", by="nora")
    assert run.marking is before


def test_a_chain_of_managers_is_climbed_and_each_finds_their_own_task() -> None:
    look = {"kind": "approval", "role": "boss", "expected": "1h", "due": "2d"}
    outcomes = {"approve": "met", "reject": NO, "stop": {"to": "stopped", "exception": True}}
    chain = {"chain_of": "requester", "until": "limit >= amount"}
    branches = [{"to": "look", "each": chain, "as": "boss", "one_at_a_time": True}]
    map_ = plain(
        "chain",
        {
            "climb": {"kind": "parallel", "branches": branches, "join": "met"},
            "look": {**look, "outcomes": outcomes},
            "met": {"kind": "join", "wait_for": "all", "to": "done"},
        },
    )
    map_["roles"]["boss"] = {"field": "boss"}
    run = MapRun(map_, people=Directory(PEOPLE)).start(by="rita", amount="100")
    assert run.people_of("boss", "look") == ["mona"]
    run.decide("look", "approve", by="mona")
    assert run.people_of("boss", "look") == ["max"]
    run.decide("look", "approve", by="max")
    assert run.where == "= done"


def test_the_site_s_own_people_are_not_touched(load: Load) -> None:
    load("managers")
    User.objects.create_user("site")
    run = MapRun(leave(), people=Directory(PEOPLE)).start(by="rita", amount="100")
    assert run.people_of("manager") == ["mona"]
    assert list(User.objects.values_list("username", flat=True)) == ["site"]


def test_without_people_anybody_decides_and_nobody_is_found() -> None:
    run = MapRun(leave_by_users()).start(amount="100").decide("review", "approve", by="x")
    assert run.where == "= done"
    with pytest.raises(LookupError, match="give the run a Directory"):
        run.people_of("crew")


def leave_by_users() -> dict[str, object]:
    outcomes = {"approve": "done", "reject": NO, "stop": {"to": "stopped", "exception": True}}
    step = {"kind": "approval", "role": "crew", "expected": "4h", "outcomes": outcomes}
    return plain("plain", {"review": step})
