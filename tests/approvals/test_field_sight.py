"""Who may see a field: the value is nowhere where somebody else could read it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.test import Client

from tests.approvals.api.calls import Api
from tests.approvals.office import signed_in
from tests.automation.driving import work_off
from tests.factories import (
    NOW,
    let,
    make_failed_attempt,
    make_user,
    open_task,
    publish_map,
)
from tests.workflows.support import refused
from workflows.access.conditions import AUDIT, MANAGE
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.documents.models import Document
from workflows.documents.queries.instance_documents import find_visible_document
from workflows.engine.errors import ChangedSince, DefinitionProblem
from workflows.engine.format.files import read_definition
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.sight.field_sight import hidden_fields, mask_changes
from workflows.execution.services import corrections
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.execution.services.review_digest import (
    digest_of_shown_values,
    digest_of_values,
    shown_field_values,
)
from workflows.outbox.models import Attempt
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

SECRET = "98765.43"
SHOWN = re.compile(r"98[.,\u00a0\u202f ]?765")
HIRING: dict[str, Any] = {
    "format": 1,
    "key": "hire",
    "name": "Hire",
    "owner": "olivia",
    "deputy": "omar",
    "roles": {
        "staff": {"groups": ["staff"]},
        "payroll": {"groups": ["payroll"]},
        "it": {"groups": ["it"]},
        "lead": {"field": "lead"},
    },
    "fields": {
        "name": {"type": "text", "required": True},
        "salary": {
            "type": "money", "currency": "EUR", "visible_to": ["payroll", "lead"],
            "label": "Salary",
        },
        "offer": {"type": "document", "visible_to": ["payroll", "lead"]},
        "lead": {"type": "user"},
        "laptop": {"type": "text"},
    },
    "start": {"role": "staff", "fields": ["name", "salary", "offer", "lead"], "first": "equip"},
    "steps": {
        "equip": {
            "kind": "approval", "role": "it", "expected": "1h", "due": "1d",
            "outcomes": {
                "done": "pay",
                "stop": {"to": "stopped", "exception": True},
                "drop": {"to": "stopped", "exception": True},
            },
        },
        "pay": {
            "kind": "task", "role": "payroll", "expected": "1h", "due": "1d",
            "outputs": ["salary"], "outcomes": {"done": "ended"},
        },
        "ended": {"kind": "end", "result": "ended"},
        "stopped": {"kind": "end", "result": "stopped"},
    },
}  # fmt: skip


@pytest.fixture
def people() -> dict[str, User]:
    people = {
        name: make_user(name, groups=groups)
        for name, groups in {
            "sam": ["staff"], "ida": ["it"], "pat": ["payroll"], "pia": ["payroll"],
            "ivo": ["it"], "iris": ["it"], "lea": [], "olivia": [], "omar": [], "ann": [],
        }.items()
    }  # fmt: skip
    publish_map(HIRING)
    return people


@pytest.fixture
def hire(people: dict[str, User]) -> WorkflowInstance:
    return requests.start(
        "hire",
        actor=people["sam"],
        now=NOW,
        data={"name": "Nora", "salary": SECRET, "lead": "lea"},
        files={"offer": ContentFile(b"secret terms", "offer.txt")},
    )


def test_a_field_is_for_its_roles_its_requester_and_auditors(
    people: dict[str, User], hire: WorkflowInstance
) -> None:
    let(people["ann"], AUDIT)
    for name in ("sam", "pat", "lea", "ann"):
        assert hidden_fields(people[name], hire) == frozenset(), name
    for name in ("ida", "olivia", "omar"):
        assert hidden_fields(people[name], hire) == {"salary", "offer"}, name


def test_to_manage_a_workflow_is_no_permission_to_audit(
    people: dict[str, User], hire: WorkflowInstance
) -> None:
    let(people["ivo"], MANAGE)
    assert hidden_fields(people["ivo"], hire) == {"salary", "offer"}


def pages_of(hire: WorkflowInstance, client: Client) -> dict[str, str]:
    """Everything that shows a request's values, as one reads it."""
    task = open_task(hire, "equip")
    addresses = [
        f"/requests/{hire.reference}/",
        f"/requests/{hire.reference}/?asof=2030-01-01T00:00" if False else "",
        f"/tasks/{task.pk}/",
        "/inbox/",
        "/requests/",
        "/start/hire/?like=" + hire.reference,
    ]
    return {address: client.get(address).content.decode() for address in addresses if address}


