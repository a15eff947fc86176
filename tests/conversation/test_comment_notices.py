"""What is told of comments and to who follows: only what stands, and only to who may see it."""

import pytest

from tests.factories import make_user
from tests.notices.scenes import forget
from tests.telling import work_out_notices
from tests.workflows import drawn
from tests.workflows.support import begin, person
from workflows.conversation.models import Follow
from workflows.conversation.services.comments import (
    edit_comment,
    withdraw_comment,
    write_comment,
)
from workflows.execution.models import WorkflowInstance
from workflows.notices.messages.letters import compose_letter
from workflows.notices.models import Notice

pytestmark = pytest.mark.django_db


def told() -> set[tuple[str, str]]:
    rows = Notice.objects.filter(person__isnull=False)
    return set(rows.values_list("event", "person__username"))


def test_a_letter_says_what_stands_and_nothing_of_what_was_withdrawn() -> None:
    flow = begin(drawn.sequential())
    forget()
    comment = write_comment(
        flow.request.pk, actor=person("olga"), text="Look, @ann.", now=flow.later()
    )
    work_out_notices(flow.now)
    notice = Notice.objects.get(event="mentioned")
    letter = compose_letter(notice, flow.now)
    assert letter is not None
    assert letter.comment == "Look, @ann."
    withdraw_comment(comment.pk, actor=person("olga"), now=flow.now)
    assert compose_letter(notice, flow.now) is None


def test_an_edited_comment_is_told_to_whom_it_did_not_mention_before() -> None:
    flow = begin(drawn.sequential())
    comment = write_comment(flow.request.pk, actor=person("olga"), text="@ann", now=flow.later())
    forget()
    work_out_notices(flow.now)
    edit_comment(comment.pk, actor=person("olga"), text="@bob", now=flow.now)
    work_out_notices(flow.now)
    assert told() == {("mentioned", "bob")}


def test_followers_hear_of_the_request_as_long_as_they_may_see_it() -> None:
    flow = begin(drawn.sequential())
    followers = [person("sid"), person("max"), person("dan"), make_user("nora")]
    for follower in followers:
        Follow.objects.create(person=follower, request=flow.request, since=flow.now)
    forget()
    flow.decide("review", "no", comment="No.")
    work_out_notices(flow.now)
    seeing = {
        follower.username
        for follower in followers
        if WorkflowInstance.objects.visible_to(follower).filter(pk=flow.request.pk).exists()
    }
    assert "dan" in seeing
    assert "nora" not in seeing
    assert {name for _, name in told()} & {one.username for one in followers} == seeing
