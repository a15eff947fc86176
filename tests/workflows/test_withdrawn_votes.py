"""A vote is taken back while others are awaited: by whoever gave it, and by nobody else."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.automation.driving import plain
from tests.factories import make_user
from tests.workflows.support import Flow, begin, digest_now, person, refused
from tests.workflows.test_directory_roles import rebuilt, step, waits_for
from tests.workflows.test_standing_in import away
from workflows.engine.errors import NotAllowed, WrongState
from workflows.execution.models import WorkItem
from workflows.execution.services.agreement.withdrawn_votes import withdraw_vote
from workflows.execution.services.corrections import set_values

pytestmark = pytest.mark.django_db


def of_three(**more: Any) -> Flow:
    return begin(plain("three", {"agree": step("crew", quorum=3, **more)}))


def agree(flow: Flow, by: str) -> None:
    flow.decide("agree", "approve", by=by, seen=digest_now(flow, "agree"))


def take_back(flow: Flow, by: str) -> WorkItem:
    return withdraw_vote(flow.task("agree").pk, actor=person(by), now=flow.later())


def test_who_agreed_takes_it_back_finds_the_task_again_and_may_refuse() -> None:
    flow = of_three()
    agree(flow, "ann")
    agree(flow, "bob")
    assert waits_for("ann") == []
    item = take_back(flow, "ann")
    assert [vote["by"] for vote in item.votes] == ["bob"]
    assert waits_for("ann") == ["Agree"]
    rebuilt(flow)
    row = flow.last()
    assert (row.command, row.actor_name, row.capacity, row.role) == (
        *("withdraw_vote", "ann", "role", "crew"),
    )
    assert row.changes["agreed_no_longer"] == [{"votes": 1, "needed": 3}]
    assert flow.request.marking["deciders"]["agree"] == [person("ann").pk, person("bob").pk]
    flow.decide("agree", "stop", by="ann", seen=digest_now(flow, "agree"))
    assert flow.where == "= stopped"
    rebuilt(flow)


def test_who_took_it_back_may_agree_again_and_the_step_needs_as_many_as_before() -> None:
    flow = of_three()
    agree(flow, "ann")
    take_back(flow, "ann")
    for name in ("bob", "cat"):
        agree(flow, name)
    assert flow.where == "agree"
    agree(flow, "ann")
    assert flow.where == "= done"
    rebuilt(flow)


def test_a_vote_in_place_of_who_is_away_is_taken_back_by_who_gave_it() -> None:
    make_user("omar")
    flow = of_three()
    away("ann", "omar")
    agree(flow, "omar")
    with refused(NotAllowed, "not agreed"):
        take_back(flow, "ann")
    take_back(flow, "omar")
    row = flow.last()
    assert (row.actor_name, row.acted_for, row.capacity) == ("omar", "ann", "stand_in")
    assert flow.task("agree").votes == []
    rebuilt(flow)
    agree(flow, "ann")
    rebuilt(flow)


@pytest.mark.parametrize("who", ["cat", "olga", "rita", "mona"])
def test_nobody_takes_back_what_another_gave(who: str) -> None:
    flow = of_three()
    agree(flow, "ann")
    with refused(NotAllowed, "nothing to take back"):
        take_back(flow, who)


def test_nobody_takes_back_twice() -> None:
    flow = of_three()
    agree(flow, "ann")
    take_back(flow, "ann")
    with refused(NotAllowed, "nothing to take back"):
        take_back(flow, "ann")


def decided(flow: Flow) -> None:
    for name in ("bob", "cat"):
        agree(flow, name)


@pytest.mark.parametrize(
    ("course", "words"),
    [
        (decided, "too late to take agreement back"),
        (lambda flow: flow.command("suspend"), "only a running request"),
        (lambda flow: flow.command("cancel"), "not needed any more"),
    ],
)
def test_what_is_over_or_rests_is_as_it_is(course: Callable[[Flow], None], words: str) -> None:
    flow = of_three()
    agree(flow, "ann")
    pk = flow.task("agree").pk
    course(flow)
    with refused(WrongState, words):
        withdraw_vote(pk, actor=person("ann"), now=flow.later())


def test_a_vote_that_values_made_void_is_not_there_to_be_taken_back() -> None:
    flow = of_three()
    agree(flow, "ann")
    set_values(
        flow.request.pk,
        actor=person("olga"),
        data={"amount": "2.00"},
        reason="So.",
        now=flow.later(),
    )
    with refused(NotAllowed, "nothing to take back"):
        take_back(flow, "ann")


def test_who_left_the_role_since_may_still_take_back_what_they_gave() -> None:
    flow = of_three()
    agree(flow, "ann")
    person("ann").groups.clear()
    take_back(flow, "ann")
    assert flow.task("agree").votes == []
    rebuilt(flow)
    with refused(NotAllowed, "not in its role"):
        agree(flow, "ann")
