"""The demo: maps without errors, and a past in which each page finds what it is for."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import median

import pytest
from django.contrib.auth import authenticate
from django.test import TestCase

from approvals.pages.task import task_page
from workflows.access.permissions import may_audit, may_manage, step_ids_performable_by
from workflows.connections.models import Connection
from workflows.definitions.models import WorkflowTemplate
from workflows.definitions.queries.compiled_versions import forget_maps, get_version_map
from workflows.definitions.services.publishing import audit_version, load_definition, publish
from workflows.demo.company import ADMIN, EMPLOYEES, MAPS, PASSWORD, WORKFLOWS, make_company
from workflows.demo.load import load_demo
from workflows.demo.simulation import DemoSimulation
from workflows.documents.models import Document
from workflows.engine.audit import AnyPeople, audit_definition
from workflows.engine.format.files import read_definition, write_definition
from workflows.engine.timing.working_time import calendar_named
from workflows.execution.models import (
    AddedPerson,
    Incident,
    MergeRecord,
    WorkflowInstance,
    WorkItem,
)
from workflows.outbox.models import Attempt, OutboxMessage
from workflows.people.models import User
from workflows.resources.models import Hold, Resource
from workflows.trail.models import TrailEvent

NOW = datetime(2026, 6, 17, 14, 20, tzinfo=UTC)
"""A Wednesday afternoon."""

VOLUME = 0.15

MEANT = {
    "contract_review": ["branches_write_same_field"],
    "employee_onboarding": ["error_way_missing"],
}
"""Warnings that the demo is to show."""


@pytest.mark.parametrize("name", WORKFLOWS)
def test_each_map_is_well_formed_and_has_no_error(name: str) -> None:
    definition = read_definition((MAPS / f"{name}.yaml").read_bytes(), name=name)

    findings = audit_definition(definition, AnyPeople())
    assert [finding.code for finding in findings] == MEANT.get(name, [])
    assert read_definition(write_definition(definition), name=name) == definition
    assert len(definition.purpose or "") > 40


class TestTheDemo(TestCase):
    """A small demo, loaded once; each test only looks at it."""

    @classmethod
    def setUpTestData(cls) -> None:
        """The company and its past."""
        forget_maps()
        load_demo(now=NOW, seed=7, volume=VOLUME)

    def test_each_map_has_no_error_with_the_companys_people(self) -> None:
        for template in WorkflowTemplate.objects.all():
            version = template.versions.get(state="published")
            assert not [f for f in audit_version(version) if f.severity == "error"], template
            assert template.owner != template.deputy

    def test_every_workflow_has_open_and_finished_requests(self) -> None:
        for template in WorkflowTemplate.objects.all():
            assert template.instances.filter(state="running").exists(), template
            assert template.instances.filter(state="completed").exists(), template

    def test_the_past_is_in_the_order_of_time_and_none_of_it_is_in_the_future(self) -> None:
        times = list(TrailEvent.objects.order_by("id").values_list("recorded_at", flat=True))

        assert times == sorted(times)
        assert times[-1] <= NOW
        assert times[0] < NOW - timedelta(days=120)

    def test_everything_happens_in_office_hours(self) -> None:
        office = calendar_named(None)
        minute = timedelta(minutes=1)
        for moment in TrailEvent.objects.values_list("recorded_at", flat=True):
            near = office.between(moment - minute, moment + minute)
            assert near, moment

    def test_one_merge_waits_for_its_owner_to_choose(self) -> None:
        merge = MergeRecord.objects.filter(state=MergeRecord.CONFLICT).last()

        assert merge is not None
        assert set(merge.conflicts) == {"payment_terms"}
        incident = Incident.objects.get(request=merge.request, code="merge_conflict")
        assert str(incident.owner) == "helen"

    def test_one_task_is_for_nobody_and_its_owner_was_told(self) -> None:
        """Anja asked for it, so it is not hers to put right: her deputy's."""
        incident = Incident.objects.get(
            code="nobody", state=Incident.OPEN, request__requester__username="anja"
        )

        assert "separation of duties" in incident.message
        assert incident.owner == incident.request.template.deputy

    def test_something_is_overdue(self) -> None:
        assert WorkItem.objects.open().filter(due_at__lt=NOW).exists()

    def test_legal_review_is_the_slow_step(self) -> None:
        def waited(step: str) -> float:
            done = WorkItem.objects.filter(step__key=step, waiting_business_seconds__isnull=False)
            seconds = done.values_list("waiting_business_seconds", flat=True)
            return median(one for one in seconds if one is not None)

        assert waited("legal_review") > 2 * waited("finance_review")

    def test_there_are_documents_comments_send_backs_and_rejections(self) -> None:
        assert Document.objects.filter(version=1).exists()
        assert WorkItem.objects.exclude(comment="").exists()
        assert WorkItem.objects.filter(round__gt=1).exists()
        assert WorkflowInstance.objects.filter(result="rejected").exists()

    def test_every_login_finds_something_in_its_inbox(self) -> None:
        for employee in EMPLOYEES:
            user = User.objects.get(username=employee.username)
            mine = WorkItem.objects.open().filter(assignee=user)
            shared = WorkItem.objects.open().filter(
                in_queue=True, step__in=step_ids_performable_by(user)
            )
            assert mine.exists() or shared.exists(), employee.username

    def test_every_login_opens_its_inbox(self) -> None:
        for employee in EMPLOYEES:
            self.client.force_login(User.objects.get(username=employee.username))
            assert self.client.get("/").status_code == 200, employee.username

    def test_everybody_can_sign_in_with_the_documented_password(self) -> None:
        assert authenticate(username="david", password=PASSWORD) is not None
        assert User.objects.filter(is_active=True).count() == len(EMPLOYEES) + 1

    def test_only_the_administrator_is_a_superuser(self) -> None:
        assert [u.username for u in User.objects.filter(is_superuser=True)] == [ADMIN]
        staff = set(User.objects.filter(is_staff=True).values_list("username", flat=True))
        assert staff == {ADMIN, "nora", "yusuf"}

    def test_the_auditor_reads_all_workflows_and_manages_none(self) -> None:
        rosa = User.objects.get(username="rosa")
        templates = list(WorkflowTemplate.objects.all())

        assert all(may_audit(rosa, template) for template in templates)
        assert not any(may_manage(rosa, template) for template in templates)

    def test_ops_staff_manage_all_workflows(self) -> None:
        yusuf = User.objects.get(username="yusuf")

        assert all(may_manage(yusuf, template) for template in WorkflowTemplate.objects.all())

    def test_everybody_may_start_every_workflow(self) -> None:
        assert WorkflowTemplate.objects.startable_by(
            User.objects.get(username="omar")
        ).count() == len(WORKFLOWS)

    def test_a_call_that_failed_waits_for_its_owner_with_all_its_attempts(self) -> None:
        incident = Incident.objects.get(code="name_not_found", state=Incident.OPEN)

        tried = Attempt.objects.filter(request=incident.request, activation=incident.activation)
        assert [(one.number, one.code) for one in tried] == [
            (number, "name_not_found") for number in (1, 2, 3)
        ]
        assert str(incident.owner) == "anja"
        assert Connection.objects.get().base_url.split("/")[2].endswith("demo.invalid")

    def test_earlier_calls_were_skipped_and_sent_elsewhere_with_a_reason(self) -> None:
        ways = TrailEvent.objects.filter(command__in=("skip", "reroute"))

        assert set(ways.values_list("command", flat=True)) == {"skip", "reroute"}
        assert all(event.comment for event in ways)

    def test_an_onboarding_ended_after_its_equipment_request(self) -> None:
        children = WorkflowInstance.objects.filter(parent__isnull=False)

        assert {child.template.key for child in children} == {"equipment-request"}
        done = children.filter(parent__result="settled_in").select_related("parent").first()
        assert done is not None
        assert done.parent is not None
        assert done.parent.data["delivery"] == done.result

    def test_reviews_started_by_schedule_and_the_next_start_is_written_down(self) -> None:
        reviews = WorkflowInstance.objects.filter(source=WorkflowInstance.SCHEDULE)

        assert {review.template.key for review in reviews} == {"access-review"}
        assert reviews.count() >= 3
        following = OutboxMessage.objects.get(kind="schedule", state="waiting")
        assert following.run_after > NOW

    def test_late_work_was_escalated_to_the_people_team(self) -> None:
        late = AddedPerson.objects.filter(work_item__is_open=True, role="people")

        assert {"anja", "ben"} == set(late.values_list("user__username", flat=True))
        assert TrailEvent.objects.filter(command="remind").exists()

    def test_of_one_task_at_most_the_latest_reminder_is_left_to_be_told(self) -> None:
        told = OutboxMessage.objects.filter(kind="tell").values_list("payload__trail", flat=True)
        reminders = TrailEvent.objects.filter(pk__in=list(told), command="remind")
        tasks = list(reminders.values_list("work_item", flat=True))
        assert tasks
        assert len(tasks) == len(set(tasks))

    def test_a_kit_that_two_visits_want_at_once_is_named_to_who_sets_it_aside(self) -> None:
        task = WorkItem.objects.open().get(
            step__key="bring_kit", request__requester__username="clara"
        )
        tessa = User.objects.get(username="tessa")

        (line,) = task_page(tessa, task.pk, NOW).holds
        assert "Microscope kit" in line.text
        assert line.is_wrong
        assert len(line.others) == 1

    def test_rooms_kits_and_a_budget_are_there_and_nothing_is_had_twice(self) -> None:
        assert set(Resource.objects.values_list("group", flat=True)) == {
            "rooms",
            "demonstration-kits",
            "cost-centres",
        }
        assert Hold.objects.filter(state="held").exists()
        held = Hold.objects.exclude(state="released").exclude(starts_at=None)
        taken = list(held.order_by("resource", "starts_at"))
        for one, following in pairwise(taken):
            is_apart = one.resource_id != following.resource_id
            assert is_apart or one.ends_at <= following.starts_at

    def test_a_table_says_who_agrees_and_each_part_has_a_task_of_its_own(self) -> None:
        visit = WorkflowInstance.objects.filter(template__key="customer-workshop").first()
        assert visit is not None
        assert visit.data["level"] in ("reception", "budget owner")
        parts = WorkItem.objects.filter(step__key="prepare_part")
        assert {task.rows for task in parts} > {"0", "1"}

    def test_nothing_of_the_past_is_left_to_be_delivered(self) -> None:
        old = OutboxMessage.objects.filter(state="waiting", run_after__lt=NOW - timedelta(days=1))

        assert not old.exists()
        assert not OutboxMessage.objects.filter(state="taken").exists()
        assert OutboxMessage.objects.filter(kind="mail").count() < 40