def test_no_page_shows_it_to_others(people: dict[str, User], hire: WorkflowInstance) -> None:
    for name in ("ida", "olivia"):
        for address, page in pages_of(hire, signed_in(people[name])).items():
            assert not SHOWN.search(page), (name, address)
            assert "offer.txt" not in page, (name, address)
    page = pages_of(hire, signed_in(people["ida"]))[f"/requests/{hire.reference}/"]
    assert "not shown to you" in page


def test_those_who_may_see_it_do(people: dict[str, User], hire: WorkflowInstance) -> None:
    page = signed_in(people["sam"]).get(f"/requests/{hire.reference}/").content.decode()
    assert SHOWN.search(page)
    task = open_task(hire, "equip")
    tasks.decide(task.pk, actor=people["ida"], outcome="done", now=NOW)
    page = signed_in(people["pat"]).get(f"/tasks/{open_task(hire, 'pay').pk}/").content.decode()
    assert 'name="f-salary" value="98765.43"' in page


def test_the_past_does_not_show_it_either(people: dict[str, User], hire: WorkflowInstance) -> None:
    address = f"/requests/{hire.reference}/?asof=2026-03-05"
    assert SHOWN.search(signed_in(people["sam"]).get(address).content.decode())
    assert not SHOWN.search(signed_in(people["ida"]).get(address).content.decode())


def test_a_document_is_not_to_be_had(people: dict[str, User], hire: WorkflowInstance) -> None:
    document = Document.objects.get(request=hire)
    for part in ("", "download/", "content/"):
        answer = signed_in(people["ida"]).get(f"/documents/{document.pk}/{part}")
        assert answer.status_code == 404, part
    assert find_visible_document(people["ida"], document.pk) is None
    assert find_visible_document(people["sam"], document.pk) == document


def test_the_api_tells_it_to_whom_it_is_for(
    people: dict[str, User], hire: WorkflowInstance
) -> None:
    address = f"/instances/{hire.reference}"
    assert Api(people["sam"]).get(address).json()["data"]["salary"] == SECRET
    for name in ("ida", "olivia"):
        answer = Api(people[name]).get(address)
        assert "salary" not in answer.json()["data"], name
        assert not SHOWN.search(answer.content.decode()), name
    changes = Api(people["olivia"]).get(address).json()["trail"][0]["changes"]
    assert changes["given"]["salary"] == {"masked": True}
    assert changes["given"]["name"] == "Nora"


def test_exports_do_not_tell_who_only_manages(
    people: dict[str, User], hire: WorkflowInstance
) -> None:
    owner, auditor = signed_in(people["olivia"]), signed_in(people["ann"])
    let(people["ann"], AUDIT)
    addresses = (
        "/reports/audit.csv?workflow=hire",
        "/reports/trail.csv",
        *(f"/reports/workflow/hire/log/{kind}/" for kind in ("csv", "xes", "ocel")),
    )
    for address in addresses:
        for client, is_told in ((owner, False), (auditor, True)):
            answer = client.get(address)
            assert answer.status_code == 200, address
            text = b"".join(answer.streaming_content).decode()
            assert bool(SHOWN.search(text)) == is_told, (address, is_told)


def test_no_digest_lets_somebody_try_out_what_is_not_shown(
    people: dict[str, User], hire: WorkflowInstance
) -> None:
    task = open_task(hire, "equip")
    plain = digest_of_values(
        shown_field_values(cached_map(hire.version_id), "equip", hire.data, task.rows)
    )
    pages = pages_of(hire, signed_in(people["ida"]))
    pages["bulk"] = signed_in(people["ida"]).get(f"/inbox/decide/?task={task.pk}").content.decode()
    pages["api"] = Api(people["ida"]).get(f"/instances/{hire.reference}").content.decode()
    assert not [address for address, page in pages.items() if plain in page]
    tasks.decide(task.pk, actor=people["ida"], outcome="done", now=NOW)
    let(people["ann"], AUDIT)
    for name, is_told in (("olivia", False), ("ann", True)):
        answer = signed_in(people[name]).get("/reports/audit.csv?workflow=hire")
        text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
        assert (plain in text) is is_told, name


