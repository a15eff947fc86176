"""Several clients at once on PostgreSQL, each with a connection of its own."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from django.db import connection, transaction

from tests.engine.driving import approval, join, parallel, task
from tests.factories import NOW, load_map, make_user
from tests.workflows import drawn
from tests.workflows.support import again, make_people, only_on_postgres, person, publish
from workflows.definitions.models import TemplateVersion
from workflows.definitions.services import publishing as definitions
from workflows.engine.errors import HandoffError, NotAllowed, WrongState
from workflows.engine.routing.marking import Marking
from workflows.execution.models import Incident, MergeRecord, WorkItem
from workflows.execution.services import work_items as tasks
from workflows.execution.services.unit_of_work.locks import lock_request
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.people.models import User

pytestmark = [
    pytest.mark.races,
    pytest.mark.django_db(transaction=True),
    only_on_postgres,
]

CLIENTS = 8
TURNS = 200
NAMES = [f"client{number}" for number in range(CLIENTS)]
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def clients() -> list[User]:
    """Eight people who may do the same."""
    make_people()
    return [make_user(name, groups=["crew"]) for name in NAMES]


@contextmanager
def together(number: int = CLIENTS) -> Iterator[Callable[..., list[Any]]]:
    """Runs one call a client at the same moment; gives their results or refusals in order."""
    barrier = Barrier(number, timeout=30)

    def one(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call()
        except HandoffError as refused:
            return refused

    with ThreadPoolExecutor(number, initializer=connection.ensure_connection) as pool:

        def run(calls: list[Callable[[], Any]]) -> list[Any]:
            return list(pool.map(one, calls))

        try:
            yield run
        finally:
            closing = Barrier(number, timeout=30)
            list(pool.map(lambda _: (closing.wait(), connection.close()), range(number)))


def eight_branches() -> dict[str, Any]:
    """Eight parallel branches, a join, and a step that goes round again."""
    keys = [f"branch{number}" for number in range(CLIENTS)]
    return drawn.drawn(
        "eight",
        {
            "split": parallel(*keys, join="merge"),
            **{key: task(ok="merge", no=drawn.NO, _outputs=["note"]) for key in keys},
            "merge": join("review"),
            "review": approval(again="split", ok="done", no=drawn.NO),
        },
    )


@contextmanager
def uncommitted(command: Callable[[], Any]) -> Iterator[Thread]:
    """Another client has done this, and does not commit before the end."""
    done, go_on = Event(), Event()

    def work() -> None:
        try:
            with transaction.atomic():
                command()
                done.set()
                go_on.wait(30)
        finally:
            connection.close()

    thread = Thread(target=work)
    thread.start()
    try:
        assert done.wait(30)
        yield thread
    finally:
        go_on.set()
        thread.join(30)


@contextmanager
def waiting_for_locks(most: str) -> Iterator[None]:
    """Whoever waits longer than this for a lock is refused by the database."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{most}'")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


def test_eight_clients_finishing_the_branches_of_one_request_fire_its_join_once_each_time(
    clients: list[User],
) -> None:
    publish(eight_branches())
    flow = again("eight")
    olga = make_user("olga", groups=["crew"])
    with together() as run:
        for turn in range(1, TURNS + 1):
            ids = dict(flow.request.work_items.open().values_list("step__key", "pk"))
            calls = [
                lambda pk=ids[f"branch{n}"], who=who: tasks.decide(
                    pk, actor=who, outcome="ok", now=LATER, data={"note": "same"}
                )
                for n, who in enumerate(clients)
            ]
            answers = run(calls)
            assert not [a for a in answers if isinstance(a, Exception)]
            (review,) = flow.request.work_items.open().filter(step__key="review")
            tasks.decide(review.pk, actor=olga, outcome="again", now=LATER)
            fired = MergeRecord.objects.filter(request=flow.request, state="fired")
            assert fired.count() == turn
            assert len(fired.latest("pk").arrivals) == CLIENTS
    assert flow.request.work_items.filter(step__key="review").count() == TURNS
    trail = flow.request.trail.values_list("changes", flat=True)
    assert sum("merged" in changes for changes in trail) == TURNS
    request = flow.refresh()
    assert rebuild_from_trail(request) == (Marking.from_json(request.marking), request.data)


def test_of_eight_clients_deciding_one_task_one_wins_and_the_others_are_told_who(
    clients: list[User],
) -> None:
    publish(drawn.sequential())
    with together() as run:
        for _ in range(25):
            flow = again("sequential")
            pk = flow.task("review").pk
            answers = run(
                [
                    lambda pk=pk, who=who: tasks.decide(
                        pk, actor=who, outcome="no", comment="No.", now=LATER
                    )
                    for who in clients
                ]
            )
            (winner,) = [a for a in answers if isinstance(a, WorkItem)]
            told = [a for a in answers if isinstance(a, WrongState)]
            assert len(told) == CLIENTS - 1
            first = f"{winner.performer_name} was first: 'Review' → No, 2 Mar 2026, 10:00 (UTC)."
            assert {str(refusal) for refusal in told} == {first}
            assert flow.request.trail.filter(command="decide").count() == 1
            assert WorkItem.objects.get(pk=pk).decided_by_id == winner.decided_by_id


