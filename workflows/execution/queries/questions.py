"""Questions on tasks: what waits for somebody's answer, and what was asked on a task or request."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from workflows.definitions.queries.compiled_versions import cached_map, map_of_step
from workflows.documents.models import Document
from workflows.engine.errors import NotFound
from workflows.execution.choices import QuestionKind
from workflows.execution.models import TaskQuestion, WorkflowInstance, WorkItem
from workflows.execution.queries.facets import RowsFacet
from workflows.execution.queries.visible_instances import of_visible_request
from workflows.people.models import User
from workflows.persistence.prepared_queries import ANY_ROW

MOST_WAITING = 50
"""So many questions are shown of those that wait for one person; the oldest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingQuestion:
    """One question that waits for a person's answer, as an inbox shows it."""

    id: int
    kind: QuestionKind
    question: str
    asked_by: User
    asked_at: datetime
    reference: str
    title: str
    workflow: str
    step: str

    @property
    def holds_up(self) -> bool:
        """Whether the request waits for the answer."""
        return self.kind == QuestionKind.REQUESTER


def questions_waiting_for(user: User, *, limit: int = MOST_WAITING) -> list[WaitingQuestion]:
    """What others asked this person and wait for: those that hold a request up first, then the
    oldest. Opinions on tasks that are over are not waited for. One statement."""
    rows = TaskQuestion.objects.filter(
        asked_of=user,
        state=TaskQuestion.OPEN,
        work_item__is_open=True,
        request__state__in=WorkflowInstance.LIVE,
    ).select_related("asked_by", "request__template", "work_item")
    return [_waiting_question(row) for row in rows.order_by("-kind", "id")[:limit]]


def _waiting_question(row: TaskQuestion) -> WaitingQuestion:
    version_map = cached_map(row.request.version_id)
    step_map = map_of_step(version_map, row.work_item.step_id)
    return WaitingQuestion(
        id=row.pk,
        kind=QuestionKind(row.kind),
        question=row.question,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        reference=row.request.reference,
        title=row.request.title,
        workflow=row.request.template.name,
        step=step_map.graph.title(step_map.step_keys[row.work_item.step_id]),
    )


def is_question_waiting(question_id: int) -> bool:
    """Whether somebody still waits for the answer to a question."""
    return TaskQuestion.objects.filter(
        pk=question_id,
        state=TaskQuestion.OPEN,
        work_item__is_open=True,
        request__state__in=WorkflowInstance.LIVE,
    ).exists()


def questions_on_task(task: WorkItem) -> list[TaskQuestion]:
    """Everything that was asked on a task, oldest first. One statement, or none where it came with
    the request."""
    rows = questions_on_request(task.request)
    return [row for row in rows if row.work_item_id == task.pk]


def questions_on_request(instance: WorkflowInstance) -> list[TaskQuestion]:
    """Everything that was asked on a request's tasks, oldest first. One statement, or none where
    it came with the request."""
    return sorted(QUESTIONS.rows_of(instance), key=lambda row: row.pk)


def _with_has_files(rows: QuerySet[TaskQuestion]) -> QuerySet[TaskQuestion]:
    """The same rows, each with whether its answer carries files (`has_files`)."""
    return rows.annotate(has_files=Exists(Document.objects.filter(question=OuterRef("pk"))))


def _questions_on_any() -> QuerySet[TaskQuestion]:
    rows = _with_has_files(TaskQuestion.objects.filter(request=ANY_ROW))
    return rows.select_related("asked_by", "asked_of", "work_item").order_by()


QUESTIONS = RowsFacet(_questions_on_any)


def files_of_answers(
    questions: Iterable[TaskQuestion], documents: Iterable[Document] | None = None
) -> dict[int, list[Document]]:
    """What the answers to these questions carry, by the questions' ids. One statement, or none
    where none carries a file, or the request's `documents` were read already."""
    carrying = {row.pk for row in questions if getattr(row, "has_files", bool(row.answer))}
    rows: Iterable[Document] = ()
    if documents is not None:
        rows = (row for row in documents if row.question_id in carrying)
    elif carrying:
        rows = Document.objects.filter(question__in=carrying).order_by()
    files: dict[int, list[Document]] = {}
    for document in sorted(rows, key=lambda row: row.version):
        assert document.question_id is not None
        files.setdefault(document.question_id, []).append(document)
    return files


def find_visible_question(
    user: User, question_id: int, *, is_own_enough: bool = False
) -> TaskQuestion:
    """The question with its task and request. Raises NotFound where its request may not be seen;
    with `is_own_enough` whoever was asked still finds it when they have answered."""
    rows = _with_has_files(TaskQuestion.objects.all()).select_related(
        "asked_by", "asked_of", "work_item__step", "request__template", "request__requester"
    )
    condition = Q(of_visible_request(user))
    if is_own_enough:
        condition |= Q(asked_of=user)
    try:
        return rows.get(condition, pk=question_id)
    except TaskQuestion.DoesNotExist:
        raise NotFound("There is no such question, or it is not yours to see.") from None
