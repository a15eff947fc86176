"""The page of a workflow: pausing, resuming and retiring it by whoever answers for it."""

import re
from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from tests.approvals.api.calls import Api, problem, start_body
from tests.approvals.office import KEY, PURCHASE, ask, everything, open_office, signed_in
from tests.factories import NOW, open_task
from tests.workflows.test_admin_maps import make_staff_of
from workflows.automation.services.delivery import deliver_due
from workflows.definitions.lifecycle import pausing
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.services.publishing import load_definition, publish
from workflows.definitions.services.schedule_planning import ensure_schedules
from workflows.engine.errors import NotAllowed, WorkflowPaused, WorkflowRetired, WrongState
from workflows.engine.format.definition import Definition
from workflows.execution.models import Incident, WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.outbox.choices import MessageKind
from workflows.outbox.models import OutboxMessage
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db
PAGE = f"/workflows/{KEY}/"
LATER = NOW + timedelta(hours=2)


@pytest.fixture
def people() -> dict[str, User]:
    return open_office()


def workflow() -> WorkflowTemplate:
    return WorkflowTemplate.objects.get(key=KEY)


def halt(by: User | None, running: str = pausing.GO_ON, now: Any = LATER) -> None:
    pausing.pause_workflow(workflow(), actor=by, reason="Stocktaking.", running=running, now=now)


def published(key: str, steps: dict[str, Any], **start: Any) -> TemplateVersion:
    """A map that begins with these steps; whoever asked may still call it off."""
    asked = {"role": "staff", "fields": [], "first": next(iter(steps)), **start}
    no = {"kind": "end", "result": "refused"}
    ends = {"done": {"kind": "end", "result": "done"}, "refused": no}
    head = {"format": 1, "key": key, "name": key.title(), "owner": "olivia", "deputy": "omar"}
    roles = {"staff": {"groups": ["staff"]}}
    data = {**head, "calendar": "24/7", "roles": roles, "start": asked, "steps": {**steps, **ends}}
    version, _ = load_definition(Definition.model_validate(data), actor=None, now=NOW)
    return publish(version.pk, actor=None, now=NOW)


LOOK = {
    "kind": "task",
    "role": "staff",
    "expected": "1h",
    "outcomes": {
        "ok": "done",
        "no": {"to": "refused", "exception": True},
        "off": {"to": "refused", "exception": True},
    },
}


# -- who, and what the page says ----------------------------------------------------------------


def test_an_owner_who_is_not_staff_pauses_and_resumes_it_from_its_page(
    people: dict[str, User],
) -> None:
    client = signed_in(people["olivia"])
    assert "Pause the workflow" in client.get(PAGE).content.decode()
    answer = client.post(f"{PAGE}pause/", {"running": "go_on", "reason": "Stocktaking."})
    assert answer.url == PAGE
    text = client.get(PAGE).content.decode()
    assert "Stocktaking." in text
    assert "Olivia Grant" in text
    assert "Pause the workflow" not in text
    row = TrailEvent.objects.get(command="pause_workflow")
    assert (row.actor, row.changes["running"]) == (people["olivia"], "go_on")
    assert row.changes["reason"] == "Stocktaking."
    client.post(f"{PAGE}resume/", {"running": "resume", "reason": "Counted."})
    assert workflow().paused_at is None
    assert TrailEvent.objects.get(command="resume_workflow").actor == people["olivia"]


@pytest.mark.parametrize("who", ["sam", "stranger"])
@pytest.mark.parametrize("course", ["pause", "resume", "retire"])
def test_nobody_else_sees_the_page_or_changes_it(
    people: dict[str, User], who: str, course: str
) -> None:
    client, before = signed_in(people[who]), everything()
    assert client.get(PAGE).status_code == 404
    given = {"running": "go_on", "reason": "Mine."}
    assert client.post(f"{PAGE}{course}/", given).status_code == 404
    assert (everything(), workflow().paused_at) == (before, None)
    with pytest.raises(NotAllowed):
        halt(people[who])
    assert workflow().paused_at is None


def test_without_a_reason_or_a_choice_nothing_is_done_and_the_text_is_kept(
    people: dict[str, User],
) -> None:
    client = signed_in(people["olivia"])
    answer = client.post(f"{PAGE}pause/", {"running": "", "reason": "Kept <text>"})
    assert answer.status_code == 422
    assert "Kept &lt;text&gt;" in answer.content.decode()
    assert workflow().paused_at is None


def test_it_is_paused_and_resumed_once(people: dict[str, User]) -> None:
    halt(people["olivia"])
    with pytest.raises(WrongState):
        halt(people["omar"])
    pausing.resume_workflow(workflow(), actor=None, reason="On.", running="resume", now=LATER)
    with pytest.raises(WrongState):
        pausing.resume_workflow(workflow(), actor=None, reason="On.", running="resume", now=LATER)


# -- no door starts it --------------------------------------------------------------------------


