"""Several tasks decided with one outcome: each judged by itself, and told in a line of its own."""

import re
from typing import Any

import pytest
import yaml
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.approvals.office import PURCHASE, ask, decide, everything, open_office, signed_in
from tests.factories import NOW, open_task
from workflows.execution.models import WorkItem
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> dict[str, User]:
    fields = yaml.safe_load(PURCHASE)["fields"]
    fields["cost_centre"]["required"] = True
    return open_office(fields=fields)


def to_finance(people: dict[str, User], title: str, *, centre: str = "C1", by: str = "sam") -> Any:
    request = ask(people[by], title=title)
    decide(request, "manager_review", people["mia"], "approve")
    if centre:
        decide(request, "legal_review", people["lena"], "approve", data={"cost_centre": centre})
    return open_task(request, "budget_check")


def opened_form(client: Client, chosen: list[WorkItem]) -> dict[str, Any]:
    """What the page would send: the tasks, what each showed, and the form's key."""
    answer = client.get("/inbox/decide/", {"task": [task.pk for task in chosen]})
    text = answer.content.decode()
    values: dict[str, Any] = dict(re.findall(r'name="(opened-\d+|once)" value="([^"]+)"', text))
    return {**values, "task": [task.pk for task in chosen]}


def test_thirty_are_decided_and_four_refused_each_with_its_reason(people: dict[str, User]) -> None:
    made = [to_finance(people, f"Chair {number}") for number in range(28)]
    unfilled = to_finance(people, "No centre", centre="")
    late_legal = to_finance(people, "Changed", centre="")
    fred = signed_in(people["fred"])
    form = opened_form(fred, [*made, unfilled, late_legal])
    tasks.decide(made[0].pk, actor=people["fay"], outcome="done", now=NOW)
    requests.suspend(made[1].request_id, actor=people["olivia"], reason="Freeze", now=NOW)
    decide(late_legal.request, "legal_review", people["lena"], "approve", data={"cost_centre": "Z"})
    rows = TrailEvent.objects.count()
    answer = fred.post("/inbox/decide/", {**form, "outcome": "done", "comment": "All fine."})
    lines = {line.task.request.title: line for line in answer.context["lines"]}
    assert len(lines) == 30
    refused = {title: line.sentence for title, line in lines.items() if line.is_refused}
    assert refused.keys() == {"Chair 0", "Chair 1", "No centre", "Changed"}
    assert "Fay Chen was first" in refused["Chair 0"]
    assert "suspended" in refused["Chair 1"]
    assert "Cost centre" in refused["No centre"]
    assert "'Cost centre' is Z now; you saw empty" in refused["Changed"]
    assert TrailEvent.objects.count() == rows + 26
    done = WorkItem.objects.filter(pk__in=[task.pk for task in made[2:]], state="done")
    assert set(done.values_list("comment", "decided_by__username")) == {("All fine.", "fred")}
    assert done.count() == 26
    text = answer.content.decode()
    assert "26 tasks were decided" in text
    assert "4 tasks were refused" in text


def test_the_same_form_sent_again_decides_nothing_again(people: dict[str, User]) -> None:
    chosen = [to_finance(people, f"Chair {number}") for number in range(3)]
    client = signed_in(people["fred"])
    form = opened_form(client, chosen) | {"outcome": "done"}
    first = client.post("/inbox/decide/", form)
    before = everything()
    again = client.post("/inbox/decide/", form)
    assert everything() == before
    assert [line.sentence for line in again.context["lines"]] == [
        line.sentence for line in first.context["lines"]
    ]
    other = client.post("/inbox/decide/", {**form, "comment": "Other words."})
    assert all(line.is_refused for line in other.context["lines"])
    assert everything() == before


def test_only_outcomes_that_all_offer_can_be_chosen(people: dict[str, User]) -> None:
    people["fred"].groups.add(*people["lena"].groups.all())
    budget = to_finance(people, "Chair")
    legal = open_task(to_finance(people, "Desk", centre="").request, "legal_review")
    client = signed_in(people["fred"])
    page = client.get("/inbox/decide/", {"task": [budget.pk, legal.pk]}).context["page"]
    assert [outcome.key for outcome in page.outcomes] == ["reject"]
    form = opened_form(client, [budget, legal])
    before = everything()
    answer = client.post("/inbox/decide/", {**form, "outcome": "done"})
    assert answer.status_code == 422
    assert everything() == before


