"""What people asked one another on tasks, and what came back, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from approvals.pages.field_values import DisplayedValue, displayed_values
from approvals.ui.formats import person_name
from workflows.documents.models import Document
from workflows.documents.queries.instance_documents import DOCUMENTS
from workflows.engine.authority.decision_guards import DecisionContext, acting_refusal
from workflows.engine.errors import HandoffError
from workflows.execution.choices import QuestionKind
from workflows.execution.models import TaskQuestion, WorkflowInstance, WorkItem
from workflows.execution.queries.position import StepPosition, build_step_position
from workflows.execution.queries.questions import (
    files_of_answers,
    find_visible_question,
    questions_on_task,
)
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.execution.services.agreement.added_approvers import find_adding_refusal
from workflows.execution.services.capacities import may_steer_request
from workflows.execution.services.questions import find_requester_refusal
from workflows.execution.services.read_only_work import read_only_unit_of_work
from workflows.execution.services.task_standing import decision_situation
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.execution.services.work_items import find_holder_refusal, is_with_another
from workflows.language.formats import moment_text
from workflows.people.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionLine:
    """One question: who asked whom, what came back and with which files, and whether the reader may
    take it back."""

    question: TaskQuestion
    asked: str
    came_back: str
    files: Sequence[Document]
    is_reader_asked: bool
    may_withdraw: bool


def describe_questions(
    questions: Iterable[TaskQuestion],
    user: User | None,
    *,
    steers: bool = False,
    beside: WorkflowInstance | None = None,
) -> list[QuestionLine]:
    """These questions in words; without a reader nobody may do anything with them. One statement
    for what the answers carry, or none where they carry nothing or it came with the request
    (`beside`)."""
    rows = list(questions)
    documents = DOCUMENTS.rows_of(beside) if beside is not None else None
    files = files_of_answers(rows, documents)
    return [_describe_question(row, files.get(row.pk, ()), user, steers=steers) for row in rows]


def _describe_question(
    question: TaskQuestion, files: Sequence[Document], user: User | None, *, steers: bool
) -> QuestionLine:
    reader = user.pk if user is not None else None
    is_open = question.is_open and reader is not None
    return QuestionLine(
        question=question,
        asked=_asking_sentence(question),
        came_back=_answer_sentence(question),
        files=files,
        is_reader_asked=is_open and question.asked_of_id == reader,
        may_withdraw=is_open and (steers or question.asked_by_id == reader),
    )


def _asking_sentence(question: TaskQuestion) -> str:
    places = {
        "person": person_name(question.asked_by),
        "other": person_name(question.asked_of),
        "moment": moment_text(question.asked_at),
    }
    if question.kind == QuestionKind.OPINION:
        return gettext("%(person)s asked %(other)s for an opinion on %(moment)s.") % places
    return gettext("%(person)s asked %(other)s, the requester, on %(moment)s.") % places


def _answer_sentence(question: TaskQuestion) -> str:
    """What became of a question."""
    places = {
        "other": person_name(question.asked_of),
        "moment": moment_text(question.closed_at) if question.closed_at else "",
    }
    if question.state == TaskQuestion.OPEN:
        return gettext("%(other)s has not answered yet.") % places
    if question.state == TaskQuestion.WITHDRAWN:
        return gettext("It was taken back on %(moment)s, unanswered.") % places
    if question.state == TaskQuestion.LAPSED:
        return (
            gettext("The task went on another way on %(moment)s, before %(other)s had answered.")
            % places
        )
    if question.is_after_decision:
        return gettext("%(other)s answered on %(moment)s, after the task was over:") % places
    return gettext("%(other)s answered on %(moment)s:") % places


# -- asking on a task -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAsking:
    """What the reader of a task may ask others on it, and what was asked already."""

    lines: list[QuestionLine]
    may_ask_opinion: bool = False
    may_ask_requester: bool = False
    may_pass_on: bool = False
    may_add_approver: bool = False
    requester_refusal: str = ""

    @property
    def is_offered(self) -> bool:
        """Whether there is a button to show."""
        asks = self.may_ask_opinion or self.may_ask_requester or self.may_add_approver
        return asks or self.may_pass_on


def describe_asking(
    work: UnitOfWork, task: WorkItem, situation: DecisionContext | None, *, steers: bool
) -> TaskAsking:
    """The buttons and the questions of a task; `situation` is the reader's, where they may act on
    it. No statement but for what did not come with the request."""
    user = work.actor
    assert user is not None
    lines = describe_questions(questions_on_task(task), user, steers=steers, beside=task.request)
    if situation is None:
        return TaskAsking(lines=lines, may_add_approver=steers and _may_add_approver(work, task))
    may_have_it = not is_with_another(task, situation)
    refusal = find_requester_refusal(work) if may_have_it else None
    return TaskAsking(
        lines=lines,
        may_ask_opinion=True,
        may_ask_requester=may_have_it and refusal is None,
        may_pass_on=may_have_it and task.needed == 1,
        may_add_approver=(may_have_it or steers) and _may_add_approver(work, task),
        requester_refusal=str(refusal or ""),
    )


def _may_add_approver(work: UnitOfWork, task: WorkItem) -> bool:
    """Whether one more person can be asked to agree; who may do so is asked besides."""
    is_known = task.is_open and task.step_id in work.map.step_keys
    is_running = task.request.state == WorkflowInstance.RUNNING
    return is_known and is_running and find_adding_refusal(work, task) is None


def find_asking_refusal(
    work: UnitOfWork, task: WorkItem, *, is_to_have_it: bool
) -> HandoffError | None:
    """Why the reader may not ask anything on a task, as the commands would say; or None."""
    user = work.actor
    assert user is not None
    situation = decision_situation(work, task if task.is_open else None, task.pk, user, "", {})
    refused = acting_refusal(situation)
    if refused is None and is_to_have_it:
        return find_holder_refusal(task, situation, work.now)
    return refused


# -- the page of one question -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionPage:
    """One question with what its step looks at, for whoever was asked, and for who reads it."""

    line: QuestionLine
    position: StepPosition
    heading: str
    values: list[DisplayedValue]

    @property
    def question(self) -> TaskQuestion:
        """The question itself."""
        return self.line.question


def question_page(user: User, question_id: int, now: datetime) -> QuestionPage:
    """The page of this question. Raises NotFound where its request may not be seen."""
    question = find_visible_question(user, question_id)
    work = read_only_unit_of_work(question.request, user, now)
    position = build_step_position(work.map, question.work_item)
    [line] = describe_questions(
        [question], user, steers=may_steer_request(work, user, position.key)
    )
    definition, step = work.map.graph.definition, work.map.human(position.key)
    return QuestionPage(
        line=line,
        position=position,
        heading=_question_heading(question, user),
        values=displayed_values(
            definition,
            question.request,
            step.inputs,
            hidden=hidden_fields(user, question.request, work.map),
        ),
    )


def _question_heading(question: TaskQuestion, user: User) -> str:
    places = {"person": person_name(question.asked_by), "other": person_name(question.asked_of)}
    if question.asked_of_id != user.pk:
        return gettext("%(person)s asked %(other)s") % places
    if question.kind == QuestionKind.OPINION:
        return gettext("%(person)s asks for your opinion") % places
    return gettext("%(person)s asks you about your request") % places