def test_no_person_starts_a_paused_workflow_by_form_or_api(people: dict[str, User]) -> None:
    halt(people["olivia"])
    client, before = signed_in(people["sam"]), everything()
    text = client.get("/start/").content.decode()
    assert "Stocktaking." in text
    assert f'href="/start/{KEY}/"' not in text
    assert client.get(f"/start/{KEY}/").status_code == 409
    form = {"title": "Two", "f-amount": "12", "f-region": "EU", "f-manager": "mia"}
    answer = client.post(f"/start/{KEY}/", form)
    assert answer.status_code == 409
    assert "is paused" in answer.content.decode()
    refused = Api(people["sam"]).post("/instances", start_body())
    problem(refused, 409, "paused")
    assert refused.json()["type"] == "urn:handoff:workflow-paused"
    assert everything() == before


def test_its_schedule_starts_nothing_and_is_not_made_up_for(people: dict[str, User]) -> None:
    cron = [{"kind": "schedule", "cron": "0 * * * *"}]
    version = published("hourly", {"look": LOOK}, triggers=cron)
    ensure_schedules(now=NOW)
    pausing.pause_workflow(version.template, actor=None, reason="Off.", running="go_on", now=NOW)
    OutboxMessage.objects.filter(kind=MessageKind.MAIL).delete()
    soon = NOW + timedelta(hours=1, minutes=5)
    deliver_due(lambda: soon)
    assert not WorkflowInstance.objects.filter(template=version.template).exists()
    assert TrailEvent.objects.get(command="skip_start").changes["code"] == "workflow_paused"
    assert not OutboxMessage.objects.filter(kind=MessageKind.MAIL).exists()
    pausing.resume_workflow(version.template, actor=None, reason="On.", running="resume", now=soon)
    deliver_due(lambda: soon)
    assert not WorkflowInstance.objects.filter(template=version.template).exists()
    deliver_due(lambda: soon + timedelta(hours=1))
    assert WorkflowInstance.objects.filter(template=version.template).count() == 1


def test_another_workflow_does_not_start_it_and_its_step_says_why(
    people: dict[str, User],
) -> None:
    child = published("child", {"look": LOOK})
    call = {"kind": "subworkflow", "workflow": "child", "to": "look"}
    parent = published("parent", {"call": call, "look": LOOK})
    pausing.pause_workflow(child.template, actor=None, reason="Off.", running="go_on", now=NOW)
    requests.start_on_version(parent, actor=people["sam"], now=NOW)
    deliver_due(lambda: NOW + timedelta(minutes=1))
    assert not WorkflowInstance.objects.filter(template=child.template).exists()
    incident = Incident.objects.get()
    assert incident.code == "workflow_paused"
    assert "is paused" in incident.message


# -- what runs ----------------------------------------------------------------------------------


def test_with_suspend_what_runs_is_halted_and_goes_on_with_the_workflow(
    people: dict[str, User],
) -> None:
    halted, own = ask(people["sam"]), ask(people["sue"])
    requests.suspend(own.pk, actor=people["olivia"], reason="Apart.", now=NOW)
    halt(people["olivia"], pausing.SUSPEND)
    states = dict(WorkflowInstance.objects.values_list("pk", "state"))
    assert states == {halted.pk: "suspended", own.pk: "suspended"}
    pausing.resume_workflow(
        workflow(),
        actor=people["omar"],
        reason="On.",
        running="resume",
        now=LATER + timedelta(hours=1),
    )
    states = dict(WorkflowInstance.objects.values_list("pk", "state"))
    assert states == {halted.pk: "running", own.pk: "suspended"}


