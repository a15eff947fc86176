"""Mapping in the admin: drafts are edited and published by their managers, the rest is kept."""

import re
from html import unescape
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.browser_form import browser_form
from tests.factories import (
    let,
    load_map,
    make_staff,
    make_user,
    make_viewer,
    map_data,
    publish_map,
    purchase_people,
)
from tests.workflows.admin_site import MODELS
from workflows.access.conditions import VIEW
from workflows.definitions.models import Route, Step, TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.definition_rows import definition_data_of, definition_of
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

ALL = [
    f"{verb}_{model._meta.model_name}"
    for model in MODELS
    for verb in ("view", "add", "change", "delete")
]


@pytest.fixture
def olivia(db: None) -> User:
    """The owner of the purchase map, with all permissions of the admin."""
    purchase_people()
    return make_staff_of("olivia")


@pytest.fixture
def owner(client: Client, olivia: User) -> Client:
    client.force_login(olivia)
    return client


def make_staff_of(username: str) -> User:
    user = make_staff(username, *ALL)
    user.is_staff = True
    user.save()
    return user


def page_of(row: Any, page: str = "change") -> str:
    return reverse(f"admin:workflows_{row._meta.model_name}_{page}", args=[row.pk])


def as_filled_in(answer: HttpResponse) -> dict[str, Any]:
    """What a browser would send if nothing were touched."""
    form: Any = answer.context["adminform"].form  # type: ignore[attr-defined]
    return browser_form(answer, f"{form.instance._meta.model_name}_form")


def saved(client: Client, page: str, **changes: Any) -> HttpResponse:
    """Open a page, change some fields, save."""
    values = as_filled_in(client.get(page)) | changes
    return client.post(page, values)


def problems_of(answer: HttpResponse) -> str:
    context = answer.context or {}  # type: ignore[attr-defined]
    return unescape(re.sub(r"<[^>]+>", " ", str(context.get("errors", ""))))


def prefix_of(client: Client, version: TemplateVersion, inline: str, key: str) -> str:
    """The prefix of an inline row's fields."""
    for admin_formset in client.get(page_of(version)).context["inline_admin_formsets"]:
        for form in admin_formset.formset.initial_forms:
            if admin_formset.formset.prefix == inline and form.instance.key == key:
                return str(form.prefix)
    raise AssertionError(f"no {key} among {inline}")


# -- drafts -----------------------------------------------------------------------------------


def test_a_draft_that_is_saved_untouched_stays_equal_to_its_file(owner: Client) -> None:
    draft = load_map()
    answer = saved(owner, page_of(draft))
    assert answer.status_code == 302, problems_of(answer)
    for step in draft.steps.all():
        answer = saved(owner, page_of(step))
        assert answer.status_code == 302, (step, problems_of(answer))
    assert definition_of(TemplateVersion.objects.get(pk=draft.pk)).dump() == map_data()


def test_a_draft_is_changed_by_its_inlines(owner: Client) -> None:
    draft = load_map()
    role = prefix_of(owner, draft, "roles", "legal")
    step = prefix_of(owner, draft, "steps", "order")
    changes = {f"{role}-groups": ["legal", "finance"], f"{role}-users": ["(none)"]}
    answer = saved(
        owner, page_of(draft), purpose="Better.", **changes, **{f"{step}-expected": "6h"}
    )
    assert answer.status_code == 302, problems_of(answer)
    written = definition_data_of(TemplateVersion.objects.get(pk=draft.pk))
    assert written["purpose"] == "Better."
    assert written["roles"]["legal"] == {"groups": ["legal", "finance"], "users": []}
    assert written["steps"]["order"]["expected"] == "6h"
    assert draft.steps.get(key="order").history.first().history_user.username == "olivia"


