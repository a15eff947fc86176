"""Tasks that expire: the clock takes them the way that the map names, and decides nothing."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.approvals.office import signed_in
from tests.automation.driving import Course, folded, plain, work_off
from tests.engine.driving import approval, task
from tests.factories import NOW
from tests.workflows.drawn import HEAD, NO, STOP
from tests.workflows.support import make_people, nothing_changed, person, refused
from workflows.definitions.queries.definition_rows import definition_data_of
from workflows.engine.audit.run_audit import audit_definition
from workflows.engine.bpmn.reading import read_bpmn
from workflows.engine.bpmn.writing import write_bpmn
from workflows.engine.errors import DefinitionProblem, WrongState
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import read_definition
from workflows.execution.models import WorkItem
from workflows.execution.services import questions
from workflows.execution.services import work_items as tasks
from workflows.outbox.models import OutboxMessage
from workflows.people.queries.directory import SitePeople
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db


def waiting(after: str = "2d", **more: Any) -> dict[str, Any]:
    """A task that is closed when nobody has answered, and a task behind it."""
    expires = {"after": after, "to": "tidy", "exception": True} | more.pop("expires", {})
    steps = {
        "answer": task(ok="done", no=NO, stop=STOP) | {"due": "4h", "expires": expires} | more,
        "tidy": task(ok="done", stop=STOP),
    }
    return plain("waiting", steps, fields=HEAD["fields"] | {"day": {"type": "date"}})


def course(after: str = "2d", **more: Any) -> Course:
    make_people()
    return Course.of(waiting(after, **more))


def test_a_task_that_nobody_does_goes_the_way_that_its_step_names() -> None:
    one = course()
    item = one.flow.task("answer")
    assert item.expires_at == NOW + timedelta(days=2)
    assert one.work(hours=47.9) == "answer"
    assert one.work(hours=0.1) == "tidy"
    item.refresh_from_db()
    assert (item.state, item.outcome, item.decided_by, item.performer_name) == (
        *("done", "expired", None, ""),
    )
    row = TrailEvent.objects.get(request=one.flow.request, command="expire")
    assert (row.actor, row.outcome, row.step, row.channel) == (None, "expired", "answer", "clock")
    assert folded(one)


def test_a_task_that_is_done_in_time_does_not_expire() -> None:
    one = course()
    one.flow.decide("answer", "ok")
    with nothing_changed_but_messages():
        work_off(NOW + timedelta(days=3))
    assert one.flow.where == "= done"


def nothing_changed_but_messages() -> Any:
    """The timer is closed; nothing else happens."""
    from contextlib import contextmanager

    @contextmanager
    def watched() -> Any:
        rows = TrailEvent.objects.count(), WorkItem.objects.count()
        yield
        assert rows == (TrailEvent.objects.count(), WorkItem.objects.count())

    return watched()


def test_who_decides_after_it_has_expired_is_told_so() -> None:
    one = course()
    item = one.flow.task("answer")
    one.work(days=2)
    with refused(WrongState, "has expired"):
        tasks.decide(item.pk, actor=person("ann"), outcome="ok", now=one.flow.later())


def test_a_suspended_request_holds_its_expiry_until_it_goes_on() -> None:
    one = course()
    one.flow.command("suspend")
    assert one.work(days=4) == "answer"
    one.flow.command("resume")
    assert one.work(minutes=1) == "tidy"


def test_the_time_stands_still_while_the_requester_has_the_question() -> None:
    one = course()
    item = one.flow.task("answer")
    tasks.claim(item.pk, actor=person("ann"), now=one.flow.later())
    asked = questions.ask_requester(
        item.pk, actor=person("ann"), question="Which?", now=one.flow.later()
    )
    assert one.work(days=3) == "answer"
    questions.answer_question(asked.pk, actor=person("rita"), answer="This.", now=one.now)
    item.refresh_from_db()
    assert item.expires_at == NOW + timedelta(days=5)
    assert one.work(days=1) == "answer"
    assert one.work(days=1) == "tidy"


def test_with_a_clock_that_runs_it_does_not_and_the_question_lapses() -> None:
    one = course(clock="runs")
    item = one.flow.task("answer")
    tasks.claim(item.pk, actor=person("ann"), now=one.flow.later())
    questions.ask_requester(item.pk, actor=person("ann"), question="Which?", now=one.flow.later())
    assert one.work(days=2) == "tidy"
    assert folded(one)


def test_months_and_days_end_with_their_last_day() -> None:
    one = course("14cd")
    assert one.flow.task("answer").expires_at == datetime(2026, 3, 17, tzinfo=UTC)


def test_expiry_is_in_rows_and_files_alike() -> None:
    one = course(expires={"exception": None})
    written = definition_data_of(one.flow.request.version)
    assert written["steps"]["answer"]["expires"] == {"after": "2d", "to": "tidy"}
    assert Definition.model_validate(written) == Definition.model_validate(
        waiting(expires={"exception": None})
    )


def test_an_approval_never_expires() -> None:
    data = waiting()
    data["steps"]["answer"] = approval(ok="done", no=NO) | {
        "expires": {"after": "2d", "to": "tidy"}
    }
    with pytest.raises(DefinitionProblem, match="an approval does not expire"):
        read_definition(json.dumps(data), name="map.json")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"after": "soon"}, "is not a duration"),
        ({"to": "nowhere"}, "no such step"),
        ({"by": "1d"}, "unknown key 'by'"),
    ],
)
def test_an_expiry_that_cannot_be_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionProblem) as caught:
        read_definition(json.dumps(waiting(expires=change)), name="map.json")
    assert words in str(caught.value)


def codes(data: dict[str, Any]) -> set[tuple[str, str | None]]:
    definition = Definition.model_validate(data)
    return {(found.code, found.step) for found in audit_definition(definition, SitePeople())}


def test_who_gives_more_time_reads_that_it_expires_all_the_same() -> None:
    item = course(extend={"by": "30cd"}).flow.task("answer")
    olga, soon = signed_in(person("olga")), timezone.now() + timedelta(hours=1)
    for expires_in, is_said in ((timedelta(days=2), True), (timedelta(days=90), False)):
        times = {"due_at": soon, "due_record": {}, "expires_at": soon + expires_in}
        WorkItem.objects.filter(pk=item.pk).update(**times)
        page = olga.get(f"/tasks/{item.pk}/").content.decode()
        assert "Give it more time" in page
        assert ("all the same." in page) == is_said


def test_the_audit_counts_it_as_a_way_and_finds_what_is_wrong_with_it() -> None:
    make_people()
    assert not any(code.startswith(("step_unreach", "expires")) for code, _ in codes(waiting()))
    assert ("expires_too_soon", "answer") in codes(waiting("3h"))
    longer = waiting()
    longer["steps"]["answer"] |= {"extend": {"by": "30cd"}}
    assert ("expires_too_soon", "answer") in codes(longer)
    longer["steps"]["answer"]["extend"]["by"] = "1d"
    assert ("expires_too_soon", "answer") not in codes(longer)
    circle = waiting()
    circle["steps"]["answer"]["expires"]["to"] = "answer"
    assert ("loop_without_person", "answer") in codes(circle)


def test_expiry_is_a_timer_at_the_edge_in_bpmn_and_comes_back() -> None:
    definition = Definition.model_validate(waiting("14cd"))
    written = write_bpmn(definition)
    assert 'attachedToRef="step.answer"' in written
    assert "P14D" in written
    back = read_bpmn(written.encode(), name="map.bpmn")
    assert back.definition == definition
    assert not back.unsupported


def test_another_tools_timer_at_the_edge_of_a_task_is_an_expiry() -> None:
    written = write_bpmn(Definition.model_validate(waiting("14cd")))
    start, end = written.index('<handoff:step key="answer"'), 0
    end = written.index("</handoff:step>", start) + len("</handoff:step>")
    foreign = written[:start] + written[end:]
    back = read_bpmn(foreign.encode(), name="map.bpmn").definition
    expiring = [step for step in back.steps.values() if getattr(step, "expires", None)]
    assert [step.expires.after for step in expiring] == ["14d"]  # type: ignore[union-attr]


def test_the_timer_of_a_task_that_is_gone_does_nothing() -> None:
    one = course()
    one.flow.command("cancel")
    assert not OutboxMessage.objects.filter(kind="expire", state="aside").exists()
    work_off(NOW + timedelta(days=3))
    assert one.flow.where == "= cancelled"
    with nothing_changed():
        work_off(NOW + timedelta(days=4))
