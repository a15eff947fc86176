"""A message and the step that reaches its wait at the same moment, on PostgreSQL."""

import os

import pytest

from tests.automation.driving import work_off
from tests.automation.test_correlation import VALUES
from tests.automation.test_early_messages import early
from tests.workflows.support import again, only_on_postgres, person, publish
from tests.workflows.test_races import LATER, clients, together
from workflows.engine.routing.marking import Marking
from workflows.execution.models import KeptMessage
from workflows.execution.services import work_items as tasks
from workflows.execution.services.messages import incoming as messages
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.people.models import User
from workflows.trail.models import TrailEvent

__all__ = ["clients"]

pytestmark = [
    pytest.mark.races,
    pytest.mark.django_db(transaction=True),
    only_on_postgres,
]

ROUNDS = 50 if os.environ.get("HANDOFF_MAPS") else 10


def test_a_message_beside_the_step_that_reaches_its_wait_is_taken_once(
    clients: list[User],
) -> None:
    publish(early())
    values = {name: value for name, value in VALUES.items() if name != "note"}
    rita, ann = person("rita"), person("ann")
    with together(3) as run:
        for _ in range(ROUNDS):
            flow = again("early", **values)
            request, item = flow.request, flow.task("check").pk

            def send(reference: str = request.reference) -> object:
                data = {"note": "Two."}
                return messages.send_message(
                    reference, "goods_in", actor=rita, now=LATER, data=data
                )

            def decide(item: int = item) -> object:
                return tasks.decide(item, actor=ann, outcome="ok", now=LATER)

            run([send, decide, send])
            work_off(LATER)
            assert (flow.where, flow.data["note"]) == ("after", "Two.")
            assert not KeptMessage.objects.filter(request=request).exists()
            rows = TrailEvent.objects.filter(request=request, command="finish")
            assert rows.count() == 1
            fresh = flow.refresh()
            assert rebuild_from_trail(fresh) == (Marking.from_json(fresh.marking), fresh.data)


def test_no_message_overtakes_one_that_came_before_it(clients: list[User]) -> None:
    publish(early())
    values = {name: value for name, value in VALUES.items() if name != "note"}
    rita, ann = person("rita"), person("ann")
    with together(4) as run:
        for _ in range(ROUNDS):
            flow = again("early", **values)
            reference, item = flow.request.reference, flow.task("check").pk

            def send(note: str, reference: str = reference) -> object:
                return messages.send_message(
                    reference, "goods_in", actor=rita, now=LATER, data={"note": note}
                )

            send("First.")
            run(
                [
                    lambda: send("Second."),
                    lambda item=item: tasks.decide(item, actor=ann, outcome="ok", now=LATER),
                    lambda: send("Third."),
                    lambda: work_off(LATER),
                ]
            )
            work_off(LATER)
            assert (flow.where, flow.data["note"]) == ("after", "First.")
            fresh = flow.refresh()
            assert rebuild_from_trail(fresh) == (Marking.from_json(fresh.marking), fresh.data)