def test_of_eight_clients_claiming_one_task_one_has_it(clients: list[User]) -> None:
    publish(drawn.sequential())
    with together() as run:
        for _ in range(25):
            flow = again("sequential")
            pk = flow.task("review").pk
            answers = run(
                [lambda pk=pk, who=who: tasks.claim(pk, actor=who, now=LATER) for who in clients]
            )
            (winner,) = [a for a in answers if isinstance(a, WorkItem)]
            told = {str(a) for a in answers if isinstance(a, NotAllowed)}
            assert len(told) == 1
            assert f"is with {winner.assignee}" in told.pop()
            assert flow.request.trail.filter(command="claim").count() == 1


def test_of_eight_voters_so_many_count_as_the_quorum_needs(clients: list[User]) -> None:
    publish(drawn.quorum(3))
    with together() as run:
        for _ in range(10):
            flow = again("quorum")
            pk = flow.task("review").pk
            answers = run(
                [
                    lambda pk=pk, who=who: tasks.decide(pk, actor=who, outcome="ok", now=LATER)
                    for who in clients
                ]
            )
            assert sum(isinstance(a, WorkItem) for a in answers) == 3
            assert len(WorkItem.objects.get(pk=pk).votes) == 3
            assert flow.where == "pay"


def test_two_ways_out_of_a_block_at_once_leave_it_once(clients: list[User]) -> None:
    publish(drawn.branches())
    with together(2) as run:
        for _ in range(25):
            flow = again("branches")
            ids = [flow.task(step).pk for step in ("legal", "tech")]
            answers = run(
                [
                    lambda pk=pk, who=who: tasks.decide(pk, actor=who, outcome="out", now=LATER)
                    for pk, who in zip(ids, clients, strict=False)
                ]
            )
            (told,) = [a for a in answers if isinstance(a, WrongState)]
            assert "not needed any more" in str(told)
            assert flow.where == "fix"
            assert flow.merge().state == "left"


def test_of_several_publishing_at_once_one_version_is_published(clients: list[User]) -> None:
    drafts = [
        load_map(drawn.sequential() | {"purpose": f"Number {number}."}).pk for number in range(3)
    ]
    with together(6) as run:
        answers = run(
            [lambda pk=pk: definitions.publish(pk, actor=None, now=LATER) for pk in drafts * 2]
        )
    assert sum(isinstance(a, WrongState) for a in answers) == 3, "each draft is published once"
    states = TemplateVersion.objects.values_list("state", flat=True)
    assert sorted(states) == ["published", "superseded", "superseded"]


def test_different_requests_do_not_wait_for_each_other(clients: list[User]) -> None:
    publish(drawn.sequential())
    held, other = again("sequential"), again("sequential")
    with (
        uncommitted(lambda: lock_request(instance_id=held.request.pk)) as holder,
        waiting_for_locks("3s"),
    ):
        began = time.monotonic()
        other.decide("review", "ok", NAMES[0])
        again("sequential")
        assert time.monotonic() - began < 3
        assert holder.is_alive()
    assert (other.where, held.where) == ("pay", "review")


def test_a_publication_does_not_hold_up_decisions_on_running_requests(
    clients: list[User],
) -> None:
    publish(drawn.sequential())
    flow = again("sequential")
    draft = load_map(drawn.sequential() | {"purpose": "Changed."})
    with (
        uncommitted(lambda: definitions.publish(draft.pk, actor=None, now=LATER)) as publication,
        waiting_for_locks("5s"),
    ):
        flow.decide("review", "ok", NAMES[0])
        assert publication.is_alive()
    assert flow.where == "pay"


def test_an_incident_that_came_while_a_client_waited_for_the_lock_ends_with_its_work(
    clients: list[User],
) -> None:
    """One client's decision opens work that nobody may do; the next one's, which has waited,
    makes that work needless."""
    steps = {
        "split": parallel("left", "right", join="merge"),
        "left": task(ok="lonely", no=drawn.NO),
        "lonely": task(ok="merge", _role="bosses"),
        "right": task(ok="merge", out=drawn.STOP),
        "merge": join("review"),
        "review": task(ok="done"),
    }
    publish(drawn.drawn("waits", steps))
    for name in ("mona", "max"):
        person(name).groups.clear()
    flow = again("waits")
    left, right = flow.task("left").pk, flow.task("right").pk

    def second() -> None:
        try:
            tasks.decide(right, actor=clients[1], outcome="out", now=LATER)
        finally:
            connection.close()

    waiting = Thread(target=second)
    with uncommitted(lambda: tasks.decide(left, actor=clients[0], outcome="ok", now=LATER)):
        waiting.start()
        time.sleep(0.3)  # it waits for the lock by now
    waiting.join(30)
    assert flow.where == "= stopped"
    assert not Incident.objects.filter(state="open").exists()
    assert flow.incidents() == [("nobody", "resolved")]
