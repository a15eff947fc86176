"""The comments on a request."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from workflows.conversation.models import Comment
from workflows.documents.models import Document
from workflows.documents.queries.instance_documents import DOCUMENTS, documents_of
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.facets import RowsFacet
from workflows.execution.queries.visible_instances import row_of_visible_request
from workflows.people.models import User
from workflows.persistence.prepared_queries import ANY_ROW

MAX_COMMENTS = 200
"""A page shows the newest of them."""


def _newest_comments(rows: QuerySet[Comment]) -> QuerySet[Comment]:
    carried = Document.objects.filter(comment=OuterRef("pk"))
    joined = rows.select_related("writer").annotate(has_files=Exists(carried))
    return joined.order_by("-id")[:MAX_COMMENTS]


COMMENTS = RowsFacet(lambda: _newest_comments(Comment.objects.filter(request=ANY_ROW)))


def comments_of(instance: WorkflowInstance, *, until: datetime | None = None) -> list[Comment]:
    """The newest comments on the request (that were written by a moment), oldest first, each with
    its writer and whether it carries files (`has_files`). They read as they stand now, withdrawn
    ones without their text. One statement, or none where they came with the request."""
    if until is None:
        newest = COMMENTS.rows_of(instance)
    else:
        newest = list(
            _newest_comments(Comment.objects.filter(request=instance, written_at__lte=until))
        )
    return sorted(newest, key=lambda comment: comment.pk)


def files_of_comments(comments: list[Comment]) -> dict[int, list[Document]]:
    """What these comments carry, by the comments' ids; nothing of withdrawn ones. One statement,
    or none where none carries a file."""
    carrying = carrying_comment_ids(comments)
    rows = Document.objects.filter(comment__in=carrying) if carrying else ()
    return _by_comment(rows)


def carrying_comment_ids(comments: list[Comment]) -> list[int]:
    """Which of these comments have files to show. No statement."""
    return [
        comment.pk
        for comment in comments
        if comment.has_files and comment.withdrawn_at is None  # type: ignore[attr-defined]
    ]


def _by_comment(documents: Iterable[Document]) -> dict[int, list[Document]]:
    files: dict[int, list[Document]] = {}
    for row in sorted(documents, key=lambda row: (row.version, row.pk)):
        if row.comment_id is not None:
            files.setdefault(row.comment_id, []).append(row)
    return files


def documents_and_comment_files(
    instance: WorkflowInstance, comments: list[Comment]
) -> tuple[list[Document], dict[int, list[Document]]]:
    """Both what `documents_of` gives for the request, and `files_of_comments` for these comments
    on it. One statement, or none where they came with the request."""
    carrying = set(carrying_comment_ids(comments))
    carried = (row for row in DOCUMENTS.rows_of(instance) if row.comment_id in carrying)
    return documents_of(instance), _by_comment(carried)


def find_visible_comment(user: User, comment_id: int) -> Comment:
    """The comment with its request. Raises NotFound where the person may not see that."""
    rows = Comment.objects.select_related("request__template__owner", "request__requester")
    return row_of_visible_request(rows, user, comment_id)
