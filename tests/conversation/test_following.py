"""Following: of a request, a workflow, a team; seen by all who see the request, giving no sight."""

import pytest
from django.contrib.auth.models import Group

from tests.approvals.office import KEY, ask, decide
from tests.factories import NOW, make_group
from tests.workflows.support import refused
from workflows.access.services.rights_trail import suppress_fact_recording
from workflows.conversation.models import Follow
from workflows.conversation.queries.following import follows_of_request
from workflows.conversation.services.following import (
    follow_request,
    follow_team,
    follow_workflow,
    unfollow,
)
from workflows.engine.errors import NotFound
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db


def followers(request: WorkflowInstance) -> set[str]:
    return {row.person.username for row in follows_of_request(request)}


def last_row() -> TrailEvent:
    return TrailEvent.objects.latest("id")


def test_a_request_is_followed_once_and_left_again(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    row = follow_request(request.pk, actor=people["mia"], now=NOW)
    assert (last_row().command, last_row().request) == ("follow", request)
    rows = TrailEvent.objects.count()
    assert follow_request(request.pk, actor=people["mia"], now=NOW) == row
    assert TrailEvent.objects.count() == rows
    assert followers(request) == {"mia"}
    unfollow(row.pk, actor=people["mia"], now=NOW)
    assert (last_row().command, last_row().request) == ("unfollow", request)
    assert followers(request) == set()


def test_a_workflow_is_followed_by_who_may_know_of_it(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    follow_workflow(KEY, actor=people["olivia"], now=NOW)
    follow_workflow(KEY, actor=people["sue"], now=NOW)
    assert last_row().changes == {"workflow": KEY}
    assert followers(request) == {"olivia"}  # Sue may start such requests, and not see this one
    with refused(NotFound):
        follow_workflow(KEY, actor=people["stranger"], now=NOW)
    with refused(NotFound):
        follow_workflow("no-such", actor=people["sam"], now=NOW)


def test_a_team_is_followed_by_those_who_are_in_it(people: dict[str, User]) -> None:
    request, legal = ask(people["sam"]), Group.objects.get(name="legal")
    follow_team(legal.pk, actor=people["lena"], now=NOW)
    assert last_row().changes == {"team": "legal"}
    assert followers(request) == set()  # it has not come to legal
    decide(request, "manager_review", people["mia"], "approve")
    assert followers(request) == {"lena"}
    with suppress_fact_recording():
        people["lena"].groups.remove(legal)
    assert followers(request) == set()
    for other in (make_group("finance").pk, 10**9):
        with refused(NotFound):
            follow_team(other, actor=people["lena"], now=NOW)


def test_following_gives_no_sight(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    with refused(NotFound):
        follow_request(request.pk, actor=people["stranger"], now=NOW)
    decide(request, "manager_review", people["mia"], "approve")
    row = follow_request(request.pk, actor=people["lena"], now=NOW)
    decide(request, "legal_review", people["leo"], "approve", data={"cost_centre": "1"})
    assert not WorkflowInstance.objects.visible_to(people["lena"]).exists()
    assert followers(request) == set()
    unfollow(row.pk, actor=people["lena"], now=NOW)
    assert not WorkflowInstance.objects.visible_to(people["lena"]).exists()


def test_nobody_ends_what_another_follows(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    row = follow_request(request.pk, actor=people["mia"], now=NOW)
    with refused(NotFound):
        unfollow(row.pk, actor=people["sam"], now=NOW)
    assert Follow.objects.exists()


def test_closed_accounts_follow_nothing(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    follow_request(request.pk, actor=people["mia"], now=NOW)
    User.objects.filter(username="mia").update(is_active=False)
    assert followers(request) == set()
