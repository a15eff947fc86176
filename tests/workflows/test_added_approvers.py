"""One more person is asked to agree to a step that is under way, within separation of duties."""

from typing import Any

import pytest

from tests.automation.driving import plain
from tests.factories import make_user
from tests.workflows.support import Flow, begin, digest_now, nothing_changed, person, refused
from tests.workflows.test_directory_roles import OUTCOMES, rebuilt, step, waits_for
from tests.workflows.test_standing_in import away
from workflows.engine.errors import HandoffError, InvalidInput, NotAllowed, WrongState
from workflows.execution.models import AddedPerson, WorkItem
from workflows.execution.services import work_items as tasks
from workflows.execution.services.agreement.added_approvers import add_approver
from workflows.execution.services.agreement.withdrawn_votes import withdraw_vote
from workflows.execution.services.staffing_watch import watch_queues
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def asked(key: str = "more", by: str = "rita", **more: Any) -> Flow:
    """A request that waits at a step of the crew; eve and fay are in no role."""
    flow = begin(plain(key, {"agree": step("crew", **more)}), by=by)
    make_user("eve")
    make_user("fay")
    return flow


def add(flow: Flow, who: str, by: str = "ann", reason: str = "She knows the site.") -> WorkItem:
    return add_approver(
        flow.task("agree").pk,
        actor=person(by),
        person=person(who),
        reason=reason,
        now=flow.later(),
    )


def agree(flow: Flow, by: str, outcome: str = "approve") -> None:
    flow.decide("agree", outcome, by=by, seen=digest_now(flow, "agree"))


def leave(name: str) -> None:
    User.objects.filter(username=name).update(is_active=False)


# -- what it does -----------------------------------------------------------------------------


def test_who_is_added_finds_the_task_and_it_ends_only_with_their_agreement() -> None:
    flow = asked()
    item = add(flow, "eve")
    assert (item.needed, waits_for("eve"), waits_for("fay")) == (2, ["Agree"], [])
    row = flow.last()
    assert (row.command, row.capacity, row.comment) == (
        *("add_approver", "role", "She knows the site."),
    )
    (note,) = row.changes["approver_added"]
    assert (note["person"], note["needed"]) == ("eve", 2)
    rebuilt(flow)
    agree(flow, "ann")
    with refused(WrongState, "who was added"):
        agree(flow, "bob")
    agree(flow, "eve")
    assert flow.last().capacity == "added"
    assert flow.where == "= done"
    rebuilt(flow)


def test_who_is_added_may_refuse_and_that_decides() -> None:
    flow = asked()
    add(flow, "eve")
    agree(flow, "eve", "stop")
    assert flow.where == "= stopped"
    rebuilt(flow)


def test_the_step_does_not_end_when_who_was_added_comes_first() -> None:
    flow = asked(quorum=2)
    add(flow, "eve")
    agree(flow, "eve")
    agree(flow, "ann")
    assert flow.where == "agree"
    rebuilt(flow)
    agree(flow, "bob")
    assert flow.where == "= done"


def test_a_task_that_one_person_had_is_of_several_from_then_on() -> None:
    flow = asked()
    pk = flow.task("agree").pk
    tasks.claim(pk, actor=person("ann"), now=flow.later())
    item = add(flow, "eve")
    assert (item.assignee, item.state, item.in_queue) == (None, "enabled", True)
    assert waits_for("ann") == waits_for("bob") == waits_for("eve") == ["Agree"]
    with refused(InvalidInput, "decided by 2 different people"):
        tasks.claim(pk, actor=person("ann"), now=flow.later())
    agree(flow, "bob")
    agree(flow, "eve")
    assert flow.where == "= done"


def test_a_step_of_the_one_person_in_a_field_takes_one_more() -> None:
    made = plain("field", {"agree": step("boss")})
    made["fields"]["boss"] = {"type": "user", "required": True}
    made["start"]["fields"] = [*made["start"]["fields"], "boss"]
    made["roles"]["boss"] = {"field": "boss"}
    flow = begin(made, boss="mona")
    make_user("eve")
    add(flow, "eve", by="mona")
    assert waits_for("mona") == waits_for("eve") == ["Agree"]
    agree(flow, "eve")
    assert watch_queues(now=flow.later(minutes=1)) == 0
    agree(flow, "mona")
    assert flow.where == "= done"
    rebuilt(flow)


def test_who_is_in_the_role_and_added_must_agree_themselves() -> None:
    flow = asked(quorum=2)
    add(flow, "bob")
    agree(flow, "ann")
    agree(flow, "cat")
    assert flow.where == "agree"
    agree(flow, "bob")
    assert flow.where == "= done"
    rebuilt(flow)


def test_who_stands_in_for_who_was_added_agrees_in_their_place() -> None:
    flow = asked()
    add(flow, "eve")
    away("eve", "fay")
    agree(flow, "fay")
    assert (flow.last().actor_name, flow.last().acted_for) == ("fay", "eve")
    agree(flow, "ann")
    assert flow.where == "= done"
    rebuilt(flow)


def test_who_was_added_takes_their_agreement_back_and_is_still_awaited() -> None:
    flow = asked(quorum=2)
    add(flow, "eve")
    agree(flow, "eve")
    withdraw_vote(flow.task("agree").pk, actor=person("eve"), now=flow.later())
    rebuilt(flow)
    agree(flow, "ann")
    agree(flow, "bob")
    assert flow.where == "agree"
    assert waits_for("eve") == ["Agree"]


