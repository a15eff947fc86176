"""Opinions, questions to the requester, and passing work on: the commands and what they leave."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml

from tests.approvals.office import (
    PURCHASE,
    ask,
    ask_approved,
    decide,
    everything,
    open_office,
)
from tests.factories import NOW, make_user, open_task, publish_map
from workflows.automation.services.delivery import deliver_due
from workflows.engine.errors import HandoffError, InvalidInput, NotAllowed, NotFound, WrongState
from workflows.execution.models import AddedPerson, TaskQuestion, WorkflowInstance, WorkItem
from workflows.execution.queries.holders import HolderKind
from workflows.execution.queries.position import find_position
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


def refused(kind: type[HandoffError], match: str, act: Any, *given: Any, **values: Any) -> None:
    before = rows()
    with pytest.raises(kind, match=match):
        act(*given, **values)
    assert rows() == before


def answer(question: TaskQuestion, by: User, text: str, hours: float) -> None:
    answer_question(question.pk, actor=by, answer=text, now=at(hours))


def take_back(question: TaskQuestion, by: User, hours: float) -> None:
    withdraw_question(question.pk, actor=by, now=at(hours))


def approve(task: WorkItem, by: User, hours: float) -> None:
    tasks.decide(task.pk, actor=by, outcome="approve", now=at(hours))


def pass_on(task: WorkItem, by: User, to: User, hours: float = 1) -> None:
    tasks.reassign(task.pk, actor=by, to=to, reason="Leo knows it.", now=at(hours))


# -- opinions ---------------------------------------------------------------------------------


def test_whoever_is_asked_for_an_opinion_sees_the_request(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task, nora = open_task(instance, "manager_review"), people["stranger"]
    assert not WorkflowInstance.objects.visible_to(nora).exists()
    [question] = ask_opinions(task.pk, actor=people["mia"], people=[nora], question=WHY, now=at(1))
    assert list(WorkflowInstance.objects.visible_to(nora)) == [instance]
    [entry] = questions_waiting_for(nora)
    assert (entry.question, entry.step, entry.holds_up) == (WHY, "Manager review", False)
    row = last_row(instance)
    assert (row.command, row.comment, row.role) == ("ask_opinion", WHY, "manager")
    assert read_changes(row).notes_of(QuestionAsked) == [
        QuestionAsked(question=question.pk, kind="opinion", to="stranger")
    ]


def test_an_opinion_is_given_and_decides_nothing(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task, nora = open_task(instance, "manager_review"), people["stranger"]
    [question] = ask_opinions(task.pk, actor=people["mia"], people=[nora], question=WHY, now=at(1))
    answer(question, nora, "Buy them.", 2)
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
    answer(question, nora, "Pity.", 3)
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
    refused(NotAllowed, "Only whoever asked this", take_back, question, people["fred"], 2)
    take_back(question, people["mia"], 2)
    assert not WorkflowInstance.objects.visible_to(nora).exists()
    refused(WrongState, "taken back", answer, question, nora, "Buy.", 3)
    [again] = ask_opinions(task.pk, actor=people["mia"], people=[nora], question=WHY, now=at(4))
    take_back(again, people["olivia"], 5)
    assert last_row(instance).capacity == "owner"


@pytest.fixture
def task(people: dict[str, User]) -> WorkItem:
    """Mia's."""
    return open_task(ask(people["sam"]), "manager_review")


def ask_for(task: WorkItem, by: User, *others: User, why: str = WHY) -> None:
    ask_opinions(task.pk, actor=by, people=others, question=why, now=at(1))


def test_nobody_asks_themselves_or_a_closed_account_or_without_words(
    people: dict[str, User], task: WorkItem
) -> None:
    gone, mia, nora = make_user("gone", is_active=False), people["mia"], people["stranger"]
    refused(InvalidInput, "closed", ask_for, task, mia, gone)
    refused(InvalidInput, "yourself", ask_for, task, mia, mia)
    refused(InvalidInput, "Choose one person", ask_for, task, mia)
    refused(InvalidInput, "Write", ask_for, task, mia, nora, why=" ")
    ask_for(task, mia, nora, people["fred"])
    refused(WrongState, "already", ask_for, task, mia, nora)


def test_only_whoever_has_the_task_asks_and_only_who_was_asked_answers(
    people: dict[str, User], task: WorkItem
) -> None:
    mia, nora = people["mia"], people["stranger"]
    refused(NotAllowed, "separation of duties", ask_for, task, people["sam"], nora)
    for other in ("fred", "olivia", "stranger"):
        refused(NotAllowed, "is with Mia Lopez", ask_for, task, people[other], nora)
    ask_for(task, mia, nora)
    refused(NotAllowed, "nobody else", answer, TaskQuestion.objects.get(), mia, "Mine.", 2)
    refused(NotFound, "no such question", withdraw_question, question_id=0, actor=mia, now=at(2))


# -- the requester ----------------------------------------------------------------------------


