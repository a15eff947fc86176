"""Who could take a task, where its role names people one by one."""

import pytest

from approvals.pages.position_texts import describe_place
from tests.automation.driving import plain
from tests.engine.driving import task
from tests.factories import NOW
from tests.workflows.drawn import NO, STOP
from tests.workflows.support import begin, make_people
from workflows.execution.queries.position import Holder, HolderKind, find_position
from workflows.execution.texts.position import describe_holder


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