# -- who may add whom -------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "capacity"), [("olga", "owner"), ("dan", "deputy")])
def test_who_answers_for_the_workflow_may_add(by: str, capacity: str) -> None:
    flow = asked()
    add(flow, "eve", by=by)
    assert flow.last().capacity == capacity
    rebuilt(flow)


@pytest.mark.parametrize("by", ["rita", "mona", "fay"])
def test_who_neither_has_it_nor_answers_for_it_may_not(by: str) -> None:
    flow = asked()
    with refused(NotAllowed, "may ask one more person"):
        add(flow, "eve", by=by)


def test_who_asked_for_it_and_is_kept_from_it_may_not_although_in_the_role() -> None:
    flow = asked(by="sid")
    with refused(NotAllowed, "may ask one more person"):
        add(flow, "eve", by="sid")


def test_an_owner_who_asked_for_it_may_not() -> None:
    flow = asked()
    template = flow.request.template
    template.owner = person("rita")
    template.save()
    with refused(NotAllowed, "You asked for this request"):
        add(flow, "eve", by="rita")


def test_while_another_has_it_only_they_and_who_answers_for_it_may() -> None:
    flow = asked()
    tasks.claim(flow.task("agree").pk, actor=person("bob"), now=flow.later())
    with refused(NotAllowed, "may ask one more person"):
        add(flow, "eve", by="ann")
    add(flow, "eve", by="bob")


@pytest.mark.parametrize(
    ("who", "error", "words"),
    [
        ("rita", NotAllowed, "separation of duties"),
        ("ann", InvalidInput, "Nobody adds themselves"),
        ("eve", InvalidInput, "not active"),
        ("fay", WrongState, "already"),
        ("bob", NotAllowed, "already agreed"),
    ],
)
def test_some_are_not_added(who: str, error: type[HandoffError], words: str) -> None:
    flow = asked(quorum=2)
    add(flow, "fay")
    agree(flow, "bob")
    leave("eve")
    with refused(error, words):
        add(flow, who)


def test_an_owner_does_not_add_themselves() -> None:
    flow = asked()
    with refused(InvalidInput, "Nobody adds themselves"):
        add(flow, "olga", by="olga")


def test_who_is_named_by_a_field_that_keeps_away_is_not_added() -> None:
    made = plain("apart", {"agree": step("crew", not_by=["requester", "field:dean"])})
    made["fields"]["dean"] = {"type": "user", "required": True}
    made["start"]["fields"] = [*made["start"]["fields"], "dean"]
    flow = begin(made, dean="mona")
    with refused(NotAllowed, "separation of duties"):
        add(flow, "mona")


def test_where_the_map_lets_the_requester_they_may_be_added() -> None:
    flow = asked(not_by=[], not_by_reason="Small sums only.")
    add(flow, "rita")
    agree(flow, "ann")
    agree(flow, "rita")
    assert flow.where == "= done"


def test_a_reason_is_needed() -> None:
    flow = asked()
    with refused(InvalidInput, "Give a reason"):
        add(flow, "eve", reason=" ")


def test_nobody_is_added_where_another_outcome_would_go_past_them() -> None:
    flow = asked(outcomes={**OUTCOMES, "softly": "done"})
    with refused(InvalidInput, "several outcomes"):
        add(flow, "eve")


def test_nobody_is_added_whose_place_would_leave_too_few() -> None:
    made = plain("alone", {"agree": step("boss")})
    made["roles"]["boss"] = {"users": ["mona"]}
    flow = begin(made)
    with refused(WrongState, "too few others"):
        add(flow, "mona", by="olga")


def test_nobody_is_added_to_what_is_over_or_rests() -> None:
    flow = asked()
    pk = flow.task("agree").pk
    flow.command("suspend")
    for by in ("ann", "olga"):
        with refused(WrongState, "only a running request"):
            add(flow, "eve", by=by)
    flow.command("resume")
    agree(flow, "ann")
    for by, error in (("ann", NotAllowed), ("olga", WrongState)):
        with refused(error):
            add_approver(pk, actor=person(by), person=person("eve"), reason="x", now=flow.later())


# -- who was added leaves ---------------------------------------------------------------------


def test_who_was_added_and_leaves_is_an_incident_and_another_takes_the_place() -> None:
    flow = asked()
    add(flow, "eve")
    leave("eve")
    assert watch_queues(now=flow.later(minutes=1)) == 1
    assert flow.incident().parameters["gap"] == "too_few"
    with nothing_changed():
        assert watch_queues(now=flow.later(minutes=1)) == 0
    item = add(flow, "fay")
    assert (item.needed, flow.incidents()) == (2, [("nobody", "resolved")])
    (note,) = flow.last().changes["approver_added"]
    assert (note["person"], note["instead_of"]) == ("fay", "eve")
    assert not AddedPerson.objects.filter(user=person("eve")).exists()
    rebuilt(flow)
    agree(flow, "ann")
    agree(flow, "fay")
    assert flow.where == "= done"
    rebuilt(flow)


def test_who_was_added_and_comes_back_mends_the_incident() -> None:
    flow = asked()
    add(flow, "eve")
    leave("eve")
    watch_queues(now=flow.later(minutes=1))
    User.objects.filter(username="eve").update(is_active=True)
    watch_queues(now=flow.later(minutes=1))
    assert [state for _, state in flow.incidents()] == ["resolved"]


def test_who_agreed_and_then_left_is_replaced_by_nobody() -> None:
    flow = asked(quorum=2)
    add(flow, "eve")
    agree(flow, "eve")
    leave("eve")
    assert watch_queues(now=flow.later(minutes=1)) == 0
    assert add(flow, "fay").needed == 4
    rebuilt(flow)
