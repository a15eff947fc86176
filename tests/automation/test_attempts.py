"""Automation steps: attempts, retries, keys, incidents, and the actions themselves."""

import json
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from tests.automation.driving import (
    ORDER,
    Course,
    Receiver,
    Reply,
    auto,
    connect,
    course,
    folded,
    ordering,
    receiver,
    work_off,
)
from tests.factories import NOW, make_user
from tests.workflows.support import again, make_people, person, refused
from workflows.automation.services.attempts import retry_delay
from workflows.connections.secrets import encrypt
from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.engine.format.actions import ActionFailed, ActionResult, Job, action
from workflows.engine.format.definition import AutomationStep
from workflows.execution.models import Incident
from workflows.execution.services import incidents
from workflows.outbox.choices import OUTSIDE_KINDS
from workflows.outbox.models import Attempt, OutboxMessage
from workflows.outbox.services import messages as outbox
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db


# -- a call that works --------------------------------------------------------------------------


def test_a_call_sends_what_the_map_says_and_keeps_what_it_asks_for() -> None:
    with receiver() as there:
        one = course(there)
        assert one.flow.where == "order"
        assert there.calls == []
        assert one.work() == "check"
    (call,) = there.calls
    assert (call["method"], call["path"]) == ("POST", f"/orders/{one.flow.request.reference}")
    assert json.loads(call["body"]) == {"amount": "100.00", "cents": 100}
    assert one.flow.data["note"] == "PO-7"
    assert one.attempts == [(1, "succeeded", "")]
    item = one.flow.request.work_items.get(step__key="order")
    assert (item.state, item.outcome) == ("done", "done")
    assert folded(one)


def test_nothing_is_called_before_the_decision_is_committed_and_nothing_twice() -> None:
    with receiver() as there:
        one = course(there)
        one.work()
        one.work(hours=1)
    assert len(there.calls) == 1


def test_a_credential_is_sent_and_kept_nowhere() -> None:
    secret = "s3cret-token-value"
    with receiver(Reply(500, {"you sent": f"Bearer {secret}"})) as there:
        make_people()
        connect(there.url, owner=person("olga"), auth="bearer", secret=encrypt(secret))
        one = Course.of(ordering())
        one.work()
    assert there.calls[0]["headers"]["Authorization"] == f"Bearer {secret}"
    kept = repr(list(Attempt.objects.values())) + repr(list(OutboxMessage.objects.values()))
    kept += repr(list(TrailEvent.objects.values())) + repr(list(Incident.objects.values()))
    assert secret not in kept
    assert "•••" in Attempt.objects.get().answer


# -- retries ------------------------------------------------------------------------------------


def test_a_failure_is_tried_again_later_and_later_with_the_same_key() -> None:
    with receiver(Reply(500), Reply(503)) as there:
        one = course(there)
        assert one.work() == "order"
        assert one.work(seconds=7) == "order"
        assert len(there.calls) == 1
        assert one.work(seconds=6) == "order"
        assert one.work(seconds=15) == "order"
        assert len(there.calls) == 2
        assert one.work(seconds=10) == "check"
    assert one.attempts == [
        (1, "failed", "status_500"),
        (2, "failed", "status_503"),
        (3, "succeeded", ""),
    ]
    assert len({call["headers"]["Idempotency-Key"] for call in there.calls}) == 1
    assert sum(there.effects.values()) == 1


def test_the_pauses_grow_and_have_an_end_and_differ_from_request_to_request() -> None:
    step = AutomationStep.model_validate(
        {
            "retry": {"attempts": 100, "first_delay": "10s", "factor": 2},
            "kind": "automation",
            "action": "http",
            "to": "x",
        }
    )
    pauses = [retry_delay(step, tried, salt="1").total_seconds() for tried in range(1, 100)]
    for tried, pause in enumerate(pauses[:8]):
        assert 8 * 2**tried <= pause <= 12 * 2**tried
    assert max(pauses) == 3600
    assert len({retry_delay(step, 1, salt=str(number)) for number in range(50)}) > 40


def test_a_request_that_cannot_do_better_is_not_tried_again() -> None:
    with receiver(Reply(422, {"error": "no such supplier"})) as there:
        one = course(there)
        one.work()
        one.work(days=1)
    assert one.attempts == [(1, "failed", "status_422")]
    assert one.flow.incident().code == "status_422"


def test_out_of_attempts_the_request_waits_on_an_incident_that_names_its_owner() -> None:
    with receiver(*[Reply(500)] * 3) as there:
        one = course(there)
        for _ in range(4):
            one.work(minutes=5)
    incident = one.flow.incident()
    assert (incident.code, incident.owner) == ("status_500", person("olga"))
    assert "Tried 3 times" in incident.message
    assert one.flow.open == ["order"]
    assert len(there.calls) == 3
    assert folded(one)


def test_an_error_way_is_taken_instead_of_an_incident() -> None:
    with receiver(Reply(404)) as there:
        one = course(there, on_error={"to": "fix", "exception": True})
        assert one.work() == "fix"
        assert one.flow.incidents() == []
        one.flow.decide("fix", "again")
        assert one.work() == "check"
    keys = [call["headers"]["Idempotency-Key"] for call in there.calls]
    assert len(set(keys)) == 2, "another activation is another effect"
    assert folded(one)