def test_nothing_chosen_is_not_the_same_as_none(owner: Client) -> None:
    step = load_map().steps.get(key="finance_review")
    assert saved(owner, page_of(step), inputs=["(none)"]).status_code == 302
    step.refresh_from_db()
    assert step.inputs == []
    assert saved(owner, page_of(step), inputs=[]).status_code == 302
    step.refresh_from_db()
    assert step.inputs is None
    answer = saved(owner, page_of(step), inputs=["(none)", "amount"])
    assert "not both" in problems_of(answer)


def test_a_wrong_duration_is_answered_with_a_sentence(owner: Client) -> None:
    step = load_map().steps.get(key="order")
    answer = saved(owner, page_of(step), expected="soon")
    assert "'soon' is not a duration" in problems_of(answer)
    step.refresh_from_db()
    assert step.expected == "4h"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("key", "Not A Key", "no key"),
        ("quorum", "some", "whole number"),
        ("quorum", "0", "whole number"),
        ("config", "[1]", "keys and values"),
        ("config", "{", "valid JSON"),
        ("outputs", ["no_such_field"], "not one of the available choices"),
    ],
)
def test_what_no_file_could_say_is_refused_in_words(
    owner: Client, field: str, value: Any, words: str
) -> None:
    step = load_map().steps.get(key="finance_review")
    before = Step.objects.values().get(pk=step.pk)
    assert words in problems_of(saved(owner, page_of(step), **{field: value}))
    assert Step.objects.values().get(pk=step.pk) == before


def test_ways_lead_only_to_steps_of_the_same_version(owner: Client) -> None:
    elsewhere = publish_map().steps.get(key="approved")
    draft = load_map(map_data(purpose="Next."))
    step = draft.steps.get(key="order")
    answer = saved(owner, page_of(step), **{"routes-0-to_step": str(elsewhere.pk)})
    assert "valid choice" in problems_of(answer)
    offered = owner.get(page_of(step)).context["inline_admin_formsets"][0].formset.forms[0]
    steps = {int(str(value)) for value, _ in offered.fields["to_step"].choices if value}
    assert steps == set(draft.steps.values_list("pk", flat=True))


def test_a_new_way_goes_behind_the_others(owner: Client) -> None:
    draft = load_map()
    step = draft.steps.get(key="order")
    new = {
        "routes-TOTAL_FORMS": "3",
        "routes-2-position": "0",
        "routes-2-kind": "outcome",
        "routes-2-name": "back",
        "routes-2-to_step": str(draft.steps.get(key="revise").pk),
        "routes-2-step": str(step.pk),
        "routes-2-exception": "unknown",
    }
    answer = saved(owner, page_of(step), **new)
    assert answer.status_code == 302, problems_of(answer)
    assert answer.headers["Location"] == page_of(step)
    written = definition_data_of(draft)["steps"]["order"]["outcomes"]
    assert list(written) == ["ordered", "give_up", "back"]
    assert written["back"] == {"to": "revise"}


def test_an_outcome_needs_a_name_that_is_a_key(owner: Client) -> None:
    step = load_map().steps.get(key="order")
    assert "no key" in problems_of(saved(owner, page_of(step), **{"routes-0-name": "Not so!"}))
    assert "required" in problems_of(saved(owner, page_of(step), **{"routes-0-name": ""}))


# -- who may ----------------------------------------------------------------------------------


def test_a_published_version_is_not_changed_by_a_hand_made_post(owner: Client) -> None:
    draft = load_map()
    values = as_filled_in(owner.get(page_of(draft))) | {"purpose": "Changed."}
    step = draft.steps.get(key="order")
    step_values = as_filled_in(owner.get(page_of(step))) | {"expected": "9h"}
    assert owner.post(reverse("admin:publish_version", args=[draft.pk])).status_code == 302
    before = definition_data_of(TemplateVersion.objects.get(pk=draft.pk))
    for row, sent in ((draft, values), (step, step_values)):
        assert owner.post(page_of(row), sent).status_code == 403
        assert owner.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403
        shown = owner.get(page_of(row)).content.decode()
        assert 'name="_save"' not in shown
        assert "/delete/" not in shown
    assert definition_data_of(TemplateVersion.objects.get(pk=draft.pk)) == before


