"""Opinions, questions to the requester, and passing work on: the commands and what they leave."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml

from tests.approvals.office import PURCHASE, ask, decide, everything, open_office
from tests.factories import NOW, make_user, open_task, publish_map
from workflows.automation.services.delivery import deliver_due
from workflows.engine.errors import HandoffError, InvalidInput, NotAllowed, NotFound, WrongState
from workflows.execution.models import AddedPerson, TaskQuestion, WorkflowInstance, WorkItem
from workflows.execution.queries.position import HolderKind, find_position
from workflows.execution.queries.questions import questions_waiting_for
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.execution.services.questions import (
    answer_question,
    ask_opinions,
    ask_requester,
    withdraw_question,
)
from workflows.people.models import User
from workflows.trail.changes import DueMoved, QuestionAsked, QuestionClosed, read_changes
from workflows.trail.choices import TrailCommand
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

WHY = "You know these suppliers."


@pytest.fixture
def people() -> dict[str, User]:
    return open_office()


def at(hours: float) -> datetime:
    """So many hours after Monday, nine o'clock."""
    return NOW + timedelta(hours=hours)


def last_row(instance: WorkflowInstance) -> TrailEvent:
    row = TrailEvent.objects.filter(request=instance).last()
    assert row is not None
    return row


def rows() -> list[Any]:
    """All that a refused command must not have changed."""
    return [*everything(), list(TaskQuestion.objects.order_by("pk").values())]


def refused(kind: type[HandoffError], match: str, act: Any, **values: Any) -> None:
    before = rows()
    with pytest.raises(kind, match=match):
        act(**values)
    assert rows() == before


# -- opinions ---------------------------------------------------------------------------------


