"""Incidents, attempts and messages in the admin: the ways on for one or hundreds, and who may."""

from collections.abc import Iterable
from html import unescape
from typing import Any

import pytest
from django.db import models
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.factories import NOW, let, make_failed_attempt, make_staff, make_user, make_viewer
from tests.workflows.support import make_people, nothing_changed, publish
from workflows.access.conditions import VIEW
from workflows.definitions.models import Step, TemplateVersion
from workflows.engine.routing.step_troubles import StepFailed
from workflows.execution.models import Incident, WorkflowInstance
from workflows.execution.services import automation_steps as outside
from workflows.execution.services import instances as requests
from workflows.monitoring.admin.step_health import render_health_table
from workflows.outbox.models import Attempt, OutboxMessage
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

LIST = "/admin/workflows/incident/"
RECORDS = (Attempt, OutboxMessage)


def ordering_map(**changes: Any) -> dict[str, Any]:
    """Small orders are placed outside, by themselves; large ones by hand."""
    return {
        "format": 1,
        "key": "orders",
        "name": "Orders",
        "owner": "olga",
        "deputy": "dan",
        "purpose": "Order what was asked for.",
        "roles": {"staff": {"groups": ["staff"]}, "crew": {"groups": ["crew"]}},
        "fields": {
            "amount": {"type": "money", "currency": "EUR", "required": True},
            "number": {"type": "text", "required": True, "label": "Order number"},
        },
        "start": {"role": "staff", "fields": ["amount"], "first": "size"},
        "steps": {
            "size": {
                "kind": "decision",
                "rules": [{"when": "amount > 1000", "to": "by_hand"}],
                "otherwise": "order",
            },
            "order": {
                "kind": "automation",
                "action": "http",
                "outputs": {"number": "$.number"},
                "with": {"method": "POST", "url": "https://erp.example.com/orders"},
                "to": "done",
            },
            "by_hand": {
                "kind": "task",
                "role": "crew",
                "expected": "1h",
                "due": "1d",
                "outputs": ["number"],
                "outcomes": {
                    "ordered": "done",
                    "give_up": {"to": "dropped", "exception": True},
                    "refuse": {"to": "dropped", "exception": True},
                },
            },
            "done": {"kind": "end", "result": "ordered"},
            "dropped": {"kind": "end", "result": "dropped"},
        },
    } | changes


@pytest.fixture
def version() -> TemplateVersion:
    make_people()
    return publish(ordering_map())


def stuck(version: TemplateVersion, number: int = 1) -> list[Incident]:
    """Requests whose order could not be placed, each after one attempt."""
    return [_stuck(version) for _ in range(number)]


def _stuck(version: TemplateVersion) -> Incident:
    request = requests.start(
        version.template.key, actor=make_user("rita"), now=NOW, data={"amount": "5.00"}
    )
    item = request.work_items.get(step__key="order")
    make_failed_attempt(item, answer="<b>no such supplier</b>")
    case = outside.open_work_of_instance(request.pk, now=NOW)
    outside.fail_waiting_step(
        case, item.activation, StepFailed("http_500", "The order was not taken.")
    )
    return Incident.objects.get(request=request, state=Incident.OPEN)


def staff(username: str, *permissions: str) -> User:
    person = make_staff(username, "view_incident", *permissions)
    person.is_staff = True
    person.save()
    return person


@pytest.fixture
def owner(client: Client, version: TemplateVersion) -> Client:
    client.force_login(staff("olga"))
    return client


def run(client: Client, action: str, rows: Iterable[models.Model], **given: Any) -> HttpResponse:
    """Choose an action for some rows, and with values also confirm it."""
    sent = {"action": action, "_selected_action": [row.pk for row in rows], "index": 0, **given}
    return client.post(LIST, sent, follow=True)  # type: ignore[return-value]


def confirm(client: Client, action: str, rows: Iterable[models.Model], **given: Any) -> str:
    """What is said once an action is confirmed with a reason."""
    values = {"confirmed": "yes", "reason": "It is back.", **given}
    answer = run(client, action, rows, **values)
    said = answer.context["messages"]  # type: ignore[attr-defined]
    return " | ".join(unescape(str(one)) for one in said)


def states() -> list[str]:
    return sorted(Incident.objects.values_list("state", flat=True))


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


# -- the ways on ------------------------------------------------------------------------------


