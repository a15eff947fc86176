"""Held is not failed: what a suspended request waits for is kept, however long, and comes once it
goes on. A suspended request never moves, and no second child is started."""

from typing import Any

import pytest
from django.db import transaction

from tests.automation.driving import Course, plain, receiver
from tests.automation.driving import course as calling
from tests.engine.driving import task
from tests.factories import NOW, load_map, make_user, open_task
from tests.workflows.drawn import NO, STOP
from tests.workflows.support import make_people, person
from workflows.definitions.services import publishing as definitions
from workflows.execution.facts import NotDelivered
from workflows.execution.models import Incident, WorkflowInstance
from workflows.execution.services import incidents
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.execution.services.automation_steps import fail_waiting_step, open_work_of_instance
from workflows.outbox.delivery_problems import ErrorRaised
from workflows.outbox.models import Attempt, OutboxMessage

pytestmark = pytest.mark.django_db

CHILD_MESSAGES = ("child", "child_ended")


def child_map() -> dict[str, Any]:
    look = task(ok="done", no=NO, stop=STOP)
    return plain(
        "kid", {"look": look}, start={"role": "staff", "fields": ["amount"], "first": "look"}
    )


def parent_map(**sub: Any) -> dict[str, Any]:
    step = {"kind": "subworkflow", "workflow": "kid", "data": {"amount": "5.00"}, "to": "review"}
    steps = {"sub": step | sub, "review": task(ok="done", no=NO, stop=STOP)}
    if sub:
        steps["by_hand"] = task(ok="review", no=NO, stop=STOP)
    return plain("parent", steps)


def family(**sub: Any) -> tuple[Course, WorkflowInstance]:
    """A parent that waits for its child."""
    make_people()
    definitions.publish(load_map(child_map()).pk, actor=None, now=NOW)
    course = Course.of(parent_map(**sub))
    course.work()
    return course, only_child(course)


def only_child(course: Course) -> WorkflowInstance:
    return WorkflowInstance.objects.get(parent=course.flow.request)


def end(child: WorkflowInstance, how: str, course: Course) -> None:
    now = course.flow.later()
    if how == "completed":
        tasks.decide(open_task(child, "look").pk, actor=person("ann"), outcome="ok", now=now)
    else:
        requests.cancel(child.pk, actor=None, reason="Wrong.", now=now)


def pass_time(course: Course, hours: int = 26) -> None:
    """The clock comes by every half an hour."""
    for _ in range(hours * 2):
        course.work(minutes=30)


def untouched(course: Course) -> bool:
    """Whether the suspended request stands where it stood."""
    request = course.flow.refresh()
    trail = list(request.trail.values_list("command", flat=True))
    return (
        request.state == "suspended"
        and course.flow.where == "sub"
        and trail[-1] == "suspend"
        and not Incident.objects.filter(request=request).exists()
    )


@pytest.mark.parametrize("on_error", [None, {"to": "by_hand", "exception": True}])
@pytest.mark.parametrize("how", ["completed", "cancelled"])
def test_a_childs_end_is_kept_while_the_parent_is_suspended(
    how: str, on_error: dict[str, Any] | None
) -> None:
    course, child = family(**({"on_error": on_error} if on_error else {}))
    course.flow.command("suspend")
    end(child, how, course)
    pass_time(course)
    assert untouched(course)
    held = OutboxMessage.objects.get(kind="child_ended")
    assert (held.state, held.tries, held.last_error, held.failing_since) == ("held", 0, "", None)
    course.flow.command("resume")
    course.work()
    only_child(course)
    if how == "completed":
        assert course.flow.where == "review"
    elif on_error:
        assert course.flow.where == "by_hand"
    else:
        assert Incident.objects.get().code == "subworkflow_cancelled"
    assert OutboxMessage.objects.get(kind="child_ended").state == "delivered"


def test_a_parent_suspended_before_its_child_was_started_starts_it_on_resume() -> None:
    make_people()
    definitions.publish(load_map(child_map()).pk, actor=None, now=NOW)
    course = Course.of(parent_map())
    course.flow.command("suspend")
    pass_time(course, 2)
    assert not WorkflowInstance.objects.filter(parent=course.flow.request).exists()
    course.flow.command("resume")
    course.work()
    only_child(course)


def test_both_suspended_go_on_in_either_order() -> None:
    course, child = family()
    course.flow.command("suspend")
    requests.suspend(child.pk, actor=None, reason="Both.", now=course.now)
    pass_time(course, 1)
    requests.resume(child.pk, actor=None, reason="Child.", now=course.flow.later())
    end(child, "completed", course)
    pass_time(course, 1)
    assert untouched(course)
    course.flow.command("resume")
    course.work()
    assert course.flow.where == "review"


def test_a_parent_cancelled_while_suspended_leaves_nothing_held() -> None:
    course, child = family()
    course.flow.command("suspend")
    end(child, "completed", course)
    course.work()
    course.flow.command("cancel")
    course.work(minutes=1)
    assert course.flow.request.state == "cancelled"
    assert not OutboxMessage.objects.filter(state__in=("held", "waiting"), kind__in=CHILD_MESSAGES)


