"""What of the ownership of workflows has rotted: the page, its file, and what it costs to ask."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reporting.decay.queries import find_decay
from tests.factories import let, make_failed_attempt, make_user
from tests.workflows import drawn
from tests.workflows.support import begin, make_people, person, publish
from workflows.access.conditions import AUDIT
from workflows.access.services.rights_trail import suppress_fact_recording
from workflows.connections.models import Connection
from workflows.execution.models import WorkItem
from workflows.outbox.models import Attempt
from workflows.people.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]
NOW = timezone.now()


def seen_today() -> None:
    User.objects.update(last_login=NOW)


def found(reader: str = "olga") -> set[tuple[str, str]]:
    rows = find_decay(person(reader), now=NOW)
    return {(row.kind.value, row.thing) for row in rows}


def test_where_all_is_well_nothing_is_said() -> None:
    make_people()
    publish(drawn.sequential())
    seen_today()
    assert found() == set()


def test_an_owner_who_is_gone_or_has_not_signed_in_for_sixty_days() -> None:
    make_people()
    publish(drawn.sequential())
    publish(drawn.quorum(2) | {"owner": "dan", "deputy": "mona"})
    seen_today()
    let(person("rita"), AUDIT)
    User.objects.filter(username="olga").update(is_active=False)
    User.objects.filter(username="dan").update(last_login=NOW - timedelta(days=61))
    assert found("rita") == {
        ("owner_gone", "Drawn for a test"),
        ("owner_idle", "Drawn for a test"),
    }


def test_a_role_with_nobody_too_few_or_one_person() -> None:
    make_people()
    publish(drawn.quorum(3))
    seen_today()
    crew = Group.objects.get(name="crew")
    crew.user_set.set(User.objects.filter(username__in=["ann", "bob"]))
    assert ("role_empty", "Drawn for a test v1: Review") in found()
    Group.objects.get(name="bosses").user_set.set([person("mona")])
    assert ("one_person", "Drawn for a test v1: Pay") in found()


def test_a_connection_whose_owner_is_gone_or_by_which_nothing_went_well_for_a_week() -> None:
    make_people()
    data = drawn.sequential()
    data["steps"]["tell"] = {
        "kind": "automation",
        "action": "http",
        "with": {"connection": "erp", "path": "/x"},
        "on_error": {"to": "done", "exception": True},
        "to": "done",
    }
    data["steps"]["pay"]["outcomes"]["paid"] = "tell"
    erp = Connection.objects.create(
        key="erp", name="ERP", base_url="https://x.example", owner=person("olga")
    )
    flow = begin(data)
    seen_today()
    flow.decide("review", "ok")
    flow.decide("pay", "paid", "mona", data={"code": "1"})
    item = WorkItem.objects.get(request=flow.request, step__key="tell")
    for number, days in enumerate((9, 2), start=1):
        tried(item, number, NOW - timedelta(days=days))
    assert ("connection_failing", "ERP") in found()
    tried(item, 3, NOW - timedelta(days=1), state=Attempt.SUCCEEDED)
    assert ("connection_failing", "ERP") not in found()
    erp.owner = person("cat")
    erp.save()
    User.objects.filter(username="cat").update(is_active=False)
    assert ("owner_gone", "ERP") not in found()  # not theirs to see
    make_user("boss", is_superuser=True, last_login=NOW)
    assert ("owner_gone", "ERP") in found("boss")


def tried(item: WorkItem, number: int, at: datetime, **columns: Any) -> None:
    attempt = make_failed_attempt(item, number=number)
    Attempt.objects.filter(pk=attempt.pk).update(started_at=at, **columns)


def test_an_expected_time_that_nobody_meets() -> None:
    flow = begin(drawn.sequential())
    seen_today()
    flow.decide("review", "ok")
    item = WorkItem.objects.get(request=flow.request, step__key="review")
    WorkItem.objects.filter(pk=item.pk).update(
        completed_at=NOW, waiting_business_seconds=10**7, working_business_seconds=1
    )
    for number in range(2, 6):
        item.pk, item.activation = None, 100 + number
        item._state.adding = True
        item.completed_at = NOW
        item.waiting_business_seconds, item.working_business_seconds = 10**7, 1
        WorkItem.objects.bulk_create([item])
    assert ("expected_unmet", "Drawn for a test v1: Review") in found()


def test_the_page_says_what_to_do_next_and_leads_there_who_may_go() -> None:
    make_people()
    publish(drawn.sequential())
    seen_today()
    User.objects.filter(username="olga").update(is_active=False)
    boss = make_user("boss", is_superuser=True, is_staff=True)
    for reader, may in ((boss, True), (person("dan"), False)):
        page = Client()
        page.force_login(reader)
        said = page.get("/reports/ownership/").content.decode()
        assert "The account of its owner, olga, is closed." in said
        assert "hand over what is theirs" in said
        assert (f"/admin/workflows/user/{person('olga').pk}/leave/" in said) == may
        lines = page.get("/reports/ownership.csv").content.decode().splitlines()
        assert lines[1].startswith("owner_gone,Drawn for a test,sequential,olga,")


def test_a_thousand_people_cost_no_more_statements_than_ten() -> None:
    make_people()
    publish(drawn.sequential())
    seen_today()
    costs = []
    for size in (10, 1000):
        with suppress_fact_recording():
            people = User.objects.bulk_create(
                User(username=f"p{size}-{number}", last_login=NOW) for number in range(size)
            )
            Group.objects.get(name="crew").user_set.add(*people)
        with CaptureQueriesContext(connection) as asked:
            find_decay(person("olga"), now=NOW)
        costs.append(len(asked))
    assert costs[0] == costs[1] <= 15
