"""Calls on questions: pass a task on, ask others about it, answer, take back."""

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Router

from approvals.api.authentication import authorized_user
from approvals.api.responses import (
    command_operation,
    decoded_files,
    documented_responses,
    question_out,
    questions_out,
    run_command_once,
    schema_response,
    task_out,
)
from approvals.api.schemas.bodies import AnswerIn, OpinionsIn, QuestionIn, ReassignIn
from approvals.api.schemas.conversation import (
    QuestionOut,
    QuestionsOut,
    WaitingQuestionOut,
    WaitingQuestionsOut,
)
from approvals.api.schemas.tasks import TaskOut
from workflows.access.models import ApiToken
from workflows.engine.errors import InvalidInput
from workflows.execution.queries.questions import (
    WaitingQuestion,
    find_visible_question,
    questions_waiting_for,
)
from workflows.execution.queries.visible_instances import find_visible_human_task
from workflows.execution.services import questions
from workflows.execution.services import work_items as tasks
from workflows.people.models import User

router = Router(tags=["work"])


@router.post("/work-items/{int:task_id}/reassign", **command_operation("reassign", TaskOut))
def reassign_task_call(request: HttpRequest, task_id: int, body: ReassignIn) -> JsonResponse:
    """Put the task into a named person's hands: for whoever has it or could take it, and for the
    workflow's owner and deputy."""
    user = authorized_user(request, ApiToken.WORK)
    find_visible_human_task(user, task_id)

    def answer_reassignment() -> TaskOut:
        [to] = find_people([body.to])
        item = tasks.reassign(task_id, actor=user, to=to, reason=body.reason, now=timezone.now())
        return task_out(request, item)

    return run_command_once(request, user, answer_reassignment)


def find_people(usernames: list[str]) -> list[User]:
    """The people with these usernames, whether their accounts are active or not."""
    by_username = {
        person.get_username(): person for person in User.objects.filter(username__in=usernames)
    }
    unknown = next((name for name in usernames if name not in by_username), None)
    if unknown is not None:
        raise InvalidInput(
            "There is no person '%(username)s'; check the username.", username=unknown
        )
    return [by_username[name] for name in dict.fromkeys(usernames)]


@router.post(
    "/work-items/{int:task_id}/ask-opinion", **command_operation("ask_opinion", QuestionsOut)
)
def ask_opinion_call(request: HttpRequest, task_id: int, body: OpinionsIn) -> JsonResponse:
    """Ask people what they think of the task. They may see the request until they have answered;
    nothing waits for them."""
    user = authorized_user(request, ApiToken.WORK)
    find_visible_human_task(user, task_id)

    def answer_asking() -> QuestionsOut:
        rows = questions.ask_opinions(
            task_id,
            actor=user,
            people=find_people(body.people),
            question=body.question,
            now=timezone.now(),
        )
        return QuestionsOut(items=questions_out(rows))

    return run_command_once(request, user, answer_asking)


@router.post(
    "/work-items/{int:task_id}/ask-requester", **command_operation("ask_requester", QuestionOut)
)
def ask_requester_call(request: HttpRequest, task_id: int, body: QuestionIn) -> JsonResponse:
    """Ask the requester something: the task rests until they have answered, and its due date moves
    by the working time of the rest."""
    user = authorized_user(request, ApiToken.WORK)
    find_visible_human_task(user, task_id)

    def answer_asking() -> QuestionOut:
        row = questions.ask_requester(
            task_id, actor=user, question=body.question, now=timezone.now()
        )
        return question_out(row)

    return run_command_once(request, user, answer_asking)


# -- what was asked ---------------------------------------------------------------------------


@router.get(
    "/questions",
    operation_id="questions",
    url_name="questions",
    summary="Questions",
    response=documented_responses(
        WaitingQuestionsOut, refusals=(400, 401, 403, 405, 422, 429, 500)
    ),
)
def read_questions_call(request: HttpRequest) -> JsonResponse:
    """What waits for the caller's answer: what holds a request up first, then the oldest."""
    user = authorized_user(request, ApiToken.READ)
    rows = questions_waiting_for(user)
    return schema_response(WaitingQuestionsOut(items=[_waiting_question_out(row) for row in rows]))


def _waiting_question_out(row: WaitingQuestion) -> WaitingQuestionOut:
    return WaitingQuestionOut(
        id=row.id,
        kind=row.kind,
        question=row.question,
        asked_by=row.asked_by.get_username(),
        asked_at=row.asked_at,
        reference=row.reference,
        title=row.title,
        workflow=row.workflow,
        step=row.step,
    )


@router.post(
    "/questions/{int:question_id}/answer", **command_operation("answer_question", QuestionOut)
)
def answer_question_call(request: HttpRequest, question_id: int, body: AnswerIn) -> JsonResponse:
    """Answer what the caller was asked, with files in base64. The requester's answer lets the task
    go on; an opinion changes nothing."""
    user = authorized_user(request, ApiToken.WORK)
    find_visible_question(user, question_id, is_own_enough=True)

    files = decoded_files(body.files)

    def answer() -> QuestionOut:
        row = questions.answer_question(
            question_id, actor=user, answer=body.answer, now=timezone.now(), files=files
        )
        [out] = questions_out([row])
        return out

    return run_command_once(request, user, answer)


@router.post(
    "/questions/{int:question_id}/withdraw", **command_operation("withdraw_question", QuestionOut)
)
def withdraw_question_call(request: HttpRequest, question_id: int) -> JsonResponse:
    """Take a question back: for whoever asked it, and for the workflow's owner and deputy."""
    user = authorized_user(request, ApiToken.WORK)
    find_visible_question(user, question_id)

    def take_back() -> QuestionOut:
        return question_out(
            questions.withdraw_question(question_id, actor=user, now=timezone.now())
        )

    return run_command_once(request, user, take_back)
