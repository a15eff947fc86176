"""Role finders of a company: from the file to the inbox and the decision, and out again."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from tests.approvals.office import signed_in
from tests.automation.driving import plain
from tests.browser_form import browser_form
from tests.extensions.company import Load
from tests.factories import load_map, make_staff
from tests.workflows.admin_site import MODELS
from tests.workflows.drawn import NO
from tests.workflows.support import Flow, begin, digest_now, make_people, person, publish, refused
from tests.workflows.test_admin_maps import page_of, problems_of
from workflows.access.permissions import may_start
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.audit import AnyPeople, audit_definition
from workflows.engine.errors import DefinitionProblem, NotAllowed
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import json_schema, read_definition, write_definition
from workflows.engine.registries import RegistryProblem
from workflows.execution.queries.inbox import count_inbox_tasks, inbox_page
from workflows.execution.services.staffing_watch import watch_queues
from workflows.people.queries.directory import SitePeople

pytestmark = pytest.mark.django_db


def leave(**roles: Any) -> dict[str, Any]:
    """A map whose first step is the manager's, its second the Finance department's."""
    outcomes = {"approve": "pay", "reject": NO, "stop": {"to": "stopped", "exception": True}}
    step = {"kind": "approval", "expected": "4h", "due": "2d"}
    steps = {
        "review": {**step, "role": "manager", "inputs": ["amount"], "outcomes": outcomes},
        "pay": {
            **step,
            "role": "finance",
            "inputs": ["amount"],
            "outcomes": {**outcomes, "approve": "done"},
        },
    }
    map_ = plain("leave", steps)
    map_["roles"] |= {
        "manager": {"boss_of": "requester"},
        "finance": {"departments": ["Finance"]},
        **roles,
    }
    return map_


def make_directory() -> None:
    """Mona is Rita's manager; Bob and Cat are in Finance."""
    make_people()
    rita = person("rita")
    rita.manager = person("mona")
    rita.save()
    for name in ("bob", "cat"):
        user = person(name)
        user.department = "Finance"
        user.save()


def begin_leave() -> Flow:
    make_directory()
    return begin(leave())


def waits_for(name: str) -> list[str]:
    """What the person's inbox shows; its count says the same."""
    user = person(name)
    rows = [row.step for row in inbox_page(user).rows]
    assert count_inbox_tasks(user).value == len(rows)
    return rows


def decide(flow: Flow, step: str, by: str) -> None:
    flow.decide(step, "approve", by=by, seen=digest_now(flow, step))


# -- the file ------------------------------------------------------------------------------------