def test_an_expected_status_is_a_success() -> None:
    with receiver(Reply(404, {"number": "none"})) as there:
        one = course(there, **{"with": ORDER["with"] | {"expect": [200, 404]}})
        assert one.work() == "check"


def test_an_answer_without_the_output_is_an_incident_with_the_answer_kept() -> None:
    with receiver(Reply(200, {"id": 5})) as there:
        one = course(there)
        one.work()
    assert one.flow.incident().code == "output_missing"
    assert '"id": 5' in Attempt.objects.get().answer
    assert one.flow.data.get("note") is None


def test_a_time_out_is_tried_again_and_the_receiver_sees_one_effect() -> None:
    with receiver(Reply(200, delay=0.6)) as there:
        one = course(there, **{"with": ORDER["with"] | {"timeout": 0.2}})
        one.work()
        assert one.attempts == [(1, "failed", "timed_out")]
        assert one.work(minutes=1) == "check"
    assert list(there.effects.values()) == [1]


# -- workers that die ---------------------------------------------------------------------------


def test_a_worker_that_died_leaves_a_lost_attempt_and_the_same_key_is_tried_again() -> None:
    with receiver() as there:
        one = course(there)
        (taken,) = outbox.lease_messages(now=one.now, kinds=OUTSIDE_KINDS, limit=5)
        Attempt.objects.create(
            request=one.flow.request,
            step=one.flow.task("order").step,
            number=1,
            action="http",
            activation=taken.activation,
            idempotency_key="x",
            started_at=one.now,
        )
        assert one.work(seconds=30) == "order"
        assert one.work(seconds=60) == "check"
    assert one.attempts == [(1, "lost", "worker_lost"), (2, "succeeded", "")]


def test_a_worker_that_was_taken_for_dead_writes_nothing_when_it_comes_back() -> None:
    with receiver() as there:
        one = course(there)
        (slow,) = outbox.lease_messages(now=one.now, kinds=OUTSIDE_KINDS, limit=5)
        assert one.work(minutes=10) == "check"
        with pytest.raises(outbox.TicketLost):
            outbox.mark_delivered(slow, now=one.now)
    assert len(there.calls) == 1


def test_what_was_cancelled_meanwhile_is_not_called() -> None:
    with receiver() as there:
        one = course(there)
        one.flow.command("cancel")
        one.work(minutes=1)
    assert there.calls == []
    assert one.waiting == []


# -- incidents ----------------------------------------------------------------------------------


def failed(there: Receiver, **order: Any) -> tuple[Course, Incident]:
    one = course(there, **order)
    one.work()
    return one, one.flow.incident()


def test_a_retry_by_hand_has_all_its_attempts_again_and_the_same_key() -> None:
    with receiver(Reply(422)) as there:
        one, incident = failed(there)
        incidents.retry(incident.pk, actor=person("dan"), reason="Mended.", now=one.now)
        assert one.work() == "check"
    keys = {call["headers"]["Idempotency-Key"] for call in there.calls}
    assert len(keys) == 1
    assert one.flow.incidents() == [("status_422", "resolved")]
    assert folded(one)


def test_a_skip_goes_on_with_what_the_person_gives() -> None:
    with receiver(Reply(422)) as there:
        one, incident = failed(there)
        with refused(InvalidInput, "reason"):
            incidents.skip(incident.pk, actor=person("olga"), reason=" ", now=one.now)
        with refused(InvalidInput, "does not give"):
            incidents.skip(
                incident.pk, actor=person("olga"), reason="x", now=one.now, data={"amount": "1"}
            )
        with refused(NotAllowed, "owner"):
            incidents.skip(incident.pk, actor=person("mona"), reason="x", now=one.now)
        incidents.skip(
            incident.pk,
            actor=person("olga"),
            reason="Ordered by phone.",
            now=one.now,
            data={"note": "PO-by-phone"},
        )
    assert one.flow.where == "check"
    assert one.flow.data["note"] == "PO-by-phone"
    assert one.flow.last().comment == "Ordered by phone."
    assert one.waiting == []
    assert folded(one)


def test_a_skip_must_give_what_later_steps_rely_on() -> None:
    with receiver(Reply(422)) as there:
        one, incident = failed(there, outputs={"code": "$.number"})
        with refused(InvalidInput, "Code"):
            incidents.skip(incident.pk, actor=person("olga"), reason="x", now=one.now)


def test_work_that_failed_is_sent_to_another_step() -> None:
    with receiver(Reply(422)) as there:
        one, incident = failed(there)
        assert dict(incidents.find_reroute_targets(incident)).keys() >= {"check", "stopped"}
        with refused(InvalidInput, "no step"):
            incidents.reroute(incident.pk, actor=person("olga"), to="x", reason="x", now=one.now)
        incidents.reroute(
            incident.pk, actor=person("olga"), to="check", reason="By hand.", now=one.now
        )
    assert one.flow.where == "check"
    assert folded(one)
    with refused(WrongState, "over"):
        incidents.retry(incident.pk, actor=person("olga"), reason="x", now=one.now)


