"""Handoffs between teams: who hands what to whom, at which stage, for whose eyes."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.approvals.office import KEY, ask, ask_approved, decide, many_more, signed_in
from tests.factories import open_task
from tests.workflows.support import only_on_postgres
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.handoffs import (
    OLDEST_OF_EACH_STEP,
    OLDEST_TASKS,
    HandoffStage,
    find_handoffs,
    list_map_handoffs,
    read_live_teams,
)
from workflows.execution.services import work_items as tasks
from workflows.execution.services.agreement.added_approvers import add_approver
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def stages(user: User) -> set[tuple[str, str, HandoffStage]]:
    """Each stage that this person sees requests in, by the names of the two teams."""
    record = find_handoffs(user, read_live_teams(), timezone.now())
    return {
        (handoff.source.name or handoff.source.code, handoff.target.name or handoff.target.code,
         line.stage)
        for handoff, lines in record.lines.items()
        for line in lines
    }  # fmt: skip


def code_of(user: User, name: str) -> str:
    """The code of a group's team."""
    return f"group-{user.groups.get(name=name).pk}"


# -- stages -----------------------------------------------------------------------------------


def test_a_request_that_starts_has_reached_one_team_and_is_on_its_way_to_the_next(
    people: dict[str, User],
) -> None:
    ask(people["sam"])
    assert stages(people["olivia"]) == {
        ("requester", "Manager", HandoffStage.TAKEN),
        ("Manager", "finance", HandoffStage.COMING),
        ("Manager", "legal", HandoffStage.COMING),
    }


def test_the_values_say_to_whom_it_is_on_its_way(people: dict[str, User]) -> None:
    ask(people["sam"], amount="20000")
    assert ("Manager", "legal", HandoffStage.COMING) not in stages(people["olivia"])
    assert ("Manager", "finance", HandoffStage.COMING) in stages(people["olivia"])


def test_what_was_handed_over_has_reached_is_taken_up_and_was_sent_on(
    people: dict[str, User],
) -> None:
    request = ask_approved(people)
    tasks.claim(open_task(request, "budget_check").pk, actor=people["fred"], now=timezone.now())
    assert stages(people["olivia"]) == {
        ("Manager", "legal", HandoffStage.REACHED),
        ("Manager", "finance", HandoffStage.TAKEN),
        ("requester", "Manager", HandoffStage.SENT_ON),
    }


def test_what_goes_back_is_said_to_be_sent_back(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "return", comment="Too dear")
    assert stages(people["olivia"]) == {
        ("requester", "Manager", HandoffStage.SENT_BACK),
        ("requester", "Manager", HandoffStage.COMING),
    }


def test_what_has_ended_lately_was_sent_on_and_what_ended_long_ago_is_left_out(
    people: dict[str, User],
) -> None:
    request = ask_approved(people)
    decide(request, "legal_review", people["lena"], "approve", now=timezone.now())
    decide(request, "budget_check", people["fred"], "done", now=timezone.now())
    other = ask(people["sam"], title="Open")
    sent_on = ("Manager", "finance", HandoffStage.SENT_ON)
    assert sent_on in stages(people["olivia"])
    assert sent_on not in stages(people["stranger"])
    page = signed_in(people["olivia"]).get(
        f"/handoffs/role-{KEY}-manager/{code_of(people['fred'], 'finance')}/"
    )
    assert "Two laptops" in page.content.decode()
    WorkflowInstance.objects.filter(pk=request.pk).update(
        completed_at=timezone.now() - timedelta(days=31)
    )
    assert sent_on not in stages(people["olivia"])
    assert other.is_live


def test_the_maps_handoffs_are_named_in_its_order(people: dict[str, User]) -> None:
    ask(people["sam"])
    pairs = [
        (each.source.name or each.source.code, each.target.name or each.target.code)
        for each in list_map_handoffs(read_live_teams(KEY))
    ]
    assert pairs[:2] == [("requester", "Manager"), ("Manager", "finance")]
    assert ("finance", "legal") in pairs
    assert all(source != target for source, target in pairs)


# -- whose eyes -------------------------------------------------------------------------------


