"""Eight clients deciding the rows of one request at once on PostgreSQL."""

import os
from collections.abc import Callable
from functools import partial

import pytest

from tests.workflows.support import again, only_on_postgres, publish
from tests.workflows.test_each_branches import each, rows
from tests.workflows.test_races import CLIENTS, LATER, clients, together
from workflows.engine.errors import WrongState
from workflows.engine.routing.marking import Marking
from workflows.execution.models import MergeRecord, WorkItem
from workflows.execution.services import work_items as tasks
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.people.models import User

__all__ = ["clients"]

pytestmark = [
    pytest.mark.races,
    pytest.mark.django_db(transaction=True),
    only_on_postgres,
]

ROUNDS = 50 if os.environ.get("HANDOFF_MAPS") else 5
"""So many requests of each kind; all fifty at night, and by `make race-rows`."""


def test_eight_clients_deciding_the_rows_of_a_request_fire_its_join_once(
    clients: list[User],
) -> None:
    publish(each())
    with together() as run:
        for _ in range(ROUNDS):
            flow = again("each", lines=rows(CLIENTS))
            items = list(flow.request.work_items.open().order_by("pk"))

            def decide(item: int, who: User) -> object:
                return tasks.decide(
                    item, actor=who, outcome="ok", now=LATER, data={"row.note": who.username}
                )

            calls = [
                lambda item=item.pk, who=who: decide(item, who)  # type: ignore[misc]
                for item, who in zip(items, clients, strict=True)
            ]
            results = run(calls)
            assert [item.pk for item in results] == [item.pk for item in items]
            assert flow.where == "after"
            (merge,) = MergeRecord.objects.filter(request=flow.request)
            assert (merge.state, len(merge.arrivals)) == ("fired", CLIENTS)
            assert [row["note"] for row in flow.data["lines"]] == [who.username for who in clients]
            request = flow.refresh()
            assert rebuild_from_trail(request) == (Marking.from_json(request.marking), request.data)


def racing(clients: list[User], items: list[WorkItem]) -> list[Callable[[], object]]:
    """Each client decides a row of their own."""
    pairs = zip(items, clients, strict=False)
    return [
        partial(tasks.decide, item.pk, actor=who, outcome="ok", now=LATER) for item, who in pairs
    ]


@pytest.mark.parametrize(("wait_for", "count"), [(CLIENTS, CLIENTS), ("any", 1)])
def test_of_two_hundred_rows_so_many_as_are_awaited_fire_the_join_once(
    clients: list[User], wait_for: int | str, count: int
) -> None:
    data = each()
    data["steps"]["j"]["wait_for"] = wait_for
    publish(data)
    with together() as run:
        for _ in range(ROUNDS):
            flow = again("each", lines=rows(200))
            results = run(racing(clients, list(flow.request.work_items.open().order_by("pk"))))
            assert sum(isinstance(result, WorkItem) for result in results) == count
            told = [result for result in results if not isinstance(result, WorkItem)]
            assert all(isinstance(refused, WrongState) for refused in told)
            assert flow.where == "after"
            (merge,) = MergeRecord.objects.filter(request=flow.request)
            assert (merge.state, len(merge.arrivals)) == ("fired", count)
            request = flow.refresh()
            assert rebuild_from_trail(request) == (Marking.from_json(request.marking), request.data)