@pytest.mark.django_db
def test_what_an_owner_asked_for_is_steered_by_the_deputy() -> None:
    """Nobody steers what they asked for, and a past in which the owner asks stops the start."""
    people = make_company()
    began = NOW - timedelta(days=30)
    version, _ = load_definition(
        read_definition((MAPS / "contract_review.yaml").read_bytes(), name="contract_review"),
        actor=None,
        now=began,
    )
    simulation = DemoSimulation(
        Random(1), NOW, people, [publish(version.pk, actor=None, now=began)]
    )
    instance = simulation.start(
        "contract-review", "helen", began, scripted=True, value="48000.00", personal_data=False
    )
    for step, login, outcome, values in (
        ("intake", "david", "complete", {}),
        ("finance_review", "priya", "agree", {"payment_terms": "60 days"}),
        ("legal_review", "david", "agree", {"payment_terms": "30 days"}),
    ):
        simulation.decide_as(instance, step, login, outcome, began, **values)
    assert MergeRecord.objects.get().state == MergeRecord.CONFLICT

    simulation._plan_choice(get_version_map(version), instance, began)
    simulation.run()

    assert MergeRecord.objects.get().state == MergeRecord.FIRED
    chosen = TrailEvent.objects.get(request=instance, command="resolve_merge")
    assert str(chosen.actor) == "david"
