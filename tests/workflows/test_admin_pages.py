"""Every page of the admin answers as it should, to superusers and to those who only look."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override
from unfold.admin import checkbox
from unfold.views import ChangeList

from tests.factories import let, load_map, make_staff, make_user, make_viewer, map_data, publish_map
from tests.workflows.admin_site import (
    MODELS,
    Site,
    add_calendar,
    conflicting_request,
    make_site,
    stuck_request,
)
from workflows.access.conditions import AUDIT
from workflows.admin_site.list_rendering import render_row_checkbox
from workflows.calendars.models import BusinessCalendar
from workflows.definitions.models import Field, Role, Route, Step, TemplateVersion, WorkflowTemplate
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

ADDABLE = (WorkflowTemplate, BusinessCalendar)
"""What has an add page; everything else is made by services."""
DELETABLE = (TemplateVersion, Role, Field, Step, Route)
"""What may be deleted while it is a draft."""
UNUSED = (BusinessCalendar,)
"""What may be deleted while no map names it, as none does here."""


@pytest.fixture
def site(db: None) -> Site:
    return make_site()


@pytest.fixture(params=["superuser", "viewer"])
def looker(request: pytest.FixtureRequest, site: Site) -> User:
    if request.param == "viewer":
        viewer = make_viewer()
        let(viewer, AUDIT)
        return viewer
    return make_user("root", is_staff=True, is_superuser=True)


@pytest.fixture
def looking(client: Client, looker: User) -> Client:
    client.force_login(looker)
    return client


def address(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_list_opens_and_can_be_searched(looking: Client) -> None:
    for model in MODELS:
        page = address(model, "changelist")
        for words in ("", "PA-1", "x' OR 1=1", "\u00e9" * 300):
            assert looking.get(page, {"q": words}).status_code == 200, (model, words)


def test_every_filter_and_every_order_opens(looking: Client) -> None:
    for model in MODELS:
        page = address(model, "changelist")
        listed = looking.get(page).context["cl"]
        for spec in listed.filter_specs:
            for choice in list(spec.choices(listed))[1:3]:
                answer = looking.get(page + choice["query_string"])
                assert answer.status_code == 200, (model, choice)
        for column in range(1, len(listed.list_display) + 1):
            assert looking.get(page, {"o": f"-{column}"}).status_code == 200, (model, column)


def test_a_filter_that_makes_no_sense_is_answered_all_the_same(looking: Client) -> None:
    odd = ({"state__exact": "nonsense"}, {"over": "x"}, {"p": "9999"}, {"nonsense": "1"})
    for model in MODELS:
        for query in odd:
            answer = looking.get(address(model, "changelist"), query)
            assert answer.status_code in (200, 302), (model, query)
    chosen = {"template__id__exact": "9" * 30}
    assert looking.get(address(WorkflowInstance, "changelist"), chosen).status_code in (200, 302)


def test_every_row_and_its_history_open(looking: Client) -> None:
    for model in MODELS:
        rows = looking.get(address(model, "changelist")).context["cl"].queryset[:6]
        for row in rows:
            assert looking.get(address(model, "change", row.pk)).status_code == 200, row
        assert looking.get(address(model, "history", row.pk)).status_code == 200, row
        assert looking.get(address(model, "change", 999_999)).status_code == 302, model


def test_only_workflows_and_calendars_are_added_and_only_by_those_who_may(
    looking: Client, looker: User
) -> None:
    for model in MODELS:
        allowed = looker.is_superuser and model in ADDABLE
        answer = looking.get(address(model, "add"))
        assert answer.status_code == (200 if allowed else 403), model
        if not allowed:
            assert looking.post(address(model, "add"), {}).status_code == 403, model


def test_only_drafts_and_what_no_map_names_are_deleted_and_only_by_those_who_may(
    looking: Client, looker: User
) -> None:
    for model in MODELS:
        for row in model._default_manager.all()[:6]:
            version = getattr(getattr(row, "step", row), "version", row)
            draft = isinstance(version, TemplateVersion) and version.is_editable
            unneeded = (draft and model in DELETABLE) or model in UNUSED
            allowed = looker.is_superuser and unneeded
            page = address(model, "delete", row.pk)
            assert looking.get(page).status_code == (200 if allowed else 403), row
            if not allowed:
                assert looking.post(page, {"post": "yes"}).status_code == 403, row


def test_an_earlier_version_can_be_read_and_not_brought_back(looking: Client) -> None:
    for model in MODELS:
        if not hasattr(model, "history"):
            continue
        past = model.history.first()
        page = address(model, "simple_history", past.id, past.history_id)
        before = model._default_manager.values().get(pk=past.id)
        assert looking.get(page).status_code == 200, model
        assert looking.post(page, {"name": "brought back"}).status_code == 403, model
        assert model._default_manager.values().get(pk=past.id) == before


def test_somebody_without_permissions_sees_nothing(client: Client, site: Site) -> None:
    client.force_login(make_staff("newcomer"))
    for model in MODELS:
        assert client.get(address(model, "changelist")).status_code == 403
    for name in ("publish_version", "draft_version", "version_file", "version_bpmn"):
        page = reverse(f"admin:{name}", args=[site.draft.pk])
        assert client.post(page).status_code == 403
    assert client.get(reverse("admin:load_definition")).status_code == 403


def test_a_list_costs_the_same_for_few_rows_and_for_many(client: Client, site: Site) -> None:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    pages = [address(model, "changelist") for model in MODELS]
    counts = statements(client, pages)
    for number in range(3):
        conflicting_request(site.published)
        stuck_request(site.published)
        load_map(map_data(purpose=f"Draft {number}."))
        add_calendar(f"berlin-{number}")
        publish_map(map_data(key=f"purchase-{number}", calendar=f"berlin-{number}"))
    drafts = TemplateVersion.objects.filter(state=TemplateVersion.DRAFT)
    drafts.update(created_by=site.people["olivia"])
    assert statements(client, pages) == counts


def statements(client: Client, pages: list[str]) -> dict[str, int]:
    """How many SQL statements each page costs, when what is cached is cached."""
    counts = {}
    for page in pages:
        client.get(page)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page).status_code == 200
        counts[page] = len(captured)
    return counts


def test_the_admins_front_page_opens(looking: Client) -> None:
    assert looking.get("/admin/").status_code == 200


def test_no_action_of_the_admin_can_be_run_by_everybody() -> None:
    for model in MODELS:
        page = admin.site.get_model_admin(model)
        for action in page.actions:
            assert getattr(action, "allowed_permissions", None), (model, action)


def test_nobody_can_write_the_trail_here(client: Client, site: Site) -> None:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    event = TrailEvent.objects.first()
    assert event is not None
    before = TrailEvent.objects.count()
    for page in ("change", "delete"):
        answer = client.post(address(TrailEvent, page, event.pk), {"comment": "x", "post": "yes"})
        assert answer.status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"}
    client.post(address(TrailEvent, "changelist"), chosen)
    assert TrailEvent.objects.count() == before


def test_a_list_makes_its_headers_once_for_all_rows(
    client: Client, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    read_ordering = ChangeList.get_ordering_field_columns

    def note_call(change_list: ChangeList) -> dict[int, str]:
        calls.append(change_list)
        return read_ordering(change_list)

    monkeypatch.setattr(ChangeList, "get_ordering_field_columns", note_call)
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    counts = []
    for _ in range(2):
        stuck_request(site.published)
        calls.clear()
        page = client.get(address(WorkflowInstance, "changelist")).content.decode()
        counts.append((len(calls), page.count('name="_selected_action"')))
    (few_calls, few_rows), (many_calls, many_rows) = counts
    assert few_calls == many_calls
    assert few_rows < many_rows


def test_the_box_of_a_row_is_unfolds_in_the_readers_language() -> None:
    for language in ("en-gb", "de", "en-gb"):
        with override(language):
            assert render_row_checkbox(7) == checkbox.render(ACTION_CHECKBOX_NAME, "7")
