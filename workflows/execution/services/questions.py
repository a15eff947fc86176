"""Commands on questions: ask for an opinion, ask the requester, answer, take back.

Asking gives whoever is asked sight of the request while the question is open. An opinion holds
nothing up and decides nothing. A question to the requester lets the task rest until they answer.
"""

from collections.abc import Sequence
from datetime import datetime

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext_noop

from workflows.access.permissions import is_service_account
from workflows.definitions.queries.compiled_versions import map_of_step
from workflows.engine.errors import HandoffError, InvalidInput, NotAllowed, NotFound, WrongState
from workflows.engine.texts import ReaderMoment, text
from workflows.execution.choices import QuestionKind
from workflows.execution.models import (
    TaskQuestion,
    WorkflowInstance,
    WorkItem,
)
from workflows.execution.queries.instance_record import find_away_note_beside
from workflows.execution.services.capacities import authorize_steering
from workflows.execution.services.field_values.values import prepare_carried_files
from workflows.execution.services.task_clocks.requester_pauses import (
    begin_requester_pause,
    end_requester_pause,
)
from workflows.execution.services.unit_of_work import (
    ActingCapacity,
    UnitOfWork,
    find_locked_task,
    open_unit_of_work,
    write_trail,
)
from workflows.execution.services.unit_of_work.lapsed_questions import (
    note_question_end,
    save_question_end,
)
from workflows.execution.services.work_items import open_task_for_actor
from workflows.people.models import User
from workflows.persistence.kept_text import validate_text
from workflows.trail.changes import QuestionAsked
from workflows.trail.choices import TrailCapacity, TrailCommand

LONGEST_QUESTION = 4000
TOO_MANY_FILES = gettext_noop("An answer carries up to %(most)s files; leave some out.")
MOST_AT_ONCE = 10
"""So many people are asked for an opinion in one command."""
MOST_OPEN = 20
"""So many opinions on one task may be waited for."""
_NOT_YOURS_TO_WITHDRAW = text(
    "Only whoever asked this, and the workflow's owner or deputy, may take it back."
)


# -- asking -----------------------------------------------------------------------------------


def ask_opinions(
    work_item_id: int, *, actor: User, people: Sequence[User], question: str, now: datetime
) -> list[TaskQuestion]:
    """Ask these people what they think of an open task; for whoever may decide it.

    Raises NotFound, WrongState, NotAllowed or InvalidInput, each with a sentence; then nobody is
    asked.
    """
    question = _clean_text(gettext_noop("question"), question, "Write what you want to know.")
    with transaction.atomic():
        work, item = open_task_for_actor(work_item_id, actor, now, is_to_have_it=False)
        _require_askable(item, actor, people)
        rows = [
            _write_question(work, item, QuestionKind.OPINION, person, question)
            for person in dict.fromkeys(people)
        ]
        write_trail(
            work, TrailCommand.ASK_OPINION, item=item, from_state=item.state, comment=question
        )
    return rows


def _require_askable(item: WorkItem, actor: User, people: Sequence[User]) -> None:
    if not people or len(people) > MOST_AT_ONCE:
        raise InvalidInput("Choose one person, or up to %(most)s.", most=MOST_AT_ONCE)
    for person in people:
        _require_reachable(person)
        if person == actor:
            raise InvalidInput("You cannot ask yourself for an opinion; choose somebody else.")
    waiting = TaskQuestion.objects.filter(
        work_item=item, kind=QuestionKind.OPINION, state=TaskQuestion.OPEN
    ).select_related("asked_of")
    people_asked = [row.asked_of for row in waiting]
    if len(people_asked) + len(people) > MOST_OPEN:
        raise InvalidInput(
            "%(most)s opinions on one task are enough; take one back first.", most=MOST_OPEN
        )
    asked_already = next((person for person in people if person in people_asked), None)
    if asked_already is not None:
        raise WrongState(
            "%(person)s was asked for an opinion on '%(step)s' already, and has not answered yet.",
            person=asked_already,
            step=item.step,
        )


