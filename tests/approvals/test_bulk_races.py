"""The same tasks decided in bulk and one by one, at the same moment on PostgreSQL."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from tests.approvals.office import open_office, signed_in
from tests.approvals.test_bulk_decisions import opened_form, to_finance
from tests.factories import NOW, make_user
from tests.workflows.support import only_on_postgres
from tests.workflows.test_races import together
from workflows.engine.errors import HandoffError
from workflows.execution.models import WorkItem
from workflows.execution.services import work_items as tasks
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True), only_on_postgres]

ROUNDS, TASKS = 5, 6
REFUSED = re.compile(r'card refused">.*?/tasks/(\d+)/.*?<p class="meta">(.*?)</p>', flags=re.DOTALL)


def in_bulk(client: Client, form: dict[str, Any]) -> Callable[[], dict[int, str]]:
    """Sends the form; gives the refused lines by task, as the page has them: what templates are
    given is seen by every client of the process."""

    def send() -> dict[int, str]:
        answer = client.post("/inbox/decide/", {**form, "outcome": "done"})
        assert answer.status_code == 200
        return {int(pk): sentence for pk, sentence in REFUSED.findall(answer.content.decode())}

    return send


def one_by_one(person: User, chosen: list[WorkItem]) -> Callable[[], dict[int, str]]:
    """Decides each by itself, the last first; gives the refusals by task."""

    def decide_each() -> dict[int, str]:
        refused = {}
        for task in reversed(chosen):
            try:
                tasks.decide(task.pk, actor=person, outcome="done", now=NOW)
            except HandoffError as refusal:
                refused[task.pk] = str(refusal)
        return refused

    return decide_each


def test_what_is_decided_in_bulk_and_singly_at_once_is_decided_once_and_each_hears_by_whom() -> (
    None
):
    people = open_office()
    bulk, single = [people["fred"], people["fay"]], []
    for name in ("flo", "fritz"):
        single.append(make_user(name))
        single[-1].groups.set(Group.objects.filter(user=people["fred"]))
    clients = [signed_in(person) for person in bulk]
    with together(len(bulk) + len(single)) as run:
        for turn in range(ROUNDS):
            chosen = [to_finance(people, f"Chair {turn}.{number}") for number in range(TASKS)]
            calls = [in_bulk(client, opened_form(client, chosen)) for client in clients]
            refusals = run([*calls, *(one_by_one(person, chosen) for person in single)])
            assert not [answer for answer in refusals if isinstance(answer, Exception)]
            decided = WorkItem.objects.filter(pk__in=[task.pk for task in chosen], state="done")
            by_task = dict(decided.values_list("pk", "decided_by"))
            assert len(by_task) == TASKS
            assert decided_in_trail(chosen) == TASKS
            for person, refused in zip([*bulk, *single], refusals, strict=True):
                assert refused.keys() == {pk for pk, by in by_task.items() if by != person.pk}
                assert all("was first" in sentence for sentence in refused.values())


def decided_in_trail(chosen: list[WorkItem]) -> int:
    """How many decisions of these tasks the trail has."""
    ids = [task.pk for task in chosen]
    return TrailEvent.objects.filter(command="decide", work_item__in=ids).count()
