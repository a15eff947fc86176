"""Webhooks: who signed, at what time, taken once, mapped to the start form's fields."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.approvals.api.calls import DELIVERY, Api, problem, unchanged
from tests.factories import make_user, publish_map
from workflows.automation.triggers import webhooks
from workflows.connections.models import WebhookDelivery, WebhookKey
from workflows.connections.secrets import encrypt
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.errors import InvalidInput, NotFound
from workflows.engine.format.definition import Definition
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User

pytestmark = pytest.mark.django_db

People = dict[str, User]
SECRET = "correct horse battery staple"
ORDER = {"order": "A-1", "note": "Two boxes."}


def make_key(people: People, *, secret: str = SECRET, by: str = "sam", **given: Any) -> WebhookKey:
    """A key with which another system calls for deliveries."""
    template = WorkflowTemplate.objects.get(key="delivery")
    return WebhookKey.objects.create(
        template=template, name="the shop", acts_as=people[by], secret=encrypt(secret), **given
    )


def signed(body: Any, *, secret: str = SECRET, at: float = 0, raw: bytes = b"") -> dict[str, Any]:
    """Headers and body of a call that was signed so many seconds from now."""
    content = raw or json.dumps(body).encode()
    stamp = str(int(timezone.now().timestamp() + at))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + content, hashlib.sha256)
    headers = {
        "X-Handoff-Timestamp": stamp,
        "X-Handoff-Signature": f"sha256={digest.hexdigest()}",
    }
    return {"data": content, "content_type": "application/json", "headers": headers}


def send(call: dict[str, Any], workflow: str = "delivery", **headers: str) -> Any:
    """Send it, with no token."""
    given = {**call, "headers": {**call["headers"], **headers}}
    return Api().client.post(f"/api/v1/hooks/{workflow}", **given)


def test_the_signature_is_the_one_that_others_compute() -> None:
    made = webhooks.compute_signature("It's a secret", "1767225600", b'{"order": "A-1"}')
    # printf '%s' '1767225600.{"order": "A-1"}' | openssl dgst -sha256 -hmac "It's a secret"
    assert made == b"44ad8d7dd810c0fd9d4f40937ba3127cc1df9991d75b19be7a829b4560d89f24"


def test_a_signed_call_starts_a_request_in_the_name_of_the_keys_person(people: People) -> None:
    make_key(people)
    answer = send(signed(ORDER))
    assert answer.status_code == 201
    request = WorkflowInstance.objects.get()
    assert answer.json()["reference"] == request.reference
    assert (request.requester, request.source) == (people["sam"], "webhook")
    assert request.data == ORDER
    assert request.trail.get().actor == people["sam"]


def test_who_does_not_sign_is_told_nothing(people: People) -> None:
    make_key(people)
    make_key(people, secret="old", revoked_at=timezone.now())
    good = signed(ORDER)
    unsigned = {**good, "headers": {}}
    cut = {**good, "headers": {**good["headers"], "X-Handoff-Signature": "sha256="}}
    bare = {**good["headers"], "X-Handoff-Signature": good["headers"]["X-Handoff-Signature"][7:]}
    calls = [
        (signed(ORDER, secret="wrong"), "delivery"),
        (signed(ORDER, secret="old"), "delivery"),
        ({**good, "data": b'{"order": "B"}'}, "delivery"),
        (unsigned, "delivery"),
        (cut, "delivery"),
        ({**good, "headers": bare}, "delivery"),
        (good, "purchase-approval"),
        (good, "no-such-workflow"),
    ]
    with unchanged():
        said = [problem(send(call, workflow), 401)["detail"] for call, workflow in calls]
    assert len(set(said)) == 1


def test_a_key_whose_secret_cannot_be_read_any_more_signs_nothing(people: People) -> None:
    key = make_key(people)
    WebhookKey.objects.filter(pk=key.pk).update(secret="of another SECRET_KEY")
    with unchanged():
        problem(send(signed(ORDER)), 401)
        problem(send({**signed(ORDER), "headers": {}}), 401)


@pytest.mark.parametrize(
    ("at", "status"), [(-301, 401), (-295, 201), (0, 201), (295, 201), (305, 401), (-86400, 401)]
)
def test_clocks_may_differ_by_five_minutes(people: People, at: int, status: int) -> None:
    make_key(people)
    assert send(signed(ORDER, at=at)).status_code == status
    assert WorkflowInstance.objects.count() == (status == 201)


@pytest.mark.parametrize("stamp", ["", "now", "-5", "1e9", "9" * 30, "١٧٦٧", "1767225600.5"])
def test_a_time_that_is_none_is_refused(people: People, stamp: str) -> None:
    make_key(people)
    good = signed(ORDER)
    with pytest.raises(webhooks.NotSigned), unchanged():
        webhooks.find_signing_key(
            "delivery",
            timestamp=stamp,
            signature=good["headers"]["X-Handoff-Signature"],
            body=good["data"],
            now=timezone.now(),
        )


def test_a_call_is_taken_once(people: People) -> None:
    make_key(people)
    call = signed(ORDER)
    assert send(call).status_code == 201
    shouted = call["headers"]["X-Handoff-Signature"].upper().replace("SHA256=", "sha256=")
    with unchanged():
        problem(send(call), 409, "taken already")
        problem(send(call, **{"X-Handoff-Signature": shouted}), 409, "taken already")
        problem(send(call, **{"Idempotency-Key": "k"}), 409, "taken already")


def test_a_call_that_was_refused_may_come_again(people: People) -> None:
    make_key(people)
    people["sam"].groups.clear()
    call = signed(ORDER)
    with unchanged():
        problem(send(call), 403, "may not start")
    make_user("sam", groups=["staff"])
    assert send(call).status_code == 201


def test_a_call_that_is_signed_anew_with_the_same_key_starts_nothing(people: People) -> None:
    make_key(people)
    first = send(signed(ORDER), **{"Idempotency-Key": "order-1"})
    again = send(signed(ORDER, at=1), **{"Idempotency-Key": "order-1"})
    assert again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    problem(send(signed({"order": "B"}), **{"Idempotency-Key": "order-1"}), 422, "another call")
    assert WorkflowInstance.objects.count() == 1


def test_either_of_two_keys_is_good_while_they_are_changed(people: People) -> None:
    old = make_key(people, secret="old")
    make_key(people, secret="new", by="sue")
    for secret, who in (("old", "sam"), ("new", "sue")):
        assert send(signed(ORDER, secret=secret)).status_code == 201
        assert WorkflowInstance.objects.latest("pk").requester == people[who]
    assert WebhookDelivery.objects.filter(key=old).count() == 1


def test_deliveries_are_forgotten_once_their_time_alone_refuses_them(people: People) -> None:
    make_key(people)
    now = timezone.now()
    for minutes in (9, 11):
        send(signed({"order": str(minutes)}))
        newest = WebhookDelivery.objects.latest("pk")
        WebhookDelivery.objects.filter(pk=newest.pk).update(
            received_at=now - timedelta(minutes=minutes)
        )
    assert webhooks.forget_deliveries(now) == 1


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"{", "not JSON"),
        (b'{"order": NaN}', "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "JSON object"),
        (b'"x"', "JSON object"),
        (b"{}", "Fill in Order"),
        (b'{"order": {}}', "order: write one line"),
        (b'{"order": "A", "weight": "heavy"}', "weight: write a number"),
    ],
)
def test_a_signed_body_that_cannot_start_anything_is_refused(
    people: People, raw: bytes, words: str
) -> None:
    make_key(people)
    with unchanged():
        problem(send(signed(None, raw=raw)), 422, words)


def test_too_large_a_body_is_refused_unread(people: People) -> None:
    make_key(people)
    with unchanged():
        problem(send(signed(None, raw=b'"' + b"x" * 1024 * 1024 + b'"')), 413)


def test_what_the_form_does_not_ask_for_is_left_where_it_is(people: People) -> None:
    make_key(people)
    assert send(signed(ORDER | {"colour": "red", "secret": 1})).status_code == 201
    assert WorkflowInstance.objects.get().data == ORDER


# -- from the body to the fields --------------------------------------------------------------


def with_trigger(trigger: dict[str, Any] | None) -> Definition:
    """The delivery's map with this trigger."""
    triggers = [{"kind": "webhook", **trigger}] if trigger is not None else []
    return Definition.model_validate(
        DELIVERY | {"start": {**DELIVERY["start"], "triggers": triggers}}  # type: ignore[dict-item]
    )


