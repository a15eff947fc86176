"""What the forms of a map show again says what it said before; what is not touched stays."""

import copy
from pathlib import Path
from typing import Any

import pytest
from django.db import models
from django.test import Client

from tests.browser_form import browser_form
from tests.engine.audit_cases import SOUND
from tests.factories import load_map, make_staff, make_user, map_data
from tests.shared import DATA
from tests.workflows.admin_site import MODELS
from tests.workflows.test_admin_maps import page_of, problems_of
from workflows.definitions.admin.form_fields import NamesField
from workflows.definitions.admin.map_forms import (
    FieldForm,
    RoleForm,
    StepForm,
)
from workflows.definitions.admin.route_form import RouteForm
from workflows.definitions.admin.version_form import VersionForm
from workflows.definitions.models import Field, Role, Step, TemplateVersion
from workflows.definitions.queries.definition_rows import definition_data_of, definition_of
from workflows.engine.format.files import read_definition

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

ROOT = Path(__file__).parents[2]
SHARED = DATA.parent / "cases" / "maps"
FILES = [
    *sorted((ROOT / "workflows" / "demo" / "maps").glob("*.yaml")),
    *sorted((ROOT / "tests").glob("**/maps/*.yaml")),
    ROOT / "bench" / "purchase.yaml",
    *sorted(SHARED.glob("*.yaml")),
]
FORMS = {
    "templateversion": VersionForm,
    "roles": RoleForm,
    "fields": FieldForm,
    "step": StepForm,
    "routes": RouteForm,
}

ODD: dict[str, Any] = copy.deepcopy(SOUND) | {
    "purpose": "Two lines,\n\nand an empty end.\n\n",
    "roles": SOUND["roles"]
    | {
        "silent": {},
        "empty": {"groups": [], "users": []},
        "half": {"groups": ["board", "board"], "users": []},
    },
}
ODD["fields"] = ODD["fields"] | {
    "plain": {"type": "text", "choices": [], "help": ""},
    "pick": {"type": "choice", "choices": ["b", "a, c", "a"], "help": "One\nor two.\n"},
    "odd": {"type": "text", "required": False, "label": " padded ".strip()},
}
ODD["start"] = ODD["start"] | {"triggers": []}
ODD["steps"]["legal"] |= {
    "inputs": [],
    "outputs": [],
    "not_by": [],
    "not_by_reason": "Small sums.",
    "instructions": "Look\r at it.\n",
    "on_overdue": {},
}
ODD["steps"]["tech"] |= {"inputs": ["note", "amount", "note"], "not_by": ["legal", "requester"]}
ODD["steps"]["size"]["rules"] = [
    {"when": "amount > 1000\n  and urgent\n", "to": "checks"},
    {"when": " amount > 3 ", "to": "pay", "exception": False},
]


def maps() -> list[Any]:
    found = [pytest.param(path, id=path.stem) for path in FILES]
    return [pytest.param(ODD, id="odd"), pytest.param(SOUND, id="sound"), *found]


@pytest.fixture
def editor(client: Client) -> Client:
    """The owner of every map of these tests."""
    names = ("view", "add", "change", "delete")
    permissions = [f"{verb}_{model._meta.model_name}" for model in MODELS for verb in names]
    user = make_staff("editor", *permissions)
    client.force_login(user)
    return client


def draft_of(said: Any) -> tuple[TemplateVersion, dict[str, Any]]:
    """The map as a draft of the editor's, and what it says."""
    data = said
    if not isinstance(said, dict):
        data = read_definition(said.read_text(encoding="utf-8"), name=said.name).dump()
    make_user("somebody")
    draft = load_map(data | {"owner": "editor", "deputy": "somebody"})
    return draft, definition_of(draft).dump()


def said_by(draft: TemplateVersion) -> dict[str, Any]:
    return definition_of(TemplateVersion.objects.get(pk=draft.pk)).dump()


def pages_of(draft: TemplateVersion) -> list[tuple[Any, str]]:
    steps = [(step, "step_form") for step in draft.steps.order_by("pk")]
    return [(draft, "templateversion_form"), *steps]