def test_staff_who_do_not_manage_the_workflow_read_its_drafts(client: Client, olivia: User) -> None:
    draft = load_map()
    client.force_login(olivia)
    values = as_filled_in(client.get(page_of(draft)))
    stranger = make_staff_of("stranger")
    client.force_login(stranger)
    assert client.get(page_of(draft)).status_code == 302
    let(stranger, VIEW)
    assert client.get(page_of(draft)).status_code == 200
    assert client.post(page_of(draft), values | {"purpose": "Mine."}).status_code == 403
    assert client.post(page_of(draft, "delete"), {"post": "yes"}).status_code == 403
    client.post(reverse("admin:publish_version", args=[draft.pk]))
    draft = TemplateVersion.objects.get(pk=draft.pk)
    assert (draft.state, definition_of(draft).dump()) == ("draft", map_data())


def test_a_draft_can_be_deleted_by_its_manager(owner: Client) -> None:
    draft = load_map()
    assert owner.post(page_of(draft, "delete"), {"post": "yes"}).status_code == 302
    assert not TemplateVersion.objects.exists()
    assert not Route.objects.exists()


# -- publishing -------------------------------------------------------------------------------


def test_publishing_is_a_post(owner: Client) -> None:
    draft = load_map()
    page = reverse("admin:publish_version", args=[draft.pk])
    assert owner.get(page).status_code == 302
    assert TemplateVersion.objects.get(pk=draft.pk).state == "draft"
    assert owner.post(page, follow=True).status_code == 200
    draft = TemplateVersion.objects.get(pk=draft.pk)
    assert (draft.state, draft.published_by.username) == ("published", "olivia")


def test_drafts_are_published_from_the_list_and_errors_are_said(owner: Client) -> None:
    good = load_map()
    without = {k: v for k, v in map_data(key="no-deputy").items() if k != "deputy"}
    bad = load_map(without)
    chosen = {"action": "publish_selected", "_selected_action": [good.pk, bad.pk]}
    answer = owner.post(reverse("admin:workflows_templateversion_changelist"), chosen, follow=True)
    said = [str(message) for message in answer.context["messages"]]
    assert any("is published" in line for line in said)
    assert any("was not published" in line and "deputy" in line for line in said)
    states = dict(TemplateVersion.objects.values_list("pk", "state"))
    assert states == {good.pk: "published", bad.pk: "draft"}


def test_somebody_who_may_only_look_publishes_nothing(client: Client, olivia: User) -> None:
    draft = load_map()
    client.force_login(make_viewer())
    listed = reverse("admin:workflows_templateversion_changelist")
    client.post(listed, {"action": "publish_selected", "_selected_action": [draft.pk]})
    assert client.post(reverse("admin:publish_version", args=[draft.pk])).status_code == 403
    assert TemplateVersion.objects.get(pk=draft.pk).state == "draft"


def test_a_new_draft_is_made_from_the_published_version(owner: Client) -> None:
    published = publish_map()
    page = reverse("admin:draft_version", args=[published.pk])
    assert owner.get(page).status_code == 302
    assert TemplateVersion.objects.count() == 1
    answer = owner.post(page)
    draft = TemplateVersion.objects.get(state="draft")
    assert answer.headers["Location"] == page_of(draft)
    listed = reverse("admin:workflows_workflowtemplate_changelist")
    chosen = {"action": "make_draft", "_selected_action": [published.template_id]}
    owner.post(listed, chosen)
    assert TemplateVersion.objects.filter(state="draft").count() == 2


# -- beside the map ---------------------------------------------------------------------------