def _require_reachable(person: User) -> None:
    if not person.is_active:
        raise InvalidInput(
            "%(person)s's account is closed, so nobody would answer; choose somebody else.",
            person=person,
        )
    if is_service_account(person):
        raise InvalidInput("%(person)s is a program; choose a person.", person=person)


def ask_requester(work_item_id: int, *, actor: User, question: str, now: datetime) -> TaskQuestion:
    """Ask whoever asked for the request something; for whoever has the task, or could take it.

    The task rests until they answer, and comes back to the same person. Of a step that several
    people decide it rests for all of them.
    """
    question = _clean_text(gettext_noop("question"), question, "Write what you want to know.")
    with transaction.atomic():
        work, item = open_task_for_actor(work_item_id, actor, now)
        requester = _require_answering_requester(work)
        before = item.state
        if item.needed == 1 and item.assignee_id is None:
            item.assignee, item.in_queue = work.acting.acted_for or actor, False
        if item.needed == 1:
            item.started_at = item.started_at or work.now
        begin_requester_pause(work, item)
        row = _write_question(work, item, QuestionKind.REQUESTER, requester, question)
        work.touch(item, before)
        work.save(TrailCommand.ASK_REQUESTER)
        write_trail(
            work, TrailCommand.ASK_REQUESTER, item=item, from_state=before, comment=question
        )
    return row


def _require_answering_requester(work: UnitOfWork) -> User:
    refusal = find_requester_refusal(work)
    if refusal is not None:
        raise refusal
    requester = work.instance.requester
    assert requester is not None
    return requester


def find_requester_refusal(work: UnitOfWork) -> HandoffError | None:
    """Why the requester cannot be asked anything, or None. Asked by the command, and by the page
    for its button. One statement, or two."""
    requester = work.instance.requester
    if requester is None:
        return InvalidInput("Nobody asked for this request, so there is nobody to ask.")
    if requester == work.actor:
        return InvalidInput("You asked for this request yourself, so there is nobody to ask.")
    if not requester.is_active:
        return InvalidInput(
            "%(person)s, who asked for this request, cannot be asked: the account is closed. Ask"
            " somebody else for an opinion.",
            person=requester,
        )
    if is_service_account(requester):
        return InvalidInput(
            "%(person)s, a program, asked for this request, so nobody would answer.",
            person=requester,
        )
    return _absence_refusal(work, requester)


def _absence_refusal(work: UnitOfWork, requester: User) -> HandoffError | None:
    away = find_away_note_beside(work.instance, requester.pk, work.now)
    if away is None:
        return None
    return InvalidInput(
        "%(person)s, who asked for this request, is away until %(day)s and cannot be asked. Ask"
        " somebody else for an opinion.",
        person=requester,
        day=away.until.isoformat(),
    )


def _write_question(
    work: UnitOfWork, item: WorkItem, kind: QuestionKind, person: User, question: str
) -> TaskQuestion:
    assert work.actor is not None
    row = TaskQuestion.objects.create(
        request=work.instance,
        work_item=item,
        kind=kind,
        asked_by=work.actor,
        asked_of=person,
        question=question,
        asked_at=work.now,
    )
    work.note(QuestionAsked(question=row.pk, kind=str(kind), to=person.get_username()))
    return row


# -- answering, and taking back ---------------------------------------------------------------


