"""Who can still finish a task is one question: the same scenes, asked at every door, have the same
answers, for each person and for all of them together."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from approvals.pages.bulk_decisions import read_bulk_page
from tests.workflows import drawn
from tests.workflows.staffing import go, leave
from tests.workflows.support import Flow, begin, person
from workflows.automation.services.delivery import deliver_due
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.errors import HandoffError, NotAllowed
from workflows.engine.routing.marking import Marking
from workflows.execution.models import WorkItem
from workflows.execution.queries.holders import HolderKind
from workflows.execution.queries.inbox import inbox_page
from workflows.execution.queries.position import find_positions
from workflows.execution.services import work_items as tasks
from workflows.execution.services.staffing_watch import watch_queues
from workflows.execution.services.task_standing import available_outcomes
from workflows.execution.services.unit_of_work import find_locked_task, open_unit_of_work
from workflows.links.models import DecisionLink
from workflows.links.services.decision_links import decide_by_link
from workflows.notices.queries.task_people import find_task_audience
from workflows.people.models import User
from workflows.people.queries.eligibility import OpenTask, find_task_eligibility
from workflows.people.services.absences import AbsencePlan, set_absence

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]


# -- scenes -------------------------------------------------------------------------------------


def queued() -> tuple[Flow, str]:
    return begin(drawn.sequential()), "review"


def asked_by_one_of_them() -> tuple[Flow, str]:
    return begin(drawn.sequential(), by="sid"), "review"


def held() -> tuple[Flow, str]:
    flow, step = queued()
    tasks.claim(flow.task(step).pk, actor=person("bob"), now=flow.later())
    return flow, step


def held_by_one_who_left_the_role() -> tuple[Flow, str]:
    flow, step = held()
    go("bob")
    return flow, step


def held_by_a_closed_account() -> tuple[Flow, str]:
    flow, step = held()
    leave("bob")
    return flow, step


def voted_on() -> tuple[Flow, str]:
    flow = begin(drawn.quorum(2))
    flow.decide("review", "ok", "ann")
    return flow, "review"


def out_of_reach() -> tuple[Flow, str]:
    flow, step = voted_on()
    go("bob", "cat", "sid")
    return flow, step


def with_outcomes_of_other_roles() -> tuple[Flow, str]:
    return begin(drawn.states()), "review"


def held_with_outcomes_of_other_roles() -> tuple[Flow, str]:
    flow, step = with_outcomes_of_other_roles()
    tasks.claim(flow.task(step).pk, actor=person("ann"), now=flow.later())
    return flow, step


def of_one_person_named_in_a_field() -> tuple[Flow, str]:
    data = drawn.sequential()
    data["steps"]["pay"]["role"] = "helper"
    flow = begin(data, helper="cat")
    flow.decide("review", "ok", "ann")
    return flow, "pay"


def escalated() -> tuple[Flow, str]:
    data = drawn.sequential()
    data["steps"]["review"]["on_overdue"] = {"escalate_to": "bosses", "after": "1h"}
    flow = begin(data)
    flow.later(days=3)
    deliver_due(lambda: flow.now)
    return flow, "review"


def escalated_to_one_who_left() -> tuple[Flow, str]:
    flow, step = escalated()
    go("max", group="bosses")
    return flow, step


def held_by_one_who_is_away() -> tuple[Flow, str]:
    flow, step = held()
    flow.now = timezone.now()
    today = timezone.localdate()
    plan = AbsencePlan(deputy=person("max"), first_day=today, last_day=today + timedelta(days=3))
    set_absence(person("bob"), plan, by=person("bob"), now=flow.now)
    return flow, step


SCENES = [
    *(queued, asked_by_one_of_them, held, held_by_one_who_left_the_role),
    *(held_by_a_closed_account, voted_on, out_of_reach, with_outcomes_of_other_roles),
    *(held_with_outcomes_of_other_roles, of_one_person_named_in_a_field),
    *(escalated, escalated_to_one_who_left, held_by_one_who_is_away),
]


# -- doors --------------------------------------------------------------------------------------


def by_buttons(user: User, item: WorkItem, now: Any) -> bool:
    """What a task's page asks for its buttons."""
    with transaction.atomic():
        work = open_unit_of_work(actor=user, now=now, work_item_id=item.pk)
        locked = find_locked_task(work, item.pk)
        return locked is not None and bool(available_outcomes(work, locked, user))


def refused_all(item: WorkItem, attempt: Callable[[str], object]) -> bool:
    """Whether each outcome is refused for who it is; what is missing besides is no refusal."""
    version_map = cached_map(item.request.version_id)
    step = version_map.human(version_map.step_keys[item.step_id])
    for outcome in step.outcomes:
        try:
            with transaction.atomic():
                attempt(outcome)
                transaction.set_rollback(True)
        except NotAllowed:
            continue
        except HandoffError:
            return False
        return False
    return True


def by_decision(user: User, item: WorkItem, now: Any) -> bool:
    """The command itself: page, API and bulk all call it."""
    return not refused_all(
        item,
        lambda outcome: tasks.decide(
            item.pk, actor=user, outcome=outcome, comment="Yes.", now=now, seen=None
        ),
    )