def test_the_page_shows_the_audit_the_picture_and_the_map_in_words(owner: Client) -> None:
    data = map_data()
    del data["steps"]["order"]["expected"]
    draft = load_map(data)
    page = owner.get(page_of(draft)).content.decode()
    order = draft.steps.get(key="order")
    assert "1 error to mend" in page
    box = f"{page_of(order)}#id_expected"
    assert f'<a class="handoff-link" href="{box}">Order</a>:' in page
    assert page.count("<g class=") >= 12
    assert (
        " style="
        not in page[page.index("<svg class") : page.index("</svg>", page.index("<svg class"))]
    )
    assert "The same in words" in page


def test_a_draft_that_does_not_hang_together_says_so_and_is_drawn_all_the_same(
    owner: Client,
) -> None:
    draft = load_map()
    draft.steps.get(key="order").routes.all().delete()
    page = owner.get(page_of(draft)).content.decode()
    assert "does not hang together yet" in page
    assert "<svg class" in page
    owner.post(reverse("admin:publish_version", args=[draft.pk]))
    assert TemplateVersion.objects.get(pk=draft.pk).state == "draft"


def test_who_may_act_is_seen_on_a_published_step(owner: Client) -> None:
    step = publish_map().steps.get(key="legal_review")
    page = owner.get(page_of(step)).content.decode()
    assert "group legal" in page
    assert "<li>fay</li>" in page


# -- files and new workflows ------------------------------------------------------------------


def upload(client: Client, content: bytes, name: str = "map.yaml") -> HttpResponse:
    return client.post(
        reverse("admin:load_definition"), {"file": SimpleUploadedFile(name, content)}
    )


def test_a_definition_file_is_loaded_as_a_draft_and_downloaded_again(owner: Client) -> None:
    answer = upload(owner, yaml.safe_dump(map_data(), sort_keys=False).encode())
    draft = TemplateVersion.objects.get()
    assert answer.headers["Location"] == page_of(draft)
    assert draft.created_by.username == "olivia"
    file = owner.get(reverse("admin:version_file", args=[draft.pk]))
    assert file.headers["Content-Disposition"].endswith('"purchase-approval-v1.yaml"')
    assert yaml.safe_load(file.content) == map_data()