def test_incidents_are_mended_one_by_one_and_one_that_is_over_is_refused() -> None:
    with receiver(*[Reply(422)] * 3) as there:
        course(there).work()
        others = [again("orders") for _ in range(2)]
        work_off(NOW + timedelta(hours=1))
        ids = list(Incident.objects.values_list("pk", flat=True))
        incidents.skip(ids[1], actor=person("olga"), reason="x", now=NOW)
        later = NOW + timedelta(hours=2)
        for number, pk in enumerate(ids):
            with refused(WrongState, "over") if number == 1 else nullcontext():
                incidents.retry(pk, actor=person("olga"), reason="Up.", now=later)
        work_off(NOW + timedelta(hours=2))
    assert {flow.where for flow in others} == {"check"}


# -- other actions ------------------------------------------------------------------------------


def test_fields_are_set_to_the_values_of_expressions() -> None:
    told = {"note": "'big'", "urgent": "amount > 50", "code": "'x'", "amount": "amount * 1.19"}
    one = Course.of(auto("set_fields", told))
    assert one.work() == "check"
    data = one.flow.data
    assert (data["note"], data["urgent"], data["amount"]) == ("big", True, "119.00")
    assert folded(one)


def test_an_expression_that_cannot_be_worked_out_is_an_incident_and_writes_nothing() -> None:
    one = Course.of(auto("set_fields", {"amount": "amount / (amount - 100)", "note": "'x'"}))
    assert one.work() == "do"
    assert one.flow.incident().code == "expression_failed"
    assert one.flow.data == {"amount": "100.00"}


def test_a_mail_goes_to_addresses_and_people_with_the_values_filled_in() -> None:
    make_people()
    make_user("ann").__class__.objects.filter(username="ann").update(email="ann@example.org")
    told = {
        "to": ["ann", "x@example.org"],
        "subject": "For {{ amount }}",
        "text": "See {{ request.reference }}: {{ request.link }}",
    }
    one = Course.of(auto("email", told))
    assert one.work() == "check"
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["ann@example.org", "x@example.org"], "For 100.00")
    assert one.flow.request.reference in sent.body
    assert sent.extra_headers["Message-ID"].startswith("<")


def test_a_mail_to_nobody_is_an_incident() -> None:
    one = Course.of(auto("email", {"to": "{{ helper }}", "text": "x"}))
    one.work()
    assert one.flow.incident().code == "no_recipient"
    assert mail.outbox == []


@action("tests.echo")
def echo(job: Job) -> ActionResult:
    if job.parameters.get("crash"):
        raise RuntimeError("secret detail")
    if job.parameters.get("fail"):
        raise ActionFailed("too_early", "Not yet.", retry=True)
    return ActionResult(field_values={"note": f"{job.parameters['say']} {job.data['amount']}"})


def test_a_companys_own_action_runs_and_gives_values() -> None:
    one = Course.of(auto("tests.echo", {"say": "hello"}))
    assert one.work() == "check"
    assert one.flow.data["note"] == "hello 100.00"


def test_an_action_that_crashes_is_tried_again_and_its_details_are_not_told() -> None:
    one = Course.of(auto("tests.echo", {"crash": True}, retry={"attempts": 1}))
    one.work()
    incident = one.flow.incident()
    assert incident.code == "action_crashed"
    assert "secret detail" not in incident.message + Attempt.objects.get().message


# -- what a call says ---------------------------------------------------------------------------


def test_a_receiver_that_repeats_the_credential_puts_it_into_no_field() -> None:
    secret = "s3cret-token-value"
    with receiver(Reply(200, {"number": f"you sent Bearer {secret}"})) as there:
        make_people()
        connect(there.url, owner=person("olga"), auth="bearer", secret=encrypt(secret))
        one = Course.of(ordering())
        assert one.work() == "check"
    assert one.flow.data["note"] == "you sent Bearer •••"
    assert secret not in repr(list(TrailEvent.objects.values()))


def test_a_connections_credential_replaces_what_the_map_says_in_any_case() -> None:
    with receiver() as there:
        make_people()
        connect(there.url, owner=person("olga"), auth="bearer", secret=encrypt("right-token"))
        one = Course.of(ordering(**{"with": ORDER["with"] | {"headers": {"authorization": "no"}}}))
        one.work()
    sent = [v for k, v in there.calls[0]["headers"].items() if k.lower() == "authorization"]
    assert sent == ["Bearer right-token"]


def test_a_value_in_a_path_leads_nowhere_else() -> None:
    told = ORDER["with"] | {"path": "/a/{{ note }}/{{ note | url }}/{{ urgent }}"}
    data = ordering(**{"with": told})
    data["start"]["fields"].append("note")
    with receiver() as there:
        make_people()
        connect(there.url, owner=person("olga"))
        Course.of(data, note="x/../?y#z", urgent=True).work()
    assert there.calls[0]["path"] == "/a/x%2F..%2F%3Fy%23z/x%2F..%2F%3Fy%23z/true"
