"""What a map does with connections and workflows of others: asked when published, and whenever
it happens."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.automation.driving import work_off
from tests.factories import NOW, let, load_map, make_group, make_user
from tests.workflows.support import Flow, nothing_changed, publish
from workflows.access.conditions import LISTEN, START, USE
from workflows.access.grant_models import ConnectionUserPermission, TemplateUserPermission
from workflows.access.permissions import may_start, permission_named
from workflows.connections.models import Connection
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.external_permissions import NotGranted
from workflows.definitions.services import publishing as definitions
from workflows.engine.errors import NotAllowed
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.outbox.models import OutboxMessage
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

STAFF = {"staff": {"groups": ["clerks"]}}
CHECK = {
    "kind": "task",
    "role": "staff",
    "expected": "4h",
    "due": "1d",
    "outcomes": {
        "ok": "done",
        "no": {"to": "refused", "exception": True},
        "wrong": {"to": "refused", "exception": True},
    },
}
ENDS = {
    "done": {"kind": "end", "result": "done"},
    "refused": {"kind": "end", "result": "refused"},
}


def secret_map() -> dict[str, Any]:
    """A workflow of the board's, which its clerks start and see."""
    return {
        "format": 1,
        "key": "merger",
        "name": "Merger",
        "owner": "bo",
        "deputy": "bea",
        "roles": {"staff": {"groups": ["board"]}},
        "fields": {"memo": {"type": "long_text"}},
        "start": {"role": "staff", "fields": ["memo"], "first": "check"},
        "steps": {"check": CHECK, **ENDS},
    }


def other_map(**changes: Any) -> dict[str, Any]:
    """A workflow of somebody else's, who has nothing to do with the board."""
    return {
        "format": 1,
        "key": "lunch",
        "name": "Lunch",
        "owner": "otto",
        "deputy": "olaf",
        "roles": STAFF,
        "fields": {"stolen": {"type": "long_text"}, "got": {"type": "text"}},
        "start": {"role": "staff", "fields": ["stolen"], "first": "check"},
        "steps": {"check": CHECK, **ENDS},
    } | changes


def listening() -> dict[str, Any]:
    trigger = {"kind": "workflow_end", "workflow": "merger", "mapping": {"stolen": "$.data.memo"}}
    return other_map(
        start={"role": "staff", "fields": ["stolen"], "first": "check", "triggers": [trigger]}
    )


def starting() -> dict[str, Any]:
    told = {"workflow": "merger", "data": {"memo": "by the back door"}}
    go = {
        "kind": "automation",
        "action": "start_workflow",
        "with": told,
        "to": "check",
        "outputs": {"got": "$.reference"},
    }
    start = {"role": "staff", "fields": ["stolen"], "first": "go"}
    return other_map(start=start, steps={"go": go, "check": CHECK, **ENDS})


def waiting_for() -> dict[str, Any]:
    go = {"kind": "subworkflow", "workflow": "merger", "data": {"memo": "x"}, "to": "check"}
    start = {"role": "staff", "fields": ["stolen"], "first": "go"}
    return other_map(start=start, steps={"go": go, "check": CHECK, **ENDS})


def calling() -> dict[str, Any]:
    told = {"connection": "bank", "method": "POST", "path": "pay", "json": {"all": "of it"}}
    go = {"kind": "automation", "action": "http", "with": told, "to": "check"}
    start = {"role": "staff", "fields": ["stolen"], "first": "go"}
    return other_map(start=start, steps={"go": go, "check": CHECK, **ENDS})


@pytest.fixture
def people() -> dict[str, User]:
    names = {"bo": (), "bea": (), "otto": (), "olaf": (), "clara": ("clerks",), "ben": ("board",)}
    made = {name: make_user(name, groups=groups) for name, groups in names.items()}
    publish(secret_map())
    Connection.objects.create(
        key="bank", name="Bank", base_url="https://bank.demo.invalid", owner=made["bo"]
    )
    return made


def grant(person: User, verb: str) -> None:
    if verb == USE:
        ConnectionUserPermission.objects.create(
            user=person,
            permission=permission_named(Connection, USE),
            content_object=Connection.objects.get(key="bank"),
        )
    else:
        let(person, verb, WorkflowTemplate.objects.get(key="merger"))


def withdraw(person: User) -> None:
    ConnectionUserPermission.objects.filter(user=person).delete()
    TemplateUserPermission.objects.filter(user=person, content_object__key="merger").delete()


def ask(key: str, by: str, **data: str) -> Flow:
    """A request, just started."""
    person = User.objects.get(username=by)
    return Flow(requests.start(key, actor=person, now=NOW, data=data))


def deliver_all() -> None:
    """All that is due, and what that makes due."""
    for hours in range(1, 6):
        work_off(NOW + timedelta(hours=hours))


MAPS = {
    "listening": (listening, LISTEN, "listen_not_granted"),
    "starting": (starting, START, "start_not_granted"),
    "waiting for": (waiting_for, START, "start_not_granted"),
    "calling": (calling, USE, "connection_not_granted"),
}


