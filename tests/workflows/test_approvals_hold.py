"""What was approved holds for what was seen: when that changes, it is approved again."""

from typing import Any

import pytest

from tests.engine.driving import approval, end, parallel, task
from tests.engine.driving import join as joined
from tests.telling import told_of, work_out_notices
from tests.workflows import drawn
from tests.workflows.drawn import NO
from tests.workflows.support import Flow, begin, person, refused
from workflows.engine.errors import NotAllowed, WrongState
from workflows.execution.models import WorkItem
from workflows.execution.services import corrections, incidents, merges
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.notices.choices import NoticeEvent

pytestmark = pytest.mark.django_db

RIGHT = {"reason": "Put right."}


def paying(on_change: str | None = None, **review: Any) -> dict[str, Any]:
    """An approval, a task that may change the amount, and a payment."""
    data = drawn.drawn(
        "paying",
        {
            "review": approval(ok="order", no=NO, back={"to": "fix", "exception": True}, **review),
            "fix": task(
                again="review",
                drop={"to": "stopped", "exception": True},
                _role="asker",
                _outputs=["amount"],
            ),
            "order": task(ordered="pay", _role="bosses", _outputs=["amount", "code"]),
            "pay": task(paid="done", _role="bosses"),
        },
    )
    if on_change:
        data["steps"]["review"]["on_change"] = on_change
    return data


def correct(flow: Flow, amount: str, by: str = "olga") -> None:
    corrections.set_values(
        flow.request.pk, actor=person(by), data={"amount": amount}, now=flow.later(), **RIGHT
    )


def holds_together(flow: Flow) -> None:
    """The record says the same as the request."""
    request = flow.refresh()
    marking, data = rebuild_from_trail(request)
    assert marking.to_json() == request.marking
    assert data == request.data


def test_a_later_step_that_changes_what_was_approved_has_it_approved_again() -> None:
    flow = begin(paying())
    flow.decide("review", "ok")
    flow.decide("order", "ordered", by="mona", data={"amount": "1000.00", "code": "1"})
    assert flow.where == "review"
    assert flow.task("review").round == 2
    assert flow.last().changes["asked_again"] == [{"step": "review", "fields": ["amount"]}]
    holds_together(flow)
    flow.decide("review", "ok", by="bob")
    assert flow.where == "pay"
    flow.decide("pay", "paid", by="mona")
    assert flow.where == "= done"
    holds_together(flow)


def test_values_put_right_have_it_approved_again_before_work_goes_on() -> None:
    flow = begin(paying())
    flow.decide("review", "ok")
    flow.decide("order", "ordered", by="mona", data={"code": "1"})
    assert flow.where == "pay"
    correct(flow, "900.00")
    assert flow.where == "review"
    gone = WorkItem.objects.get(request=flow.request, step__key="pay")
    assert gone.closing_reason == "it waits until 'Review' has been decided again"
    holds_together(flow)
    flow.decide("review", "ok")
    assert flow.where == "pay"
    assert flow.task("pay").round == 1
    holds_together(flow)


def test_what_is_not_approved_again_takes_the_way_that_says_so() -> None:
    flow = begin(paying())
    flow.decide("review", "ok")
    correct(flow, "900.00")
    flow.decide("review", "no", comment="Too dear.")
    assert flow.where == "= rejected"
    holds_together(flow)


def test_sent_back_it_comes_again_by_the_usual_way_and_once() -> None:
    flow = begin(paying())
    flow.decide("review", "ok")
    correct(flow, "900.00")
    flow.decide("review", "back")
    assert flow.where == "fix"
    flow.decide("fix", "again", by="rita", data={"amount": "50.00"})
    assert flow.where == "review"
    flow.decide("review", "ok")
    assert flow.where == "order"
    holds_together(flow)


def test_values_that_are_again_what_was_approved_need_nobody() -> None:
    flow = begin(paying())
    flow.decide("review", "ok")
    correct(flow, "900.00")
    assert flow.where == "review"
    correct(flow, "100.00")
    assert flow.where == "order"
    holds_together(flow)


def test_what_was_empty_or_not_shown_may_be_filled_in() -> None:
    flow = begin(paying(_inputs=["urgent"]))
    flow.decide("review", "ok")
    correct(flow, "900.00")
    assert flow.where == "order"
    whole = begin(paying() | {"key": "whole"})
    whole.decide("review", "ok")
    whole.decide("order", "ordered", by="mona", data={"code": "filled in"})
    assert whole.where == "pay"


@pytest.mark.parametrize(("on_change", "mails"), [("keep", 0), ("warn", 1)])
def test_the_map_may_say_to_go_on(on_change: str, mails: int) -> None:
    flow = begin(paying(on_change))
    flow.decide("review", "ok")
    correct(flow, "900.00")
    assert flow.where == "order"
    work_out_notices(flow.now)
    assert len(told_of(NoticeEvent.CHANGED_AFTER_APPROVAL)) == mails
    expected = [{"step": "review", "fields": ["amount"]}] if mails else None
    assert flow.last().changes.get("changed_after") == expected
    correct(flow, "901.00")
    work_out_notices(flow.now)
    assert len(told_of(NoticeEvent.CHANGED_AFTER_APPROVAL)) == mails
    holds_together(flow)


