"""A decision while a request is moved: one waits for the other, and both are whole."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from tests.workflows.moves import agrees, changed, hiring, publish_target
from tests.workflows.support import again, begin, only_on_postgres, person
from workflows.engine.errors import HandoffError
from workflows.execution.services import work_items as tasks
from workflows.version_changes.services.moving import move_request

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True), only_on_postgres]


def test_a_decision_and_a_move_at_once_leave_the_request_whole() -> None:
    flows = [begin(hiring(), helper="bob"), *(again("hiring", helper="bob") for _ in range(11))]
    to = publish_target(changed(hiring(), rest={"kind": "wait", "for": "4d", "to": "hired"}))
    ann, olga = person("ann"), person("olga")

    for flow in flows:
        task, now, barrier = flow.task("screen").pk, flow.later(), Barrier(2, timeout=30)

        def decide(task: int = task, now: object = now, barrier: Barrier = barrier) -> object:
            barrier.wait()
            try:
                return tasks.decide(task, actor=ann, outcome="ok", now=now)  # type: ignore[arg-type]
            except HandoffError as refused:
                return refused
            finally:
                connection.close()

        def move(
            pk: int = flow.request.pk, now: object = now, barrier: Barrier = barrier
        ) -> object:
            barrier.wait()
            try:
                return move_request(pk, to, actor=olga, reason="", now=now, run="race")  # type: ignore[arg-type]
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            results = [pool.submit(decide), pool.submit(move)]
            done, found = (result.result() for result in results)
        assert not isinstance(done, HandoffError), done
        assert found.verdict.value == "moves"  # type: ignore[attr-defined]
        request = flow.refresh()
        assert (request.version.number, flow.open) == (2, ["talk"])
        assert flow.task("talk").step.version == request.version
        assert agrees(request)
