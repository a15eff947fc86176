"""Rules 1 and 2 of a run: who may decide what, in which words it is refused, all or nothing."""

from collections.abc import Callable
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection

from tests.factories import NOW, make_user
from tests.workflows import drawn
from tests.workflows.support import (
    Flow,
    again,
    begin,
    everything,
    nothing_changed,
    paper,
    person,
    refused,
)
from workflows.engine.errors import HandoffError, InvalidInput, NotAllowed, NotFound, WrongState
from workflows.execution.models import WorkItem
from workflows.execution.services import work_items as tasks

pytestmark = pytest.mark.django_db


def test_a_decision_closes_the_task_opens_the_next_and_is_one_row_of_the_trail() -> None:
    flow = begin(drawn.sequential())
    task = flow.decide("review", "ok", comment="Fine.")
    task.refresh_from_db()
    assert (task.state, task.outcome, task.comment) == ("done", "ok", "Fine.")
    assert (task.decided_by, task.performer_name) == (person("ann"), "ann")
    assert not task.is_open
    assert not task.in_queue
    assert flow.where == "pay"
    row = flow.last()
    assert (row.command, row.step, row.outcome, row.actor_name) == ("decide", "review", "ok", "ann")
    assert (row.from_state, row.to_state, row.comment) == ("enabled", "done", "Fine.")
    assert (row.role, row.round, row.work_item) == ("crew", 1, task.pk)
    assert row.changes["opened"][0]["step"] == "pay"
    assert flow.request.trail.count() == 2


def test_the_second_to_decide_is_told_who_was_first_and_when() -> None:
    flow = begin(drawn.sequential())
    task = flow.decide("review", "ok")
    with refused(WrongState, "ann was first", "'Review' → Ok", "2 Mar 2026, 10:00"):
        tasks.decide(task.pk, actor=person("bob"), outcome="no", comment="No.", now=flow.later())


def test_the_second_is_told_of_the_outcome_by_its_words() -> None:
    data = drawn.sequential()
    way = data["steps"]["review"]["outcomes"]["ok"]
    data["steps"]["review"]["outcomes"]["ok"] = {"to": way, "label": "Agreed"}
    flow = begin(data)
    task = flow.decide("review", "ok")
    with nothing_changed(), refused(WrongState, "'Review' → Agreed"):
        tasks.decide(task.pk, actor=person("bob"), outcome="no", comment="No.", now=flow.later())


def test_who_comes_to_a_cancelled_task_is_told_why_it_is_not_needed() -> None:
    flow = begin(drawn.branches())
    task = flow.task("tech")
    flow.decide("legal", "out")
    with refused(WrongState, "'Tech' is not needed any more", "left for 'Fix'"):
        tasks.decide(task.pk, actor=person("bob"), outcome="ok", now=flow.later())


@pytest.mark.parametrize(
    ("command", "word"), [("suspend", "suspended"), ("cancel", "not needed any more")]
)
def test_only_a_running_request_can_be_decided(command: str, word: str) -> None:
    flow = begin(drawn.sequential())
    task = flow.task("review")
    flow.command(command)
    with refused(WrongState, word):
        tasks.decide(task.pk, actor=person("ann"), outcome="ok", now=flow.later())


def test_a_task_that_does_not_exist_is_not_found() -> None:
    begin(drawn.sequential())
    with refused(NotFound, "no such task"):
        tasks.decide(10**9, actor=person("ann"), outcome="ok", now=NOW)


def fix(flow: Flow) -> None:
    flow.decide("review", "back", comment="Not yet.")


def pay(flow: Flow) -> None:
    flow.decide("review", "ok")


def here(flow: Flow) -> None:
    """The request is where it should be."""


REFUSALS: list[tuple[str, Callable[[Flow], None], str, str, str, dict[str, Any], Any, str]] = [
    ("not in the role", here, "review", "mona", "ok", {}, NotAllowed, "not in its role"),
    ("not an outcome", here, "review", "ann", "maybe", {}, InvalidInput, "'maybe' is not"),
    ("no outcome", here, "review", "ann", "", {}, InvalidInput, "not an outcome"),
    ("no comment", here, "review", "ann", "back", {}, InvalidInput, "needs a comment"),
    ("blank comment", here, "review", "ann", "no", {"comment": " \n"}, InvalidInput, "comment"),
    (
        "a comment with NUL",
        here,
        "review",
        "ann",
        "ok",
        {"comment": "a\x00b"},
        InvalidInput,
        "cannot be kept",
    ),
    (
        "half a character",
        here,
        "review",
        "ann",
        "ok",
        {"comment": "\ud800"},
        InvalidInput,
        "cannot be kept",
    ),
    (
        "a long comment",
        here,
        "review",
        "ann",
        "ok",
        {"comment": "x" * 10_001},
        InvalidInput,
        "10,000 characters",
    ),
    ("not an output", here, "review", "ann", "ok", {"data": {"note": "x"}}, InvalidInput, "Note"),
    ("no such field", here, "review", "ann", "ok", {"data": {"x": 1}}, InvalidInput, "'x'"),
    (
        "no file field",
        here,
        "review",
        "ann",
        "ok",
        {"files": {"note": paper()}},
        InvalidInput,
        "no document field 'note'",
    ),
    (
        "empty file",
        fix,
        "fix",
        "rita",
        "again",
        {"files": {"paper": paper("")}},
        InvalidInput,
        "empty",
    ),
    (
        "a document as text",
        fix,
        "fix",
        "rita",
        "again",
        {"data": {"paper": "x"}},
        InvalidInput,
        "upload a file",
    ),
    (
        "a file that is no output",
        here,
        "review",
        "ann",
        "ok",
        {"files": {"paper": paper()}},
        InvalidInput,
        "does not change Paper",
    ),
    ("another's task", fix, "fix", "ann", "again", {}, NotAllowed, "is with rita"),
    ("an output is missing", pay, "pay", "mona", "paid", {}, InvalidInput, "Fill in Code"),
    (
        "an output is empty",
        pay,
        "pay",
        "mona",
        "paid",
        {"data": {"code": " "}},
        InvalidInput,
        "Fill in Code",
    ),
    ("a wrong type", pay, "pay", "mona", "paid", {"data": {"code": ["x"]}}, InvalidInput, "code"),
]


