"""The comments on a request."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from workflows.conversation.models import Comment
from workflows.documents.models import Document
from workflows.documents.queries.instance_documents import by_field_and_version, documents_of
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.facets import facet_of_rows
from workflows.execution.queries.visible_instances import row_of_visible_request
from workflows.people.models import User

COMMENTS = facet_of_rows(f"{Comment._meta.db_table} WHERE request_id = %(request)s")

MAX_COMMENTS = 200
"""A page shows the newest of them."""


def comments_of(instance: WorkflowInstance, *, until: datetime | None = None) -> list[Comment]:
    """The newest comments on the request (that were written by a moment), oldest first, each with
    its writer and whether it carries files (`has_files`). They read as they stand now, withdrawn
    ones without their text. One statement, or none where it is known that there are none."""
    if COMMENTS.is_absent(instance):
        return []
    rows = Comment.objects.filter(request=instance).select_related("writer")
    if until is not None:
        rows = rows.filter(written_at__lte=until)
    carried = Document.objects.filter(comment=OuterRef("pk"))
    newest = rows.annotate(has_files=Exists(carried)).order_by("-id")[:MAX_COMMENTS]
    return list(reversed(newest))


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
    on it. One statement, or none where there is neither."""
    carrying = carrying_comment_ids(comments)
    if not carrying:
        return documents_of(instance), {}
    shown = Q(comment=None) | Q(comment__in=carrying)
    rows = Document.objects.filter(shown, request=instance).select_related("uploaded_by").order_by()
    documents = [row for row in rows if row.comment_id is None]
    return sorted(documents, key=by_field_and_version), _by_comment(rows)


def find_visible_comment(user: User, comment_id: int) -> Comment:
    """The comment with its request. Raises NotFound where the person may not see that."""
    rows = Comment.objects.select_related("request__template__owner", "request__requester")
    return row_of_visible_request(rows, user, comment_id)