def test_a_comment_that_an_outcome_needs_is_asked_for_before_anything_is_done(
    people: dict[str, User],
) -> None:
    chosen = [open_task(ask(people["sam"], title=f"T{n}"), "manager_review") for n in range(2)]
    client = signed_in(people["mia"])
    form = opened_form(client, chosen)
    before = everything()
    answer = client.post("/inbox/decide/", {**form, "outcome": "return", "comment": " "})
    assert answer.status_code == 422
    assert "“Send back” needs a comment" in answer.content.decode()
    assert everything() == before
    answer = client.post("/inbox/decide/", {**form, "outcome": "return", "comment": "Too dear."})
    assert [line.is_refused for line in answer.context["lines"]] == [False, False]


def test_what_is_not_in_the_inbox_is_neither_shown_nor_decided(people: dict[str, User]) -> None:
    mine, theirs = to_finance(people, "Chair"), to_finance(people, "Secret desk")
    for client in (signed_in(people["stranger"]), signed_in(people["lena"])):
        text = client.get("/inbox/decide/", {"task": [theirs.pk]}).content.decode()
        assert "Secret desk" not in text
        assert "None of these waits for you" in text
    fred, fay = signed_in(people["fred"]), signed_in(people["fay"])
    foreign = opened_form(fay, [theirs])[f"opened-{theirs.pk}"]
    form = opened_form(fred, [mine])
    before = everything()
    for snapshot in ("", foreign, form[f"opened-{mine.pk}"]):
        sent = {**form, "task": [mine.pk, theirs.pk], f"opened-{theirs.pk}": snapshot}
        assert fred.post("/inbox/decide/", {**sent, "outcome": "done"}).status_code == 422
    assert everything() == before


def test_separation_of_duties_keeps_ones_own_requests_out(people: dict[str, User]) -> None:
    people["lena"].groups.add(*people["sam"].groups.all())
    own = ask(people["lena"], title="My own desk")
    decide(own, "manager_review", people["mia"], "approve")
    task = open_task(own, "legal_review")
    page = signed_in(people["lena"]).get("/inbox/decide/", {"task": task.pk}).context["page"]
    assert (page.tasks, page.gone) == ([], 1)


def test_without_a_task_it_leads_back_and_odd_ones_are_left_out(people: dict[str, User]) -> None:
    client = signed_in(people["fred"])
    assert client.get("/inbox/decide/").url == "/"
    assert client.get("/inbox/decide/?task=x&task=-1&task=٣").url == "/"
    assert client.get(f"/inbox/decide/?task={10**30}").status_code == 302
    assert client.get("/inbox/decide/?task=999").status_code == 200


def test_the_page_costs_the_same_for_one_and_for_many(people: dict[str, User]) -> None:
    chosen = [to_finance(people, f"Chair {number}") for number in range(20)]
    client = signed_in(people["fred"])
    opened_form(client, chosen)
    costs = []
    for some in (chosen[:1], chosen):
        with CaptureQueriesContext(connection) as made:
            client.get("/inbox/decide/", {"task": [task.pk for task in some]})
        costs.append(len(made))
    assert costs[0] == costs[1] <= 8


def test_everybody_whom_values_name_is_called_by_their_name() -> None:
    said = yaml.safe_load(PURCHASE)
    said["fields"]["crew"] = {"type": "users"}
    said["start"]["fields"].append("crew")
    said["steps"]["manager_review"]["inputs"].append("crew")
    people = open_office(fields=said["fields"], start=said["start"], steps=said["steps"])
    task = open_task(ask(people["sam"], crew=["fay", "leo"]), "manager_review")
    page = signed_in(people["mia"]).get("/inbox/decide/", {"task": [task.pk]}).content.decode()
    assert "Fay Chen" in page
    assert "Leo Martin" in page
