"""A company's own parts: added without a change of the product, used end to end, taken out."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import translation

from reporting.extensions.views import KIND_TITLES
from tests.approvals.office import signed_in
from tests.automation.driving import Course, plain, work_off
from tests.extensions.company import ACME, Load
from tests.factories import NOW, make_user
from tests.workflows.drawn import HEAD, NO
from tests.workflows.support import make_people, person, publish
from workflows.automation.triggers.outside import find_published_triggers, start_by_trigger
from workflows.definitions.admin.step_forms import STEP_FORMS
from workflows.engine.errors import DefinitionProblem, InvalidInput
from workflows.engine.format.files import read_definition
from workflows.engine.registries import Registry, RegistryProblem, known_registries
from workflows.execution.models import WorkflowInstance
from workflows.extensions.loading import find_missing_halves
from workflows.outbox.choices import MessageKind
from workflows.outbox.models import OutboxMessage

ROOT = Path(__file__).parents[2]
EXTENSIONS = "/reports/extensions/"
IBAN = "DE89370400440532013000"


def refund() -> dict[str, Any]:
    fields = {**HEAD["fields"], "account": {"type": "iban", "required": True, "label": "Account"}}
    steps = {
        "review": {
            "kind": "approval",
            "role": "crew",
            "expected": "4h",
            "due": "2d",
            "not_by": ["requester"],
            "outcomes": {
                "approve": {"to": "done", "when": f"account == '{IBAN}'"},
                "reject": NO,
                "stop": {"to": "stopped", "exception": True},
            },
        }
    }
    map_ = plain("refund", steps, fields=fields)
    map_["start"]["fields"] = ["amount", "account"]
    return map_


# -- a type of fields -------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_type_of_fields_works_in_forms_rules_pages_and_the_schema(load: Load) -> None:
    load("iban", "iban_page")
    make_people()
    publish(refund())
    client: Client = signed_in(person("rita"))
    form = {"title": "Refund", "f-amount": "5"}
    wrong = client.post("/start/refund/", {**form, "f-account": "DE00 1234"})
    assert "Write an IBAN, such as DE89 3704 0044 0532 0130 00." in wrong.content.decode()
    assert not WorkflowInstance.objects.exists()
    client.post("/start/refund/", {**form, "f-account": "de89 3704 0044 0532 0130 00"})
    request = WorkflowInstance.objects.get()
    assert request.data["account"] == IBAN
    page = client.get(f"/requests/{request.reference}/").content.decode()
    assert "DE89 3704 0044 0532 0130 00" in page
    schema = StringIO()
    call_command("definition_schema", stdout=schema)
    assert '"iban"' in schema.getvalue()


def test_a_type_that_is_taken_out_is_refused_by_name(load: Load) -> None:
    with pytest.raises(DefinitionProblem, match=r"fields\.account\.type.*'iban' cannot be used"):
        read_definition(json.dumps(refund()), name="refund")


def test_a_type_without_its_half_on_pages_is_named_in_one_line(load: Load) -> None:
    with pytest.raises(RegistryProblem) as refused:
        load("iban")
    assert str(refused.value) == (
        "The field type 'iban' has no field presentation; register one of that name."
    )
    assert find_missing_halves() == [str(refused.value)]


# -- a channel --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_channel_tells_those_whom_it_reaches_and_mail_the_others(load: Load) -> None:
    load("pager")
    pager: Any = import_module(f"{ACME}.pager")
    for name in ("mia", "tom"):
        user = make_user(name)
        user.email = f"{name}@example.com"
        user.save()
        OutboxMessage.objects.create(
            kind=MessageKind.MAIL,
            payload={
                "to": user.pk,
                "event": "map_problem",
                "subject": "It is late",
                "text": "Look at it.",
            },
            run_after=NOW,
            created_at=NOW,
        )
    work_off(NOW + timedelta(minutes=1))
    assert [(number, subject) for number, subject, _ in pager.paged] == [
        ("0171-1", "News: It is late")
    ]
    assert [message.to for message in mail.outbox] == [["tom@example.com"]]
    assert not OutboxMessage.objects.exclude(state="delivered").exists()


# -- an action, and a kind of trigger ----------------------------------------------------------


def desk_map(**start: Any) -> dict[str, Any]:
    steps = {
        "reserve": {
            "kind": "automation",
            "action": "acme.reserve_desk",
            "with": {"floor": "3"},
            "outputs": {"code": "$.desk"},
            "role": "bosses",
            "expected": "1h",
            "on_error": {"to": "review", "exception": True},
            "to": "review",
        },
        "review": {
            "kind": "approval",
            "role": "crew",
            "expected": "4h",
            "due": "2d",
            "outcomes": {
                "approve": {"to": "done"},
                "reject": NO,
                "stop": {"to": "stopped", "exception": True},
            },
        },
    }
    map_ = plain("desk", steps)
    map_["start"] |= {"fields": ["amount"], **start}
    return map_


@pytest.mark.django_db
def test_an_action_does_its_step(load: Load) -> None:
    load("desks")
    course = Course.of(desk_map())
    course.work(minutes=1)
    course.flow.request.refresh_from_db()
    assert course.flow.request.data["code"] == "3-01"


@pytest.mark.django_db
def test_a_trigger_of_a_new_kind_starts_requests(load: Load) -> None:
    load("desks")
    make_people()
    trigger = {"kind": "acme.badge", "with": {"door": 7}, "mapping": {"amount": "$.price"}}
    publish(desk_map(triggers=[trigger]))
    (found,) = find_published_triggers("acme.badge")
    assert found.trigger.with_ == {"door": 7}
    request = start_by_trigger(found, {"price": 12}, now=NOW)
    assert request.data["amount"] == "12.00"
    with pytest.raises(InvalidInput):
        start_by_trigger(found, {"price": "much"}, now=NOW)
    assert WorkflowInstance.objects.count() == 1


# -- what is wrong with an extension is said at the start --------------------------------------


@pytest.mark.parametrize(
    ("module", "problem"),
    [
        (
            "greedy",
            f"HANDOFF_EXTENSIONS names '{ACME}.greedy': The action 'email' is registered already;"
            " choose another name.",
        ),
        (
            "broken",
            f"HANDOFF_EXTENSIONS names '{ACME}.broken': RuntimeError: the desk server is not"
            " configured",
        ),
        (
            "nowhere",
            f"HANDOFF_EXTENSIONS names '{ACME}.nowhere': ModuleNotFoundError: No module named"
            f" '{ACME}.nowhere'",
        ),
    ],
)
def test_a_bad_module_is_named_in_one_line(load: Load, module: str, problem: str) -> None:
    with pytest.raises(RegistryProblem) as refused:
        load(module)
    assert str(refused.value) == problem


@pytest.mark.parametrize(
    ("group", "value", "problem"),
    [
        ("handoff.actions", f"{ACME}.desks", None),
        (
            "handoff.actions",
            f"{ACME}.desks:reserve_desk",
            "is of the type function; make it of the type Action.",
        ),
        ("handoff.channels", f"{ACME}.pager:Pager", "has no attribute 'Pager'"),
        ("handoff.moods", f"{ACME}.desks", "there is no such registry; use one of actions,"),
    ],
)
def test_an_entry_point_is_loaded_or_named_in_one_line(
    load: Load,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    group: str,
    value: str,
    problem: str | None,
) -> None:
    distribution = tmp_path / "acme-1.0.dist-info"
    distribution.mkdir()
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (distribution / "entry_points.txt").write_text(f"[{group}]\nacme.desk = {value}\n")
    monkeypatch.syspath_prepend(tmp_path)
    if problem is None:
        load()
        assert "acme.reserve_desk" in known_registries()["actions"]
        return
    with pytest.raises(RegistryProblem) as refused:
        load()
    assert str(refused.value).startswith(f"the entry point 'acme.desk' of '{group}' ({value}): ")
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_program_ends_with_one_line_and_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**os.environ, "HANDOFF_EXTENSIONS": f"{ACME}.greedy"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f"Handoff cannot start: HANDOFF_EXTENSIONS names '{ACME}.greedy': The action"
        " 'email' is registered already; choose another name."
    ]


def test_a_registry_refuses_a_second_entry_of_a_name_and_what_is_no_entry() -> None:
    registry = Registry("moods", str, noun="mood")
    try:
        registry.register("calm", "calm")
        registry.register("calm", "calm")
        with pytest.raises(RegistryProblem, match="The mood 'calm' is registered already"):
            registry.register("calm", "stormy")
        with pytest.raises(
            RegistryProblem, match="The mood 'odd' is of the type int; make it of the type str"
        ):
            registry.register("odd", 1)  # type: ignore[arg-type]
        with pytest.raises(RegistryProblem, match=r"There is no mood 'glad' \(calm\)"):
            registry["glad"]
        assert registry.names() == ("calm",)
    finally:
        known_registries.__globals__["_REGISTRIES"].pop("moods")


# -- what is installed is listed ---------------------------------------------------------------


@pytest.mark.django_db
def test_what_is_installed_is_listed_with_the_maps_that_use_it(load: Load) -> None:
    load("desks")
    make_people()
    publish(desk_map())
    page = signed_in(person("olga")).get(EXTENSIONS).content.decode()
    assert "acme.reserve_desk" in page
    assert f"{ACME}.desks" in page
    assert "Drawn for a test" in page
    csv = signed_in(person("olga")).get("/reports/extensions.csv").content.decode()
    [action] = [line for line in csv.splitlines() if line.startswith("acme.reserve_desk")]
    assert action.endswith("HANDOFF_EXTENSIONS,Drawn for a test")
    assert [line for line in csv.splitlines() if line.startswith("acme.badge")]


@pytest.mark.django_db
def test_where_nothing_is_installed_the_page_says_how_it_is_done(load: Load) -> None:
    auditor = signed_in(make_user("root", is_superuser=True))
    page = auditor.get(EXTENSIONS).content.decode()
    for told in ("docs/extending.md", "docs/example-extension", "HANDOFF_EXTENSIONS"):
        assert told in page
    assert (ROOT / "docs" / "extending.md").is_file()
    load("desks")
    assert "docs/extending.md" not in auditor.get(EXTENSIONS).content.decode()


@pytest.mark.django_db
def test_a_form_that_is_the_house_s_again_is_not_listed(load: Load) -> None:
    ours = STEP_FORMS["wait"]
    load("step_pages")
    auditor = signed_in(make_user("root", is_superuser=True))
    listed = "wait,form of a step,"
    assert listed in auditor.get("/reports/extensions.csv").content.decode()
    STEP_FORMS.replace("wait", ours)
    assert listed not in auditor.get("/reports/extensions.csv").content.decode()


def test_each_registry_has_a_title_that_is_translated() -> None:
    assert KIND_TITLES.keys() == known_registries().keys()
    with translation.override("de"):
        german = {str(title) for title in KIND_TITLES.values()}
    with translation.override("en"):
        english = {str(title) for title in KIND_TITLES.values()}
    assert german.isdisjoint(english)
