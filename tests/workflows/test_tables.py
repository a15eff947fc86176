"""A decision table in rows and pages: kept as written, asked by requests, edited as a table."""

import copy
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from approvals.pages.position_texts import destination_text
from tests.browser_form import browser_form
from tests.factories import (
    NOW,
    load_map,
    make_staff,
    make_user,
    map_data,
    open_task,
    publish_map,
)
from tests.workflows.admin_site import MODELS
from workflows.definitions.models import Route, Step, TemplateVersion
from workflows.definitions.queries.definition_rows import definition_data_of, definition_of
from workflows.engine.format.definition import Definition
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking
from workflows.execution.models import Incident, WorkflowInstance
from workflows.execution.queries.next_steps import find_next_steps
from workflows.execution.services import instances as requests
from workflows.execution.services.work_items import decide
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.people.models import User
from workflows.trail.changes import WayTaken, read_changes
from workflows.trail.models import TrailEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]


def limits(**table: Any) -> dict[str, Any]:
    """The map of approval limits, with some of its table changed; None takes a setting out."""
    data = map_data("limits")
    said = {**data["steps"]["who_signs"], **table}
    data["steps"]["who_signs"] = {key: part for key, part in said.items() if part is not None}
    return data


def started(version: TemplateVersion, **data: Any) -> WorkflowInstance:
    """A request at the step before the table."""
    actor = make_user("sam", groups=["staff"])
    return requests.start_on_version(version, actor=actor, now=NOW, data=data)


def sent(version: TemplateVersion, **data: Any) -> WorkflowInstance:
    """A request that has come to the table."""
    request = started(version, **data)
    decide(open_task(request, "describe").pk, actor=finance(), outcome="send", now=NOW)
    return WorkflowInstance.objects.get(pk=request.pk)


def finance() -> User:
    """Somebody of finance."""
    person = User.objects.filter(groups__name="finance", is_active=True).first()
    assert person is not None
    return person


def stands_at(request: WorkflowInstance) -> list[str]:
    """The steps that wait."""
    return sorted(token.step for token in Marking.from_json(request.marking).tokens)


def test_a_table_is_rows_and_comes_back_as_it_was() -> None:
    data = limits()
    version = load_map(data)
    assert definition_of(version) == Definition.model_validate(data)
    assert definition_data_of(version)["steps"]["who_signs"] == data["steps"]["who_signs"]
    ways = Route.objects.filter(step__version=version, step__key="who_signs")
    assert [(way.kind, way.to_step.key, way.exception) for way in ways.order_by("position")] == [
        ("row", "board", None),
        ("row", "team", None),
        ("row", "refused", True),
        ("otherwise", "board", None),
    ]


def test_a_request_takes_the_way_of_its_row_and_the_trail_says_which() -> None:
    version = publish_map(limits())
    request = sent(version, amount="7000.00", region="US")
    assert stands_at(request) == ["team"]
    assert (request.data["level"], request.data["limit"]) == ("finance", "20000.00")
    event = TrailEvent.objects.filter(request=request).latest("pk")
    (taken,) = read_changes(event).notes_of(WayTaken)
    assert (taken.step, taken.to, taken.rows) == ("who_signs", "team", [3])
    assert rebuild_from_trail(request) == (Marking.from_json(request.marking), request.data)


def test_where_no_row_holds_it_goes_otherwise_with_the_defaults() -> None:
    request = sent(publish_map(limits()), amount="7000.00", region="APAC")
    assert stands_at(request) == ["board"]
    assert request.data["level"] == "board"
    assert request.data.get("limit") is None


def test_where_next_is_said_with_its_rows() -> None:
    version = publish_map(limits())
    graph = Graph(definition_of(version))
    (send, _) = find_next_steps(graph, "describe", {"amount": "10.00", "region": "EU"}).ways
    words = destination_text(send.destination, graph.definition)
    assert "“Team” by its table (2, 3)" in words
    late = {"amount": "10.00", "region": "EU", "needed_by": "2026-01-01"}
    (send, _) = find_next_steps(graph, "describe", late).ways
    assert destination_text(send.destination, graph.definition) == "“Board”"


def test_the_page_of_a_request_says_which_row_led_elsewhere(client: Client) -> None:
    request = sent(publish_map(limits()), amount="10.00", region="EU")
    client.force_login(User.objects.get(username="olivia"))
    page = client.get(reverse("approvals:request", args=[request.reference])).content.decode()
    assert "not taken, as “Who signs” chose row 2 (amount &lt; 5000)" in page