def test_a_hundred_incidents_are_tried_again_at_once(
    owner: Client, version: TemplateVersion
) -> None:
    found = stuck(version, 100)
    over = found[0]
    assert "1 tried again." in confirm(owner, "retry_selected", [over])
    before = OutboxMessage.objects.filter(kind="attempt").count()
    said = confirm(owner, "retry_selected", found)
    assert "99 tried again." in said
    assert "1 refused." in said
    assert states() == ["resolved"] * 100
    assert OutboxMessage.objects.filter(kind="attempt").count() == before + 99
    trail = TrailEvent.objects.filter(command="retry", actor_name="olga", comment="It is back.")
    assert trail.count() == 100


def test_each_refused_incident_has_a_line_of_its_own(
    owner: Client, version: TemplateVersion
) -> None:
    found = stuck(version, 12)
    requests.cancel(found[3].request_id, actor=None, reason="Not needed.", now=NOW)
    confirm(owner, "retry_selected", found[:3])
    said = confirm(owner, "retry_selected", found)
    assert ("8 tried again." in said, "4 refused." in said) == (True, True)
    assert said.count("<li>") == 4
    for one in found[:4]:
        assert one.request.reference in said


def test_steps_are_skipped_with_what_they_would_have_given(
    owner: Client, version: TemplateVersion
) -> None:
    found = stuck(version, 3)
    asked = text(run(owner, "skip_selected", found))
    assert 'name="value_number"' in asked
    said = confirm(owner, "skip_selected", found, value_number="PO-7")
    assert "3 skipped." in said
    done = WorkflowInstance.objects.filter(result="ordered")
    assert [request.data["number"] for request in done] == ["PO-7"] * 3


def test_a_skip_without_a_value_that_is_relied_on_is_refused_and_changes_nothing(
    owner: Client, version: TemplateVersion
) -> None:
    found = stuck(version)
    with nothing_changed():
        assert "Fill in Order number" in confirm(owner, "skip_selected", found)
    assert states() == ["open"]


def test_values_are_asked_only_where_all_are_at_one_step(
    owner: Client, version: TemplateVersion
) -> None:
    other = publish(ordering_map(key="parts", name="Parts"))
    found = [*stuck(version), *stuck(other)]
    assert 'name="value_number"' not in text(run(owner, "skip_selected", found))


def test_work_is_sent_to_a_step_that_all_have(owner: Client, version: TemplateVersion) -> None:
    found = stuck(version, 2)
    asked = text(run(owner, "reroute_selected", found))
    assert '<option value="by_hand">By hand</option>' in asked
    assert "2 sent on." in confirm(owner, "reroute_selected", found, to="by_hand")
    for one in found:
        assert [task.step.key for task in one.request.work_items.open()] == ["by_hand"]


def test_work_is_not_sent_to_a_step_that_is_not_in_the_list(
    owner: Client, version: TemplateVersion
) -> None:
    found = stuck(version)
    with nothing_changed():
        for to in ("", "order", "nowhere"):
            confirm(owner, "reroute_selected", found, to=to)
    assert states() == ["open"]


def test_nothing_is_done_before_a_reason_is_given(owner: Client, version: TemplateVersion) -> None:
    found = stuck(version)
    given = {"value_number": "PO-7", "to": "by_hand"}
    with nothing_changed():
        for action in ("retry_selected", "skip_selected", "reroute_selected"):
            assert 'name="reason"' in text(run(owner, action, found, **given))
            confirm(owner, action, found, **given, reason="  ")
            query = f"?action={action}&_selected_action={found[0].pk}&confirmed=yes&reason=x"
            owner.get(LIST + query)
    assert states() == ["open"]


# -- who may ----------------------------------------------------------------------------------


def test_who_manages_no_workflow_is_offered_nothing(
    client: Client, version: TemplateVersion
) -> None:
    found = stuck(version)
    client.force_login(make_viewer())
    assert 'value="retry_selected"' not in text(client.get(LIST))  # type: ignore[arg-type]
    page = client.get(reverse("admin:workflows_incident_change", args=[found[0].pk]))
    assert "Retry now" not in page.content.decode()
    with nothing_changed():
        for action in ("retry_selected", "skip_selected", "reroute_selected"):
            confirm(client, action, found, to="by_hand", value_number="PO-7")


