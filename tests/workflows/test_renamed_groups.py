"""Roles are lists of names: groups that are deleted, renamed and made anew, and changed logins."""

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from tests.factories import make_user
from tests.workflows import drawn
from tests.workflows.staffing import at_rest, come, started, watched
from tests.workflows.support import (
    again,
    begin,
    person,
    refused,
)
from workflows.automation.services.delivery import deliver_due
from workflows.definitions.services import publishing as definitions
from workflows.engine.errors import NotAllowed
from workflows.execution.services.staffing_watch import watch_queues

pytestmark = pytest.mark.django_db


def remade(name: str, *people: str) -> None:
    """Somebody deletes a group by mistake, and makes it anew."""
    Group.objects.get(name=name).delete()
    come(*people, group=name)


def test_a_deleted_group_is_an_incident_and_made_anew_works_for_running_requests() -> None:
    flow = started()
    Group.objects.get(name="crew").delete()
    watched(flow)
    come("ann", "bob", group="crew")
    assert at_rest(flow)
    assert flow.incidents() == [("nobody", "resolved")]
    flow.decide("review", "ok", "ann")
    assert at_rest(again("sequential"))


def test_a_group_made_anew_works_before_the_clock_comes_by() -> None:
    flow = started()
    remade("crew", "ann")
    remade("staff", "rita")
    flow.decide("review", "ok", "ann")
    again("sequential", by="rita")
    with pytest.raises(NotAllowed):
        again("sequential", by="sid")


def test_a_renamed_group_keeps_its_starts_outcomes_and_escalations() -> None:
    data = drawn.states()
    data["steps"]["review"]["on_overdue"] = {"escalate_to": "crew", "after": "1h"}
    data["steps"]["review"]["role"] = "staff"
    flow = begin(data)
    for name in ("staff", "crew", "bosses"):
        Group.objects.filter(name=name).update(name=f"the {name}")
    other = again("states")
    assert at_rest(flow)
    flow.decide("review", "force", "mona")
    other.later(days=3)
    deliver_due(lambda: other.now)
    assert other.last().changes["added"] == ["ann", "bob", "cat", "sid"]
    other.decide("review", "to_work", "ann")
    call_command("audit_map", "states")
    draft = definitions.new_draft(flow.request.template, actor=None, now=flow.now)
    assert draft.roles.get(key="crew").groups == ["the crew"]


def test_a_group_of_another_name_gets_nothing_of_one_that_was_renamed() -> None:
    flow = started()
    Group.objects.filter(name="crew").update(name="the crew")
    make_user("new", groups=["crew"])
    watch_queues(now=flow.later())
    with refused(NotAllowed, "not in its role"):
        flow.decide("review", "ok", "new")


def test_a_group_that_was_not_there_yet_is_in_the_role_once_it_is_made() -> None:
    data = drawn.sequential()
    data["roles"]["crew"] = {"groups": ["later"], "users": ["ann"]}
    flow = begin(data)
    make_user("new", groups=["later"])
    flow.decide("review", "ok", "new")


def renamed(name: str, to: str) -> None:
    user = person(name)
    user.username = to
    user.save()


def test_a_changed_login_keeps_roles_values_and_requests() -> None:
    data = drawn.sequential()
    data["roles"]["crew"] = {"users": ["ann", "bob"]}
    data["steps"]["pay"]["role"] = "helper"
    flow = begin(data, helper="cat")
    other = again("sequential", helper="cat")
    for name in ("ann", "bob", "cat", "rita"):
        renamed(name, f"{name}.new")
    make_user("cat")
    make_user("ann")
    with refused(NotAllowed, "not in its role"):
        flow.decide("review", "ok", "ann")
    flow.decide("review", "ok", "ann.new")
    assert flow.task("pay").assignee == person("cat.new")
    assert at_rest(flow)
    with refused(NotAllowed, "with cat.new"):
        flow.decide("pay", "paid", "cat", data={"code": "1"})
    flow.decide("pay", "paid", "cat.new", data={"code": "1"})
    other.decide("review", "back", "bob.new", comment="No.")
    other.decide("fix", "again", "rita.new")