@pytest.mark.parametrize("said", maps())
def test_opening_and_saving_without_a_change_changes_nothing(editor: Client, said: Any) -> None:
    draft, before = draft_of(said)
    for row, form in pages_of(draft):
        answer = editor.post(page_of(row), browser_form(editor.get(page_of(row)), form))
        assert answer.status_code == 302, (row, problems_of(answer))
    assert said_by(draft) == before


@pytest.mark.parametrize("said", [pytest.param(ODD, id="odd"), pytest.param(SOUND, id="sound")])
def test_a_form_that_is_shown_again_says_what_it_said(editor: Client, said: Any) -> None:
    """Something is wrong, the form comes back, the slip is mended, all is saved: no change."""
    draft, before = draft_of(said)
    for row, form in pages_of(draft):
        sent = browser_form(editor.get(page_of(row)), form)
        wrong = "name" if form == "templateversion_form" else "key"
        shown = browser_form(editor.post(page_of(row), sent | {wrong: ""}), form)
        assert shown == sent | {wrong: ""}
        answer = editor.post(page_of(row), shown | {wrong: sent[wrong]})
        assert answer.status_code == 302, (row, problems_of(answer))
    assert said_by(draft) == before


def names_fields() -> list[tuple[str, str]]:
    """Every field of the map's forms that is a list and may say nothing."""
    return [
        (form, name)
        for form, cls in FORMS.items()
        for name, field in cls.base_fields.items()
        if isinstance(field, NamesField)
    ]


def test_every_list_that_may_say_nothing_knows_three_answers() -> None:
    columns = {
        (form, column.name)
        for form, cls in FORMS.items()
        for column in cls._meta.model._meta.concrete_fields
        if isinstance(column, models.JSONField) and column.null and column.name in cls.base_fields
    }
    by_text = {
        ("templateversion", "start_triggers"),
        ("templateversion", "baseline"),
        ("templateversion", "rehearse"),
        ("templateversion", "times"),
        ("fields", "choices"),
        ("fields", "accept"),
        ("step", "config"),
    }  # written as text, in which null, [] and {} are different texts or mean the same
    assert columns - by_text == set(names_fields())


ON_PAGES = {"the map": ("templateversion", "roles", "fields"), "a step": ("step", "routes")}
"""The forms that are on each page, which is opened and sent with all of its lists at once."""


def test_every_form_is_on_a_page() -> None:
    assert {form for forms in ON_PAGES.values() for form in forms} == set(FORMS)


@pytest.mark.parametrize("value", [None, [], "some"])
@pytest.mark.parametrize("page_name", ON_PAGES)
def test_each_answer_of_each_list_outlives_an_error(
    editor: Client, page_name: str, value: Any
) -> None:
    draft, _ = draft_of(SOUND)
    page = draft if page_name == "the map" else draft.steps.get(key="legal")
    lists = [of_form for of_form in names_fields() if of_form[0] in ON_PAGES[page_name]]
    boxes = [set_list(draft, form, name, value) for form, name in lists]
    before = said_by(draft)
    form_id = f"{page._meta.model_name}_form"
    sent = browser_form(editor.get(page_of(page)), form_id)
    answers = {None: "(not said)", "some": "(these)"}
    for box in boxes:
        assert (sent[box] if isinstance(sent[box], str) else "(these)") == (
            "(none)" if value == [] else answers[value]
        ), box
    shown = browser_form(editor.post(page_of(page), sent | {"name": "x" * 999}), form_id)
    shown = browser_form(editor.post(page_of(page), shown), form_id)  # and once more
    assert editor.post(page_of(page), shown | {"name": sent["name"]}).status_code == 302
    assert said_by(draft) == before


def set_list(draft: TemplateVersion, form: str, name: str, value: Any) -> str:
    """Let a list of the draft say this; gives the name of its box on the page."""
    row, prefix, some = place_of(draft, form, name)
    type(row).objects.filter(pk=row.pk).update(**{name: some if value == "some" else value})
    return prefix + name