def test_a_file_is_read_written_audited_and_described(load: Load) -> None:
    load("managers")
    definition = read_definition(json.dumps(leave()), name="leave")
    assert definition.dump()["roles"]["manager"] == {"boss_of": "requester"}
    assert read_definition(write_definition(definition), name="leave") == definition
    schema = json_schema()["$defs"]["RoleDef"]
    assert {"boss_of", "departments", "groups"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False
    assert not [
        found for found in audit_definition(definition, AnyPeople()) if found.severity == "error"
    ]


@pytest.mark.parametrize(
    ("role", "problem"),
    [
        ({"boss_of": "owner"}, r"roles\.manager\.boss_of: 'owner' cannot be used here"),
        ({"boss_off": "requester"}, r"did you mean 'boss_of'"),
        ({"boss_of": "requester", "groups": ["crew"]}, "keep one of them"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_place(
    load: Load, role: dict[str, Any], problem: str
) -> None:
    load("managers")
    with pytest.raises(DefinitionProblem, match=problem):
        read_definition(json.dumps(leave(manager=role)), name="leave")


def test_the_audit_asks_the_finder_and_the_directory(load: Load) -> None:
    load("managers")
    make_people()
    definition = Definition.model_validate(leave(finance={"departments": ["Finance "]}))
    found = {
        (finding.code, finding.step): str(finding.message)
        for finding in audit_definition(definition, SitePeople())
    }
    assert "begins or ends with a blank" in found["role_setting_wrong", "pay"]
    assert ("role_empty", "pay") in found
    make_directory_of_finance = person("bob")
    make_directory_of_finance.department = "Finance"
    make_directory_of_finance.save()
    definition = Definition.model_validate(leave())
    codes = {finding.code for finding in audit_definition(definition, SitePeople())}
    assert "role_empty" not in codes
    assert "one_person" in codes


# -- people ----------------------------------------------------------------------------------------


def test_the_inbox_and_the_decision_ask_who_it_is_now(load: Load) -> None:
    load("managers")
    flow = begin_leave()
    assert flow.task("review").assignee == person("mona")
    assert (waits_for("mona"), waits_for("max"), waits_for("bob")) == (["Review"], [], [])
    with refused(NotAllowed):
        decide(flow, "review", "max")
    decide(flow, "review", "mona")
    assert flow.task("pay").assignee is None
    assert (waits_for("bob"), waits_for("cat"), waits_for("ann")) == (["Pay"], ["Pay"], [])
    bob = person("bob")
    bob.department = "Sales"
    bob.save()
    assert waits_for("bob") == []
    with refused(NotAllowed):
        decide(flow, "pay", "bob")
    decide(flow, "pay", "cat")
    assert flow.where == "= done"


def test_the_clock_sees_that_the_directory_has_changed(load: Load) -> None:
    load("managers")
    flow = begin_leave()
    rita = person("rita")
    rita.manager = person("max")
    rita.save()
    with refused(NotAllowed):
        decide(flow, "review", "mona")
    assert watch_queues(now=flow.later()) == 1
    assert "not in its role any more" in flow.incident().message
    rita.manager = person("mona")
    rita.save()
    watch_queues(now=flow.later())
    assert flow.incidents() == [("nobody", "resolved")]


def test_nobody_there_is_an_incident_until_somebody_is(load: Load) -> None:
    load("managers")
    make_people()
    flow = begin(leave(finance={"groups": ["crew"]}))
    assert "there is no person whom its role names" in flow.incident().message
    rita = person("rita")
    rita.manager = person("mona")
    rita.save()
    watch_queues(now=flow.later())
    assert flow.task("review").assignee == person("mona")
    assert waits_for("mona") == ["Review"]


def test_a_list_of_the_company_may_start(load: Load) -> None:
    load("managers")
    make_directory()
    map_ = leave()
    map_["start"]["role"] = "finance"
    flow = begin(map_, by="bob")
    assert may_start(person("cat"), flow.request.template)
    assert not may_start(person("rita"), flow.request.template)
    client = signed_in(person("olga"))
    page = client.get(f"/requests/{flow.request.reference}/").content.decode()
    assert "there is no person whom its role names" in page


# -- the map editor --------------------------------------------------------------------------------


@pytest.fixture
def editor(client: Client) -> Client:
    names = ("view", "add", "change", "delete")
    permissions = [f"{verb}_{model._meta.model_name}" for model in MODELS for verb in names]
    client.force_login(make_staff("editor", *permissions))
    return client


@pytest.mark.parametrize("modules", [("managers",), ("managers", "manager_boxes")])
def test_the_map_editor_has_a_box_for_it(
    load: Load, editor: Client, modules: tuple[str, ...]
) -> None:
    load(*modules)
    make_directory()
    draft = load_map(leave() | {"owner": "editor", "deputy": "dan"})
    before = definition_of(draft).dump()
    page = page_of(draft)
    sent = browser_form(editor.get(page), "templateversion_form")
    (box,) = [
        name for name in sent if name.endswith("finder_departments") and "Finance" in sent[name]
    ]
    answer = editor.post(page, sent)
    assert answer.status_code == 302, problems_of(answer)
    assert definition_of(draft).dump() == before
    sent = browser_form(editor.get(page), "templateversion_form")
    sent[box] = "Sales\r\nFinance" if len(modules) > 1 else '["Sales", "Finance"]'
    answer = editor.post(page, sent)
    assert answer.status_code == 302, problems_of(answer)
    assert definition_of(draft).roles["finance"].settings == {"departments": ["Sales", "Finance"]}


def test_a_published_map_and_its_steps_say_it_to_who_only_reads(load: Load, editor: Client) -> None:
    load("managers")
    make_directory()
    version = publish(leave() | {"owner": "editor", "deputy": "dan"})
    page = editor.get(page_of(version)).content.decode()
    assert "boss_of" in page
    step = version.steps.get(key="pay")
    assert "Departments: Finance" in editor.get(page_of(step)).content.decode()


# -- out again -------------------------------------------------------------------------------------


def test_taken_out_it_is_an_unknown_key() -> None:
    with pytest.raises(DefinitionProblem, match=r"roles\.manager\.boss_of: unknown key"):
        read_definition(json.dumps(leave()), name="leave")
    schema = StringIO()
    call_command("definition_schema", stdout=schema)
    assert "boss_of" not in schema.getvalue()
    make_people()
    assert waits_for("mona") == []


def test_a_list_without_a_way_into_it_is_named_in_one_line(load: Load) -> None:
    with pytest.raises(RegistryProblem) as problem:
        load("half_finder")
    assert str(problem.value) == (
        "The role finder 'shifts': it is listed, and its role lookup has no ways."
    )
