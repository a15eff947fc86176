"""The time of a task is up at the moment at which somebody decides, or takes a vote back: one of
both comes first, on PostgreSQL, and the other is told or does nothing."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from time import sleep
from typing import Any

import pytest

from tests.automation.driving import plain, work_off
from tests.engine.driving import task
from tests.factories import NOW
from tests.workflows.drawn import STOP
from tests.workflows.support import Flow, again, make_people, only_on_postgres, person, publish
from tests.workflows.test_directory_roles import rebuilt
from tests.workflows.test_races import together
from workflows.engine.errors import HandoffError
from workflows.execution.services import work_items as tasks
from workflows.execution.services.agreement.withdrawn_votes import withdraw_vote

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True), only_on_postgres]

TURNS = int(os.environ.get("HANDOFF_ROUNDS", "12"))
UP = NOW + timedelta(days=2)


def expiring(key: str, **more: Any) -> dict[str, Any]:
    """A task that goes to another when nobody has done it in two days."""
    expires = {"after": "2d", "to": "tidy", "exception": True}
    steps = {
        "answer": task(ok="done", stop=STOP) | {"expires": expires} | more,
        "tidy": task(ok="done", stop=STOP),
    }
    return plain(key, steps)


def commands(flow: Flow) -> list[str]:
    return list(flow.request.trail.values_list("command", flat=True))


def a_little_later(turn: int, act: Callable[[], Any]) -> Callable[[], Any]:
    """The worker looks for what is due first: now the one, now the other is before."""

    def late() -> Any:
        sleep(turn % 6 * 0.02)
        return act()

    return late


def expire(at: datetime) -> int:
    return work_off(at)


def test_a_task_is_decided_or_expires_and_never_both() -> None:
    make_people()
    publish(expiring("in-time"))
    ann, seen = person("ann"), set()
    with together(2) as run:
        for turn in range(TURNS):
            flow = again("in-time")
            item = flow.task("answer")
            decided, _worked = run(
                [
                    a_little_later(
                        turn, lambda i=item: tasks.decide(i.pk, actor=ann, outcome="ok", now=UP)
                    ),
                    lambda: expire(UP),
                ]
            )
            is_late = isinstance(decided, HandoffError)
            flow.refresh()
            assert flow.where == ("tidy" if is_late else "= done")
            assert commands(flow) == ["start", "expire" if is_late else "decide"]
            if is_late:
                assert "has expired" in str(decided)
            rebuilt(flow)
            seen.add(is_late)
    print("both orders" if len(seen) == 2 else f"one order: {seen}")


def test_a_vote_is_taken_back_before_its_task_expires_or_not_at_all() -> None:
    make_people()
    publish(expiring("two-in-time", quorum=2))
    ann, seen = person("ann"), set()
    with together(2) as run:
        for turn in range(TURNS):
            flow = again("two-in-time")
            item = flow.decide("answer", "ok", by="ann")
            back, _worked = run(
                [
                    a_little_later(turn, lambda i=item: withdraw_vote(i.pk, actor=ann, now=UP)),
                    lambda: expire(UP),
                ]
            )
            flow.refresh()
            is_late = isinstance(back, HandoffError)
            assert flow.where == "tidy"
            withdrawn = [] if is_late else ["withdraw_vote"]
            assert commands(flow) == ["start", "decide", *withdrawn, "expire"]
            rebuilt(flow)
            seen.add(is_late)
    print("both orders" if len(seen) == 2 else f"one order: {seen}")