def test_the_decision_on_what_is_not_shown_is_still_held_to_it(
    people: dict[str, User], hire: WorkflowInstance
) -> None:
    task = open_task(hire, "equip")
    seen = digest_of_shown_values(cached_map(hire.version_id), "equip", hire.data)
    corrections.set_values(
        hire.pk, actor=people["olivia"], data={"salary": "1.00"}, now=NOW, reason="Typo."
    )
    with refused(ChangedSince, "Salary", "has changed"):
        tasks.decide(task.pk, actor=people["ida"], outcome="done", now=NOW, seen=seen)
    hire.refresh_from_db()
    seen = digest_of_shown_values(cached_map(hire.version_id), "equip", hire.data)
    tasks.decide(task.pk, actor=people["ida"], outcome="done", now=NOW, seen=seen)
    assert open_task(hire, "pay")


def test_the_admin_masks_it(people: dict[str, User], hire: WorkflowInstance) -> None:
    owner = people["olivia"]
    owner.is_staff = True
    owner.save()
    owner.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client = signed_in(owner)
    row = TrailEvent.objects.filter(request=hire).earliest("pk")
    addresses = [
        f"/admin/workflows/workflowinstance/{hire.pk}/change/",
        f"/admin/workflows/workflowinstance/{hire.pk}/history/",
        f"/admin/workflows/trailevent/{row.pk}/change/",
    ]
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert not SHOWN.search(answer.content.decode()), address
        assert "offer.txt" not in answer.content.decode(), address


def in_rows() -> dict[str, Any]:
    """The map with a list that only payroll sees, of which IT approves each row."""
    columns = {"item": {"type": "text"}, "net": {"type": "money", "currency": "EUR"}}
    rows = {"type": "list", "columns": columns, "max_rows": 5, "visible_to": ["payroll"]}
    start = {**HIRING["start"], "fields": ["name", "parts"], "first": "split"}
    branches = [{"to": "part", "each": "parts", "as": "part_row"}]
    part = {"kind": "approval", "role": "it", "expected": "1h", "due": "1d"}
    stop = {"to": "stopped", "exception": True}
    steps = {
        "split": {"kind": "parallel", "branches": branches, "join": "joined"},
        "part": {**part, "outcomes": {"ok": "joined", "stop": stop, "drop": stop}},
        "joined": {"kind": "join", "wait_for": "all", "to": "pay"},
    }
    kept = {key: step for key, step in HIRING["steps"].items() if key != "equip"}
    fields = {**HIRING["fields"], "parts": rows}
    return {**HIRING, "fields": fields, "start": start, "steps": {**steps, **kept}}


def test_what_stands_in_its_rows_is_hidden_with_a_list(people: dict[str, User]) -> None:
    publish_map(in_rows())
    parts = [{"item": "desk", "net": SECRET}]
    hire = requests.start(
        "hire", actor=people["sam"], now=NOW, data={"name": "Nora", "parts": parts}
    )
    rows = {"parts", "part_row.item", "part_row.net"}
    assert hidden_fields(people["ida"], hire) & rows == rows
    assert not hidden_fields(people["pat"], hire) & rows
    assert not hidden_fields(people["sam"], hire) & rows
    page = signed_in(people["ida"]).get(f"/tasks/{open_task(hire, 'part').pk}/").content.decode()
    assert not SHOWN.search(page)
    assert "not shown to you" in page


def test_rows_that_were_seen_are_masked_in_exports(people: dict[str, User]) -> None:
    publish_map(in_rows())
    parts = [{"item": "desk", "net": SECRET}]
    hire = requests.start(
        "hire", actor=people["sam"], now=NOW, data={"name": "Nora", "parts": parts}
    )
    task = open_task(hire, "part")
    tasks.decide(task.pk, actor=people["ida"], outcome="ok", now=NOW)
    answer = signed_in(people["olivia"]).get("/reports/audit.csv?workflow=hire")
    said = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    decided = TrailEvent.objects.exclude(seen={}).get()
    assert SECRET in decided.seen["values"].values()
    assert not SHOWN.search(said)
    owner = people["olivia"]
    owner.is_staff = True
    owner.save()
    owner.user_permissions.add(*Permission.objects.filter(codename="view_trailevent"))
    page = signed_in(owner).get(f"/admin/workflows/trailevent/{decided.pk}/change/")
    assert page.status_code == 200
    assert not SHOWN.search(page.content.decode())


