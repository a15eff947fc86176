"""Ruth is away, Omar stands in: the page that says so, and the record everywhere."""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_user, open_task, publish_map, start_request
from workflows.execution.models import WorkflowInstance
from workflows.people.models import Absence, User
from workflows.people.services.absences import AbsencePlan, end_absence, set_absence
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def ruth() -> User:
    return make_user("ruth", groups=["finance"], first_name="Ruth", last_name="Roe")


@pytest.fixture
def stan() -> User:
    return make_user("stan", first_name="Stan", last_name="Inn")


@pytest.fixture
def request_of_ruth(ruth: User) -> WorkflowInstance:
    return start_request(publish_map(), manager="ruth")


def page(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def days(first: int, last: int) -> dict[str, str]:
    today = timezone.localdate()
    return {
        "first_day": (today + timedelta(days=first)).isoformat(),
        "last_day": (today + timedelta(days=last)).isoformat(),
    }


def set_away(person: User, deputy: User, last: int = 5) -> Absence:
    today = timezone.localdate()
    plan = AbsencePlan(deputy=deputy, first_day=today, last_day=today + timedelta(days=last))
    return set_absence(person, plan, by=person, now=timezone.now())


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_a_person_sets_changes_and_ends_their_absence_on_a_page(
    ruth: User, stan: User, request_of_ruth: WorkflowInstance
) -> None:
    client = page(ruth)
    assert "/away/" in text_of(client.get("/accounts/"))
    answer = client.post("/away/", {**days(0, 5), "deputy": "stan", "where": "every"}, follow=True)
    assert "Stan Inn is to stand in for you" in text_of(answer)
    absence = Absence.objects.get(person=ruth)
    answer = client.post(
        f"/away/{absence.pk}/",
        {
            **days(0, 6),
            "deputy": "stan",
            "where": "chosen",
            "workflows": [request_of_ruth.template_id],
        },
        follow=True,
    )
    absence.refresh_from_db()
    assert (absence.every_workflow, absence.workflows.get()) == (False, request_of_ruth.template)
    assert "for Ruth Roe, in" in text_of(page(stan).get("/away/"))
    assert "any more" in text_of(client.post(f"/away/{absence.pk}/end/", follow=True))
    assert Absence.objects.get().ended_at is not None


def test_what_is_refused_is_said_on_the_page_and_nothing_is_set(ruth: User, stan: User) -> None:
    client = page(ruth)
    answer = client.post("/away/", {**days(3, 1), "deputy": "stan", "where": "every"})
    assert (answer.status_code, Absence.objects.count()) == (422, 0)
    assert "before the first" in text_of(answer)
    answer = client.post("/away/", {**days(0, 1), "deputy": "nobody", "where": "every"})
    assert "Nobody has this login" in text_of(answer)
    absence = set_away(ruth, stan)
    for address in (f"/away/{absence.pk}/", f"/away/{absence.pk}/end/"):
        assert page(stan).post(address, {}).status_code == 404
    assert page(stan).get("/away/999999/").status_code == 404


def test_the_inbox_has_a_section_and_a_filter_for_ruth(
    ruth: User, stan: User, request_of_ruth: WorkflowInstance
) -> None:
    task = open_task(request_of_ruth, "manager_review")
    assert page(stan).get(f"/tasks/{task.pk}/").status_code == 404
    set_away(ruth, stan)
    inbox = page(stan).get("/")
    assert [section.heading for section in inbox.context["page"].sections] == ["For Ruth Roe"]
    assert "For Ruth Roe</h2>" in text_of(inbox)
    assert inbox.context["page"].count.value == 1
    mine, hers = page(stan).get("/?for=mine"), page(stan).get("/?for=ruth")
    assert (mine.context["page"].sections, mine.context["page"].count.value) == ([], 0)
    assert [row.id for row in hers.context["page"].sections[0].rows] == [task.pk]
    assert page(stan).get("/?for=somebody").context["page"].sections == []
    assert page(ruth).get("/").context["page"].sections[0].rows[0].id == task.pk
    assert not page(ruth).get("/").context["page"].tabs


def test_omar_for_ruth_everywhere_on_the_record(
    ruth: User, stan: User, request_of_ruth: WorkflowInstance
) -> None:
    set_away(ruth, stan)
    reference, task = request_of_ruth.reference, open_task(request_of_ruth, "manager_review")
    sam = page(User.objects.get(username="sam"))
    assert "Stan Inn stands in" in text_of(sam.get(f"/requests/{reference}/"))
    assert "Stan Inn stands in" in text_of(sam.get("/requests/"))
    client = page(stan)
    opened = client.get(f"/tasks/{task.pk}/")
    assert "You stand in for Ruth Roe" in text_of(opened)
    decision = {"outcome": "approve", "comment": "Good.", "opened": opened.context["opened"]}
    answer = client.post(f"/tasks/{task.pk}/", decision, follow=True)
    assert answer.status_code == 200
    event = TrailEvent.objects.filter(command="decide").latest("pk")
    assert (event.actor_name, event.acted_for, event.capacity) == ("stan", "ruth", "stand_in")
    assert "Stan Inn for Ruth Roe" in text_of(sam.get(f"/requests/{reference}/"))
    olivia = page(User.objects.get(username="olivia"))
    assert "for ruth" in text_of(olivia.get(f"/requests/{reference}/"))
    assert "Stan Inn for Ruth Roe" in text_of(page(ruth).get(f"/tasks/{task.pk}/"))
    rows = _csv_rows(olivia, request_of_ruth)
    assert [row["acted_for"] for row in rows if row["command"] == "decide"] == ["ruth"]


def _csv_rows(client: Client, instance: WorkflowInstance) -> list[Mapping[str, str]]:
    answer = client.get(f"/reports/audit.csv?workflow={instance.template.key}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def test_a_former_deputy_sees_what_they_did_and_nothing_else(
    ruth: User, stan: User, request_of_ruth: WorkflowInstance
) -> None:
    other = start_request(request_of_ruth.version, manager="ruth")
    absence = set_away(ruth, stan)
    client = page(stan)
    task = open_task(request_of_ruth, "manager_review")
    assert client.post(f"/tasks/{task.pk}/claim/", follow=True).status_code == 200
    end_absence(absence.pk, by=ruth, now=timezone.now())
    assert client.get(f"/requests/{request_of_ruth.reference}/").status_code == 200
    assert client.get(f"/requests/{other.reference}/").status_code == 404
    assert "is with Ruth Roe" in text_of(client.get(f"/tasks/{task.pk}/"))