def test_each_sees_only_the_requests_that_they_may_see(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    assert stages(people["stranger"]) == set()
    assert stages(people["lena"]) == set()
    assert stages(people["mia"]) == stages(people["olivia"])
    decide(request, "manager_review", people["mia"], "approve")
    assert ("Manager", "legal", HandoffStage.REACHED) in stages(people["lena"])


def test_a_pair_is_for_its_teams_and_for_who_sees_a_request_of_it(
    people: dict[str, User],
) -> None:
    ask(people["sam"])
    finance, legal = code_of(people["fred"], "finance"), code_of(people["lena"], "legal")
    address = f"/handoffs/role-{KEY}-manager/{legal}/"
    assert signed_in(people["stranger"]).get(address).status_code == 404
    assert signed_in(people["sue"]).get(address).status_code == 404
    for name in ("olivia", "mia", "lena", "sam"):
        assert signed_in(people[name]).get(address).status_code == 200, name
    assert "Two laptops" in signed_in(people["olivia"]).get(address).content.decode()
    assert "Two laptops" not in signed_in(people["lena"]).get(address).content.decode()
    assert signed_in(people["olivia"]).get(f"/handoffs/{finance}/nobody/").status_code == 404


def test_who_was_asked_besides_is_named_and_not_counted_to_the_team(
    people: dict[str, User],
) -> None:
    request = ask_approved(people, amount="20000")
    task = open_task(request, "finance_review")
    add_approver(
        task.pk, actor=people["fred"], person=people["leo"], reason="He knows.", now=timezone.now()
    )
    finance = code_of(people["fred"], "finance")
    page = signed_in(people["olivia"]).get(f"/handoffs/role-{KEY}-manager/{finance}/")
    assert "2 people in finance and Leo Martin (asked besides); nobody has yet" in (
        page.content.decode()
    )


def test_one_request_alone_has_no_half_and_no_oldest(people: dict[str, User]) -> None:
    ask(people["sam"])
    path = f"/handoffs/requester/role-{KEY}-manager/"
    assert "half of them" not in signed_in(people["mia"]).get(path).content.decode()
    ask(people["sam"], title="A lamp")
    assert "half of them" in signed_in(people["mia"]).get(path).content.decode()


def test_a_workflow_that_one_has_nothing_to_do_with_is_not_there(
    people: dict[str, User],
) -> None:
    ask(people["sam"])
    assert signed_in(people["stranger"]).get(f"/handoffs/of/{KEY}/").status_code == 404
    assert signed_in(people["olivia"]).get("/handoffs/of/no-such/").status_code == 404
    text = signed_in(people["olivia"]).get(f"/handoffs/of/{KEY}/").content.decode()
    assert "1 is with us and goes to legal next" in text
    assert "1 is on its way to us from Manager (Purchase approval)" in text


# -- the pages --------------------------------------------------------------------------------


SPREAD = '<span class="hidden">half of them </span>'
"""Of several requests a cell says how long half of them have been there."""


def test_my_page_has_the_handoffs_of_my_teams(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    mine = signed_in(people["mia"]).get("/handoffs/").content.decode()
    assert "<h2>Manager (Purchase approval)</h2>" in mine
    decide(request, "manager_review", people["mia"], "approve")
    text = signed_in(people["lena"]).get("/handoffs/").content.decode()
    assert "<h2>legal</h2>" in text
    assert "<h2>finance</h2>" not in text
    assert text.count(SPREAD) == 0, "one request alone: how long it has been there"
    for _ in range(2):
        ask(people["sam"])
    text = signed_in(people["mia"]).get("/handoffs/").content.decode()
    assert text.count(SPREAD) == text.count('<span class="hidden">the oldest since </span>') > 0
    assert "Nothing is being handed over." in (
        signed_in(people["stranger"]).get("/handoffs/").content.decode()
    )


def test_the_expected_day_is_of_the_past_of_that_step(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    (task,) = WorkItem.objects.filter(request=request)
    WorkItem.objects.filter(pk=task.pk).update(enabled_at=timezone.now())
    for day in range(1, 22):
        past = WorkflowInstance.objects.create(
            template=request.template, version=request.version, prefix="PA",
            state=WorkflowInstance.COMPLETED, started_at=timezone.now(),
            completed_at=timezone.now(),
        )  # fmt: skip
        WorkItem.objects.create(
            request=past, step=task.step, activation=1, state="done", is_open=False,
            in_queue=False, waiting_seconds=day * 86400.0, working_seconds=0.0,
            enabled_at=timezone.now(), completed_at=timezone.now(),
        )  # fmt: skip
    record = find_handoffs(people["olivia"], read_live_teams(), timezone.now())
    (expected,) = {
        line.expected
        for lines in record.lines.values()
        for line in lines
        if line.stage == HandoffStage.COMING
    }
    assert expected is not None
    assert abs(expected - timezone.now() - timedelta(days=11)) < timedelta(minutes=5)


@pytest.mark.parametrize("address", ["/handoffs/", f"/handoffs/of/{KEY}/"])
def test_the_statements_do_not_grow_with_the_requests(
    people: dict[str, User], address: str
) -> None:
    client = signed_in(people["olivia"])
    counts = []
    for number in range(3):
        decide(ask(people["sam"], title=f"R{number}"), "manager_review", people["mia"], "approve")
        ask(people["sam"])
        client.get(address)
        with CaptureQueriesContext(connection) as said:
            assert client.get(address).status_code == 200
        counts.append(len(said))
    assert len(set(counts)) == 1
    assert counts[0] <= 14


@only_on_postgres
def test_the_oldest_tasks_are_found_by_the_index(people: dict[str, User]) -> None:
    (task,) = WorkItem.objects.filter(request=ask(people["sam"]))
    many_more(task, open_ones=1_500, finished=20_000)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + OLDEST_OF_EACH_STEP, [[task.step_id], OLDEST_TASKS])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "open_by_step" in plan
