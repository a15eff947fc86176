"""How a workflow can be started, on its page in the admin."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import NOW, load_map, make_viewer, map_data, publish_map
from workflows.admin_site.elements import format_local_minute
from workflows.definitions.models import TemplateVersion
from workflows.outbox.models import OutboxMessage

pytestmark = pytest.mark.django_db

GIVEN = {"amount": "5", "region": "EU", "manager": "mia"}


def triggered(*triggers: dict[str, Any]) -> dict[str, Any]:
    data = map_data()
    data["start"] |= {"triggers": list(triggers)}
    return data


def page(version: TemplateVersion) -> str:
    client = Client()
    client.force_login(make_viewer())
    answer = client.get(
        reverse("admin:workflows_workflowtemplate_change", args=[version.template_id])
    )
    assert answer.status_code == 200
    return re.sub(r"<[^>]+>", "", answer.content.decode())


def test_form_and_api_are_always_there() -> None:
    text = page(publish_map())
    assert "Form: whoever is in the role “staff” fills it in." in text
    assert "POST /api/v1/instances" in text
    assert "Webhook:" not in text
    assert "Schedule:" not in text


def test_a_schedule_says_when_it_starts_next() -> None:
    version = publish_map(triggered({"kind": "schedule", "cron": "0 9 1 * *", "data": GIVEN}))
    following = OutboxMessage.objects.get(kind="schedule")
    assert following.run_after > NOW
    assert f"Schedule: 0 9 1 * *, next on {format_local_minute(following.run_after)}." in page(
        version
    )


def test_a_webhook_without_a_key_says_so() -> None:
    version = publish_map(triggered({"kind": "webhook"}))
    text = page(version)
    assert f"POST /api/v1/hooks/{version.template.key}" in text
    assert "no key yet: add one" in text


def test_the_end_of_another_workflow_is_named() -> None:
    trigger = {"kind": "workflow_end", "workflow": "hiring", "result": "hired", "data": GIVEN}
    assert "When a request of “hiring” ends with the result “hired”." in page(
        publish_map(triggered(trigger))
    )


def test_a_draft_starts_nothing_and_says_what_to_do() -> None:
    assert "no version is published. Publish one" in page(load_map())