BPMN_FILE = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">
<process id="p" name="Ask for leave"><startEvent id="s"/><task id="t" name="Look at it"/>
<dataObject id="d" name="Form"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>
</process></definitions>"""


def test_a_bpmn_file_is_a_draft_and_what_it_leaves_out_is_listed(owner: Client) -> None:
    answer = upload(owner, BPMN_FILE, "leave.bpmn")
    draft = TemplateVersion.objects.get()
    page = answer.content.decode()
    assert (draft.template.key, draft.state) == ("ask-for-leave", TemplateVersion.DRAFT)
    assert draft.owner_name == "olivia"
    assert "<code>dataObject</code> Form</td>" in page
    assert page_of(draft) in page
    file = owner.get(reverse("admin:version_bpmn", args=[draft.pk]))
    assert file.headers["Content-Disposition"].endswith('"ask-for-leave-v1.bpmn"')
    assert upload(owner, file.content).headers["Location"] == page_of(draft)
    assert TemplateVersion.objects.count() == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\x00",
        b"[]",
        b"format: 1",
        b"a: &a [*a]",
        b"x" * 1_000_001,
        b"<a/>",
        b"<" + b"x" * 5_000_001,
    ],
)
def test_a_file_that_is_no_definition_is_answered_on_the_page(
    owner: Client, content: bytes
) -> None:
    answer = upload(owner, content)
    assert answer.status_code == 200
    assert "is-error" in answer.content.decode()
    assert not WorkflowTemplate.objects.exists()


def test_only_managers_load_a_file_over_a_workflow(client: Client, olivia: User) -> None:
    publish_map()
    client.force_login(make_staff_of("stranger"))
    changed = yaml.safe_dump(map_data(purpose="Mine now.")).encode()
    assert "Only the owner or deputy" in upload(client, changed).content.decode()
    assert TemplateVersion.objects.count() == 1


def test_a_new_workflow_begins_as_a_draft(owner: Client, olivia: User) -> None:
    add = reverse("admin:workflows_workflowtemplate_add")
    words = {"key": "leave", "name": "Leave", "purpose": "Days off.", "owner": olivia.pk}
    trail = TrailEvent.objects.count()
    answer = owner.post(add, words | {"deputy": olivia.pk})
    assert answer.status_code == 200
    answer = owner.post(add, words | {"key": "Not A Key", "deputy": make_user("omar").pk})
    assert answer.status_code == 200
    assert not WorkflowTemplate.objects.exists()
    answer = owner.post(add, words | {"deputy": make_user("omar").pk})
    draft = TemplateVersion.objects.get()
    assert answer.headers["Location"] == page_of(draft)
    assert (draft.template.owner, draft.owner_name, draft.deputy_name) == (olivia, "olivia", "omar")
    assert TrailEvent.objects.count() == trail + 1


# -- grants -----------------------------------------------------------------------------------


def test_grants_are_given_by_those_who_manage_the_workflow(client: Client, olivia: User) -> None:
    template = publish_map().template
    sue = make_user("sue")
    page = reverse(
        "admin:workflows_workflowtemplate_permissions_manage_user", args=[template.pk, sue.pk]
    )
    client.force_login(make_staff_of("stranger"))
    assert client.post(page, {"permissions": ["manage_workflowtemplate"]}).status_code == 403
    assert not template.user_grants.exists()
    client.force_login(olivia)
    start = reverse("admin:workflows_workflowtemplate_permissions", args=[template.pk])
    assert client.get(start).status_code == 200
    answer = client.post(start, {"user": "sue", "submit_manage_user": "1"})
    assert answer.headers["Location"] == page
    assert client.get(page).status_code == 200
    client.post(page, {"permissions": ["audit_workflowtemplate"]})
    assert template.user_grants.get().permission.codename == "audit_workflowtemplate"


def long_map(steps: int) -> dict[str, Any]:
    """A purchase's head with a long line of steps behind it."""
    line = {
        f"step_{n}": {"kind": "task", "role": "staff", "outcomes": {"done": f"step_{n + 1}"}}
        for n in range(steps - 1)
    }
    end = {f"step_{steps - 1}": {"kind": "end", "result": "done"}}
    start = {"role": "staff", "fields": [], "first": "step_0"}
    return map_data(steps=line | end, start=start)


def test_of_a_large_map_the_page_shows_one_part_and_leads_to_the_others(
    owner: Client,
) -> None:
    version = load_map(long_map(170))
    first, last = owner.get(page_of(version)), owner.get(page_of(version), {"steps": "4"})
    assert "Steps 1 to 50 of 170 are shown" in first.content.decode()
    assert 'href="?steps=2"' in first.content.decode()
    assert "Steps 151 to 170 of 170 are shown" in last.content.decode()
    forms = [page.context["inline_admin_formsets"][2].formset for page in (first, last)]
    assert [formset.initial_form_count() for formset in forms] == [50, 20]


def test_a_part_of_a_large_map_is_saved_without_touching_the_others(owner: Client) -> None:
    version = load_map(long_map(170))
    address = page_of(version) + "?steps=4"
    sent = as_filled_in(owner.get(address))
    keys = [name for name in sent if name.endswith("-key")]
    mine = next(name for name in keys if sent[name] == "step_155")
    before = definition_data_of(version)["steps"]
    assert owner.post(address, {**sent, mine.replace("-key", "-name"): "Weigh"}).status_code == 302
    after = definition_data_of(version)["steps"]
    assert after["step_155"]["name"] == "Weigh"
    assert [k for k in before if before[k] != after[k]] == ["step_155"]
    assert list(before) == list(after)
