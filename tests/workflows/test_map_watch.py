"""A published map that has become wrong is found by the clock, shown, told once, and closed."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from tests.factories import NOW, make_group, make_user, map_data, publish_map
from workflows.calendars.models import BusinessCalendar, Closure
from workflows.connections.models import Connection
from workflows.definitions.lifecycle.retirement import FINISH, retire_workflow
from workflows.definitions.models import MapFinding, TemplateVersion, WorkflowTemplate
from workflows.definitions.services import publishing as definitions
from workflows.definitions.services.map_watch import audit_published_maps
from workflows.engine.audit import CODES, WORLD
from workflows.engine.texts import English, install_translator
from workflows.language.translator import ActiveLanguage
from workflows.outbox.choices import MessageKind
from workflows.outbox.models import OutboxMessage
from workflows.outbox.payloads import MailPayload, read_payload
from workflows.people.models import User

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=1)


def found() -> set[tuple[str, str]]:
    return set(MapFinding.objects.filter(closed_at=None).values_list("code", "step"))


def mails() -> list[int]:
    rows = OutboxMessage.objects.filter(kind=MessageKind.MAIL)
    mails = [read_payload(row, MailPayload) for row in rows]
    return [mail.to for mail in mails if "has gone wrong" in str(mail.subject)]


def test_a_map_that_is_well_has_no_findings() -> None:
    publish_map()
    assert audit_published_maps(now=LATER) == 0
    assert found() == set()


def test_a_group_that_empties_is_found_told_once_and_closed_when_it_fills_again() -> None:
    version = publish_map()
    people = User.objects.filter(groups__name="finance")
    names = list(people.values_list("username", flat=True))
    Group.objects.get(name="finance").user_set.clear()
    assert audit_published_maps(now=LATER) > 0
    assert ("role_empty", "finance_review") in found()
    told = len(mails())
    assert told == 2 * len(found())
    assert {*mails()} == {version.template.owner_id, version.template.deputy_id}
    assert audit_published_maps(now=LATER + timedelta(hours=1)) == 0
    assert len(mails()) == told
    for name in names:
        make_user(name, groups=["finance"])
    audit_published_maps(now=LATER + timedelta(hours=2))
    assert found() == set()
    assert set(MapFinding.objects.values_list("closed_at", flat=True)) == {
        LATER + timedelta(hours=2)
    }
    Group.objects.get(name="finance").user_set.clear()
    assert audit_published_maps(now=LATER + timedelta(hours=3)) > 0  # again, so it is told again
    assert len(mails()) == 2 * told


@pytest.mark.parametrize("who", ["olivia", "omar"])
def test_an_owner_or_deputy_who_left_is_found(who: str) -> None:
    publish_map()
    User.objects.filter(username=who).update(is_active=False)
    audit_published_maps(now=LATER)
    assert found() == {("owner_inactive" if who == "olivia" else "deputy_inactive", "")}


def test_a_group_that_is_deleted_is_found_until_it_is_made_anew() -> None:
    publish_map()
    Group.objects.get(name="legal").delete()
    audit_published_maps(now=LATER)
    assert ("group_unknown", "legal_review") in found()
    make_group("legal")
    audit_published_maps(now=LATER)
    assert "group_unknown" not in {code for code, _ in found()}


def test_a_group_that_is_renamed_stays_in_its_roles_and_is_no_finding() -> None:
    publish_map()
    Group.objects.filter(name="legal").update(name="law")
    audit_published_maps(now=LATER)
    assert found() == set()


def test_an_owner_who_left_is_no_finding_once_the_workflow_was_handed_over() -> None:
    version = publish_map()
    User.objects.filter(username="olivia").update(is_active=False)
    WorkflowTemplate.objects.filter(pk=version.template_id).update(owner=make_user("mia"))
    audit_published_maps(now=LATER)
    assert found() == set()


def calling_map() -> TemplateVersion:
    data = map_data()
    data["steps"]["tell"] = {
        "kind": "automation",
        "action": "http",
        "with": {"connection": "erp", "path": "/x"},
        "on_error": {"to": "order", "exception": True},
        "to": "approved",
    }
    data["steps"]["order"]["outcomes"]["ordered"] = "tell"
    owner = make_user("olivia")
    Connection.objects.create(key="erp", name="ERP", base_url="https://erp.example", owner=owner)
    return publish_map(data)


def test_a_connection_that_is_switched_off_or_deleted_is_found() -> None:
    calling_map()
    Connection.objects.update(is_active=False)
    audit_published_maps(now=LATER)
    assert found() == {("connection_off", "tell")}
    Connection.objects.all().delete()
    audit_published_maps(now=LATER)
    assert found() == {("action_told_wrongly", "tell")}


def test_a_permission_that_was_withdrawn_is_found() -> None:
    calling_map()
    audit_published_maps(now=LATER)
    assert found() == set()
    Connection.objects.update(owner=make_user("zoe"))
    audit_published_maps(now=LATER)
    assert found() == {("connection_not_granted", "tell")}


def test_a_calendar_whose_days_off_are_past_is_found() -> None:
    calendar = BusinessCalendar.objects.create(key="plant", name="Plant")
    day = NOW.date().replace(year=2020)
    Closure.objects.create(calendar=calendar, first_day=day, last_day=day, name="Fair")
    publish_map(map_data(calendar="plant"))
    MapFinding.objects.all().delete()
    audit_published_maps(now=LATER)
    assert found() == {("calendar_runs_out", "")}
    BusinessCalendar.objects.update(country="DE")
    audit_published_maps(now=LATER)
    assert found() == set()


def child_and_parent() -> tuple[TemplateVersion, TemplateVersion]:
    child = publish_map(map_data(key="child"))
    given = {"amount": "1.00", "region": "EU", "manager": "mia"}
    data = map_data(key="parent")
    data["steps"]["sub"] = {
        "kind": "subworkflow",
        "workflow": "child",
        "data": given,
        "to": "approved",
        "on_error": {"to": "order", "exception": True},
    }
    data["steps"]["order"]["outcomes"]["ordered"] = "sub"
    return child, publish_map(data)


def test_a_child_workflow_that_is_retired_is_found_and_its_own_findings_are_closed() -> None:
    child, _ = child_and_parent()
    User.objects.filter(username="omar").update(is_active=False)
    audit_published_maps(now=LATER)
    assert child.map_findings.filter(closed_at=None).exists()
    retire_workflow(child.template, actor=None, reason="No need.", running=FINISH, now=LATER)
    audit_published_maps(now=LATER)
    assert ("subworkflow_not_in_use", "sub") in found()
    assert not child.map_findings.filter(closed_at=None).exists()


def test_a_child_workflow_that_asks_for_more_is_found() -> None:
    child_and_parent()
    data = map_data(key="child")
    data["fields"]["needed_by"]["required"] = True
    publish_map(data)
    audit_published_maps(now=LATER)
    assert ("subworkflow_field_missing", "sub") in found()


def test_what_stood_at_publication_is_shown_and_told_to_nobody() -> None:
    data = map_data()
    data["roles"]["legal"] = {"groups": ["legal", "nowhere"]}
    publish_map(data)
    assert found() == {("group_unknown", "legal_review")}
    assert audit_published_maps(now=LATER) == 0
    assert mails() == []


def test_findings_of_a_version_that_is_superseded_are_closed() -> None:
    version = publish_map()
    User.objects.filter(username="omar").update(is_active=False)
    audit_published_maps(now=LATER)
    data = map_data(deputy="mia")
    definitions.publish(
        definitions.load_definition(
            definitions.Definition.model_validate(data), actor=None, now=LATER
        )[0].pk,
        actor=None,
        now=LATER,
    )
    assert not version.map_findings.filter(closed_at=None).exists()
    assert found() == set()


def test_health_shows_them_on_the_page_and_to_machines(client: Client) -> None:
    version = publish_map()
    User.objects.filter(username="omar").update(is_active=False)
    audit_published_maps(now=LATER)
    client.force_login(version.template.owner)
    page = client.get(reverse("reporting:health")).content.decode()
    assert "The map has gone wrong" in page
    said = json.loads(client.get(reverse("reporting:health_json")).content)
    (workflow,) = said["workflows"]
    assert workflow["state"] == said["state"] == "red"
    assert [one["code"] for one in workflow["map_findings"]] == ["deputy_inactive"]


def test_what_the_clock_looks_for_are_findings_that_there_are() -> None:
    assert set(CODES) >= WORLD


class Reversed(English):
    """A language that is read from right to left, word by word."""

    def translate(self, message: str) -> str:
        """The last word first."""
        return " ".join(reversed(message.split(" ")))


def test_a_kept_finding_is_told_in_the_language_of_its_reader() -> None:
    publish_map()
    Group.objects.get(name="finance").user_set.clear()
    audit_published_maps(now=LATER)
    row = MapFinding.objects.get(code="role_empty", step="finance_review")
    assert row.parameters == {"role": "finance", "step": "'Finance review'"}
    assert row.message == (
        "Nobody active is in the role finance: every request that comes to 'Finance review' opens"
        " an incident instead of a task."
    )
    install_translator(Reversed())
    try:
        assert row.message.startswith("task. a of instead incident")
    finally:
        install_translator(ActiveLanguage())