SHOP = {"lines": [{"sku": "A-1", "kg": 2.5}, {"sku": "B-2"}], "to": {"note": None}}


def test_a_mapping_takes_values_from_where_its_paths_point() -> None:
    definition = with_trigger(
        {
            "mapping": {"order": "$.lines[0].sku", "weight": "$.lines[0].kg", "note": "$.nothing"},
            "data": {"region": "EU"},
        }
    )
    found = webhooks.map_start_values(definition, SHOP)
    assert found == {"order": "A-1", "weight": 2.5, "region": "EU"}


def test_what_the_map_says_holds_over_what_the_body_says() -> None:
    definition = with_trigger({"data": {"region": "EU"}})
    assert webhooks.map_start_values(definition, {"order": "A", "region": "US"})["region"] == "EU"


def test_a_path_that_finds_several_values_is_refused() -> None:
    definition = with_trigger({"mapping": {"order": "$.lines[*].sku"}})
    with pytest.raises(InvalidInput, match="finds 2 values"):
        webhooks.map_start_values(definition, SHOP)


def test_a_path_that_is_none_is_refused_in_words() -> None:
    definition = with_trigger({"mapping": {"order": "lines[0"}})
    with pytest.raises(InvalidInput, match="cannot be read"):
        webhooks.map_start_values(definition, SHOP)


def test_a_map_without_a_webhook_trigger_takes_no_call() -> None:
    with pytest.raises(NotFound, match="no webhook trigger"):
        webhooks.map_start_values(with_trigger(None), {"order": "A"})


def test_a_key_alone_does_not_open_a_workflow_without_the_trigger(people: People) -> None:
    make_key(people)
    publish_map(DELIVERY | {"start": {**DELIVERY["start"], "triggers": []}})  # type: ignore[dict-item]
    with unchanged():
        problem(send(signed(ORDER)), 404, "no webhook trigger")


def test_a_published_mapping_is_the_one_that_holds(people: People) -> None:
    trigger = {"kind": "webhook", "mapping": {"order": "$.lines[0].sku"}}
    publish_map(DELIVERY | {"start": {**DELIVERY["start"], "triggers": [trigger]}})  # type: ignore[dict-item]
    make_key(people)
    assert send(signed(SHOP)).status_code == 201
    assert WorkflowInstance.objects.get().data["order"] == "A-1"


def test_the_time_is_judged_by_the_clock_that_is_passed_in(people: People) -> None:
    make_key(people)
    body, stamp = json.dumps(ORDER).encode(), "1767225600"
    signature = "sha256=" + webhooks.compute_signature(SECRET, stamp, body).decode()
    now = datetime.fromtimestamp(1767225600, UTC)
    given: dict[str, Any] = {"timestamp": stamp, "signature": signature, "body": body}
    key = webhooks.find_signing_key("delivery", now=now, **given)
    assert webhooks.start_by_webhook_key(key, body, now).data == ORDER
