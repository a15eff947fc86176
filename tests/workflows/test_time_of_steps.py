"""Due dates before a date, months, waits, and calendars of single steps, driven for real."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.automation.driving import Course, plain
from tests.engine.driving import task
from tests.factories import NOW
from tests.workflows.drawn import HEAD, NO, STOP
from tests.workflows.support import Flow, begin, make_people, person
from workflows.calendars.models import BusinessCalendar
from workflows.calendars.services.calendars import is_named_by_maps
from workflows.definitions.queries.definition_rows import definition_data_of
from workflows.engine.audit.run_audit import audit_definition
from workflows.engine.format.definition import Definition
from workflows.execution.models import WorkItem
from workflows.execution.queries.inbox import inbox_page
from workflows.people.queries.directory import SitePeople
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

SATURDAY = datetime(2026, 3, 7, 10, tzinfo=UTC)


def dated(steps: dict[str, Any], **head: Any) -> dict[str, Any]:
    """A map that asks for two dates at the start."""
    fields = HEAD["fields"] | {"day": {"type": "date"}, "at": {"type": "datetime"}}
    data = plain("dated", steps, **{"fields": fields, "calendar": "business"} | head)
    data["start"]["fields"] += ["day", "at"]
    return data


def one_task(**more: Any) -> dict[str, Any]:
    return dated({"answer": task(ok="done", no=NO, stop=STOP) | more})


def due_of(flow: Flow) -> str:
    moment = flow.task("answer").due_at
    assert moment is not None
    return f"{moment:%Y-%m-%d %H:%M}"


def test_a_request_received_on_31_january_is_due_on_28_february_and_everybody_knows() -> None:
    """A month by the calendar is what the task, the inbox, lists and reminders go by."""
    make_people()
    late = {"due": {"after": "day", "by": "1mo"}, "on_overdue": {"remind_every": "1d"}}
    steps = {"answer": task(ok="done", no=NO, stop=STOP) | late}
    course = Course.of(dated(steps), day="2027-01-31")
    due = datetime(2027, 2, 28, 23, 59, tzinfo=UTC)
    assert course.flow.task("answer").due_at == course.flow.refresh().due_at == due
    page = inbox_page(person("ann"), now=NOW)
    assert [row.due for row in page.rows] == [due]
    course.flow.now = due - timedelta(minutes=1)
    course.work()
    assert not reminders(course)
    course.work(minutes=1)
    assert reminders(course) == [due]
    assert inbox_page(person("ann"), now=due).rows[0].due == due


def reminders(course: Course) -> list[datetime]:
    rows = TrailEvent.objects.filter(request=course.flow.request, command="remind")
    return list(rows.order_by("id").values_list("recorded_at", flat=True))


def test_a_task_before_a_date_is_due_in_working_time_or_in_days() -> None:
    make_people()
    flow = begin(one_task(due={"before": "day", "by": "5d"}), day="2026-03-16")
    assert due_of(flow) == "2026-03-09 09:00"
    flow = begin(one_task(due={"before": "day", "by": "5cd"}) | {"key": "other"}, day="2026-03-16")
    assert due_of(flow) == "2026-03-11 23:59"


def test_a_step_with_a_calendar_of_its_own_counts_in_it_and_the_others_do_not() -> None:
    make_people()
    board = {"due": "4h", "expected": "2h", "calendar": "24/7"}
    steps = {
        "answer": task(ok="sign", no=NO, stop=STOP) | board,
        "sign": task(ok="done", stop=STOP) | {"due": "4h", "expected": "2h"},
    }
    flow = begin(dated(steps))
    flow.now = SATURDAY
    late = flow.task("answer")
    assert late.due_at == NOW + timedelta(hours=4)
    flow.decide("answer", "ok")
    item = WorkItem.objects.get(pk=late.pk)
    passed = (SATURDAY + timedelta(hours=1) - NOW).total_seconds()
    assert (item.waiting_business_seconds or 0) == passed
    sign = flow.task("sign")
    assert f"{sign.due_at:%Y-%m-%d %H:%M}" == "2026-03-09 13:00"


def test_reminders_of_a_step_count_in_its_own_calendar() -> None:
    make_people()
    late = {"due": "4h", "calendar": "24/7", "on_overdue": {"remind_every": "12h"}}
    course = Course.of(one_task(**late))
    for _ in range(6):
        course.work(hours=12)
    hours = [(at - NOW) / timedelta(hours=1) for at in reminders(course)]
    assert hours == [12, 24, 36, 48, 60, 72]  # delivered each at the clock's next look


@pytest.mark.parametrize(
    ("wait", "hours"),
    [
        ({"for": "1mo"}, 31 * 24),
        ({"for": "2cd"}, 48),
        ({"for": "2d"}, 32),
        ({"for": "2d", "calendar": "24/7"}, 48),
        ({"until": {"before": "day", "by": "2cd"}}, 3 * 24 - 9),
        ({"until": {"after": "day", "by": "1mo"}}, 36 * 24 - 9),
        ({"until": {"before": "at", "by": "4h"}}, 24),
        ({"until": {"before": "day", "by": "1y"}}, 0),
    ],
)
def test_a_wait_ends_at_the_moment_that_its_map_says(wait: dict[str, Any], hours: float) -> None:
    make_people()
    rest = {"kind": "wait", "to": "answer", **wait}
    steps = {"rest": rest, "answer": task(ok="done", no=NO, stop=STOP)}
    course = Course.of(dated(steps), day="2026-03-07", at="2026-03-03T13:00:00Z")
    if hours:
        assert course.work(hours=hours - 0.1) == "rest"
        assert course.work(hours=0.1) == "answer"
    else:
        assert course.work() == "answer"


def test_a_wait_before_a_date_that_is_empty_is_an_incident() -> None:
    make_people()
    rest = {"kind": "wait", "to": "answer", "until": {"before": "day", "by": "2d"}}
    steps = {"rest": rest, "answer": task(ok="done", no=NO, stop=STOP)}
    flow = begin(dated(steps))
    assert flow.incident().code == "no_date"


def test_a_calendar_that_a_step_names_must_be_there_and_cannot_be_deleted() -> None:
    make_people()
    steps = {"answer": task(ok="done", no=NO, stop=STOP) | {"calendar": "board"}}
    assert ("calendar_unknown", "answer") in codes(dated(steps))
    board = BusinessCalendar.objects.create(
        key="board", name="Board", hours={"sat": [["09:00", "12:00"]]}
    )
    assert "calendar_unknown" not in {code for code, _ in codes(dated(steps))}
    assert not is_named_by_maps(board)
    flow = begin(dated(steps))
    assert is_named_by_maps(board)
    assert f"{flow.task('answer').due_at:%Y-%m-%d %H:%M}" == "2026-03-07 12:00"


def codes(data: dict[str, Any]) -> set[tuple[str, str | None]]:
    definition = Definition.model_validate(data)
    return {(found.code, found.step) for found in audit_definition(definition, SitePeople())}


def test_times_are_rows_and_a_file_again() -> None:
    make_people()
    steps = {
        "answer": task(ok="rest", no=NO, stop=STOP)
        | {"due": {"before": "day", "by": "1mo"}, "calendar": "24/7"},
        "rest": {"kind": "wait", "for": "1mo", "calendar": "24/7", "to": "later"},
        "later": {"kind": "wait", "until": {"after": "day", "by": "3cd"}, "to": "sign"},
        "sign": task(ok="done", stop=STOP) | {"due": "1mo"},
    }
    data = dated(steps)
    version = begin(data, day="2026-05-05").request.version
    assert Definition.model_validate(definition_data_of(version)) == Definition.model_validate(data)
