"""Commands on comments: write one, and for a while edit or withdraw one's own.

Whoever may see a request may comment on it, also when it is over; nobody else learns that it is
there. What is mentioned is checked before anything is written.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext_noop

from workflows.access.permissions import management_capacity
from workflows.conversation.models import Comment, Mention
from workflows.conversation.services.mentioning import Mentions, check_mentions
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.visible_instances import NO_REQUEST
from workflows.execution.services.field_values.values import Uploads, prepare_carried_files
from workflows.execution.services.unit_of_work import (
    ActingCapacity,
    UnitOfWork,
    open_unit_of_work,
    write_trail,
)
from workflows.people.models import User
from workflows.persistence.kept_text import validate_text
from workflows.trail.changes import CommentRecorded
from workflows.trail.choices import TrailCapacity, TrailCommand

TIME_TO_CHANGE: Final = timedelta(minutes=15)
"""How long a writer may edit or withdraw a comment."""
LONGEST_COMMENT: Final = 4000
TOO_MANY_FILES: Final = gettext_noop("A comment carries up to %(most)s files; leave some out.")


def write_comment(
    instance_id: int,
    *,
    actor: User,
    text: str,
    now: datetime,
    files: Sequence[File] = (),
    gives_sight: bool = False,
) -> Comment:
    """Comment on a request. Whom the text mentions by `@login` may see it already, or is given
    sight of it where `gives_sight` is wished and its map allows that.

    Raises NotFound where the actor may not see the request, or InvalidInput; then nothing is
    written.
    """
    text = _clean_comment(text)
    with transaction.atomic():
        work = _open_visible_request(instance_id, actor, now)
        mentions = check_mentions(work, text, gives_sight=gives_sight)
        with prepare_carried_files(work, files, TOO_MANY_FILES) as uploads:
            comment = Comment.objects.create(
                request=work.instance,
                writer=actor,
                text=text,
                mentioned=mentions.full_names,
                written_at=work.now,
            )
            _save_files(uploads, comment)
            _save_mentions(comment, mentions)
            _record(work, TrailCommand.COMMENT, comment, mentions)
    return comment


def edit_comment(
    comment_id: int, *, actor: User, text: str, now: datetime, gives_sight: bool = False
) -> Comment:
    """Write one's own comment anew, within 15 minutes; the trail keeps what it said before.

    Raises NotFound, NotAllowed, WrongState or InvalidInput; then nothing is written.
    """
    text = _clean_comment(text)
    with transaction.atomic():
        work, comment = _open_own_comment(comment_id, actor, now)
        if comment.text == text:
            return comment
        mentions = check_mentions(work, text, gives_sight=gives_sight, before=comment)
        comment.text, comment.mentioned, comment.edited_at = text, mentions.full_names, work.now
        comment.save(update_fields=["text", "mentioned", "edited_at"])
        Mention.objects.filter(comment=comment).delete()
        _save_mentions(comment, mentions)
        _record(work, TrailCommand.EDIT_COMMENT, comment, mentions)
    return comment


def withdraw_comment(comment_id: int, *, actor: User, now: datetime) -> Comment:
    """Take one's own comment back, within 15 minutes: its text, its files and the sight that it
    gave are gone from every page, the trail keeps what it said.

    Raises NotFound, NotAllowed or WrongState; then nothing is written.
    """
    with transaction.atomic():
        work, comment = _open_own_comment(comment_id, actor, now)
        comment.text, comment.mentioned, comment.withdrawn_at = "", {}, work.now
        comment.save(update_fields=["text", "mentioned", "withdrawn_at"])
        Mention.objects.filter(comment=comment).delete()
        _record(work, TrailCommand.WITHDRAW_COMMENT, comment, Mentions())
    return comment


def may_change_comment(comment: Comment, actor: User, now: datetime) -> bool:
    """Whether this person may edit or withdraw the comment now."""
    return comment_change_refusal(comment, actor, now) is None


def comment_change_refusal(
    comment: Comment, actor: User, now: datetime
) -> NotAllowed | WrongState | None:
    """Why this person may not edit or withdraw the comment, or None. Asked by the services, and by
    the pages for their buttons."""
    if comment.writer_id != actor.pk:
        return NotAllowed("Only who wrote a comment may change it. Write one of your own.")
    if comment.withdrawn_at is not None:
        return WrongState("This comment was withdrawn. Write a new one.")
    if now - comment.written_at > TIME_TO_CHANGE:
        return WrongState(
            "A comment can be changed for %(minutes)s minutes; this one stands. Write another one.",
            minutes=int(TIME_TO_CHANGE.total_seconds() // 60),
        )
    return None


# -- before -----------------------------------------------------------------------------------


def _clean_comment(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise InvalidInput("Write something; an empty comment says nothing.")
    return validate_text(gettext_noop("comment"), text, LONGEST_COMMENT)


def _open_visible_request(instance_id: int, actor: User, now: datetime) -> UnitOfWork:
    """The locked request; NotFound for whom it may not be shown to."""
    work = open_unit_of_work(actor=actor, now=now, instance_id=instance_id)
    if not WorkflowInstance.objects.visible_to(actor).filter(pk=instance_id).exists():
        raise NotFound(NO_REQUEST)
    if actor.pk == work.instance.requester_id:
        work.acting = ActingCapacity(TrailCapacity.REQUESTER)
    else:
        work.acting = ActingCapacity(management_capacity(actor, work.instance.template))
    return work


def _open_own_comment(comment_id: int, actor: User, now: datetime) -> tuple[UnitOfWork, Comment]:
    """The locked request of a comment, and the comment, if the actor may change it now."""
    request_id = Comment.objects.filter(pk=comment_id).values_list("request", flat=True).first()
    if request_id is None:
        raise NotFound(NO_REQUEST)
    work = _open_visible_request(request_id, actor, now)
    comment = Comment.objects.get(pk=comment_id)
    comment.request = work.instance
    refusal = comment_change_refusal(comment, actor, work.now)
    if refusal is not None:
        raise refusal
    return work, comment


# -- writing ----------------------------------------------------------------------------------


def _save_files(uploads: Uploads, comment: Comment) -> None:
    for document in uploads.documents:
        document.comment = comment
    uploads.save()


def _save_mentions(comment: Comment, mentions: Mentions) -> None:
    Mention.objects.bulk_create(
        Mention(
            comment=comment,
            request_id=comment.request_id,
            person=person,
            gives_sight=person.pk in mentions.given_sight,
        )
        for person in mentions.people
    )


def _record(work: UnitOfWork, command: TrailCommand, comment: Comment, mentions: Mentions) -> None:
    """The command's row in the trail, with what the comment says now."""
    work.note(
        CommentRecorded(
            comment=comment.pk,
            mentioned=[person.username for person in mentions.people],
            given_sight=[
                person.username for person in mentions.people if person.pk in mentions.given_sight
            ],
        )
    )
    write_trail(work, command, from_state=work.instance.state, comment=comment.text)
