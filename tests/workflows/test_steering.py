"""Nobody steers what they asked for, nor past a step that separation of duties keeps them from;
and what goes past an approval is said."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from reporting.reviews.facts.review_facts import BypassedApproval
from reporting.reviews.queries.facts import gather_facts
from tests.engine.driving import approval, end, parallel, task
from tests.engine.driving import join as joined
from tests.factories import NOW, make_user
from tests.telling import told_of, work_out_notices
from tests.workflows import drawn
from tests.workflows.drawn import NO
from tests.workflows.support import Flow, again, begin, person, refused
from workflows.automation.actions.internal import start_child
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.errors import NotAllowed
from workflows.engine.routing.bypassed_approvals import find_bypassed_approvals
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import corrections, incidents
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.notices.choices import NoticeEvent
from workflows.notices.messages.letters import compose_letter
from workflows.notices.models import Notice
from workflows.outbox.models import OutboxMessage
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def owned() -> dict[str, Any]:
    """A map whose owner and deputy may ask, too, and whose first approver a field names."""
    data = drawn.drawn(
        "owned",
        {
            "review": approval(ok="second", no=NO, _role="helper"),
            "second": approval(ok="pay", no=NO, _role="bosses", _not_by=["requester", "review"]),
            "pay": task(paid="done", no=NO, _outputs=["code"]),
        },
    )
    data["roles"]["staff"] = {"groups": ["staff"], "users": ["olga", "dan", "root"]}
    return data


def asked_by(name: str) -> Flow:
    """A request of somebody who names themselves as the approver: it waits on an incident."""
    make_user("root", is_superuser=True)
    flow = begin(owned())
    return again("owned", by=name, helper=name) if name != "rita" else flow


REASON = {"reason": "It is fine."}


def steering_commands(flow: Flow) -> dict[str, Callable[[User], Any]]:
    """Every way to steer a request that waits on an incident."""
    now, pk = flow.later(), flow.request.pk
    one = flow.incident().pk
    return {
        "reroute": lambda who: incidents.reroute(one, actor=who, to="done", now=now, **REASON),
        "retry": lambda who: incidents.retry(
            one, actor=who, data={"helper": "ann"}, now=now, **REASON
        ),
        "reassign": lambda who: tasks.reassign(
            flow.task("review").pk, actor=who, to=person("ann"), now=now, **REASON
        ),
        "set_values": lambda who: corrections.set_values(
            pk, actor=who, data={"amount": "9.00"}, now=now, **REASON
        ),
        "suspend": lambda who: requests.suspend(pk, actor=who, now=now, **REASON),
    }


@pytest.mark.parametrize("name", ["olga", "dan", "root"])
@pytest.mark.parametrize("command", ["reroute", "retry", "reassign", "set_values", "suspend"])
def test_nobody_steers_what_they_asked_for(name: str, command: str) -> None:
    flow = asked_by(name)
    run = steering_commands(flow)[command]
    with refused(NotAllowed, "You asked for this request"):
        run(person(name))
    other = "dan" if name == "olga" else "olga"
    run(person(other))
    assert flow.last().capacity == {"dan": "deputy", "olga": "owner"}[other]


def test_nor_resumes_or_reopens_it_but_may_call_it_off() -> None:
    make_user("root", is_superuser=True)
    begin(owned())
    flow = again("owned", by="olga", helper="ann")
    flow.command("suspend", by="dan")
    with refused(NotAllowed, "You asked"):
        flow.command("resume", by="olga")
    flow.command("resume", by="dan")
    flow.decide("review", "ok")
    flow.decide("second", "ok", by="mona")
    flow.decide("pay", "paid", data={"code": "1"})
    with refused(NotAllowed, "You asked"):
        flow.command("reopen", by="olga")
    flow.command("reopen", by="dan")
    flow.command("cancel", by="olga")
    assert flow.last().capacity == "requester"


def test_who_did_a_step_named_in_not_by_does_not_steer_the_step_that_names_it() -> None:
    data = owned()
    data["roles"]["helper"] = {"users": ["olga"]}
    flow = begin(data)
    flow.decide("review", "ok", by="olga")
    task_id = flow.task("second").pk
    with refused(NotAllowed, "who did 'review'"):
        tasks.reassign(task_id, actor=person("olga"), to=person("max"), now=flow.later(), **REASON)
    with refused(NotAllowed, "who did 'review'"):
        corrections.set_values(
            flow.request.pk,
            actor=person("olga"),
            data={"amount": "9.00"},
            now=flow.later(),
            **REASON,
        )
    tasks.reassign(task_id, actor=person("dan"), to=person("max"), now=flow.later(), **REASON)


def test_who_is_barred_from_an_approval_does_not_send_work_past_it() -> None:
    data = owned()
    data["roles"] |= {"helper": {"users": ["olga"]}, "missing": {"field": "named"}}
    data["fields"]["named"] = {"type": "user"}
    data["steps"]["review"]["outcomes"]["ok"] = "between"
    data["steps"]["between"] = task(ok="second", no=NO, _role="missing")
    flow = begin(data)
    flow.decide("review", "ok", by="olga")
    one, now = flow.incident().pk, flow.later()
    with refused(NotAllowed, "'Second'", "who did 'review'"):
        incidents.reroute(one, actor=person("olga"), to="pay", now=now, **REASON)
    incidents.reroute(one, actor=person("dan"), to="pay", now=now, **REASON)
    assert flow.last().changes["past_approvals"] == ["second"]


def test_a_child_of_somebody_who_has_left_still_has_them_as_requester() -> None:
    flow = asked_by("olga")
    User.objects.filter(username="olga").update(is_active=False)
    parent = WorkflowInstance.objects.get(pk=flow.request.pk)
    child = start_child(parent, "owned", {"amount": "1.00", "helper": "ann"}, now=flow.now)
    assert child.requester == person("olga")
    assert child.trail.get().actor is None
    assert rebuild_from_trail(child)[0].requester == person("olga").pk
    User.objects.filter(username="olga").update(is_active=True)
    with refused(NotAllowed, "You asked"):
        requests.suspend(child.pk, actor=person("olga"), now=flow.now, **REASON)


def test_the_pages_offer_no_steering_to_who_asked(client: Client) -> None:
    flow = asked_by("olga")
    one, page = flow.incident().pk, f"/requests/{flow.request.reference}/"
    client.force_login(person("olga"))
    shown = client.get(page).content.decode()
    assert "You asked for this request" in shown
    for address in (f"/incidents/{one}/reroute/", f"/incidents/{one}/", "suspend/", "reassign/"):
        assert address not in shown
    assert "cancel/" in shown
    for address in (f"/incidents/{one}/reroute/", f"/incidents/{one}/", f"{page}suspend/"):
        assert client.get(address).status_code == 403
        assert client.post(address, {"to": "done", **REASON}).status_code == 403
    client.force_login(person("dan"))
    shown = client.get(page).content.decode()
    assert f"/incidents/{one}/reroute/" in shown
    assert flow.where == "review"


# -- what goes past an approval ---------------------------------------------------------------


def test_sending_on_past_approvals_names_them_and_tells_owner_and_deputy() -> None:
    flow = asked_by("olga")
    OutboxMessage.objects.all().delete()
    steering_commands(flow)["reroute"](person("dan"))
    assert flow.where == "= done"
    assert flow.last().changes["past_approvals"] == ["review", "second"]
    work_out_notices(flow.now)
    assert told_of(NoticeEvent.APPROVAL_BYPASSED) == ["olga"]  # Dan did it himself
    notice = Notice.objects.get(event=NoticeEvent.APPROVAL_BYPASSED)
    letter = compose_letter(notice, flow.now)
    assert letter is not None
    assert "“Review” and “Second”" in letter.sentence


def test_the_review_counts_what_went_past_an_approval_and_the_page_says_it(client: Client) -> None:
    flow = asked_by("olga")
    steering_commands(flow)["reroute"](person("dan"))
    found = gather_facts(flow.request.template, since=NOW, until=flow.later(), now=flow.later())
    assert found.past_approvals == (
        BypassedApproval(step="review", count=1),
        BypassedApproval(step="second", count=1),
    )
    client.force_login(person("olga"))
    shown = client.get(f"/requests/{flow.request.reference}/").content.decode()
    assert "dan sent this on past “Review” and “Second”, without their being given" in shown


def test_sending_back_goes_past_nothing() -> None:
    flow = asked_by("olga")
    graph = cached_map(flow.request.version_id).graph
    assert find_bypassed_approvals(graph, flow.data, "pay", "review") == ()
    assert find_bypassed_approvals(graph, flow.data, "review", "rejected") == ()


def test_leaving_a_block_goes_past_the_approvals_of_its_other_branches() -> None:
    data = drawn.drawn(
        "blocks",
        {
            "split": parallel("legal", "tech", join="merge"),
            "legal": approval(ok="merge", no=NO, _role="helper"),
            "tech": approval(ok="merge", no=NO),
            "merge": joined("pay"),
            "pay": task(paid="done", no=NO),
        },
    )
    data["steps"]["done"] = end("done")
    flow = begin(data, helper="rita")  # separation of duties keeps her from it
    incidents.reroute(
        flow.incident().pk, actor=person("olga"), to="pay", now=flow.later(), **REASON
    )
    assert flow.where == "pay"
    assert flow.last().changes["past_approvals"] == ["legal", "tech"]


def test_the_way_ahead_goes_by_the_values_of_the_request() -> None:
    flow = begin(drawn.rules() | {"key": "by-values"})
    graph = cached_map(flow.request.version_id).graph
    assert find_bypassed_approvals(graph, {"amount": "2000"}, "sort", "done") == ("big", "review")
    assert find_bypassed_approvals(graph, {"amount": "20", "urgent": True}, "sort", "done") == ()
