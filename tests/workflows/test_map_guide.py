"""A new workflow from a few lines, and the guide through its draft."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.browser_form import browser_form
from tests.factories import load_map, make_staff, make_user, map_data, publish_map, purchase_people
from tests.workflows.admin_site import MODELS
from tests.workflows.support import nothing_changed
from tests.workflows.test_admin_maps import make_staff_of, page_of, problems_of
from workflows.definitions.admin.beginnings import EXAMPLES
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.services.publishing import audit_version

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

ADD = "admin:workflows_workflowtemplate_add"


@pytest.fixture
def owner(client: Client, db: None) -> Client:
    people = purchase_people()
    client.force_login(make_staff_of("olivia"))
    assert "omar" in people
    return client


def said_by(version: TemplateVersion) -> dict[str, Any]:
    return definition_of(TemplateVersion.objects.get(pk=version.pk)).dump()


def lines(prefix: str, rows: list[dict[str, str]]) -> dict[str, str]:
    return {
        f"{prefix}-{number}-{column}": value
        for number, row in enumerate(rows)
        for column, value in row.items()
    }


def new_workflow(owner: Client, **said: str) -> Any:
    deputy = make_staff_of("omar")
    sent = browser_form(owner.get(reverse(ADD)), "workflowtemplate_form")
    tasks = [
        {"name": "Manager review", "owner": "new:group:finance"},
        {"name": "Legal check", "owner": "new:group:legal"},
        {"name": "Security", "kind": "task", "owner": "new:group:finance", "beside": "on"},
        {"name": "Order", "kind": "task", "owner": "new:requester:"},
    ]
    fields = [
        {"label": "Amount", "type": "money", "more": "eur", "required": "on"},
        {"label": "Region", "type": "choice", "more": "EU, US"},
        {"label": "In", "type": "text"},
        {"label": "Größe", "type": "number"},
        {"label": "審査", "type": "text"},
    ]
    words = {"name": "Laptop request", "start": "new:group:staff", "deputy": str(deputy.pk)}
    return owner.post(
        reverse(ADD), sent | words | lines("tasks", tasks) | lines("questions", fields) | said
    )


def test_a_few_lines_make_a_map_that_can_be_published(owner: Client) -> None:
    answer = new_workflow(owner)
    draft = TemplateVersion.objects.get()
    assert answer["Location"] == page_of(draft)
    said = said_by(draft)
    assert (said["key"], said["owner"], said["deputy"]) == ("laptop-request", "olivia", "omar")
    assert list(said["roles"].values()) == [
        {"groups": ["staff"]},
        {"groups": ["finance"]},
        {"groups": ["legal"]},
        {"requester": True},
    ]
    assert said["start"]["fields"] == ["amount", "region", "in_2", "groe", "field"]
    assert said["fields"]["amount"] == {
        "type": "money",
        "label": "Amount",
        "required": True,
        "currency": "EUR",
    }
    assert {branch["to"] for branch in said["steps"]["legal_check_and_more"]["branches"]} == {
        "legal_check",
        "security",
    }
    assert [f for f in audit_version(draft) if f.severity == "error"] == []


def test_with_nothing_but_a_name_there_is_a_skeleton(owner: Client) -> None:
    sent = browser_form(owner.get(reverse(ADD)), "workflowtemplate_form")
    owner.post(reverse(ADD), sent | {"name": "Leave"})
    said = said_by(TemplateVersion.objects.get())
    assert set(said["steps"]) == {"first_step", "approved", "rejected"}
    assert said["start"] == {"first": "first_step"}


def test_a_name_that_is_taken_gets_a_key_of_its_own(owner: Client) -> None:
    new_workflow(owner)
    new_workflow(owner)
    assert set(WorkflowTemplate.objects.values_list("key", flat=True)) == {
        "laptop-request",
        "laptop-request-2",
    }


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"tasks-3-name": ""}, "Give each step a name."),
        ({"questions-1-more": ""}, "Write the choices of"),
        ({"tasks-0-expected": "soon"}, "soon"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    owner: Client, wrong: dict[str, str], sentence: str
) -> None:
    make_staff_of("omar")
    with nothing_changed():
        answer = new_workflow(owner, **wrong)
    assert sentence in answer.content.decode()
    again = browser_form(answer, "workflowtemplate_form")
    assert again["tasks-1-name"] == "Legal check"
    assert again["questions-4-label"] == "審査"
    assert again["tasks-2-beside"] == "on"


# -- the guide --------------------------------------------------------------------------------


def stage(version: TemplateVersion, part: str) -> str:
    return f"{page_of(version)}?part={part}"


def test_each_stage_asks_its_question_and_says_how_far_one_is(owner: Client) -> None:
    draft = load_map()
    questions = {
        "start": "What starts it?",
        "owners": "Who owns each step?",
        "exceptions": "What can go wrong?",
        "check": "If this ran a hundred times, what would go wrong?",
    }
    for part, question in questions.items():
        text = owner.get(stage(draft, part)).content.decode()
        assert question in text
        assert text.count('class="is-done"') == 7
    draft.fields.all().delete()
    TemplateVersion.objects.filter(pk=draft.pk).update(start_fields=None, start_role=None)
    text = owner.get(stage(draft, "start")).content.decode()
    assert text.count('class="is-done"') < 7


@pytest.mark.parametrize("part", ["start", "steps", "owners", "fields"])
def test_a_stage_that_is_saved_untouched_changes_nothing_and_comes_back(
    owner: Client, part: str
) -> None:
    draft = load_map()
    before = said_by(draft)
    sent = browser_form(owner.get(stage(draft, part)), "templateversion_form")
    answer = owner.post(stage(draft, part), sent)
    assert answer.status_code == 302, problems_of(answer)
    assert answer["Location"] == stage(draft, part)
    assert said_by(draft) == before == map_data()


def test_fields_are_a_table_of_which_empty_rows_are_ignored(owner: Client) -> None:
    draft = load_map()
    sent = browser_form(owner.get(stage(draft, "fields")), "templateversion_form")
    number = int(sent["fields-INITIAL_FORMS"])
    assert int(sent["fields-TOTAL_FORMS"]) == number + 6
    new = {
        f"fields-{number}-label": "Cost centre",
        f"fields-{number}-type": "text",
        f"fields-{number + 2}-label": "Cost",
        f"fields-{number + 2}-type": "number",
    }
    assert owner.post(stage(draft, "fields"), sent | new).status_code == 302
    fields = said_by(draft)["fields"]
    assert fields["cost_centre"] == {"type": "text", "label": "Cost centre"}
    assert len(fields) == number + 2


def test_steps_in_order_go_behind_the_last_one(owner: Client) -> None:
    draft = load_map()
    tasks = [
        {"name": "Unpack", "kind": "task", "owner": "role:finance", "expected": "2h"},
        {"name": "Pay", "kind": "task", "owner": "", "expected": "1d"},
    ]
    address = reverse("admin:version_stage", args=[draft.pk, "steps"])
    assert owner.post(address, lines("tasks", tasks)).status_code == 302
    steps = said_by(draft)["steps"]
    assert steps["order"]["outcomes"]["ordered"] == "unpack"
    assert steps["unpack"]["outcomes"]["done"] == "pay"
    assert steps["pay"]["outcomes"]["done"] == "approved"
    assert steps["unpack"]["expected"] == "2h"


def test_an_exception_is_added_with_where_it_goes(owner: Client) -> None:
    draft = load_map()
    said = {"step": "order", "label": "Not to be had", "to": "revise", "comment": "on"}
    address = reverse("admin:version_stage", args=[draft.pk, "exceptions"])
    assert owner.post(address, said).status_code == 302
    assert said_by(draft)["steps"]["order"]["outcomes"]["not_to_be_had"] == {
        "to": "revise",
        "label": "Not to be had",
        "comment": "required",
        "exception": True,
    }


def test_a_stage_s_form_that_is_refused_keeps_what_was_typed(owner: Client) -> None:
    draft = load_map()
    address = reverse("admin:version_stage", args=[draft.pk, "steps"])
    tasks = [{"name": "Unpack", "expected": "2h"}, {"name": "", "expected": "5h"}]
    with nothing_changed():
        answer = owner.post(address, lines("tasks", tasks))
    assert "Give each step a name." in answer.content.decode()
    assert browser_form(answer, "stage_form")["tasks-0-name"] == "Unpack"


def test_only_who_may_edit_the_draft_uses_its_stages(client: Client) -> None:
    draft = load_map(map_data() | {"owner": "olga", "deputy": "dan"})
    names = [f"{verb}_{m._meta.model_name}" for m in MODELS for verb in ("view", "change")]
    client.force_login(make_staff("stranger", *names))
    with nothing_changed():
        there = client.post(reverse("admin:version_stage", args=[draft.pk, "steps"]), {})
        nowhere = client.post(reverse("admin:version_stage", args=[10**6, "steps"]), {})
    assert there.status_code == nowhere.status_code == 302
    assert there["Location"] == nowhere["Location"]


def test_a_published_map_takes_no_stage(owner: Client) -> None:
    version = publish_map()
    tasks = lines("tasks", [{"name": "Unpack"}])
    with nothing_changed():
        answer = owner.post(reverse("admin:version_stage", args=[version.pk, "steps"]), tasks)
    assert answer.status_code == 403
    assert "handoff-guide" not in owner.get(page_of(version)).content.decode()


# -- starting from a map that is there ----------------------------------------------------------

BEGIN = "admin:begin_workflow"


def test_a_copy_is_a_draft_of_a_new_workflow_that_is_ones_own(owner: Client) -> None:
    version = publish_map()
    said = {"source": f"copy:{version.pk}", "name": "Another", "deputy": "omar"}
    answer = owner.post(reverse(BEGIN), said)
    draft = TemplateVersion.objects.exclude(pk=version.pk).get()
    assert answer["Location"] == page_of(draft)
    copied, was = said_by(draft), said_by(version)
    assert (copied["key"], copied["owner"], copied["deputy"]) == ("another", "olivia", "omar")
    assert copied["steps"] == was["steps"]
    assert copied["roles"] == was["roles"]


@pytest.mark.parametrize("example", sorted(path.stem for path in EXAMPLES.glob("*.yaml")))
def test_an_example_is_a_draft_of_a_new_workflow(owner: Client, example: str) -> None:
    owner.post(reverse(BEGIN), {"source": f"example:{example}", "name": "Trips"})
    assert said_by(TemplateVersion.objects.get())["name"] == "Trips"


def test_a_workflow_out_of_sight_cannot_be_copied(client: Client) -> None:
    make_user("olga")
    make_user("dan")
    purchase_people()
    hidden = publish_map(map_data() | {"owner": "olga", "deputy": "dan"})
    names = [f"{verb}_{m._meta.model_name}" for m in MODELS for verb in ("view", "add", "change")]
    client.force_login(make_staff("stranger", *names))
    assert f"copy:{hidden.pk}" not in client.get(reverse(BEGIN)).content.decode()
    with nothing_changed():
        answers = [
            client.post(reverse(BEGIN), {"source": f"copy:{pk}", "name": "Mine"})
            for pk in (hidden.pk, 10**6)
        ]
    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_key_that_is_taken_is_refused(owner: Client) -> None:
    version = publish_map()
    said = {"source": f"copy:{version.pk}", "name": "Another", "key": version.template.key}
    with nothing_changed():
        assert "choose another" in owner.post(reverse(BEGIN), said).content.decode()


def test_a_published_map_names_the_fields_of_its_start_form_in_words(owner: Client) -> None:
    version = publish_map()
    page = owner.get(page_of(version)).content.decode()
    labels = [str(field) for field in version.fields.filter(key__in=version.start_fields)]
    assert ", ".join(labels) in page
    assert "&quot;amount&quot;" not in page
