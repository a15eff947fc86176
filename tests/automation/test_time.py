"""Waits, reminders, escalation, schedules: what the clock does, once, and never decides."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from tests.automation.driving import Course, plain, work_off
from tests.engine.driving import approval, task
from tests.factories import NOW, load_map, make_user
from tests.telling import silence
from tests.workflows.drawn import HEAD, NO, STOP
from tests.workflows.support import again, make_people, person, refused
from workflows.definitions.services import publishing as definitions
from workflows.definitions.services.schedule_planning import ensure_schedules, next_start
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.execution.models import AddedPerson, WorkflowInstance
from workflows.execution.queries.inbox import count_inbox_tasks, inbox_page
from workflows.execution.services import incidents
from workflows.execution.services import work_items as tasks
from workflows.execution.services.messages import incoming as messages
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.notices.choices import NoticeKind
from workflows.outbox.models import OutboxMessage
from workflows.people.services.absences import AbsencePlan, set_absence
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

LATE = {"remind_every": "1d", "escalate_to": "bosses", "after": "2d"}


def waiting(**wait: Any) -> dict[str, Any]:
    fields = HEAD["fields"] | {"day": {"type": "date"}}
    rest = {"kind": "wait", "to": "review", **wait}
    review = approval(ok="done", no=NO, stop=STOP)
    data = plain("waits", {"rest": rest, "review": review}, fields=fields)
    data["start"]["fields"].append("day")
    return data


def late_map(**more: Any) -> dict[str, Any]:
    return plain(
        "late",
        {"review": approval(ok="done", no=NO, stop=STOP, _due="1d", _on_overdue=LATE, **more)},
    )


def folded(course: Course) -> bool:
    """Whether the trail alone leads to where the request stands."""
    request = course.flow.refresh()
    marking, data = rebuild_from_trail(request)
    return (marking.to_json(), data) == (request.marking, request.data)


# -- waits --------------------------------------------------------------------------------------


def test_a_wait_ends_after_its_duration_and_not_before() -> None:
    course = Course.of(waiting(**{"for": "2d"}))
    assert course.work(hours=47) == "rest"
    assert course.work(hours=1) == "review"
    assert course.waiting == []
    item = course.flow.request.work_items.get(step__key="rest")
    assert (item.state, item.outcome, item.completed_at) == ("done", "woken", course.now)
    assert folded(course)


def test_a_wait_until_a_date_ends_when_the_day_begins() -> None:
    course = Course.of(waiting(until="day"), day="2026-03-10")
    course.flow.now = datetime(2026, 3, 9, 23, 59, tzinfo=UTC)
    assert course.work() == "rest"
    assert course.work(minutes=1) == "review"


def test_a_wait_until_a_day_that_has_passed_ends_at_once() -> None:
    assert Course.of(waiting(until="day"), day="2020-01-01").work() == "review"


def test_a_wait_until_an_empty_date_is_an_incident_and_goes_on_when_it_is_filled_in() -> None:
    course = Course.of(waiting(until="day"))
    assert course.work() == "rest"
    incident = course.flow.incident()
    assert incident.code == "no_date"
    incidents.retry(
        incident.pk,
        actor=person("olga"),
        reason="Known now.",
        now=course.now,
        data={"day": "2026-03-03"},
    )
    assert course.work(days=3) == "review"
    assert folded(course)


def test_a_wait_that_was_cancelled_wakes_nobody() -> None:
    course = Course.of(waiting(**{"for": "1d"}))
    course.flow.command("cancel")
    assert course.work(days=2) == "= cancelled"
    assert course.waiting == []


def test_a_suspended_request_goes_on_when_it_is_resumed_and_not_before() -> None:
    course = Course.of(waiting(**{"for": "1d"}))
    course.flow.command("suspend")
    assert course.work(days=2) == "rest"
    course.flow.command("resume")
    assert course.work() == "review"


# -- messages -----------------------------------------------------------------------------------


def by_message() -> Course:
    return Course.of(waiting(message="goods", outputs=["note"]))


def send(course: Course, message: str = "goods", by: str = "olga", **more: Any) -> None:
    messages.receive_message(
        course.flow.request.reference, message, actor=person(by), now=course.now, **more
    )


def test_a_message_ends_the_wait_for_it_with_the_values_that_it_brings() -> None:
    course = by_message()
    assert course.work(days=9) == "rest"
    send(course, data={"note": "all there"})
    assert course.flow.where == "review"
    assert course.flow.data["note"] == "all there"
    assert folded(course)


def test_a_message_that_nobody_waits_for_is_refused() -> None:
    course = by_message()
    with refused(WrongState, "no step that waits", "money"):
        send(course, "money")
    send(course)
    with refused(WrongState, "no step that waits"):
        send(course)


def test_a_message_changes_nothing_that_people_have_seen() -> None:
    course = by_message()
    with refused(InvalidInput, "amount"):
        send(course, data={"amount": "1.00"})


def test_a_message_comes_from_the_requester_or_a_manager_and_from_nobody_else() -> None:
    course = by_message()
    with refused(NotFound, course.flow.request.reference):
        send(course, by="max")
    make_user("auditor").user_permissions.clear()
    send(course, by="rita")
    assert course.flow.where == "review"


def test_the_waits_own_role_may_send_the_message_and_the_requester_then_may_not() -> None:
    course = Course.of(waiting(message="goods", role="bosses"))
    with refused(NotAllowed, "role"):
        send(course, by="rita")
    assert course.flow.where == "rest"


def test_a_message_finds_its_request_by_the_values_of_fields() -> None:
    first = by_message()
    second = Course(again("waits"))
    definition = {"correlation": {"amount": second.flow.data["amount"]}}
    with refused(WrongState, "Several"):
        messages.correlate("waits", "goods", actor=person("olga"), now=NOW, **definition)
    WorkflowInstance.objects.filter(pk=second.flow.request.pk).update(
        data=second.flow.data | {"amount": "77.00"}
    )
    with refused(NotFound, "waits"):
        messages.correlate(
            "waits", "goods", actor=person("olga"), now=NOW, correlation={"amount": "78.00"}
        )
    for lookup in ("isnull", "regex", "in"):
        with refused(NotFound, "waits"):
            messages.correlate(
                "waits", "goods", actor=person("olga"), now=NOW, correlation={lookup: "x"}
            )
    with refused(InvalidInput, "__"):
        messages.correlate(
            "waits", "goods", actor=person("olga"), now=NOW, correlation={"amount__gt": "1"}
        )
    messages.correlate(
        "waits", "goods", actor=person("olga"), now=NOW, correlation={"amount": "77.00"}
    )
    assert (first.flow.where, second.flow.where) == ("rest", "review")


def test_a_message_with_a_correlation_that_does_not_fit_is_refused() -> None:
    course = by_message()
    with refused(WrongState, "correlation"):
        send(course, correlation={"amount": "0.01"})


# -- reminders ----------------------------------------------------------------------------------


def mails_to(address: str) -> list[str]:
    return [message.subject for message in mail.outbox if message.to == [address]]


def addresses() -> None:
    for name, one in make_people().items():
        one.email = f"{name}@example.org"
        one.save()
    silence(NoticeKind.TEAM, NoticeKind.REQUESTS)


def test_late_work_reminds_everybody_who_may_do_it_once_for_each_interval() -> None:
    addresses()
    course = Course.of(late_map())
    course.work(hours=23)
    assert mail.outbox == []
    course.work(hours=1)
    course.work()
    course.work(minutes=30)
    assert len(mails_to("ann@example.org")) == len(mails_to("bob@example.org")) == 1
    assert mails_to("rita@example.org") == []
    course.work(days=1)
    assert len(mails_to("ann@example.org")) == 2
    assert course.flow.where == "review"
    assert folded(course)


def test_a_clock_that_was_down_for_days_reminds_once() -> None:
    addresses()
    course = Course.of(late_map())
    course.work(days=5, hours=3)
    assert len(mails_to("ann@example.org")) == 1
    course.work(hours=20)
    assert len(mails_to("ann@example.org")) == 1
    course.work(hours=1)
    assert len(mails_to("ann@example.org")) == 2


def test_work_that_is_done_reminds_nobody() -> None:
    addresses()
    course = Course.of(late_map())
    course.flow.decide("review", "ok")
    course.work(days=9)
    assert mail.outbox == []
    assert course.waiting == []


def test_only_the_one_who_has_it_is_reminded() -> None:
    addresses()
    course = Course.of(late_map())
    tasks.claim(course.flow.task("review").pk, actor=person("bob"), now=course.now)
    course.work(days=1)
    assert [message.to for message in mail.outbox] == [["bob@example.org"]]


def test_who_stands_in_is_reminded_and_asked_a_day_before_the_role() -> None:
    addresses()
    course = Course.of(late_map())
    make_user("omar", email="omar@example.org")
    tasks.claim(course.flow.task("review").pk, actor=person("ann"), now=course.now)
    today = course.now.date()
    plan = AbsencePlan(deputy=person("omar"), first_day=today, last_day=today + timedelta(days=30))
    set_absence(person("ann"), plan, by=person("ann"), now=course.now)
    course.work(days=1)
    told = [message.to for message in mail.outbox if message.subject.startswith("Late")]
    assert {address for to in told for address in to} <= {"omar@example.org"}
    course.work(days=2)
    assert not AddedPerson.objects.exists()
    asked = TrailEvent.objects.filter(command="escalate").get()
    assert asked.changes["deputies_asked"] == ["omar"]
    assert any(message.to == ["omar@example.org"] for message in mail.outbox)
    assert not any(message.to == ["ann@example.org"] for message in mail.outbox)
    course.work(days=1)
    assert set(AddedPerson.objects.values_list("user__username", flat=True)) == {"mona", "max"}
    assert folded(course)


# -- escalation ---------------------------------------------------------------------------------


def test_escalation_adds_people_who_may_then_decide_and_takes_nobody_away() -> None:
    course = Course.of(late_map())
    mona, item = person("mona"), course.flow.task("review")
    assert inbox_page(mona).rows == []
    with refused(NotAllowed):
        tasks.decide(item.pk, actor=mona, outcome="ok", now=course.now)
    course.work(days=3)
    assert course.flow.where == "review"
    assert [row.id for row in inbox_page(mona).rows] == [item.pk]
    assert count_inbox_tasks(mona).value == 1
    assert [row.id for row in inbox_page(person("ann")).rows] == [item.pk]
    assert WorkflowInstance.objects.visible_to(mona).filter(pk=course.flow.request.pk).exists()
    tasks.decide(item.pk, actor=mona, outcome="ok", now=course.now)
    assert course.flow.where == "= done"
    assert inbox_page(mona).rows == []
    assert folded(course)


def test_escalation_of_a_held_task_lets_the_added_people_decide_too() -> None:
    course = Course.of(late_map())
    item = tasks.claim(course.flow.task("review").pk, actor=person("ann"), now=course.now)
    course.work(days=3)
    tasks.decide(item.pk, actor=person("max"), outcome="ok", now=course.now)
    assert course.flow.where == "= done"


def test_escalation_does_not_get_round_separation_of_duties() -> None:
    data = late_map()
    data["roles"]["bosses"]["users"] = ["rita"]
    course = Course.of(data)
    course.work(days=3)
    added = set(AddedPerson.objects.values_list("user__username", flat=True))
    assert added == {"mona", "max"}
    with refused(NotAllowed):
        tasks.decide(
            course.flow.task("review").pk, actor=person("rita"), outcome="ok", now=course.now
        )


def test_an_escalation_that_finds_nobody_tells_the_owner() -> None:
    addresses()
    course = Course.of(late_map())
    for name in ("mona", "max"):
        type(person(name)).objects.filter(username=name).update(is_active=False)
    course.work(days=3)
    assert any("Nobody is in the role" in message.body for message in mail.outbox)
    assert TrailEvent.objects.get(command="escalate").changes["nobody_in_role"]


def test_being_late_never_decides() -> None:
    course = Course.of(late_map())
    assert course.work(days=400) == "review"
    assert course.flow.task("review").outcome == ""


# -- schedules ----------------------------------------------------------------------------------


def monthly(cron: str = "0 9 1 * *", **more: Any) -> dict[str, Any]:
    data = plain("monthly", {"review": task(ok="done", no=NO, stop=STOP)})
    data["start"]["triggers"] = [
        {"kind": "schedule", "cron": cron, "data": {"amount": "5.00"}} | more
    ]
    return data


def started() -> list[WorkflowInstance]:
    return list(WorkflowInstance.objects.filter(source="schedule").order_by("pk"))


def test_a_schedule_starts_a_request_at_each_of_its_moments() -> None:
    make_people()
    definitions.publish(load_map(monthly()).pk, actor=None, now=NOW)
    work_off(datetime(2026, 4, 1, 8, 59, tzinfo=UTC))
    assert started() == []
    work_off(datetime(2026, 4, 1, 9, 0, tzinfo=UTC))
    work_off(datetime(2026, 4, 1, 9, 1, tzinfo=UTC))
    (request,) = started()
    assert request.data == {"amount": "5.00"}
    assert "2026-04-01 09:00" in request.title
    assert request.requester is None


def test_a_clock_that_was_down_starts_what_it_missed_in_order_and_once() -> None:
    make_people()
    definitions.publish(load_map(monthly()).pk, actor=None, now=NOW)
    back = datetime(2026, 7, 15, tzinfo=UTC)
    work_off(back)
    work_off(back)
    assert [request.title[-16:-6] for request in started()] == [
        "2026-04-01",
        "2026-05-01",
        "2026-06-01",
        "2026-07-01",
    ]


def test_a_superseded_version_starts_nothing_and_the_new_one_does() -> None:
    make_people()
    definitions.publish(load_map(monthly()).pk, actor=None, now=NOW)
    definitions.publish(load_map(monthly("0 9 2 * *")).pk, actor=None, now=NOW)
    work_off(datetime(2026, 4, 3, tzinfo=UTC))
    assert [request.version.number for request in started()] == [2]


def test_a_start_that_is_refused_is_told_to_the_owner_and_the_schedule_goes_on() -> None:
    addresses()
    definitions.publish(load_map(monthly(data={"amount": "a lot"})).pk, actor=None, now=NOW)
    work_off(datetime(2026, 4, 1, 9, 0, tzinfo=UTC))
    work_off(datetime(2026, 4, 1, 9, 0, tzinfo=UTC))
    assert started() == []
    assert mails_to("olga@example.org") == ["News: 'Drawn for a test' could not be started"]
    assert OutboxMessage.objects.filter(kind="schedule", state="waiting").count() == 1


def test_a_schedule_that_was_lost_is_written_down_again() -> None:
    make_people()
    definitions.publish(load_map(monthly()).pk, actor=None, now=NOW)
    assert ensure_schedules(now=NOW) == 0
    OutboxMessage.objects.filter(kind="schedule").delete()
    assert ensure_schedules(now=NOW) == 1
    assert ensure_schedules(now=NOW) == 0


def test_a_schedule_counts_in_the_sites_time_zone(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    winter = next_start("0 9 * * *", datetime(2026, 3, 28, 7, 0, tzinfo=UTC))
    summer = next_start("0 9 * * *", datetime(2026, 3, 28, 9, 0, tzinfo=UTC))
    assert winter == datetime(2026, 3, 28, 8, 0, tzinfo=UTC)
    assert summer == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
    with pytest.raises(ValueError, match="no schedule"):
        next_start("every day", NOW)
    assert timedelta(0) < next_start("* * * * *", NOW) - NOW <= timedelta(minutes=1)