@pytest.fixture
def editor(client: Client) -> Client:
    names = ("view", "add", "change", "delete")
    permissions = [f"{verb}_{model._meta.model_name}" for model in MODELS for verb in names]
    client.force_login(make_staff("editor", *permissions))
    return client


def drafted(**table: Any) -> Step:
    data = limits(**table) | {"owner": "editor"}
    return load_map(data).steps.get(key="who_signs")


def page_of(step: Step) -> str:
    return reverse("admin:workflows_step_change", args=[step.pk])


def test_the_page_shows_a_cell_for_each_column_and_writes_what_was_changed(editor: Client) -> None:
    step = drafted()
    form = browser_form(editor.get(page_of(step)), "step_form")
    assert form["setting_rows-2-when.region"] == "EU, US"
    before = copy.deepcopy(step.config)
    changed = form | {
        "setting_rows-1-when.amount": "< 6000",
        "setting_rows-4-when.region": "APAC",
        "setting_rows-4-to": "team",
        "setting_rows-4-set.level": "team",
    }
    answer = editor.post(page_of(step), changed)
    assert answer.status_code == 302, answer.context["errors"]
    step.refresh_from_db()
    rows = step.config["rows"]
    assert rows[1]["when"] == {"amount": "< 6000"}
    assert rows[4] == {"when": {"region": "APAC"}, "set": {"level": "team"}, "to": "team"}
    assert [rows[0], *rows[2:4]] == [before["rows"][0], *before["rows"][2:4]]
    assert rows[1]["set"] == before["rows"][1]["set"]  # numbers stay numbers


def test_results_where_no_row_holds_are_of_fields_that_are_chosen_by_their_names(
    editor: Client,
) -> None:
    step = drafted()
    page = editor.get(page_of(step))
    chosen = re.search(
        r'<select name="setting_defaults-0-name".*?</select>', page.content.decode(), re.DOTALL
    )
    assert chosen is not None
    label = step.version.fields.get(key="level").label or "Level"
    assert re.search(rf'<option value="level" selected>\s*{label}', chosen[0])
    form = browser_form(page, "step_form")
    answer = editor.post(page_of(step), form | {"setting_defaults-0-value": "team"})
    assert answer.status_code == 302, answer.context["errors"]
    step.refresh_from_db()
    assert step.config["defaults"] == {"level": "team"}


def test_what_is_made_of_all_rows_is_chosen_by_its_words(editor: Client) -> None:
    page = editor.get(page_of(drafted())).content.decode()
    chosen = re.search(r'<select name="setting_collect-0-value".*?</select>', page, re.DOTALL)
    assert chosen is not None
    assert "how many they are" in chosen[0]


def test_ways_of_the_map_follow_the_rows_that_were_edited(editor: Client) -> None:
    step = drafted()
    form = browser_form(editor.get(page_of(step)), "step_form")
    editor.post(page_of(step), form | {"setting_rows-3-to": "withdrawn"})
    ways = step.routes.filter(kind="row").order_by("position")
    assert [way.to_step.key for way in ways] == ["board", "team", "withdrawn"]
    assert "withdrawn" in {link.to for link in definition_of(step.version).links()}


def test_a_page_that_is_saved_untouched_changes_nothing(editor: Client) -> None:
    step = drafted()
    before = definition_data_of(step.version)
    trail = TrailEvent.objects.count()
    answer = editor.post(page_of(step), browser_form(editor.get(page_of(step)), "step_form"))
    assert answer.status_code == 302
    assert definition_data_of(step.version) == before
    assert TrailEvent.objects.count() == trail


def test_a_table_too_large_for_a_page_stays_as_it_is(editor: Client) -> None:
    rows = [{"when": {"amount": str(at)}, "to": "team"} for at in range(600)]
    step = drafted(rows=rows, exceptions=None)
    page = editor.get(page_of(step))
    form = browser_form(page, "step_form")
    assert not [name for name in form if name.startswith("setting_rows-")]
    answer = editor.post(page_of(step), form | {"name": "Another name"})
    assert answer.status_code == 302, answer.context["errors"]
    step.refresh_from_db()
    assert (step.name, len(step.config["rows"])) == ("Another name", 600)


def test_a_value_that_cannot_be_read_is_an_incident_and_never_another_way() -> None:
    request = started(publish_map(limits()), amount="7000.00", region="EU")
    WorkflowInstance.objects.filter(pk=request.pk).update(data={"amount": "a lot", "region": "EU"})
    decide(open_task(request, "describe").pk, actor=finance(), outcome="send", now=NOW)
    assert Incident.objects.get(request=request).code == "rule_failed"
