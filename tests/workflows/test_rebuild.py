"""The trail alone leads to where each request stands, after each kind of command."""

import pytest

from tests.workflows import drawn
from tests.workflows.support import Flow, begin, paper, person
from workflows.engine.errors import WrongState
from workflows.engine.routing.marking import Marking
from workflows.execution.services import incidents, merges
from workflows.execution.services import work_items as tasks
from workflows.execution.services.corrections import set_values
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db


def agrees(flow: Flow) -> bool:
    """Whether the trail and the request's row say the same."""
    request = flow.refresh()
    return rebuild_from_trail(request) == (Marking.from_json(request.marking), request.data)


def test_each_decision_is_rebuilt() -> None:
    flow = begin(drawn.sequential(), paper=paper("first"))
    assert agrees(flow)
    flow.decide("review", "back", comment="Not yet.")
    assert agrees(flow)
    flow.decide("fix", "again", "rita", data={"note": "x"}, files={"paper": paper("second")})
    assert agrees(flow)
    flow.decide("review", "ok", "bob")
    flow.decide("pay", "paid", "mona", data={"code": "1"})
    assert agrees(flow)
    flow.command("reopen")
    assert agrees(flow)
    flow.command("cancel")
    assert agrees(flow)


def test_commands_that_move_nothing_leave_the_rebuilt_position_alone() -> None:
    flow = begin(drawn.sequential())
    pk, ann = flow.task("review").pk, person("ann")
    before = rebuild_from_trail(flow.request)
    for command in (tasks.claim, tasks.start_work, tasks.pause, tasks.release):
        command(pk, actor=ann, now=flow.later())
    tasks.reassign(pk, actor=person("olga"), to=ann, reason="So.", now=flow.later())
    flow.command("suspend")
    flow.command("resume")
    assert rebuild_from_trail(flow.request) == before
    assert agrees(flow)


def test_blocks_and_a_merge_conflict_about_a_document_are_rebuilt() -> None:
    flow = begin(drawn.branches(), paper=paper("first"))
    flow.decide("tech", "ok", data={"note": "one"})
    assert agrees(flow)
    flow.decide("legal", "more", files={"paper": paper("second")})
    flow.decide("legal", "ok", "bob", data={"note": "two"})
    assert agrees(flow)
    merges.resolve_merge(
        flow.merge().pk,
        actor=person("olga"),
        choices={"note": {"value": "three"}, "paper": "1"},
        reason="So.",
        now=flow.later(),
    )
    assert agrees(flow)
    assert flow.where == "review"


def test_a_quorum_of_all_is_rebuilt_with_the_number_of_people_of_then() -> None:
    flow = begin(drawn.quorum("all"))
    person("ann").groups.clear()
    flow.decide("review", "ok", "bob")
    assert agrees(flow)
    assert rebuild_from_trail(flow.request)[0].tokens[0].needed == 4


def test_an_incident_that_was_tried_again_is_rebuilt() -> None:
    flow = begin(drawn.rules())
    olga = person("olga")
    for data in ({}, {"urgent": True}):
        incidents.retry(flow.incident().pk, actor=olga, reason="So.", data=data, now=flow.later())
        assert agrees(flow)


def test_values_of_the_owner_and_people_who_came_are_rebuilt() -> None:
    data = drawn.sequential()
    data["steps"]["pay"]["role"] = "helper"
    flow = begin(data)
    set_values(
        flow.request.pk, actor=person("olga"), data={"note": "x"}, reason="So.", now=flow.later()
    )
    flow.decide("review", "ok")
    incidents.retry(
        flow.incident().pk,
        actor=person("olga"),
        reason="So.",
        data={"helper": "cat"},
        now=flow.later(),
    )
    assert agrees(flow)
    assert flow.data == {"amount": "100.00", "note": "x", "helper": "cat"}


def test_a_row_that_was_changed_past_the_services_is_found() -> None:
    flow = begin(drawn.sequential())
    type(flow.request).objects.update(data={"amount": "1.00"})
    assert not agrees(flow)


def test_a_row_of_the_trail_is_never_changed_or_deleted() -> None:
    flow = begin(drawn.sequential())
    row = flow.last()
    row.comment = "Something else."
    with pytest.raises(WrongState, match="cannot be changed"):
        row.save()
    with pytest.raises(WrongState, match="cannot be deleted"):
        row.delete()
    for change in (
        lambda: TrailEvent.objects.update(comment="x"),
        lambda: TrailEvent.objects.all().delete(),
        lambda: TrailEvent.objects.bulk_update([row], ["comment"]),
    ):
        with pytest.raises(WrongState):
            change()
    assert flow.last().comment == ""