def test_a_child_of_a_parent_cancelled_while_suspended_is_called_off() -> None:
    course, child = family()
    course.flow.command("suspend")
    course.flow.command("cancel")
    course.work(minutes=1)
    assert WorkflowInstance.objects.get(pk=child.pk).state == "cancelled"


def test_suspended_again_before_the_news_came_it_is_held_again() -> None:
    course, child = family()
    course.flow.command("suspend")
    end(child, "completed", course)
    course.work()
    for _ in range(15):
        course.flow.command("resume")
        course.flow.command("suspend")
        course.work(minutes=1)
        assert untouched_but_for_commands(course)
    course.flow.command("resume")
    course.work()
    assert course.flow.where == "review"


def untouched_but_for_commands(course: Course) -> bool:
    request = course.flow.refresh()
    return request.state == "suspended" and course.flow.where == "sub"


def give_up_the_news(child: WorkflowInstance, parent: WorkflowInstance) -> None:
    """As an earlier version left it: nobody tells the parent of the child's end any more."""
    OutboxMessage.objects.filter(kind="ended", request=child).update(state="delivered")
    OutboxMessage.objects.create(
        kind="child_ended",
        request=parent,
        payload={"child": child.pk},
        activation=child.parent_activation,
        state="dropped",
        run_after=NOW,
        created_at=NOW,
    )


def test_an_end_that_was_given_up_comes_again_when_the_step_is_retried() -> None:
    course, child = family()
    end(child, "completed", course)
    give_up_the_news(child, course.flow.request)
    incidents.retry(
        stuck(course).pk, actor=person("olga"), reason="Again.", now=course.flow.later()
    )
    course.work()
    only_child(course)
    assert course.flow.where == "review"


def test_a_retry_beside_a_child_under_way_starts_no_second_one() -> None:
    course, child = family()
    incident = stuck(course)
    incidents.retry(incident.pk, actor=person("olga"), reason="Again.", now=course.flow.later())
    course.work()
    assert only_child(course) == child
    end(child, "completed", course)
    course.work()
    assert course.flow.where == "review"


def test_a_retry_after_the_child_was_cancelled_starts_another() -> None:
    course, child = family()
    end(child, "cancelled", course)
    course.work()
    incident = Incident.objects.get(state="open")
    incidents.retry(incident.pk, actor=person("olga"), reason="Again.", now=course.flow.later())
    course.work()
    assert WorkflowInstance.objects.filter(parent=course.flow.request).count() == 2


def stuck(course: Course) -> Incident:
    """Put the parent's step on an incident, as a fault of a delivery does."""
    with transaction.atomic():
        case = open_work_of_instance(course.flow.request.pk, now=course.flow.later())
        fail_waiting_step(
            case, case.marking.tokens[0].id, NotDelivered(ErrorRaised("It was lost."))
        )
    return Incident.objects.get(state="open")


def test_a_fault_of_a_delivery_moves_no_suspended_request() -> None:
    course, child = family(on_error={"to": "by_hand", "exception": True})
    course.flow.command("suspend")
    OutboxMessage.objects.create(
        kind="child_ended",
        request=course.flow.request,
        payload={"child": "nonsense"},
        activation=child.parent_activation,
        run_after=NOW,
        created_at=NOW,
    )
    pass_time(course, 1)
    assert untouched(course)


def test_timers_of_a_suspended_request_are_held_and_come_late() -> None:
    make_people()
    rest = {"kind": "wait", "for": "2h", "to": "review"}
    course = Course.of(plain("rest", {"rest": rest, "review": task(ok="done", no=NO, stop=STOP)}))
    course.flow.command("suspend")
    pass_time(course, 30)
    assert OutboxMessage.objects.get(kind="wake").state == "held"
    assert course.flow.where == "rest"
    course.flow.command("resume")
    course.work()
    assert course.flow.where == "review"


def test_reminders_and_escalations_of_a_suspended_request_are_held() -> None:
    make_user("mona", groups=("bosses",))
    late = {"remind_every": "1d", "escalate_to": "bosses", "after": "2d"}
    course = Course.of(
        plain("late", {"review": task(ok="done", no=NO, stop=STOP, _on_overdue=late)})
    )
    course.flow.command("suspend")
    pass_time(course, 24 * 7)
    timers = OutboxMessage.objects.filter(kind__in=("remind", "escalate"))
    assert set(timers.values_list("state", flat=True)) == {"held"}
    assert not course.flow.request.trail.filter(command__in=("remind", "escalate")).exists()
    course.flow.command("resume")
    course.work()
    assert course.flow.request.trail.filter(command="escalate").exists()


def test_a_call_of_a_suspended_request_is_not_made_until_it_goes_on() -> None:
    with receiver() as other_side:
        course = calling(other_side)
        course.flow.command("suspend")
        pass_time(course, 2)
        assert not other_side.calls
        assert not Attempt.objects.exists()
        course.flow.command("resume")
        course.work()
        assert len(other_side.calls) == 1
