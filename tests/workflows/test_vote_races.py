"""A vote is taken back at the moment of the last one: exactly one of both wins, on PostgreSQL."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.automation.driving import plain
from tests.factories import make_user
from tests.workflows.support import (
    Flow,
    again,
    digest_now,
    make_people,
    only_on_postgres,
    person,
    publish,
)
from tests.workflows.test_directory_roles import rebuilt, step
from tests.workflows.test_races import LATER, together
from workflows.engine.errors import HandoffError
from workflows.execution.models import WorkItem
from workflows.execution.services import work_items as tasks
from workflows.execution.services.agreement.added_approvers import add_approver
from workflows.execution.services.agreement.withdrawn_votes import withdraw_vote

pytestmark = [
    pytest.mark.races,
    pytest.mark.django_db(transaction=True),
    only_on_postgres,
]

TURNS = 40


def half_agreed() -> tuple[Flow, WorkItem, Callable[[], Any]]:
    """Ann has agreed, and Bob is about to, as the second of two."""
    flow = again("two")
    seen = digest_now(flow, "agree")
    item = flow.decide("agree", "approve", by="ann", seen=seen)
    bob = person("bob")

    def last_vote() -> Any:
        return tasks.decide(item.pk, actor=bob, outcome="approve", seen=seen, now=LATER)

    return flow, item, last_vote


def test_a_vote_is_taken_back_or_the_step_is_decided_and_never_both() -> None:
    make_people()
    publish(plain("two", {"agree": step("crew", quorum=2)}))
    ann, seen = person("ann"), set()
    with together(2) as run:
        for _ in range(TURNS):
            flow, item, last_vote = half_agreed()
            back, last = run([lambda i=item: withdraw_vote(i.pk, actor=ann, now=LATER), last_vote])
            assert not isinstance(last, HandoffError)
            is_decided = isinstance(back, HandoffError)
            assert flow.where == ("= done" if is_decided else "agree")
            if not is_decided:
                assert [vote["by"] for vote in flow.task("agree").votes] == ["bob"]
            rebuilt(flow)
            seen.add(is_decided)
    print("both orders" if len(seen) == 2 else f"one order: {seen}")


def test_one_more_is_added_before_the_last_vote_or_not_at_all() -> None:
    make_people()
    publish(plain("two", {"agree": step("crew", quorum=2)}))
    eve, cat = make_user("eve"), person("cat")
    with together(2) as run:
        for _ in range(TURNS):
            flow, item, last_vote = half_agreed()
            more, last = run(
                [
                    lambda i=item: add_approver(
                        i.pk, actor=cat, person=eve, reason="So.", now=LATER
                    ),
                    last_vote,
                ]
            )
            assert not isinstance(last, HandoffError)
            is_decided = isinstance(more, HandoffError)
            assert flow.where == ("= done" if is_decided else "agree")
            rebuilt(flow)