def place_of(draft: TemplateVersion, form: str, name: str) -> tuple[Any, str, list[str]]:
    """A row with this list, its prefix on its page, and names for it."""
    if form == "templateversion":
        return draft, "", ["lead", "amount"]
    if form == "roles":
        number = list(draft.roles.order_by("position")).index(draft.roles.get(key="crew"))
        some = ["crew"] if name == "groups" else ["editor", "somebody"]
        return draft.roles.get(key="crew"), f"roles-{number}-", some
    step = draft.steps.get(key="legal")
    return step, "", ["review", "requester"] if name == "not_by" else ["note", "amount"]


def test_an_approval_stays_closed_to_its_requester_after_a_slip(editor: Client) -> None:
    """What was found: a typo in the editor, mended, let a requester approve her own money."""
    make_user("somebody")
    draft = load_map(map_data(owner="editor", deputy="somebody"))
    step: Step = draft.steps.get(key="manager_review")
    Step.objects.filter(pk=step.pk).update(not_by=None, inputs=None)
    sent = browser_form(editor.get(page_of(step)), "step_form")
    shown = browser_form(editor.post(page_of(step), sent | {"due": "2 dyas"}), "step_form")
    assert editor.post(page_of(step), shown | {"due": "2d"}).status_code == 302
    step.refresh_from_db()
    assert (step.not_by, step.inputs) == (None, None)


def test_names_beside_another_answer_are_refused(editor: Client) -> None:
    draft, before = draft_of(SOUND)
    step = draft.steps.get(key="legal")
    sent = browser_form(editor.get(page_of(step)), "step_form")
    for answer in (["(none)", "review"], ["(not said)", "review"]):
        assert "not both" in problems_of(editor.post(page_of(step), sent | {"not_by": answer}))
    assert "Choose the names" in problems_of(
        editor.post(page_of(step), sent | {"not_by": "(these)"})
    )
    assert said_by(draft) == before


def test_what_a_text_says_can_be_changed_and_taken_away(editor: Client) -> None:
    draft, _ = draft_of(ODD)
    sent = browser_form(editor.get(page_of(draft)), "templateversion_form")
    number = list(draft.fields.order_by("position")).index(draft.fields.get(key="pick"))
    changes = {"purpose": "One line.", f"fields-{number}-help": "", f"fields-{number}-choices": "b"}
    assert editor.post(page_of(draft), sent | changes).status_code == 302
    said = definition_data_of(TemplateVersion.objects.get(pk=draft.pk))
    assert said["purpose"] == "One line."
    assert said["fields"]["pick"] == {"type": "choice", "choices": ["b"]}


def test_a_reason_is_given_on_the_page_of_the_step(editor: Client, db: None) -> None:
    draft, before = draft_of(SOUND)
    step = draft.steps.get(key="legal")
    sent = browser_form(editor.get(page_of(step)), "step_form")
    changes = {"not_by": "(none)", "not_by_reason": "Small sums only."}
    assert editor.post(page_of(step), sent | changes).status_code == 302
    told = before["steps"]["legal"] | {"not_by": [], "not_by_reason": "Small sums only."}
    assert said_by(draft)["steps"]["legal"] == told


def test_a_way_is_not_told_what_its_kind_cannot_say(editor: Client) -> None:
    draft, before = draft_of(SOUND)
    step = draft.steps.get(key="size")
    sent = browser_form(editor.get(page_of(step)), "step_form")
    last = step.routes.count() - 1
    answer = editor.post(page_of(step), sent | {f"routes-{last}-exception": "true"})
    assert "does not say this" in problems_of(answer)
    assert said_by(draft) == before


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared maps are not here")
def test_the_shared_maps_are_among_these() -> None:
    assert len([path for path in FILES if path.parent == SHARED]) >= 6


def test_the_rows_of_these_forms_are_those_of_a_map() -> None:
    assert {cls._meta.model for cls in FORMS.values()} >= {Role, Field, Step, TemplateVersion}
