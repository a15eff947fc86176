"""Forms of steps from a company: boxes of its own in the map editor, audited, and out again."""

from typing import Any

import pytest
from django.test import Client

from tests.automation.driving import plain
from tests.browser_form import browser_form
from tests.extensions.company import Load
from tests.factories import load_map, make_staff
from tests.workflows.admin_site import MODELS
from tests.workflows.drawn import NO
from tests.workflows.support import make_people
from tests.workflows.test_admin_maps import page_of, problems_of
from workflows.definitions.models import Step
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.audit import AnyPeople, audit_definition
from workflows.engine.format.definition import Definition

pytestmark = pytest.mark.django_db


def badges(**settings: Any) -> dict[str, Any]:
    steps = {
        "rest": {"kind": "wait", "for": "2d", "to": "order"},
        "order": {
            "kind": "automation",
            "action": "acme.order_badge",
            "with": {"building": "North", "urgent": True, **settings},
            "role": "bosses",
            "expected": "1h",
            "retry": {"attempts": 3},
            "on_error": {"to": "review", "exception": True},
            "to": "review",
        },
        "review": {
            "kind": "approval",
            "role": "crew",
            "expected": "4h",
            "due": "2d",
            "outcomes": {"approve": "done", "reject": NO},
        },
    }
    return plain("badges", steps)


@pytest.fixture
def editor(client: Client) -> Client:
    names = ("view", "add", "change", "delete")
    permissions = [f"{verb}_{model._meta.model_name}" for model in MODELS for verb in names]
    client.force_login(make_staff("editor", *permissions))
    make_people()
    return client


def draft_step(key: str, **settings: Any) -> Step:
    draft = load_map(badges(**settings) | {"owner": "editor", "deputy": "dan"})
    return draft.steps.get(key=key)


def save_step(editor: Client, step: Step, **changes: str) -> dict[str, Any]:
    """What the map says of the step when its page was saved with these changes."""
    sent = browser_form(editor.get(page_of(step)), "step_form")
    assert set(changes) <= set(sent)
    answer = editor.post(page_of(step), sent | changes)
    assert answer.status_code == 302, problems_of(answer)
    saved: dict[str, Any] = definition_of(step.version).dump()["steps"][step.key]
    return saved


def test_the_settings_of_an_action_have_boxes(load: Load, editor: Client) -> None:
    load("step_pages")
    step = draft_step("order")
    before = definition_of(step.version).dump()["steps"]["order"]
    assert save_step(editor, step) == before
    sent = browser_form(editor.get(page_of(step)), "step_form")
    assert sent["setting_with_building"] == "North"
    assert "North" not in sent["config"]
    saved = save_step(editor, step, setting_with_building="South", setting_with_colour="red")
    assert saved["with"] == {"building": "South", "urgent": True, "colour": "red"}
    assert saved["retry"] == {"attempts": 3}
    saved = save_step(editor, step, setting_with_urgent="unknown", setting_with_colour="")
    assert saved["with"] == {"building": "South"}


def test_what_a_box_cannot_show_stays_where_it_is(load: Load, editor: Client) -> None:
    load("step_pages")
    step = draft_step("order", colour="blue", floor=3)
    before = definition_of(step.version).dump()["steps"]["order"]
    sent = browser_form(editor.get(page_of(step)), "step_form")
    assert sent["setting_with_colour"] == ""
    assert "blue" in sent["config"]
    assert save_step(editor, step) == before
    answer = editor.post(page_of(step), sent | {"setting_with_colour": "red"})
    assert "has a box of its own" in answer.content.decode()
    assert definition_of(step.version).dump()["steps"]["order"] == before


def test_the_audit_holds_an_action_to_its_settings(load: Load) -> None:
    load("step_pages")
    map_ = badges(colour="blue", floor="3")
    del map_["steps"]["order"]["with"]["building"]
    findings = audit_definition(Definition.model_validate(map_), AnyPeople())
    wrong = [str(found.message) for found in findings if found.code == "action_told_wrongly"]
    assert any("it needs `building`" in sentence for sentence in wrong)
    assert any("`colour` cannot be blue" in sentence for sentence in wrong)
    assert any("it does not know floor" in sentence for sentence in wrong)


def test_the_form_of_a_kind_is_the_company_s(load: Load, editor: Client) -> None:
    load("step_pages")
    step = draft_step("rest")
    sent = browser_form(editor.get(page_of(step)), "step_form")
    assert (sent["setting_for"], sent["config"]) == ("2d", "")
    assert save_step(editor, step, setting_for="3d")["for"] == "3d"


def test_taken_out_the_form_is_that_of_the_house_again(editor: Client) -> None:
    step = draft_step("rest")
    sent = browser_form(editor.get(page_of(step)), "step_form")
    assert (sent["setting_for"], sent["setting_message"], sent["config"]) == ("2d", "", "")