def test_an_opinion_is_asked_given_and_decides_nothing(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task, nora = open_task(instance, "manager_review"), people["stranger"]
    assert not WorkflowInstance.objects.visible_to(nora).exists()
    [question] = ask_opinions(task.pk, actor=people["mia"], people=[nora], question=WHY, now=at(1))
    assert list(WorkflowInstance.objects.visible_to(nora)) == [instance]
    [entry] = questions_waiting_for(nora)
    assert (entry.question, entry.step, entry.holds_up) == (WHY, "Manager review", False)
    asked = last_row(instance)
    assert (asked.command, asked.comment, asked.role) == ("ask_opinion", WHY, "manager")
    assert read_changes(asked).notes_of(QuestionAsked) == [
        QuestionAsked(question=question.pk, kind="opinion", to="stranger")
    ]
    answer_question(question.pk, actor=nora, answer="Buy them.", now=at(2))
    question.refresh_from_db()
    assert (question.state, question.answer) == ("answered", "Buy them.")
    assert not question.is_after_decision
    row = last_row(instance)
    assert (row.command, row.comment, row.capacity) == ("give_opinion", "Buy them.", "asked")
    assert not questions_waiting_for(nora)
    task.refresh_from_db()
    assert (task.state, task.started_at) == ("enabled", None)
    assert find_position(instance).steps[0].holder.person == people["mia"]


def test_an_opinion_that_comes_after_the_decision_is_kept_and_called_so(
    people: dict[str, User],
) -> None:
    instance = ask(people["sam"])
    task, nora = open_task(instance, "manager_review"), people["stranger"]
    [question] = ask_opinions(task.pk, actor=people["mia"], people=[nora], question=WHY, now=at(1))
    decide(instance, "manager_review", people["mia"], "reject", comment="No.", now=at(2))
    assert not questions_waiting_for(nora), "nobody waits for it any more"
    answer_question(question.pk, actor=nora, answer="Pity.", now=at(3))
    question.refresh_from_db()
    assert question.is_after_decision
    [note] = read_changes(last_row(instance)).notes_of(QuestionClosed)
    assert note.is_after_decision
    assert note.asked_by == "mia"
    instance.refresh_from_db()
    assert instance.result == "rejected"


def test_a_withdrawn_opinion_takes_the_sight_with_it(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task, nora = open_task(instance, "manager_review"), people["stranger"]
    [question] = ask_opinions(task.pk, actor=people["mia"], people=[nora], question=WHY, now=at(1))
    refused(
        NotAllowed,
        "Only whoever asked this",
        withdraw_question,
        question_id=question.pk,
        actor=people["fred"],
        now=at(2),
    )
    withdraw_question(question.pk, actor=people["mia"], now=at(2))
    assert not WorkflowInstance.objects.visible_to(nora).exists()
    refused(
        WrongState,
        "taken back",
        answer_question,
        question_id=question.pk,
        actor=nora,
        answer="Buy.",
        now=at(3),
    )
    [again] = ask_opinions(task.pk, actor=people["mia"], people=[nora], question=WHY, now=at(4))
    withdraw_question(again.pk, actor=people["olivia"], now=at(5))
    assert last_row(instance).capacity == "owner"


def test_whom_nobody_may_ask_and_who_may_not(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    gone = make_user("gone", is_active=False)
    mia, nora = people["mia"], people["stranger"]
    given = {"work_item_id": task.pk, "question": WHY, "now": at(1)}
    refused(InvalidInput, "closed", ask_opinions, actor=mia, people=[gone], **given)
    refused(InvalidInput, "yourself", ask_opinions, actor=mia, people=[mia], **given)
    refused(InvalidInput, "Choose one person", ask_opinions, actor=mia, people=[], **given)
    refused(
        NotAllowed,
        "separation of duties",
        ask_opinions,
        actor=people["sam"],
        people=[nora],
        **given,
    )
    for other in ("fred", "olivia", "stranger"):
        refused(
            NotAllowed, "is with mia", ask_opinions, actor=people[other], people=[nora], **given
        )
    refused(
        InvalidInput, "Write", ask_opinions, actor=mia, people=[nora], **given | {"question": " "}
    )
    ask_opinions(task.pk, actor=mia, people=[nora, people["fred"]], question=WHY, now=at(1))
    refused(WrongState, "already", ask_opinions, actor=mia, people=[nora], **given)
    question = TaskQuestion.objects.get(asked_of=nora)
    refused(
        NotAllowed,
        "nobody else",
        answer_question,
        question_id=question.pk,
        actor=mia,
        answer="Mine.",
        now=at(2),
    )
    refused(NotFound, "no such question", withdraw_question, question_id=0, actor=mia, now=at(2))


# -- the requester ----------------------------------------------------------------------------


def test_the_requester_is_asked_and_the_work_comes_back_to_the_same_person(
    people: dict[str, User],
) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    due = task.due_at
    assert due is not None
    question = ask_requester(task.pk, actor=people["mia"], question="Which ones?", now=at(1))
    task.refresh_from_db()
    assert (task.state, task.paused_at) == ("asked", at(1))
    step = find_position(instance).steps[0]
    assert (step.holder.kind, step.holder.person) == (HolderKind.REQUESTER, people["sam"])
    assert step.since == at(1)
    [entry] = questions_waiting_for(people["sam"])
    assert entry.holds_up
    for act in (tasks.claim, tasks.start_work, tasks.pause, tasks.release):
        refused(
            WrongState,
            "waits for the requester",
            act,
            work_item_id=task.pk,
            actor=people["mia"],
            now=at(2),
        )
    refused(
        WrongState,
        "waits for the requester",
        tasks.decide,
        work_item_id=task.pk,
        actor=people["mia"],
        outcome="approve",
        now=at(2),
    )
    answer_question(question.pk, actor=people["sam"], answer="The thin ones.", now=at(5))
    task.refresh_from_db()
    assert (task.state, task.assignee, task.paused_at) == ("started", people["mia"], None)
    assert task.paused_seconds == task.paused_business_seconds == 4 * 3600
    assert due == datetime(2026, 3, 3, 17, tzinfo=due.tzinfo), "the end of Tuesday"
    assert task.due_at == datetime(2026, 3, 4, 13, tzinfo=due.tzinfo)
    row = last_row(instance)
    assert (row.command, row.capacity, row.from_state, row.to_state) == (
        *("answer_question", "requester"),
        *("asked", "started"),
    )
    [moved] = read_changes(row).notes_of(DueMoved)
    assert moved.working_seconds == 4 * 3600
    decided = decide(instance, "manager_review", people["mia"], "approve", now=at(6))
    assert (decided.waiting_seconds, decided.working_seconds) == (3600, 3600)


def test_the_due_date_moves_by_working_time_and_not_by_the_night(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    due = task.due_at
    assert due is not None
    question = ask_requester(task.pk, actor=people["mia"], question="Which?", now=at(7))
    answer_question(question.pk, actor=people["sam"], answer="Thin.", now=at(25))
    task.refresh_from_db()
    assert task.paused_seconds == 18 * 3600
    assert task.paused_business_seconds == 2 * 3600
    assert task.due_at == datetime(2026, 3, 4, 11, tzinfo=due.tzinfo)


def test_a_question_that_is_taken_back_lets_the_work_go_on(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    question = ask_requester(task.pk, actor=people["mia"], question="Which?", now=at(1))
    withdraw_question(question.pk, actor=people["mia"], now=at(2))
    task.refresh_from_db()
    assert (task.state, task.assignee) == ("started", people["mia"])
    assert not questions_waiting_for(people["sam"])
    refused(
        WrongState,
        "taken back",
        answer_question,
        question_id=question.pk,
        actor=people["sam"],
        answer="Thin.",
        now=at(3),
    )


def test_a_task_of_a_queue_is_taken_up_by_whoever_asks(people: dict[str, User]) -> None:
    instance = ask(people["sam"], manager="mia")
    decide(instance, "manager_review", people["mia"], "approve")
    task = open_task(instance, "legal_review")
    ask_requester(task.pk, actor=people["lena"], question="Which?", now=at(1))
    task.refresh_from_db()
    assert (task.assignee, task.in_queue, task.started_at) == (people["lena"], False, at(1))


def test_several_deciders_all_wait_for_the_answer(people: dict[str, User]) -> None:
    instance = ask(people["sam"], amount="20000.00")
    decide(instance, "manager_review", people["mia"], "approve")
    decide(instance, "finance_review", people["fred"], "approve")
    task = open_task(instance, "finance_review")
    question = ask_requester(task.pk, actor=people["fay"], question="Which?", now=at(1))
    refused(
        WrongState,
        "waits for the requester",
        tasks.decide,
        work_item_id=task.pk,
        actor=people["fay"],
        outcome="approve",
        now=at(2),
    )
    answer_question(question.pk, actor=people["sam"], answer="Thin.", now=at(2))
    task.refresh_from_db()
    assert (task.state, task.assignee, len(task.votes)) == ("enabled", None, 1)
    decide(instance, "finance_review", people["fay"], "approve", now=at(3))


def test_who_cannot_be_asked_as_the_requester(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    given = {"work_item_id": task.pk, "question": "Which?", "now": at(1)}
    refused(NotAllowed, "is with mia", ask_requester, actor=people["fred"], **given)
    User.objects.filter(username="sam").update(is_active=False)
    refused(InvalidInput, "account is closed", ask_requester, actor=people["mia"], **given)
    User.objects.filter(username="sam").update(is_active=True)
    decide(instance, "manager_review", people["mia"], "return", comment="Which?")
    revise = open_task(instance, "revise")
    refused(
        InvalidInput,
        "asked for this request yourself",
        ask_requester,
        actor=people["sam"],
        **given | {"work_item_id": revise.pk},
    )


def test_a_resting_task_can_still_be_steered(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    due = task.due_at
    assert due is not None
    question = ask_requester(task.pk, actor=people["mia"], question="Which?", now=at(1))
    User.objects.filter(username="mia").update(is_active=False)
    tasks.reassign(
        task.pk, actor=people["olivia"], to=people["fred"], reason="Mia left.", now=at(3)
    )
    task.refresh_from_db()
    question.refresh_from_db()
    assert (task.state, task.assignee, task.due_at) == (
        *("enabled", people["fred"]),
        datetime(2026, 3, 4, 11, tzinfo=due.tzinfo),
    )
    assert question.state == "lapsed"
    [closed] = read_changes(last_row(instance)).notes_of(QuestionClosed)
    assert (closed.state, closed.to) == ("lapsed", "sam")


def test_a_cancelled_request_waits_for_no_answer(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    question = ask_requester(task.pk, actor=people["mia"], question="Which?", now=at(1))
    requests.suspend(instance.pk, actor=people["olivia"], reason="Stop.", now=at(2))
    refused(
        WrongState,
        "resume it first",
        answer_question,
        question_id=question.pk,
        actor=people["sam"],
        answer="Thin.",
        now=at(2),
    )
    requests.cancel(instance.pk, actor=people["sam"], reason="Not needed.", now=at(3))
    question.refresh_from_db()
    assert question.state == "lapsed"
    assert not questions_waiting_for(people["sam"])


LATE = {"remind_every": "1d", "escalate_to": "finance", "after": "1d"}


def late_office() -> dict[str, User]:
    people = open_office()

    map_of_office = yaml.safe_load(PURCHASE)
    map_of_office["steps"]["manager_review"]["on_overdue"] = LATE
    publish_map(map_of_office)
    return people


def commands(instance: WorkflowInstance) -> list[str]:
    return list(
        TrailEvent.objects.filter(request=instance).order_by("pk").values_list("command", flat=True)
    )


def test_nothing_reminds_or_escalates_while_the_requester_has_it() -> None:
    people = late_office()
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    question = ask_requester(task.pk, actor=people["mia"], question="Which?", now=at(1))
    week = timedelta(days=7)
    deliver_due(lambda: NOW + week)
    assert commands(instance) == ["start", "ask_requester"]
    answer_question(question.pk, actor=people["sam"], answer="Thin.", now=NOW + week)
    task.refresh_from_db()
    assert task.due_at is not None
    assert task.due_at > NOW + week
    deliver_due(lambda: NOW + week + timedelta(hours=1))
    assert commands(instance)[-1] == "answer_question"
    for days in range(8, 12):
        deliver_due(lambda day=days: NOW + timedelta(days=day))
    assert commands(instance)[3:].count("escalate") == 1
    assert commands(instance)[3:].count("remind") == 3
    assert AddedPerson.objects.filter(work_item=task).count() == 2


# -- passing on -------------------------------------------------------------------------------


def test_whoever_has_a_task_passes_it_on_to_somebody_who_may_act(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    decide(instance, "manager_review", people["mia"], "approve")
    task = open_task(instance, "legal_review")
    given = {"work_item_id": task.pk, "reason": "Leo knows it.", "now": at(1)}
    refused(
        InvalidInput,
        "choose somebody else",
        tasks.reassign,
        actor=people["lena"],
        to=people["lena"],
        **given,
    )
    refused(
        NotAllowed,
        "not in the role",
        tasks.reassign,
        actor=people["lena"],
        to=people["fred"],
        **given,
    )
    refused(
        NotAllowed, "Only whoever", tasks.reassign, actor=people["fred"], to=people["leo"], **given
    )
    tasks.reassign(
        task.pk, actor=people["lena"], to=people["leo"], reason="Leo knows it.", now=at(1)
    )
    row = last_row(instance)
    assert (row.command, row.capacity, row.role) == ("reassign", "role", "legal")
    task.refresh_from_db()
    assert (task.assignee, task.in_queue) == (people["leo"], False)
    refused(
        NotAllowed, "Only whoever", tasks.reassign, actor=people["lena"], to=people["lena"], **given
    )
    tasks.reassign(task.pk, actor=people["leo"], to=people["lena"], reason="Away.", now=at(2))
    refused(
        NotAllowed, "Only whoever", tasks.reassign, actor=people["leo"], to=people["leo"], **given
    )


def test_nobody_passes_work_on_to_who_is_kept_from_it(people: dict[str, User]) -> None:
    people["lena"].groups.add(*people["sam"].groups.all())
    instance = ask(people["lena"])
    decide(instance, "manager_review", people["mia"], "approve")
    task = open_task(instance, "legal_review")
    refused(
        NotAllowed,
        "separation of duties",
        tasks.reassign,
        work_item_id=task.pk,
        actor=people["leo"],
        to=people["lena"],
        reason="Yours.",
        now=at(1),
    )
    assert WorkItem.objects.get(pk=task.pk).assignee is None
    assert TrailCommand.REASSIGN not in commands(instance)