def test_who_changed_the_values_does_not_approve_them() -> None:
    data = paying()
    data["roles"]["crew"]["users"] = ["olga"]
    flow = begin(data)
    flow.decide("review", "ok")
    correct(flow, "900.00")
    with refused(NotAllowed, "nobody approves what they steered"):
        flow.decide("review", "ok", by="olga")
    flow.decide("review", "ok", by="bob")


def test_votes_on_other_values_are_void() -> None:
    flow = begin(paying(_quorum=2))
    flow.decide("review", "ok", by="ann")
    correct(flow, "900.00")
    assert flow.task("review").votes == []
    assert flow.last().changes["votes_void"] == [{"step": "review", "fields": ["amount"]}]
    flow.decide("review", "ok", by="ann")
    flow.decide("review", "ok", by="bob")
    assert flow.where == "order"
    correct(flow, "901.00")
    flow.decide("review", "ok", by="ann")
    assert flow.where == "review"
    correct(flow, "902.00")
    assert flow.where == "review"
    flow.decide("review", "ok", by="ann")
    flow.decide("review", "ok", by="bob")
    assert flow.where == "order"
    holds_together(flow)


def test_an_automation_that_was_stuck_waits_with_its_key() -> None:
    data = paying()
    data["steps"]["order"] = {
        "kind": "wait",
        "until": "day",
        "expected": "1h",
        "to": "pay",
    }
    del data["steps"]["order"]["expected"]
    data["fields"]["day"] = {"type": "date"}
    flow = begin(data)
    flow.decide("review", "ok")
    one = flow.incident()
    given = {"amount": "5.00", "day": "2026-04-01"}
    incidents.retry(one.pk, actor=person("olga"), data=given, now=flow.later(), **RIGHT)
    assert flow.where == "order review"
    with refused(WrongState, "asked again first"):
        incidents.retry(one.pk, actor=person("olga"), now=flow.later(), **RIGHT)
    flow.decide("review", "ok")
    incidents.retry(one.pk, actor=person("olga"), now=flow.later(), **RIGHT)
    assert flow.where == "order"
    assert flow.incidents() == [("no_date", "resolved")]
    holds_together(flow)


def in_branches(wait_for: Any = None) -> dict[str, Any]:
    data = drawn.drawn(
        "two",
        {
            "review": approval(ok="split", no=NO),
            "split": parallel("legal", "tech", join="merge"),
            "legal": approval(ok="merge", no=NO, _outputs=["note"]),
            "tech": task(ok="merge", no=NO, _outputs=["amount", "note"]),
            "merge": joined("pay", *([wait_for] if wait_for else [])),
            "pay": task(paid="done", _role="bosses"),
        },
    )
    data["steps"]["done"] = end("done")
    return data


def test_a_branch_that_changes_what_others_approved_parks_its_way_only() -> None:
    flow = begin(in_branches())
    flow.decide("review", "ok")
    flow.decide("legal", "ok")
    flow.decide("tech", "ok", by="bob", data={"amount": "900.00"})
    assert flow.where == "review"
    flow.decide("review", "ok")
    assert flow.where == "legal"  # now that the block is over, legal saw another amount
    holds_together(flow)
    flow.decide("legal", "ok", by="cat")
    assert flow.where == "pay"
    holds_together(flow)


def test_a_join_of_any_does_not_let_it_slip() -> None:
    flow = begin(in_branches("any"))
    flow.decide("review", "ok")
    correct(flow, "900.00")
    assert flow.where == "review"  # both branches lie ahead of it and wait
    flow.decide("review", "ok")
    assert flow.where == "legal tech"
    flow.decide("legal", "ok")
    assert flow.where == "pay"
    holds_together(flow)


def test_a_choice_in_a_merge_stands_for_its_branches_but_not_for_approvals_before_it() -> None:
    flow = begin(in_branches())
    flow.decide("review", "ok")
    flow.decide("legal", "ok", data={"note": "a"})
    flow.decide("tech", "ok", by="bob", data={"note": "b"})
    merges.resolve_merge(
        flow.merge().pk, actor=person("olga"), choices={"note": "1"}, now=flow.later(), **RIGHT
    )
    assert flow.where == "pay"
    holds_together(flow)
    data = in_branches() | {"key": "before"}
    data["start"]["fields"].append("note")
    flow = begin(data, note="what review approved")
    flow.decide("review", "ok")
    flow.decide("legal", "ok", data={"note": "a"})
    assert flow.where == "review"  # tech lies behind it and waits, too
    flow.decide("review", "ok")
    holds_together(flow)
    assert flow.where == "tech"


def test_work_that_asks_again_can_be_sent_on_past_it_and_says_so() -> None:
    flow = begin(paying())
    flow.decide("review", "ok")
    for name in ("ann", "bob", "cat", "sid"):
        person(name).groups.clear()
    correct(flow, "900.00")
    one = flow.incident()
    ways = dict(incidents.find_reroute_targets(one))
    assert "pay" in ways
    incidents.reroute(one.pk, actor=person("dan"), to="pay", now=flow.later(), **RIGHT)
    assert flow.last().changes["past_approvals"] == ["review"]
    assert flow.where == "pay"
    holds_together(flow)