def test_while_the_requester_has_a_question_nobody_works_on_the_task(
    people: dict[str, User], task: WorkItem
) -> None:
    mia, sam = people["mia"], people["sam"]
    ask_requester(task.pk, actor=mia, question="Which ones?", now=at(1))
    task.refresh_from_db()
    assert (task.state, task.paused_at) == ("asked", at(1))
    step = find_position(task.request).steps[0]
    assert (step.holder.kind, step.holder.person) == (HolderKind.REQUESTER, sam)
    assert step.since == at(1)
    assert [entry.holds_up for entry in questions_waiting_for(sam)] == [True]
    refused(WrongState, "waits for the requester", approve, task, mia, 2)
    for act in (tasks.claim, tasks.start_work, tasks.pause, tasks.release):
        refused(WrongState, "waits for the requester", act, task.pk, actor=mia, now=at(2))


def test_the_answer_brings_the_work_back_to_the_same_person_with_its_time(
    people: dict[str, User], task: WorkItem
) -> None:
    mia, due = people["mia"], task.due_at
    question = ask_requester(task.pk, actor=mia, question="Which ones?", now=at(1))
    answer(question, people["sam"], "The thin ones.", 5)
    task.refresh_from_db()
    assert (task.state, task.assignee, task.paused_at) == ("started", mia, None)
    assert task.paused_seconds == task.paused_business_seconds == 4 * 3600
    assert due == datetime(2026, 3, 3, 17, tzinfo=NOW.tzinfo), "the end of Tuesday"
    assert task.due_at == datetime(2026, 3, 4, 13, tzinfo=NOW.tzinfo)
    row = last_row(task.request)
    assert (row.command, row.capacity) == ("answer_question", "requester")
    assert (row.from_state, row.to_state) == ("asked", "started")
    assert [moved.working_seconds for moved in read_changes(row).notes_of(DueMoved)] == [4 * 3600]
    decided = decide(task.request, "manager_review", mia, "approve", now=at(6))
    assert (decided.waiting_seconds, decided.working_seconds) == (3600, 3600)


def test_the_due_date_moves_by_working_time_and_not_by_the_night(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    due = task.due_at
    assert due is not None
    question = ask_requester(task.pk, actor=people["mia"], question="Which?", now=at(7))
    answer(question, people["sam"], "Thin.", 25)
    task.refresh_from_db()
    assert task.paused_seconds == 18 * 3600
    assert task.paused_business_seconds == 2 * 3600
    assert task.due_at == datetime(2026, 3, 4, 11, tzinfo=due.tzinfo)


def test_a_question_that_is_taken_back_lets_the_work_go_on(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    question = ask_requester(task.pk, actor=people["mia"], question="Which?", now=at(1))
    take_back(question, people["mia"], 2)
    task.refresh_from_db()
    assert (task.state, task.assignee) == ("started", people["mia"])
    assert not questions_waiting_for(people["sam"])
    refused(WrongState, "taken back", answer, question, people["sam"], "Thin.", 3)


def test_a_task_of_a_queue_is_taken_up_by_whoever_asks(people: dict[str, User]) -> None:
    instance = ask_approved(people, manager="mia")
    task = open_task(instance, "legal_review")
    ask_requester(task.pk, actor=people["lena"], question="Which?", now=at(1))
    task.refresh_from_db()
    assert (task.assignee, task.in_queue, task.started_at) == (people["lena"], False, at(1))


def test_several_deciders_all_wait_for_the_answer(people: dict[str, User]) -> None:
    instance = ask_approved(people, amount="20000.00")
    decide(instance, "finance_review", people["fred"], "approve")
    task = open_task(instance, "finance_review")
    question = ask_requester(task.pk, actor=people["fay"], question="Which?", now=at(1))
    refused(WrongState, "waits for the requester", approve, task, people["fay"], 2)
    answer(question, people["sam"], "Thin.", 2)
    task.refresh_from_db()
    assert (task.state, task.assignee, len(task.votes)) == ("enabled", None, 1)
    decide(instance, "finance_review", people["fay"], "approve", now=at(3))


def test_who_cannot_be_asked_as_the_requester(people: dict[str, User]) -> None:
    instance = ask(people["sam"])
    task = open_task(instance, "manager_review")
    given = {"work_item_id": task.pk, "question": "Which?", "now": at(1)}
    refused(NotAllowed, "is with Mia Lopez", ask_requester, actor=people["fred"], **given)
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
    given = {"reason": "Mia left.", "now": at(3)}
    tasks.reassign(task.pk, actor=people["olivia"], to=people["fred"], **given)
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
    refused(WrongState, "resume it first", answer, question, people["sam"], "Thin.", 2)
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
    instance = ask_approved(people)
    task, lena, leo = open_task(instance, "legal_review"), people["lena"], people["leo"]
    refused(InvalidInput, "choose somebody else", pass_on, task, lena, lena)
    refused(NotAllowed, "not in the role", pass_on, task, lena, people["fred"])
    refused(NotAllowed, "Only whoever", pass_on, task, people["fred"], leo)
    pass_on(task, lena, leo)
    row = last_row(instance)
    assert (row.command, row.capacity, row.role) == ("reassign", "role", "legal")
    task.refresh_from_db()
    assert (task.assignee, task.in_queue) == (leo, False)
    refused(NotAllowed, "Only whoever", pass_on, task, lena, lena)
    pass_on(task, leo, lena, 2)
    refused(NotAllowed, "Only whoever", pass_on, task, leo, leo)


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