def by_mail(user: User, item: WorkItem, now: Any) -> bool:
    """A link in a mail that is for this person."""
    link = DecisionLink.objects.create(
        task=item, person=user, seen="", made_at=now, expires_at=now + timedelta(days=1)
    )
    return not refused_all(
        item,
        lambda outcome: decide_by_link(
            link.pk, outcome=outcome, comment="Yes.", data={}, opened_at=now, now=now
        ),
    )


def by_page(user: User, item: WorkItem, now: Any) -> bool:
    """The task's page, where they see the request at all."""
    page = Client()
    page.force_login(user)
    answer = page.get(f"/tasks/{item.pk}/")
    return answer.status_code == 200 and b'name="outcome"' in answer.content


def by_inbox(user: User, item: WorkItem, now: Any) -> bool:
    return item.pk in {row.id for row in inbox_page(user, now=now).rows}


def by_api(user: User, item: WorkItem, now: Any) -> bool:
    client = Client()
    client.force_login(user)
    items = client.get("/api/v1/inbox").json().get("items", [])
    return item.pk in {row["id"] for row in items}


def by_bulk(user: User, item: WorkItem, now: Any) -> bool:
    return bool(read_bulk_page(user, [item.pk], now).tasks)


EVERYBODY_WHO_MAY: Mapping[str, Callable[[User, WorkItem, Any], bool]] = {
    "decision": by_decision,
    "mail": by_mail,
    "buttons": by_buttons,
    "page": by_page,
}
"""Doors at which everybody may act who may act at all."""
WHOSE_WORK_IT_IS: Mapping[str, Callable[[User, WorkItem, Any], bool]] = {
    "inbox": by_inbox,
    "api": by_api,
    "bulk": by_bulk,
}
"""Doors that list a task for those who are to look at it: what another has in hand is not there."""


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_each_person_has_the_same_answer_at_every_door(scene: Any) -> None:
    flow, step = scene()
    item = WorkItem.objects.select_related("request").get(pk=flow.task(step).pk)
    now = flow.later()
    for user in User.objects.filter(is_active=True).order_by("username"):
        may = {name: door(user, item, now) for name, door in EVERYBODY_WHO_MAY.items()}
        listed = {name: door(user, item, now) for name, door in WHOSE_WORK_IT_IS.items()}
        assert len(set(may.values())) == 1, (user.username, may)
        assert len(set(listed.values())) == 1, (user.username, listed)
        if listed["inbox"]:
            assert may["decision"], f"{user} is shown what they may not do"
        if may["decision"] and item.assignee_id is None:
            assert listed["inbox"], f"{user} is not shown what they may do"


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_the_watch_finds_a_lack_just_where_too_few_may_decide(scene: Any) -> None:
    flow, step = scene()
    item = WorkItem.objects.select_related("request__requester", "assignee").get(
        pk=flow.task(step).pk
    )
    now = flow.later()
    people = list(User.objects.filter(is_active=True))
    able = {user.pk for user in people if by_decision(user, item, now)}
    enough = len(able) >= item.needed - len(item.votes or ())
    holds = item.assignee_id is None or item.needed > 1 or item.assignee_id in able
    task = OpenTask(
        instance=item.request,
        map=cached_map(item.request.version_id),
        marking=Marking.from_json(item.request.marking),
        item=item,
    )
    (eligibility,) = find_task_eligibility([task])
    assert (eligibility.lack is None) == (enough and holds)
    assert watch_queues(now=now) == int(not (enough and holds))


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_nobody_is_told_of_a_task_that_they_may_not_do(scene: Any) -> None:
    flow, step = scene()
    item = WorkItem.objects.select_related("request").get(pk=flow.task(step).pk)
    told = frozenset[int]().union(*find_task_audience(item).people.values())
    active = User.objects.filter(pk__in=told - {item.assignee_id}, is_active=True)
    for user in active:
        assert by_decision(user, item, flow.now), user


@pytest.mark.parametrize("scene", [queued, asked_by_one_of_them, with_outcomes_of_other_roles])
def test_who_may_take_a_task_may_decide_it(scene: Any) -> None:
    flow, step = scene()
    item = WorkItem.objects.select_related("request").get(pk=flow.task(step).pk)
    for user in User.objects.filter(is_active=True).order_by("username"):
        try:
            with transaction.atomic():
                tasks.claim(item.pk, actor=user, now=flow.now)
                transaction.set_rollback(True)
            may_take = True
        except NotAllowed:
            may_take = False
        assert may_take == by_decision(user, item, flow.now), user


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_who_has_it_is_an_incident_just_where_nobody_can_finish_it(scene: Any) -> None:
    flow, step = scene()
    is_stuck = watch_queues(now=flow.later()) > 0
    (position,) = find_positions([flow.refresh()]).values()
    (at,) = (place for place in position.everywhere if place.key == step)
    assert (at.holder.kind == HolderKind.RESOLVER) == is_stuck
