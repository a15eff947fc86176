"""Where it is, who has it, since when, what comes: worked out once; every door says the same."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import NOW, make_user
from tests.workflows import drawn
from tests.workflows.support import Flow, again, begin, person
from workflows.engine.routing.marking import Marking
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.holders import HolderKind
from workflows.execution.queries.inbox import inbox_page
from workflows.execution.queries.next_steps import (
    StepAhead,
    find_steps_ahead,
)
from workflows.execution.queries.open_work import (
    count_open_instances,
    late_tasks_condition,
    open_incidents_condition,
)
from workflows.execution.queries.position import (
    InstancePosition,
    build_step_position,
    find_position,
    find_positions,
    prefetch_positions,
    prefetch_task_positions,
    read_prefetched_position,
    read_prefetched_task_position,
)
from workflows.execution.services import work_items as tasks

pytestmark = pytest.mark.django_db


def count_statements(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def holder_of(flow: Flow, step: str) -> tuple[HolderKind, str]:
    """The kind and the person's login that the read model gives for a step."""
    places = {place.key: place.holder for place in find_position(flow.refresh()).everywhere}
    holder = places[step]
    return holder.kind, holder.person.get_username() if holder.person else ""


def disagreeing() -> Flow:
    """Two branches gave a field different values: the request stands at its join, with no task."""
    flow = begin(drawn.branches())
    flow.decide("legal", "ok", data={"note": "one"})
    flow.decide("tech", "ok", "bob", data={"note": "two"})
    return flow


# -- who has it -------------------------------------------------------------------------------


def test_who_has_a_task_follows_what_people_do_with_it() -> None:
    flow = begin(drawn.sequential())
    assert holder_of(flow, "review") == (HolderKind.ROLE, "")
    task = tasks.claim(flow.task("review").pk, actor=person("ann"), now=flow.later())
    assert holder_of(flow, "review") == (HolderKind.PERSON, "ann")
    tasks.release(task.pk, actor=person("ann"), now=flow.later())
    assert holder_of(flow, "review") == (HolderKind.ROLE, "")
    done = flow.decide("review", "ok")
    version_map = find_position(flow.refresh()).map
    assert build_step_position(version_map, done).holder.kind == HolderKind.OVER


def test_several_people_have_a_task_that_several_must_agree_on() -> None:
    assert holder_of(begin(drawn.quorum(2)), "review")[0] == HolderKind.SEVERAL


def test_who_must_resolve_has_what_branches_disagree_on() -> None:
    flow = disagreeing()
    assert find_position(flow.refresh()).steps == ()
    assert holder_of(flow, "merge") == (HolderKind.RESOLVER, "olga")


def test_nobody_is_with_a_task_that_is_over() -> None:
    flow = begin(drawn.sequential())
    done = flow.decide("review", "ok")
    position = build_step_position(find_position(flow.refresh()).map, done)
    assert not position.is_with(person("ann"))
    assert not position.is_late(timezone.now())


# -- every door -------------------------------------------------------------------------------


def test_the_admins_lists_read_what_the_pages_read() -> None:
    flows = [disagreeing(), again("branches"), begin_claimed()]
    for flow in flows:
        position = find_position(flow.refresh())
        listed = prefetch_positions(WorkflowInstance.objects.filter(pk=flow.request.pk)).get()
        assert _facts(read_prefetched_position(listed)) == _facts(position)
        for step, task in position.tasks:
            row = prefetch_task_positions(WorkItem.objects.filter(pk=task.pk)).get()
            assert read_prefetched_task_position(row).holder == step.holder


def begin_claimed() -> Flow:
    flow = again("branches")
    tasks.claim(flow.task("legal").pk, actor=person("ann"), now=flow.later())
    return flow


def _facts(position: InstancePosition) -> list[Any]:
    return [(p.key, p.round, p.holder, p.since, p.due) for p in position.everywhere]


def test_the_inbox_says_of_a_task_who_has_it() -> None:
    flow = begin(drawn.branches(), amount="100")
    tasks.claim(flow.task("legal").pk, actor=person("ann"), now=flow.later())
    rows = {row.step: row for row in inbox_page(person("ann")).rows}
    steps = {step.title: step for step in find_position(flow.refresh()).steps}
    assert rows.keys() == steps.keys()
    for title, row in rows.items():
        assert (row.holder_kind, row.since, row.due, row.mine) == (
            steps[title].holder.kind,
            steps[title].since,
            steps[title].due,
            steps[title].is_with(person("ann")),
        )
    assert {row.can_be_taken for row in rows.values() if not row.mine} == {True}
    flow.command("suspend")
    assert {row.can_be_taken for row in inbox_page(person("ann")).rows} == {False}


def test_the_admin_says_of_each_task_who_has_it(client: Client) -> None:
    flow = disagreeing()
    again("branches")
    claimed = begin_claimed()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    page = client.get("/admin/workflows/workitem/?waiting=open").content.decode()
    assert page.count("in the queue") >= 3
    assert "ann" in page
    for pk in (flow.request.pk, claimed.request.pk):
        assert client.get(f"/admin/workflows/workflowinstance/{pk}/change/").status_code == 200


def test_the_statements_do_not_grow_with_the_requests() -> None:
    flow = begin(drawn.branches())
    one = count_statements(lambda: find_positions(WorkflowInstance.objects.all()))
    for _ in range(4):
        again("branches")
    assert count_statements(lambda: find_positions(WorkflowInstance.objects.all())) == one == 2
    rows = prefetch_task_positions(WorkItem.objects.all())
    shown = count_statements(lambda: [read_prefetched_task_position(row).holder for row in rows])
    assert shown == 2
    assert find_position(flow.refresh()).tasks


# -- the whole way ----------------------------------------------------------------------------


def test_where_it_is_is_where_its_tokens_are() -> None:
    flow = begin(drawn.branches(), amount="5000")
    flow.decide("legal", "ok")
    marking = Marking.from_json(flow.refresh().marking)
    here = [step for step in find_steps_ahead(find_position(flow.request)) if step.round]
    assert {(step.key, step.round) for step in here} == {(t.step, t.round) for t in marking.tokens}


def test_what_comes_is_named_as_it_would_be_met() -> None:
    flow = disagreeing()
    assert find_steps_ahead(find_position(flow.refresh())) == [
        StepAhead("merge", 1),
        StepAhead("review"),
        StepAhead("done"),
    ]


# -- the same asked of the database -----------------------------------------------------------


def test_what_is_late_in_a_list_is_late_where_it_is_shown() -> None:
    flow = begin(drawn.sequential())
    flow.decide("review", "ok")
    pay = flow.task("pay")
    for by in ({"hours": 1}, {"days": 3}):
        now = flow.later(**by)
        position = find_position(flow.refresh()).steps[0]
        listed = WorkItem.objects.filter(late_tasks_condition(now))
        assert (pay in listed) is position.is_late(now)
    flow.decide("pay", "paid", "mona", data={"code": "1"})
    assert not WorkItem.objects.filter(late_tasks_condition(flow.now)).exists()


def test_what_is_open_is_counted_as_it_is_listed() -> None:
    flow = disagreeing()
    again("branches").command("suspend")
    again("branches").command("cancel")
    template = flow.refresh().template
    assert count_open_instances(template) == {"running": 1, "suspended": 1}
    stuck = WorkflowInstance.objects.filter(open_incidents_condition("incidents"))
    assert [row.pk for row in stuck] == [flow.request.pk]
    assert [i for _, i in find_position(flow.request).incidents] == [flow.incident()]
    assert flow.now > NOW