@pytest.mark.parametrize(
    ("before", "step", "by", "outcome", "more", "error", "word"),
    [case[1:] for case in REFUSALS],
    ids=[case[0] for case in REFUSALS],
)
def test_a_decision_that_may_not_be_is_refused_in_words_and_writes_nothing(
    before: Callable[[Flow], None],
    step: str,
    by: str,
    outcome: str,
    more: dict[str, Any],
    error: type[HandoffError],
    word: str,
) -> None:
    flow = begin(drawn.sequential())
    before(flow)
    with refused(error, word):
        flow.decide(step, outcome, by, **more)


def test_an_exception_outcome_does_not_ask_for_the_outputs() -> None:
    flow = begin(drawn.sequential())
    pay(flow)
    flow.decide("pay", "no", "mona", comment="No money.")
    assert flow.where == "= rejected"


def test_an_inactive_account_does_nothing() -> None:
    flow = begin(drawn.sequential())
    ann = person("ann")
    ann.is_active = False
    ann.save()
    for command in (tasks.claim, tasks.start_work):
        with refused(NotAllowed, "not active"):
            command(flow.task("review").pk, actor=person("ann"), now=flow.later())
    with refused(NotAllowed, "not active"):
        flow.decide("review", "ok")


def test_a_superuser_does_not_decide_by_rank() -> None:
    flow = begin(drawn.sequential())
    make_user("root", is_superuser=True, is_staff=True)
    with refused(NotAllowed, "not in its role"):
        flow.decide("review", "ok", "root")


def test_a_task_taken_by_one_person_is_not_decided_by_another() -> None:
    flow = begin(drawn.sequential())
    tasks.claim(flow.task("review").pk, actor=person("bob"), now=flow.later())
    with refused(NotAllowed, "is with bob", "release it"):
        flow.decide("review", "ok", "ann")
    flow.decide("review", "ok", "bob")


def test_an_outcome_whose_condition_does_not_hold_is_refused() -> None:
    flow = begin(drawn.states(), amount="600")
    flow.decide("review", "to_work")
    with refused(InvalidInput, "'Ready' cannot be chosen now", "amount < 500"):
        flow.decide("work", "ready")


def test_a_condition_that_cannot_be_told_is_never_taken_for_true() -> None:
    flow = begin(drawn.states())
    with refused(InvalidInput, "'Hurry' cannot be chosen yet"):
        flow.decide("review", "hurry")


def test_an_outcome_with_a_role_of_its_own_is_for_that_role_alone() -> None:
    flow = begin(drawn.states())
    with refused(NotAllowed, "'Force' is for the role bosses"):
        flow.decide("review", "force", "ann")
    with refused(NotAllowed, "for the role crew"):
        flow.decide("review", "to_work", "mona")
    with refused(NotAllowed, "not in its role"):
        flow.decide("review", "force", "rita")
    flow.decide("review", "force", "mona")
    assert flow.where == "= done"


def test_an_outcome_can_be_for_a_person_whom_a_field_names() -> None:
    flow = begin(drawn.states(), helper="rita")
    flow.decide("review", "to_work")
    flow.decide("work", "park")
    with refused(NotAllowed, "'Mine' is for the role helper"):
        flow.decide("parked", "mine", "mona")
    with refused(NotAllowed, "for the role bosses"):
        flow.decide("parked", "wake", "rita")
    flow.decide("parked", "mine", "rita")
    assert flow.where == "= done"


# -- all or nothing ---------------------------------------------------------------------------


@contextmanager
def failing_at(table: str) -> Any:
    """The database fails when this table is written."""

    def write(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith("SELECT") and f'"{table}"' in sql:
            raise DatabaseError("the disk is full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(write), pytest.raises(DatabaseError):
        yield


WRITTEN_TABLES = [
    "workflows_workflowinstance",
    "workflows_workitem",
    "workflows_historicalworkitem",
    "workflows_mergerecord",
    "workflows_document",
    "workflows_trailevent",
]


@pytest.mark.parametrize("table", WRITTEN_TABLES)
def test_whatever_fails_on_the_way_nothing_is_half_written(table: str) -> None:
    flow = begin(drawn.branches())
    flow.decide("legal", "ok")
    with nothing_changed(), failing_at(table):
        flow.decide("tech", "ok", data={"note": "same"}, files={"paper": paper()})
    flow.decide("tech", "ok", data={"note": "same"}, files={"paper": paper()})
    assert flow.where == "review"


@pytest.mark.parametrize("table", WRITTEN_TABLES)
def test_a_start_that_fails_on_the_way_leaves_nothing(table: str) -> None:
    begin(drawn.branches())
    with nothing_changed(), failing_at(table):
        again("branches", paper=paper())


def test_a_naive_time_is_a_mistake_of_the_caller() -> None:
    flow = begin(drawn.sequential())
    with nothing_changed(), pytest.raises(ValueError, match="aware"):
        tasks.claim(flow.task("review").pk, actor=person("ann"), now=datetime(2026, 3, 2))


def test_nothing_changed_sees_any_change() -> None:
    flow = begin(drawn.sequential())
    before = everything()
    WorkItem.objects.filter(pk=flow.task("review").pk).update(comment="x")
    assert everything() != before
