"""A request as a whole is due, more time is given once with a reason, and a clock that stops."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from tests.approvals.api.calls import Api, problem, unchanged
from tests.approvals.office import signed_in
from tests.automation.driving import Course, folded, plain
from tests.engine.driving import task
from tests.factories import NOW
from tests.workflows.drawn import HEAD, NO, STOP
from tests.workflows.support import begin, make_people, person, refused
from workflows.definitions.queries.definition_rows import definition_data_of
from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.engine.format.definition import Definition
from workflows.engine.format.parts import DueDef
from workflows.engine.timing.due_records import begin_record, due_of_record
from workflows.engine.timing.working_time import Calendar
from workflows.execution.models import NEVER, WorkflowInstance
from workflows.execution.services import corrections, questions
from workflows.execution.services import work_items as tasks
from workflows.execution.services.extensions import extend_request, extend_task
from workflows.trail.models import TrailEvent

BERLIN = ZoneInfo("Europe/Berlin")


# -- the record ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "more", "expected"),
    [
        (DueDef(after="day", by="1mo"), [], "2026-02-28 23:59"),
        (DueDef(after="day", by="1mo"), ["2mo"], "2026-04-30 23:59"),
        (DueDef(after="day", by="1mo"), ["1mo", "1mo"], "2026-04-30 23:59"),
        (DueDef(after="day", by="1mo"), ["14cd"], "2026-03-14 23:59"),
        (DueDef(after="day", by="1mo"), ["8h"], "2026-03-02 17:00"),
        (DueDef(before="day", by="1mo"), ["1mo"], "2026-01-31 23:59"),
        (DueDef(after="day", by="5d"), ["1mo"], "2026-03-06 23:59"),
    ],
)
def test_an_extension_is_reckoned_from_the_original_base(
    rule: DueDef, more: list[str], expected: str
) -> None:
    office = Calendar.business(BERLIN)
    record = begin_record(rule, calendar=office, zone=BERLIN, data={"day": "2026-01-31"}, now=NOW)
    assert record is not None
    for by in more:
        record = record.extend(by)
    found = due_of_record(rule, record, calendar=office, zone=BERLIN)
    assert f"{found.astimezone(BERLIN):%Y-%m-%d %H:%M}" == expected


def test_a_record_is_kept_and_read_again() -> None:
    office = Calendar.business(BERLIN)
    record = begin_record("1mo", calendar=office, zone=BERLIN, data={}, now=NOW)
    assert record is not None
    changed = record.extend("2mo").stand(NOW).go_on(NOW, NOW + timedelta(days=5), office, BERLIN)
    assert changed.from_json(changed.to_json()) == changed
    assert changed.days == 5


# -- driven -------------------------------------------------------------------------------------

database = pytest.mark.django_db


def dsar(step: dict[str, Any] | None = None, **head: Any) -> dict[str, Any]:
    """A data-subject request: a month from receipt."""
    fields = HEAD["fields"] | {"received_on": {"type": "date"}}
    answer = task(ok="done", no=NO, stop=STOP) | {"due": "9d"} | (step or {})
    data = plain("dsar", {"answer": answer}, **{"fields": fields, "calendar": "business"} | head)
    data["start"]["fields"] += ["received_on"]
    return data


MONTH = {"after": "received_on", "by": "1mo"}
MORE = {"by": "2mo"}
FEBRUARY = datetime(2027, 2, 28, 23, 59, tzinfo=UTC)
APRIL = datetime(2027, 4, 30, 23, 59, tzinfo=UTC)


@database
def test_a_task_is_given_two_further_months_from_the_day_of_receipt_once() -> None:
    make_people()
    flow = begin(dsar({"due": MONTH, "extend": MORE}), received_on="2027-01-31")
    item = flow.task("answer")
    assert item.due_at == FEBRUARY
    tasks.claim(item.pk, actor=person("ann"), now=flow.later())
    extended = extend_task(item.pk, actor=person("ann"), reason="Many files.", now=flow.later())
    assert extended.due_at == flow.refresh().due_at == APRIL
    row = TrailEvent.objects.get(request=flow.request, command="extend")
    assert (row.actor, row.comment, row.capacity) == (person("ann"), "Many files.", "role")
    (moved,) = row.changes["due"]
    assert (moved["from"], moved["to"], moved["extended_by"]) == (
        *("2027-02-28T23:59:00+00:00", "2027-04-30T23:59:00+00:00", "2mo"),
    )
    with refused(WrongState, "as often as the map lets it be"):
        extend_task(item.pk, actor=person("ann"), reason="More.", now=flow.later())


@database
def test_more_time_needs_a_reason_a_map_that_says_so_and_somebody_who_may() -> None:
    make_people()
    flow = begin(dsar({"due": MONTH, "extend": MORE}), received_on="2027-01-31")
    item = flow.task("answer")
    with refused(InvalidInput, "Give a reason"):
        extend_task(item.pk, actor=person("ann"), reason=" ", now=flow.later())
    for nobody in ("mona", "rita"):
        with refused(NotAllowed, "may give it more time"):
            extend_task(item.pk, actor=person(nobody), reason="x", now=flow.later())
    other = begin(dsar({"due": MONTH}) | {"key": "other"}, received_on="2027-01-31")
    with refused(InvalidInput, "lets nobody give"):
        extend_task(other.task("answer").pk, actor=person("ann"), reason="x", now=flow.later())
    flow.decide("answer", "ok")
    with refused(NotAllowed, "may give it more time"):
        extend_task(item.pk, actor=person("rita"), reason="x", now=flow.later())


@database
def test_what_is_overdue_is_not_made_punctual_by_more_time() -> None:
    make_people()
    flow = begin(dsar({"due": MONTH, "extend": MORE}), received_on="2027-01-31")
    with refused(WrongState, "overdue already"):
        extend_task(
            flow.task("answer").pk,
            actor=person("olga"),
            reason="x",
            now=FEBRUARY + timedelta(minutes=1),
        )


@database
def test_reminders_go_by_the_extended_due_date() -> None:
    make_people()
    late = {"due": "1d", "extend": {"by": "1d"}, "on_overdue": {"remind_every": "1d"}}
    course = Course.of(dsar(late, calendar="24/7"))
    extend_task(course.flow.task("answer").pk, actor=person("ann"), reason="x", now=NOW)
    course.work(hours=25)
    assert not TrailEvent.objects.filter(command="remind").exists()
    course.work(hours=23)
    assert TrailEvent.objects.filter(command="remind").count() == 1


@database
@pytest.mark.parametrize(
    ("due", "clock", "expected"),
    [
        ("1mo", None, datetime(2026, 4, 7, 23, 59, tzinfo=UTC)),
        ("1mo", "stops", datetime(2026, 4, 7, 23, 59, tzinfo=UTC)),
        ("1mo", "runs", datetime(2026, 4, 2, 23, 59, tzinfo=UTC)),
        ("10d", None, datetime(2026, 3, 20, 15, tzinfo=UTC)),
    ],
)
def test_a_task_whose_requester_has_the_question_moves_by_days_or_working_time(
    due: str, clock: str | None, expected: datetime
) -> None:
    """Asked on Monday at 11, answered on Saturday at 11."""
    make_people()
    flow = begin(dsar({"due": due} | ({"clock": clock} if clock else {})))
    item = flow.task("answer")
    tasks.claim(item.pk, actor=person("ann"), now=flow.later())
    asked = questions.ask_requester(item.pk, actor=person("ann"), question="Who?", now=flow.later())
    questions.answer_question(asked.pk, actor=person("rita"), answer="Me.", now=flow.later(days=5))
    item.refresh_from_db()
    assert item.due_at == expected


@database
def test_a_request_as_a_whole_is_due_and_its_clock_stops_with_a_question() -> None:
    make_people()
    head = {"due": MONTH, "extend": MORE, "clock": "stops"}
    flow = begin(dsar(**head), received_on="2027-01-31")
    assert flow.refresh().deadline_at == FEBRUARY
    item = flow.task("answer")
    tasks.claim(item.pk, actor=person("ann"), now=flow.later())
    asked = questions.ask_requester(item.pk, actor=person("ann"), question="Who?", now=flow.later())
    assert flow.refresh().deadline_record["stands_since"]
    questions.answer_question(asked.pk, actor=person("rita"), answer="Me.", now=flow.later(days=5))
    assert flow.refresh().deadline_at == FEBRUARY + timedelta(days=5)
    extend_request(flow.request.pk, actor=person("olga"), reason="Many.", now=flow.later())
    assert flow.refresh().deadline_at == APRIL + timedelta(days=5)
    assert folded(Course(flow))


@database
def test_a_request_is_given_more_time_by_who_answers_for_its_workflow_alone() -> None:
    make_people()
    flow = begin(dsar(due="1mo", extend=MORE))
    for nobody in ("ann", "rita"):
        with refused(NotAllowed, "Only the workflow's owner or deputy"):
            extend_request(flow.request.pk, actor=person(nobody), reason="x", now=flow.later())
    plain_flow = begin(dsar(due="1mo") | {"key": "plain"})
    with refused(InvalidInput, "lets nobody give"):
        extend_request(plain_flow.request.pk, actor=person("olga"), reason="x", now=NOW)


@database
def test_the_owner_is_told_once_that_a_request_is_overdue_and_nothing_is_decided() -> None:
    make_people()
    course = Course.of(dsar(due="2d", calendar="24/7"))
    assert course.work(hours=47.9) == "answer"
    assert not TrailEvent.objects.filter(command="remind").exists()
    for _ in range(3):
        assert course.work(days=1) == "answer"
    (row,) = TrailEvent.objects.filter(command="remind")
    assert (row.work_item, row.actor, row.channel) == (None, None, "clock")


@database
def test_with_on_overdue_the_owner_is_reminded_again() -> None:
    make_people()
    course = Course.of(dsar(due="2d", on_overdue={"remind_every": "1d"}, calendar="24/7"))
    for _ in range(5):
        course.work(days=1)
    assert TrailEvent.objects.filter(command="remind").count() == 4


@database
def test_a_suspended_or_finished_request_tells_nobody_that_it_is_overdue() -> None:
    make_people()
    course = Course.of(dsar(due="2d", calendar="24/7"))
    course.flow.command("suspend")
    course.work(days=3)
    assert not TrailEvent.objects.filter(command="remind").exists()
    course.flow.command("cancel")
    course.work(days=3)
    assert not TrailEvent.objects.filter(command="remind").exists()


@database
def test_a_date_that_becomes_known_later_sets_the_due_date_then() -> None:
    make_people()
    flow = begin(dsar(due=MONTH))
    assert flow.refresh().deadline_at == NEVER
    corrections.set_values(
        flow.request.pk,
        actor=person("olga"),
        data={"received_on": date(2027, 1, 31).isoformat()},
        reason="Found.",
        now=flow.later(),
    )
    assert flow.refresh().deadline_at == FEBRUARY


@database
def test_what_the_head_says_of_times_is_in_rows_and_files_alike() -> None:
    make_people()
    head = {"due": MONTH, "extend": MORE, "clock": "stops", "on_overdue": {"remind_every": "1d"}}
    data = dsar({"due": "1mo", "extend": {"by": "14cd", "times": 2}, "clock": "runs"}, **head)
    version = begin(data, received_on="2027-01-31").request.version
    assert Definition.model_validate(definition_data_of(version)) == Definition.model_validate(data)


# -- pages --------------------------------------------------------------------------------------


@database
def test_the_pages_offer_more_time_and_show_until_when() -> None:
    make_people()
    data = dsar({"due": MONTH, "extend": MORE}, due=MONTH, extend=MORE)
    flow = begin(data, received_on="2027-01-31")
    item = flow.task("answer")
    ann, olga = signed_in(person("ann")), signed_in(person("olga"))
    shown = ann.get(f"/tasks/{item.pk}/").content.decode()
    assert "Give it more time" in shown
    assert "It is due 30 Apr 2027, " in shown
    empty = ann.post(f"/tasks/{item.pk}/extend/", {"reason": " "})
    assert "<details open>" in empty.content.decode()
    long = "So many files. " * 200
    refused = ann.post(f"/tasks/{item.pk}/extend/", {"reason": long})
    assert refused.status_code == 422
    assert long.strip() in refused.content.decode()
    answer = ann.post(f"/tasks/{item.pk}/extend/", {"reason": "Many files."}, follow=True)
    assert "30 Apr 2027" in answer.content.decode()
    given = ann.get(f"/tasks/{item.pk}/").content.decode()
    assert "Give it more time" not in given
    assert "ann gave it more time on " in given
    assert ": Many files." in given
    page = f"/requests/{flow.request.reference}/"
    assert "28 Feb 2027" in olga.get(page).content.decode()
    assert "Give it more time" in olga.get(page).content.decode()
    assert "It is due 30 Apr 2027, " in olga.get(f"{page}extend/").content.decode()
    olga.post(f"{page}extend/", {"reason": "Many files."})
    assert flow.refresh().deadline_at == APRIL
    assert ann.post(f"{page}extend/", {"reason": "x"}).status_code in (403, 404)


@database
def test_a_request_that_is_overdue_as_a_whole_is_not_offered_more_time() -> None:
    make_people()
    data = dsar({"due": MONTH, "extend": MORE}, due=MONTH, extend=MORE)
    flow = begin(data, received_on="2027-01-31")
    olga, page = signed_in(person("olga")), f"/requests/{flow.request.reference}/"
    assert f"{page}extend/" in olga.get(page).content.decode()
    past = timezone.now() - timedelta(days=1)
    WorkflowInstance.objects.filter(pk=flow.request.pk).update(deadline_at=past)
    assert f"{page}extend/" not in olga.get(page).content.decode()
    assert "It cannot be given more time now." in olga.get(f"{page}extend/").content.decode()


@database
def test_the_api_gives_more_time_and_hides_what_one_may_not_see() -> None:
    people = make_people()
    data = dsar({"due": MONTH, "extend": MORE}, due=MONTH, extend=MORE)
    flow = begin(data, received_on="2027-01-31")
    task_path = f"/work-items/{flow.task('answer').pk}/extend"
    whole_path = f"/instances/{flow.request.reference}/extend"
    with unchanged():
        problem(Api(people["mona"]).post(task_path, {"reason": "x"}), 404)
        problem(Api(people["mona"]).post(whole_path, {"reason": "x"}), 404)
        problem(Api(people["rita"]).post(whole_path, {"reason": "x"}), 403)
    said = Api(people["ann"]).post(task_path, {"reason": "Many files."})
    assert said.json()["due"] == "2027-04-30T23:59:00Z"
    assert said.json()["request"]["deadline"] == "2027-02-28T23:59:00Z"
    whole = Api(people["olga"]).post(whole_path, {"reason": "Many files."})
    assert whole.json()["deadline"] == "2027-04-30T23:59:00Z"
    problem(Api(people["olga"]).post(whole_path, {"reason": "More."}), 409, "as often as")
