"""When a request as a whole is due is put in by boxes: nothing else is said, nothing typed is lost.

The forms are sent as a browser without JavaScript sends them; a script adds nothing to these boxes.
"""

from typing import Any

import pytest
from django.forms import NumberInput
from django.test import Client

from tests.browser_form import browser_form
from tests.engine.audit_cases import SOUND
from tests.factories import load_map, make_staff, make_user, make_viewer
from tests.workflows.admin_site import MODELS
from tests.workflows.test_admin_maps import page_of, problems_of
from workflows.definitions.admin.map_forms import FieldForm
from workflows.definitions.admin.setting_boxes import ACTION_BOXES, AUTOMATION_BOXES, TASK_BOXES
from workflows.definitions.admin.version_form import TIME_BOXES
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.definition_rows import definition_data_of
from workflows.engine.format.definition import Definition

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]
FORM = "templateversion_form"
BY_DATE = {"after": "on", "by": "1mo"}


@pytest.fixture
def editor() -> Client:
    verbs = [
        f"{verb}_{model._meta.model_name}"
        for verb in ("view", "change", "add", "delete")
        for model in MODELS
    ]
    make_staff("editor", *verbs)
    client = Client()
    client.login(username="editor", password="editor")
    return client


def draft_with(**head: Any) -> TemplateVersion:
    make_user("deputy")
    fields = SOUND["fields"] | {"on": {"type": "date", "label": "Received"}}
    return load_map(SOUND | {"owner": "editor", "deputy": "deputy", "fields": fields} | head)


def times_of(draft: TemplateVersion) -> Any:
    return TemplateVersion.objects.get(pk=draft.pk).times


def test_boxes_show_what_the_file_says_and_say_it_again(editor: Client) -> None:
    said = {"due": BY_DATE, "extend": {"by": "2mo", "times": 1}, "clock": "stops"}
    draft = draft_with(**said, on_overdue={"remind_every": "1w"})
    before = definition_data_of(draft)
    sent = browser_form(editor.get(page_of(draft)), FORM)
    shown = {name: sent[name] for name in sent if name.startswith("setting_")}
    assert shown == {
        "setting_due": "",
        "setting_due_after": "on",
        "setting_due_before": "",
        "setting_due_by": "1mo",
        "setting_clock": "stops",
        "setting_extend_by": "2mo",
        "setting_extend_times": "1",
        "setting_on_overdue_remind_every": "1w",
    }
    assert sent["times"] == ""
    assert editor.post(page_of(draft), sent).status_code == 302
    assert definition_data_of(TemplateVersion.objects.get(pk=draft.pk)) == before


def test_boxes_say_change_and_take_away(editor: Client) -> None:
    draft = draft_with()
    sent = browser_form(editor.get(page_of(draft)), FORM)
    answers = {"setting_due": "30cd", "setting_extend_by": "2mo", "setting_clock": "runs"}
    assert editor.post(page_of(draft), sent | answers).status_code == 302
    assert times_of(draft) == {"due": "30cd", "extend": {"by": "2mo"}, "clock": "runs"}
    Definition.model_validate(definition_data_of(TemplateVersion.objects.get(pk=draft.pk)))
    sent = browser_form(editor.get(page_of(draft)), FORM)
    by_date = {"setting_due": "", "setting_due_before": "on", "setting_due_by": "2d"}
    rest = {"setting_extend_by": "", "setting_clock": ""}
    assert editor.post(page_of(draft), sent | by_date | rest).status_code == 302
    assert times_of(draft) == {"due": {"before": "on", "by": "2d"}}
    sent = browser_form(editor.get(page_of(draft)), FORM)
    none = {"setting_due_before": "", "setting_due_by": ""}
    assert editor.post(page_of(draft), sent | none).status_code == 302
    assert times_of(draft) is None


def test_a_box_for_a_number_looks_as_the_others_do_and_each_has_a_line_of_its_own(
    editor: Client,
) -> None:
    form = editor.get(page_of(draft_with())).context["adminform"]
    often, after = (form.form[f"setting_{name}"] for name in ("extend_times", "due"))
    assert "border" in often.field.widget.attrs["class"].split()
    assert "border" in after.field.widget.attrs["class"].split()
    lines = [[field.field.name for field in line] for part in form for line in part]
    for name in ("status_link", "status_link_names", "decide_by_mail"):
        assert [name] in lines


def test_each_number_of_a_map_is_asked_for_in_a_box_that_can_be_seen() -> None:
    boxes = [*TIME_BOXES, *TASK_BOXES, *AUTOMATION_BOXES, *ACTION_BOXES["http"]]
    fields = [box.build() for box in boxes] + [*FieldForm.declared_fields.values()]
    numbers = [field for field in fields if isinstance(field.widget, NumberInput)]
    assert len(numbers) >= 8
    for field in numbers:
        assert "border" in field.widget.attrs.get("class", "").split(), field.label


WRONG = [
    ({"setting_due": "30 dyas"}, "setting_due", "30 dyas"),
    ({"setting_due_by": "1mo"}, "setting_due_by", "Choose the date from which this counts."),
    (
        {"setting_due": "2d", "setting_due_after": "on", "setting_due_by": "1mo"},
        "setting_due_by",
        "Say in one way when a request is due: empty the other boxes.",
    ),
    ({"setting_extend_times": "2"}, "setting_extend_times", "Say how much more time"),
    ({"setting_extend_times": "99"}, "setting_extend_times", "10"),
    ({"times": '["due"]'}, "times", "Write keys and values, such as"),
    ({"setting_due": "2d", "times": '{"due": "3d"}'}, "times", "has a box of its own"),
]


@pytest.mark.parametrize(("typed", "box", "said"), WRONG)
def test_what_is_wrong_is_said_beside_its_box_and_nothing_typed_is_lost(
    editor: Client, typed: dict[str, str], box: str, said: str
) -> None:
    draft = draft_with(clock="stops")
    sent = browser_form(editor.get(page_of(draft)), FORM)
    answer = editor.post(page_of(draft), sent | typed | {"purpose": "Another."})
    assert said in problems_of(answer)
    form = answer.context["adminform"].form
    assert list(form.errors) == [box]
    again = browser_form(answer, FORM)
    for name, text in (typed | {"purpose": "Another.", "setting_clock": "stops"}).items():
        assert "".join(again[name].split()) == "".join(text.split()), name
    assert times_of(draft) == {"clock": "stops"}


def test_a_stage_of_the_guide_leaves_the_times_as_they_are(editor: Client) -> None:
    draft = draft_with(due="30cd")
    page = f"{page_of(draft)}?part=start"
    sent = browser_form(editor.get(page), FORM)
    assert not [name for name in sent if name.startswith("setting_")]
    assert editor.post(page, sent).status_code == 302
    assert times_of(draft) == {"due": "30cd"}


def test_who_only_reads_sees_what_is_said(editor: Client) -> None:
    draft = draft_with(due="30cd")
    make_viewer()
    client = Client()
    client.login(username="viewer", password="viewer")
    page = client.get(page_of(draft))
    assert page.status_code == 200
    assert "30cd" in page.content.decode()