def test_who_manages_another_workflow_is_refused_for_each_incident(
    client: Client, version: TemplateVersion
) -> None:
    found = stuck(version, 2)
    publish(ordering_map(key="parts", name="Parts", owner="mona"))
    mona = staff("mona", "change_incident")
    let(mona, VIEW, version.template)
    client.force_login(mona)
    page = client.get(reverse("admin:workflows_incident_change", args=[found[0].pk]))
    assert "Retry now" not in page.content.decode()
    with nothing_changed():
        for action in ("retry_selected", "skip_selected", "reroute_selected"):
            said = confirm(client, action, found, to="by_hand", value_number="PO-7")
            assert said.count("Only the workflow's owner or deputy") == 2


# -- the pages --------------------------------------------------------------------------------


def test_an_incidents_page_shows_what_was_tried_and_the_ways_on(
    owner: Client, version: TemplateVersion
) -> None:
    one = stuck(version)[0]
    page = owner.get(reverse("admin:workflows_incident_change", args=[one.pk])).content.decode()
    for words in ("The order was not taken.", "http_500", "1,234 ms", "It answered 500.", "olga"):
        assert words in page
    assert "&lt;b&gt;no such supplier&lt;/b&gt;" in page
    for name in ("retry_selected", "skip_selected", "reroute_selected"):
        assert f'name="action" value="{name}"' in page
    confirm(owner, "retry_selected", [one])
    page = owner.get(reverse("admin:workflows_incident_change", args=[one.pk])).content.decode()
    assert 'value="retry_selected"' not in page


def test_attempts_and_messages_are_read_and_never_written(
    client: Client, version: TemplateVersion
) -> None:
    stuck(version)
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    with nothing_changed():
        for model in RECORDS:
            row = model._default_manager.first()
            assert row is not None
            name = f"admin:workflows_{model._meta.model_name}"
            assert client.get(reverse(f"{name}_changelist")).status_code == 200
            assert client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
            assert client.get(reverse(f"{name}_add")).status_code == 403
            for page in ("change", "delete"):
                address = reverse(f"{name}_{page}", args=[row.pk])
                assert client.post(address, {"state": "waiting", "post": "yes"}).status_code == 403
            chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
            client.post(reverse(f"{name}_changelist"), chosen)


def test_only_superusers_read_what_a_message_says(client: Client) -> None:
    row = OutboxMessage.objects.create(
        kind="mail", payload={"to": "private@example.com"}, run_after=NOW, created_at=NOW
    )
    shown = {}
    for person in (make_viewer(), make_user("root", is_staff=True, is_superuser=True)):
        client.force_login(person)
        for page in ("change", "changelist"):
            args = [row.pk] if page == "change" else []
            answer = client.get(reverse(f"admin:workflows_outboxmessage_{page}", args=args))
            shown[person.username, page] = "private@example.com" in answer.content.decode()
    assert [key for key, seen in shown.items() if seen] == [("root", "change")]


def test_what_is_due_is_found_by_a_filter(client: Client) -> None:
    values = {"kind": "mail", "created_at": NOW}
    due = OutboxMessage.objects.create(run_after=NOW.replace(year=2020), **values)
    OutboxMessage.objects.create(run_after=NOW.replace(year=2999), **values)
    client.force_login(make_viewer())
    found = client.get(reverse("admin:workflows_outboxmessage_changelist"), {"due": "yes"})
    assert [row.pk for row in found.context["cl"].result_list] == [due.pk]


def test_the_health_page_leads_to_the_incidents_of_one_step(
    owner: Client, version: TemplateVersion
) -> None:
    other = publish(ordering_map(key="parts", name="Parts"))
    found, _ = stuck(version, 2), stuck(other)
    chosen = {"state__exact": "open", "step__id__exact": found[0].step_id}
    rows = owner.get(LIST, chosen).context["cl"].result_list
    assert {row.pk for row in rows} == {one.pk for one in found}


def test_the_pages_of_workflow_and_step_show_how_they_do(
    owner: Client, version: TemplateVersion
) -> None:
    stuck(version)
    at = Step.objects.get(version=version, key="order")
    shown = render_health_table(Step.objects.filter(pk=at.pk))
    for words in ("is-late", "2026-03-02", "http_500", "olga"):
        assert words in shown
    owner.force_login(staff("olga", "view_workflowtemplate", "view_step"))
    pages = (
        reverse("admin:workflows_workflowtemplate_change", args=[version.template_id]),
        reverse("admin:workflows_step_change", args=[at.pk]),
    )
    for page in pages:
        assert "http_500" in owner.get(page).content.decode()
    owner.force_login(make_viewer())
    for page in pages:
        assert "http_500" not in owner.get(page).content.decode()