@pytest.mark.parametrize("name", MAPS)
def test_a_map_that_uses_what_is_not_its_owners_is_not_published(
    people: dict[str, User], name: str
) -> None:
    make, verb, code = MAPS[name]
    draft = load_map(make())
    for publisher in (people["otto"], None):
        with nothing_changed(), pytest.raises(NotGranted) as refused:
            definitions.publish(draft.pk, actor=publisher, now=NOW)
        assert refused.value.code == code
        assert "ask bo" in str(refused.value)
    grant(people["otto"], verb)
    assert definitions.publish(draft.pk, actor=people["otto"], now=NOW).state == "published"


@pytest.mark.parametrize("name", MAPS)
def test_the_publisher_is_asked_as_well_as_the_owner(people: dict[str, User], name: str) -> None:
    make, verb, _ = MAPS[name]
    draft = load_map(make())
    grant(people["otto"], verb)
    with nothing_changed(), pytest.raises(NotAllowed, match="olaf"):
        definitions.publish(draft.pk, actor=people["olaf"], now=NOW)


def published(people: dict[str, User], name: str) -> TemplateVersion:
    make, verb, _ = MAPS[name]
    grant(people["otto"], verb)
    return publish(make())


@pytest.mark.parametrize("name", ["starting", "waiting for", "calling"])
def test_a_right_that_was_withdrawn_makes_an_incident_and_nothing_is_sent(
    people: dict[str, User], name: str
) -> None:
    code = MAPS[name][2]
    published(people, name)
    withdraw(people["otto"])
    flow = ask("lunch", "clara")
    before = WorkflowInstance.objects.filter(template__key="merger").count()
    deliver_all()
    assert flow.incident().code == code
    assert WorkflowInstance.objects.filter(template__key="merger").count() == before


def test_a_listener_whose_right_was_withdrawn_hears_nothing_and_is_told(
    people: dict[str, User],
) -> None:
    published(people, "listening")
    withdraw(people["otto"])
    finish_a_merger()
    assert not WorkflowInstance.objects.filter(template__key="lunch").exists()
    told = OutboxMessage.objects.filter(kind="mail", payload__to=people["otto"].pk)
    assert told.exists()
    assert "board only" not in str(list(OutboxMessage.objects.values()))


def finish_a_merger() -> WorkflowInstance:
    flow = ask("merger", "ben", memo="board only")
    flow.decide("check", "ok", by="ben")
    deliver_all()
    return flow.request


def test_both_trails_say_who_listened(people: dict[str, User]) -> None:
    published(people, "listening")
    ended = finish_a_merger()
    child = WorkflowInstance.objects.get(template__key="lunch")
    theirs = TrailEvent.objects.get(request=ended, command="listened")
    assert theirs.changes == {
        "workflow": "lunch",
        "reference": child.reference,
        "values": ["stolen"],
    }
    ours = TrailEvent.objects.get(request=child, command="start")
    assert ours.changes["started_by"] == ended.reference


@pytest.mark.parametrize("name", ["starting", "waiting for"])
def test_both_trails_say_who_started_whom(people: dict[str, User], name: str) -> None:
    published(people, name)
    flow = ask("lunch", "clara")
    deliver_all()
    child = WorkflowInstance.objects.get(template__key="merger")
    said = TrailEvent.objects.get(request=flow.request, command="start_other")
    assert said.comment == child.reference
    started = TrailEvent.objects.get(request=child, command="start")
    assert started.changes["started_by"] == flow.request.reference


def test_who_may_start_besides_the_map_goes_on_to_when_it_is_published_again(
    people: dict[str, User],
) -> None:
    grant(people["otto"], START)
    changed = secret_map() | {"roles": {"staff": {"groups": ["directors"]}}}
    make_group("directors").user_set.add(people["clara"])
    publish(changed)
    grants = WorkflowTemplate.objects.get(key="merger")
    assert set(grants.user_grants.values_list("user__username", flat=True)) == {"otto"}
    assert not grants.group_grants.exists()
    assert may_start(people["clara"], grants)
    assert may_start(people["otto"], grants)
    assert not may_start(people["ben"], grants), "the board starts it no more"


def test_the_owner_sees_whose_maps_use_what_is_theirs(people: dict[str, User]) -> None:
    published(people, "calling")
    people["bo"].is_staff = people["bo"].is_superuser = True
    people["bo"].save()
    client = Client()
    client.force_login(people["bo"])
    row = Connection.objects.get(key="bank")
    page = client.get(f"/admin/workflows/connection/{row.pk}/change/").content.decode()
    assert "Lunch v1" in page
    assert "of otto" in page
    template = WorkflowTemplate.objects.get(key="merger")
    grant(people["otto"], LISTEN)
    publish(listening())
    page = client.get(f"/admin/workflows/workflowtemplate/{template.pk}/change/").content.decode()
    assert "Lunch v2" in page