def answer_question(
    question_id: int, *, actor: User, answer: str, now: datetime, files: Sequence[File] = ()
) -> TaskQuestion:
    """Answer what one was asked, with the files that the answer carries. The requester's answer
    lets the task go on, with whoever had it; an opinion changes nothing, and one that comes after
    the decision is kept and called so."""
    answer = _clean_text(gettext_noop("answer"), answer, "Write your answer.")
    with transaction.atomic():
        work, question = _open_question(question_id, actor, now)
        if question.asked_of_id != actor.pk:
            raise NotAllowed(
                "This was asked of %(person)s; nobody else answers it.", person=question.asked_of
            )
        _require_open(question)
        is_opinion = question.kind == QuestionKind.OPINION
        work.acting = ActingCapacity(TrailCapacity.ASKED if is_opinion else TrailCapacity.REQUESTER)
        item = find_locked_task(work, question.work_item_id)
        with prepare_carried_files(work, files, TOO_MANY_FILES) as uploads:
            question.give_answer(now=work.now, answer=answer, is_after_decision=item is None)
            for document in uploads.documents:
                document.question = question
            uploads.save()
            command = TrailCommand.GIVE_OPINION if is_opinion else TrailCommand.ANSWER_QUESTION
            _close_question(work, question, item, command, answer)
    return question


def withdraw_question(question_id: int, *, actor: User, now: datetime) -> TaskQuestion:
    """Take back what one asked; the workflow's owner and deputy may too. A task that rested for it
    goes on with whoever had it."""
    with transaction.atomic():
        work, question = _open_question(question_id, actor, now)
        if question.asked_by_id != actor.pk:
            authorize_steering(work, _NOT_YOURS_TO_WITHDRAW, _step_of(work, question))
        _require_open(question)
        item = find_locked_task(work, question.work_item_id)
        question.withdraw(now=work.now)
        _close_question(work, question, item, TrailCommand.WITHDRAW_QUESTION, "")
    return question


def _close_question(
    work: UnitOfWork,
    question: TaskQuestion,
    item: WorkItem | None,
    command: TrailCommand,
    comment: str,
) -> None:
    """Write that the question is closed, and let a task that rested for it go on."""
    task = item or question.work_item
    before = task.state
    save_question_end(question)
    work.note(note_question_end(question))
    if item is not None and question.kind == QuestionKind.REQUESTER:
        _require_running(work)
        end_requester_pause(work, item)
        work.touch(item, before)
    work.save(command)
    write_trail(work, command, item=task, from_state=before, comment=comment)


def _open_question(question_id: int, actor: User, now: datetime) -> tuple[UnitOfWork, TaskQuestion]:
    """The locked case, and the question as it stands then."""
    rows = TaskQuestion.objects.filter(pk=question_id)
    instance_id = rows.values_list("request_id", flat=True).first()
    if instance_id is None:
        raise NotFound("There is no such question, or it is not yours to see.")
    work = open_unit_of_work(actor=actor, now=now, instance_id=instance_id)
    question = rows.select_related("asked_by", "asked_of", "work_item__step").get()
    question.request = work.instance
    return work, question


def _step_of(work: UnitOfWork, question: TaskQuestion) -> str:
    step_id = question.work_item.step_id
    return map_of_step(work.map, step_id).step_keys[step_id]


def _require_open(question: TaskQuestion) -> None:
    if question.is_open or question.closed_at is None:
        return
    sentences = {
        TaskQuestion.ANSWERED: gettext_noop("This was answered already, on %(moment)s."),
        TaskQuestion.WITHDRAWN: gettext_noop(
            "This was taken back on %(moment)s; no answer is waited for any more."
        ),
        TaskQuestion.LAPSED: gettext_noop(
            "The task went on another way on %(moment)s; no answer is waited for any more."
        ),
    }
    raise WrongState(sentences[question.state], moment=ReaderMoment(question.closed_at))


def _require_running(work: UnitOfWork) -> None:
    if work.instance.state != WorkflowInstance.RUNNING:
        raise WrongState(
            "%(reference)s is %(state)s; resume it first.",
            reference=work.instance.reference,
            state=work.instance.get_state_display(),
        )


def _clean_text(label: str, written: str, missing: str) -> str:
    """The text without blanks around it, if there is one and it can be kept."""
    cleaned = written.replace("\r\n", "\n").strip()
    if not cleaned:
        raise InvalidInput(missing)
    return validate_text(label, cleaned, LONGEST_QUESTION)
