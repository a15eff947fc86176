"""Calls on comments: read those on a request, write one, edit and withdraw one's own."""

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Query, Router

from approvals.api.authentication import authorized_user
from approvals.api.responses import (
    READ_REFUSALS,
    carried_files_out,
    command_operation,
    decoded_files,
    documented_responses,
    run_command_once,
    schema_response,
)
from approvals.api.schemas.bodies import CommentIn, CommentTextIn
from approvals.api.schemas.conversation import CommentOut, CommentsOut, PeopleOut, PersonOut
from workflows.access.models import ApiToken
from workflows.conversation.models import Comment
from workflows.conversation.queries.comments import (
    comments_of,
    files_of_comments,
    find_visible_comment,
)
from workflows.conversation.queries.mentions import offered_people
from workflows.conversation.services.comments import edit_comment, withdraw_comment, write_comment
from workflows.documents.models import Document
from workflows.execution.queries.visible_instances import find_visible_request

router = Router(tags=["requests"])
own_router = Router(tags=["requests"])
"""Calls on one comment, by its number."""


@router.get(
    "/{slug:reference}/comments",
    operation_id="comments",
    summary="Comments",
    url_name="comments",
    response=documented_responses(CommentsOut, refusals=READ_REFUSALS),
)
def read_comments_call(request: HttpRequest, reference: str) -> JsonResponse:
    """The newest 200 comments on the request, oldest of them first."""
    user = authorized_user(request, ApiToken.READ)
    comments = comments_of(find_visible_request(user, reference))
    files = files_of_comments(comments)
    rows = [_comment_out(comment, files.get(comment.pk, [])) for comment in comments]
    return schema_response(CommentsOut(comments=rows))


@router.post(
    "/{slug:reference}/comments",
    **{**command_operation("comment", CommentOut, status=201), "url_name": "comments"},
)
def write_comment_call(request: HttpRequest, reference: str, body: CommentIn) -> JsonResponse:
    """Comment on the request. `@login` in the text mentions somebody who may see it; files come in
    base64, within the size of a call."""
    user = authorized_user(request, ApiToken.WORK)
    instance = find_visible_request(user, reference)
    files = decoded_files(body.files)

    def answer_comment() -> CommentOut:
        comment = write_comment(
            instance.pk,
            actor=user,
            text=body.text,
            now=timezone.now(),
            files=files,
            gives_sight=body.gives_sight,
        )
        return _comment_out(comment, list(comment.documents.order_by("version")))

    return run_command_once(request, user, answer_comment, status=201)


@router.get(
    "/{slug:reference}/mentionable",
    operation_id="mentionable",
    summary="Whom a comment may mention",
    url_name="mentionable",
    response=documented_responses(PeopleOut, refusals=READ_REFUSALS),
)
def read_mentionable_call(
    request: HttpRequest, reference: str, q: str = Query("", max_length=150, pattern=r"^[^\x00]*$")
) -> JsonResponse:
    """Up to eight people who may see the request, by the beginning of a login or a name."""
    user = authorized_user(request, ApiToken.READ)
    people = offered_people(find_visible_request(user, reference), q.strip())
    rows = [PersonOut(login=row.get_username(), name=row.get_full_name()) for row in people]
    return schema_response(PeopleOut(people=rows))


@own_router.post("/{int:comment_id}/edit", **command_operation("edit_comment", CommentOut))
def edit_comment_call(request: HttpRequest, comment_id: int, body: CommentTextIn) -> JsonResponse:
    """Write a comment of one's own anew, for 15 minutes; the trail keeps both texts."""
    user = authorized_user(request, ApiToken.WORK)
    find_visible_comment(user, comment_id)

    def answer_edit() -> CommentOut:
        comment = edit_comment(
            comment_id, actor=user, text=body.text, now=timezone.now(), gives_sight=body.gives_sight
        )
        return _comment_out(comment, list(comment.documents.order_by("version")))

    return run_command_once(request, user, answer_edit)


@own_router.post("/{int:comment_id}/withdraw", **command_operation("withdraw_comment", CommentOut))
def withdraw_comment_call(request: HttpRequest, comment_id: int) -> JsonResponse:
    """Take a comment of one's own back, for 15 minutes: its text and files are gone from every
    page and call."""
    user = authorized_user(request, ApiToken.WORK)
    find_visible_comment(user, comment_id)

    def answer_withdrawal() -> CommentOut:
        return _comment_out(withdraw_comment(comment_id, actor=user, now=timezone.now()), [])

    return run_command_once(request, user, answer_withdrawal)


def _comment_out(comment: Comment, files: list[Document]) -> CommentOut:
    return CommentOut(
        id=comment.pk,
        writer=comment.writer.get_username(),
        text=comment.text,
        mentioned=list(comment.mentioned),
        written_at=comment.written_at,
        edited_at=comment.edited_at,
        withdrawn_at=comment.withdrawn_at,
        files=carried_files_out(files),
    )
