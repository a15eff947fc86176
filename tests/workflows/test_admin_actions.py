"""Commands from the admin's lists: one service call a row, a reason, a summary, and who may."""

from collections.abc import Iterable
from html import unescape
from typing import Any

import pytest
from django.db import models
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.factories import let, make_staff, make_user, make_viewer, open_task, start_request
from tests.workflows.admin_site import MODELS, Site, make_site
from workflows.access.conditions import VIEW
from workflows.execution.models import Incident, MergeRecord, WorkflowInstance, WorkItem
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

CHANGES = [f"{verb}_{model._meta.model_name}" for model in MODELS for verb in ("view", "change")]


@pytest.fixture
def site(db: None) -> Site:
    return make_site()


@pytest.fixture
def owner(client: Client, site: Site) -> Client:
    client.force_login(staff("olivia"))
    return client


def staff(username: str) -> User:
    user = make_staff(username, *CHANGES)
    user.is_staff = True
    user.save()
    return user


def run(
    client: Client, action: str, rows: Iterable[models.Model], query: str = "", **given: Any
) -> HttpResponse:
    """Choose an action for some rows, and with values also confirm it."""
    chosen = list(rows)
    page = reverse(f"admin:workflows_{chosen[0]._meta.model_name}_changelist") + query
    sent = {"action": action, "_selected_action": [row.pk for row in chosen], **given}
    return client.post(page, sent, follow=True)


def said(answer: HttpResponse) -> str:
    return " | ".join(unescape(str(one)) for one in answer.context["messages"])  # type: ignore[attr-defined]


def states() -> dict[int, str]:
    return dict(WorkflowInstance.objects.values_list("pk", "state"))


def test_an_action_asks_for_a_reason_before_it_does_anything(owner: Client, site: Site) -> None:
    before, trail = states(), TrailEvent.objects.count()
    asked = run(owner, "cancel", [site.waiting])
    assert asked.status_code == 200
    assert 'name="reason"' in asked.content.decode()
    assert site.waiting.reference in asked.content.decode()
    refused = run(owner, "cancel", [site.waiting], confirmed="yes", reason="  ")
    assert "required" in refused.content.decode()
    assert (states(), TrailEvent.objects.count()) == (before, trail)


def test_requests_are_cancelled_one_by_one_and_refusals_are_said(owner: Client, site: Site) -> None:
    answer = run(
        owner, "cancel", [site.waiting, site.over, site.stuck], confirmed="yes", reason="Moved on."
    )
    assert "2 cancelled." in said(answer)
    assert "1 refused." in said(answer)
    assert f"{site.over.reference} is completed already" in said(answer)
    changed = states()
    assert changed[site.waiting.pk] == changed[site.stuck.pk] == "cancelled"
    assert changed[site.over.pk] == "completed"
    event = site.waiting.trail.get(command="cancel")
    assert (event.actor_name, event.comment) == ("olivia", "Moved on.")


def test_requests_are_suspended_and_resumed(owner: Client, site: Site) -> None:
    run(owner, "suspend", [site.waiting], confirmed="yes", reason="Audit.")
    assert states()[site.waiting.pk] == "suspended"
    run(owner, "resume", [site.waiting], confirmed="yes", reason="Audit is over.")
    assert states()[site.waiting.pk] == "running"


def test_a_hundred_requests_are_suspended_at_once(owner: Client, site: Site) -> None:
    more = [start_request(site.published) for _ in range(100)]
    answer = run(
        owner,
        "suspend",
        more[:1],
        query="?over=no",
        select_across="1",
        confirmed="yes",
        reason="Year end.",
    )
    assert "103 suspended." in said(answer)
    assert sorted(states().values()).count("suspended") == 103


@pytest.mark.parametrize("action", ["cancel", "suspend", "resume"])
def test_somebody_who_may_only_look_changes_no_request(
    client: Client, site: Site, action: str
) -> None:
    client.force_login(make_viewer())
    before = states()
    listed = client.get(reverse("admin:workflows_workflowinstance_changelist"))
    assert f'value="{action}"' not in listed.content.decode()
    run(client, action, [site.waiting], confirmed="yes", reason="Because.")
    assert states() == before


