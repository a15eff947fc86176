"""Who could take a task, where its role names people one by one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from approvals.pages.position_texts import describe_place
from tests.automation.driving import plain
from tests.engine.driving import task
from tests.factories import NOW
from tests.workflows.drawn import NO, STOP
from tests.workflows.support import Flow, begin, make_people, person
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.holders import Holder, HolderKind
from workflows.execution.queries.position import find_position, find_positions
from workflows.execution.services import instances as requests
from workflows.execution.texts.position import describe_holder
from workflows.notices.messages.standing import describe_request_standing
from workflows.people.models import User


def test_a_role_of_named_people_is_said_by_them_and_not_as_a_group() -> None:
    holder = Holder(HolderKind.ROLE, logins=("ann", "bob"))
    assert describe_holder(holder) == "ann or bob"
    mixed = Holder(HolderKind.ROLE, names=("finance", "legal"), logins=("ann",))
    assert describe_holder(mixed) == "ann or anybody in finance or legal"
    assert describe_holder(Holder(HolderKind.ROLE, names=("finance",))) == "anybody in finance"


@pytest.mark.django_db
def test_the_place_of_a_request_names_those_who_can_take_it() -> None:
    make_people()
    data = plain("two", {"look": task(ok="done", no=NO, stop=STOP)})
    data["roles"][data["steps"]["look"]["role"]] = {"users": ["ann", "bob"]}
    said = describe_place(find_position(begin(data).request), NOW)
    assert "ann or bob can take it; nobody has yet." in said


def named(*logins: str, **step: Any) -> Flow:
    """A request at a step of people who are named one by one; Ann and Bob have the same name."""
    make_people()
    for login, first, last in (("ann", "Kim", "Lee"), ("bob", "Kim", "Lee"), ("cat", "Cy", "Ross")):
        User.objects.filter(username=login).update(first_name=first, last_name=last)
    data = plain("two", {"look": task(ok="done", no=NO, stop=STOP) | step})
    data["roles"][data["steps"]["look"]["role"]] = {"users": list(logins)}
    return begin(data)


@pytest.mark.django_db
def test_people_who_are_named_one_by_one_are_called_by_their_full_names() -> None:
    position = find_position(named("cat", "mona").request)
    assert "Cy Ross or mona can take it" in describe_place(position, NOW)
    assert dict(describe_request_standing(position, None, NOW))["Who has it"] == "Cy Ross or mona"


@pytest.mark.django_db
def test_the_login_stands_behind_where_two_have_the_same_name() -> None:
    said = describe_place(find_position(named("ann", "bob", "cat").request), NOW)
    assert "Kim Lee (ann), Kim Lee (bob) or Cy Ross can take it" in said


@pytest.mark.django_db
def test_so_many_of_those_who_are_named_have_to_agree() -> None:
    flow = named("ann", "cat", "mona", quorum=2)
    said = describe_place(find_position(flow.request), NOW)
    assert "2 of Kim Lee, Cy Ross and mona have to agree; nobody has yet." in said


@pytest.mark.django_db
def test_all_of_those_who_are_named_have_to_agree() -> None:
    said = describe_place(find_position(named("ann", "cat", quorum="all").request), NOW)
    assert "Kim Lee and Cy Ross have to agree; nobody has yet." in said


@pytest.mark.django_db
def test_the_names_of_a_whole_list_are_read_at_once(
    django_assert_num_queries: Callable[[int], AbstractContextManager[Any]],
) -> None:
    flow = named("ann", "cat")
    for _ in range(3):
        requests.start(
            flow.request.template.key, actor=person("rita"), now=NOW, data={"amount": "5"}
        )
    positions = find_positions(WorkflowInstance.objects.all())
    with django_assert_num_queries(1):
        said = {describe_place(position, NOW) for position in positions.values()}
    assert len(positions) == 4
    assert len(said) == 1