def test_with_go_on_what_runs_can_still_be_decided(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    halt(people["olivia"])
    client = signed_in(people["mia"])
    assert client.get(f"/tasks/{open_task(request, 'manager_review').pk}/").status_code == 200
    assert WorkflowInstance.objects.get().state == "running"


@pytest.mark.parametrize(("running", "state"), [("finish", "running"), ("cancel", "cancelled")])
def test_it_is_retired_from_its_page_and_says_so_at_every_start(
    people: dict[str, User], running: str, state: str
) -> None:
    request = ask(people["sam"])
    halt(people["olivia"])
    client = signed_in(people["olivia"])
    said = {"running": running, "reason": "Bought in."}
    asked = client.post(f"{PAGE}retire/", said)
    assert asked.status_code == 409
    assert "Yes, retire it with 1 request under way" in asked.content.decode()
    assert "Bought in." in asked.content.decode()
    assert client.post(f"{PAGE}retire/", said | {"under_way": "7"}).status_code == 409
    request.refresh_from_db()
    assert request.state == "running"
    assert not TrailEvent.objects.filter(command="retire").exists()
    answer = client.post(f"{PAGE}retire/", said | {"under_way": "1"})
    assert answer.url == PAGE
    request.refresh_from_db()
    assert request.state == state
    assert workflow().paused_at is None
    assert "out of use" in client.get(PAGE).content.decode()
    assert TrailEvent.objects.get(command="retire").changes["running"] == running
    with pytest.raises(WorkflowRetired):
        requests.start(KEY, actor=people["sam"], now=timezone.now())


def test_whoever_retires_it_sees_who_is_on_which_version_and_can_move_them_first(
    people: dict[str, User],
) -> None:
    request = ask(people["sam"])
    client = signed_in(people["olivia"])
    one_version = client.get(f"{PAGE}retire/").content.decode()
    assert "1 of them is on version 1." in one_version
    assert "first" not in one_version.split("on version 1.")[1].split("</ul>")[0]
    newer = load_renamed()
    assert "Who has the admin" not in client.get(f"{PAGE}retire/").content.decode()
    make_staff_of("olivia")
    assert "Version 2 is a draft" in client.get(f"{PAGE}retire/").content.decode()
    publish(newer.pk, actor=None, now=LATER)
    move_page = reverse("admin:move_requests", args=[newer.pk])
    assert f'{move_page}?retiring=1">Move them to version 2 first' in (
        client.get(f"{PAGE}retire/").content.decode()
    )
    User.objects.filter(username="olivia").update(is_staff=False)
    text = client.get(f"{PAGE}retire/").content.decode()
    assert "Who has the admin can move them to version 2 first." in text
    assert move_page not in text
    requests.cancel(request.pk, actor=None, reason="Over.", now=LATER)
    assert "on version" not in client.get(f"{PAGE}retire/").content.decode()


def load_renamed() -> TemplateVersion:
    """A newer draft of the workflow."""
    text = yaml.safe_load(PURCHASE) | {"name": "Buying"}
    version, _ = load_definition(Definition.model_validate(text), actor=None, now=NOW)
    return version


# -- a new version without the admin ------------------------------------------------------------


def test_an_owner_who_is_not_staff_changes_the_map_by_its_file(people: dict[str, User]) -> None:
    client = signed_in(people["olivia"])
    client.post(f"{PAGE}draft/")
    text = client.get(f"{PAGE}versions/2.yaml").content.decode()
    assert yaml.safe_load(text)["key"] == KEY
    changed = text.replace("Purchase approval", "Buying")
    file = SimpleUploadedFile("map.yaml", changed.encode())
    assert client.post(f"{PAGE}load/", {"file": file}).url == PAGE
    assert client.post(f"{PAGE}versions/3/publish/").url == PAGE
    assert workflow().name == "Buying"


def test_a_file_of_another_workflow_or_none_is_refused_on_the_page(
    people: dict[str, User],
) -> None:
    client, count = signed_in(people["olivia"]), TemplateVersion.objects.count()
    other = SimpleUploadedFile("x.yaml", PURCHASE.replace(KEY, "another-one").encode())
    for sent in ({"file": other}, {}):
        answer = client.post(f"{PAGE}load/", sent)
        assert answer.status_code == 422
        assert "file" in answer.content.decode()
    assert TemplateVersion.objects.count() == count


def test_a_get_of_a_button_leads_to_the_page_that_has_it(people: dict[str, User]) -> None:
    client, before = signed_in(people["olivia"]), everything()
    for path in (f"{PAGE}draft/", f"{PAGE}load/"):
        assert client.get(path).url == PAGE
    assert everything() == before
    assert WorkflowPaused  # a start says why in words and as a code


def test_a_review_is_begun_by_hand_and_is_not_overdue_at_birth(people: dict[str, User]) -> None:
    client = signed_in(people["olivia"])
    answer = client.post(f"/reports/reviews/of/{KEY}/begin/")
    text = client.get(answer.url).content.decode()
    assert "in progress" in text
    assert "overdue" not in text
    again = client.post(f"/reports/reviews/of/{KEY}/begin/")
    assert again.status_code == 409
    assert TrailEvent.objects.filter(command="review_begin").count() == 1


@pytest.mark.parametrize(("running", "asked"), [("go_on", False), ("suspend", True)])
def test_what_becomes_of_suspended_requests_is_asked_only_where_there_are_any(
    people: dict[str, User], running: str, asked: bool
) -> None:
    ask(people["sam"])
    client = signed_in(people["olivia"])
    given = {"running": running, "reason": "Stocktaking."}
    assert client.post(f"{PAGE}pause/", given).status_code == 302
    text = client.get(f"{PAGE}resume/").content.decode()
    assert ('type="radio"' in text) is asked
    assert ("the pause suspended 1 of them" in text) is asked
    way = re.search(r'type="hidden" name="running" value="(\w+)"', text)
    chosen = way[1] if way else "resume"
    assert client.post(f"{PAGE}resume/", {"running": chosen, "reason": "On."}).status_code == 302
    assert workflow().paused_at is None
    assert WorkflowInstance.objects.get().state == "running"