def test_staff_who_do_not_manage_the_workflow_are_refused_by_the_service(
    client: Client, site: Site
) -> None:
    stranger = staff("stranger")
    client.force_login(stranger)
    before = states()
    answer = run(client, "suspend", [site.waiting], confirmed="yes", reason="Because.")
    assert "suspended" not in said(answer)
    let(stranger, VIEW)
    answer = run(client, "suspend", [site.waiting], confirmed="yes", reason="Because.")
    assert "Only the workflow's owner or deputy" in said(answer)
    assert states() == before


def test_a_task_is_reassigned_to_a_person_with_a_reason(owner: Client, site: Site) -> None:
    item = open_task(site.waiting, "manager_review")
    fay = make_user("fay")
    User.objects.filter(username="mia").update(is_active=False)
    asked = run(owner, "reassign_selected", [item])
    assert 'name="to"' in asked.content.decode()
    answer = run(
        owner, "reassign_selected", [item], confirmed="yes", to=fay.pk, reason="Mia is away."
    )
    assert "1 reassigned." in said(answer)
    assert WorkItem.objects.get(pk=item.pk).assignee == fay


def test_a_task_is_not_reassigned_to_the_requester_or_by_who_may_only_look(
    client: Client, site: Site
) -> None:
    item = open_task(site.waiting, "manager_review")
    client.force_login(staff("olivia"))
    sam = make_user("sam")
    answer = run(client, "reassign_selected", [item], confirmed="yes", to=sam.pk, reason="Why not.")
    assert "sam cannot take this" in said(answer)
    client.force_login(make_viewer())
    fay = make_user("fay")
    run(client, "reassign_selected", [item], confirmed="yes", to=fay.pk, reason="Mine.")
    assert WorkItem.objects.get(pk=item.pk).assignee == make_user("mia")


def test_an_incident_that_cannot_be_tried_again_says_what_to_do(owner: Client, site: Site) -> None:
    incident = site.stuck.incidents.get()
    answer = run(owner, "retry_selected", [incident], confirmed="yes", reason="Try.")
    assert "1 refused." in said(answer)
    assert Incident.objects.get(pk=incident.pk).state == Incident.OPEN


def test_what_waits_for_the_owner_is_first_and_links_to_where_it_is_mended(
    owner: Client, site: Site
) -> None:
    merges = owner.get(reverse("admin:workflows_mergerecord_changelist")).content.decode()
    conflict = MergeRecord.objects.get(state=MergeRecord.CONFLICT)
    assert reverse("approvals:merge", args=[conflict.pk]) in merges
    incidents = owner.get(reverse("admin:workflows_incident_changelist")).content.decode()
    stuck = site.stuck.incidents.get()
    assert reverse("approvals:incident", args=[stuck.pk]) in incidents


def test_a_reference_finds_its_request_and_the_list_says_where_it_is(
    owner: Client, site: Site
) -> None:
    listed = reverse("admin:workflows_workflowinstance_changelist")
    found = owner.get(listed, {"q": site.conflicting.reference.lower()})
    assert [row.pk for row in found.context["cl"].result_list] == [site.conflicting.pk]
    page = found.content.decode()
    assert "Checks done: branches disagree" in page
    assert "olivia" in page
    waiting = owner.get(listed, {"q": site.waiting.reference}).content.decode()
    assert "Manager review" in waiting
    assert "mia" in waiting


def test_the_filters_of_requests_say_what_they_name(owner: Client, site: Site) -> None:
    listed = reverse("admin:workflows_workflowinstance_changelist")

    def found(**query: str) -> set[int]:
        return {row.pk for row in owner.get(listed, query).context["cl"].result_list}

    everything = set(states())
    assert found(over="yes") == {site.over.pk}
    assert found(over="no") == everything - {site.over.pk}
    assert found(result="rejected") == {site.over.pk}
    assert found(incident="yes") == {site.stuck.pk, site.conflicting.pk}
    assert found(incident="no") == {site.waiting.pk, site.over.pk}


def test_the_audit_csv_is_offered_for_what_the_person_may_audit(client: Client, site: Site) -> None:
    listed = reverse("admin:workflows_workflowinstance_changelist")
    address = reverse("reporting:audit_csv")
    chosen = {"template__id__exact": site.published.template_id}
    client.force_login(staff("olivia"))
    assert f"{address}?workflow=purchase-approval" in client.get(listed, chosen).content.decode()
    client.force_login(staff("stranger"))
    assert address not in client.get(listed, chosen).content.decode()
    assert address not in client.get(listed).content.decode()