def asking_a_bureau() -> dict[str, Any]:
    """The map with a score that a call brings in, and that only payroll sees; and with a mail to an
    address that only they see."""
    fields = {
        **HIRING["fields"],
        "score": {"type": "text", "visible_to": ["payroll"]},
        "contact": {"type": "text", "visible_to": ["payroll"]},
    }
    ask = {
        "kind": "automation", "action": "http",
        "with": {"url": "https://bureau.demo.invalid/score"},
        "outputs": {"score": "$.score"}, "to": "write",
    }  # fmt: skip
    write = {
        "kind": "automation", "action": "email",
        "with": {"to": "{{ contact }}", "subject": "Hello", "text": "Hello."}, "to": "pay",
    }  # fmt: skip
    start = {**HIRING["start"], "fields": ["name", "contact"], "first": "equip"}
    equip = HIRING["steps"]["equip"]
    ways = {**equip["outcomes"], "done": "ask", "write": "write"}
    steps = {**HIRING["steps"], "equip": {**equip, "outcomes": ways}, "ask": ask, "write": write}
    return {**HIRING, "fields": fields, "start": start, "steps": steps}


def at_step(people: dict[str, User], outcome: str) -> WorkflowInstance:
    """A request for which something is done outside."""
    publish_map(asking_a_bureau())
    data = {"name": "Nora", "contact": "nobody at all"}
    hire = requests.start("hire", actor=people["sam"], now=NOW, data=data)
    task = open_task(hire, "equip")
    tasks.decide(task.pk, actor=people["ida"], outcome=outcome, now=NOW)
    return hire


@pytest.mark.parametrize("is_late", [False, True])
def test_what_came_back_of_a_call_is_told_to_who_may_see_what_it_fills_in(
    people: dict[str, User], is_late: bool
) -> None:
    hire = at_step(people, "done")
    item = hire.work_items.get(step__key="ask")
    late = {"code": "answered_late", "parameters": {"readings": {"score": "SEVEN"}}}
    attempt = make_failed_attempt(item, **{"answer": "It says SEVEN.", **(late if is_late else {})})
    owner = people["olivia"]
    owner.is_staff = True
    owner.save()
    owner.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    let(people["ann"], AUDIT)
    address = f"/requests/{hire.reference}/"
    assert "SEVEN" in signed_in(people["ann"]).get(address).content.decode()
    for path in (
        address,
        f"/admin/workflows/attempt/{attempt.pk}/change/",
        "/admin/workflows/attempt/",
    ):
        answer = signed_in(owner).get(path)
        assert answer.status_code == 200, path
        assert "SEVEN" not in answer.content.decode(), path


def test_an_incident_says_nothing_that_only_some_may_see(people: dict[str, User]) -> None:
    hire = at_step(people, "write")
    work_off(NOW + timedelta(hours=1))
    incident = hire.incidents.get(code="no_address")
    attempt = Attempt.objects.get(request=hire)
    assert "nobody at all" in attempt.message
    assert "nobody at all" not in incident.message
    assert "Contact" in incident.message
    row = TrailEvent.objects.get(request=hire, command="fail")
    assert "nobody at all" not in str(row.changes)


@pytest.mark.parametrize("said", ["public: true", "searchable: true"])
def test_what_few_see_is_neither_public_nor_searchable(said: str) -> None:
    text = f"""
format: 1
key: x
name: X
roles: {{staff: {{groups: [staff]}}}}
fields: {{note: {{type: text, visible_to: [staff], {said}}}}}
steps: {{done: {{kind: end, result: done}}}}
"""
    with pytest.raises(DefinitionProblem):
        read_definition(text, name="x")
    with pytest.raises(DefinitionProblem):
        read_definition(
            text.replace(f", {said}", "")
            .replace("[staff], ", "")
            .replace("visible_to: [staff]", "visible_to: [nobody]"),
            name="x",
        )


def test_only_values_of_these_fields_are_masked() -> None:
    changes = {"given": {"a": 1, "b": 2}, "moved": [{"a": 3}], "late": [{"readings": {"a": "x"}}]}
    assert mask_changes(changes, frozenset({"a"})) == {
        "given": {"a": {"masked": True}, "b": 2},
        "moved": [{"a": 3}],
        "late": [{"readings": {"a": {"masked": True}}}],
    }
