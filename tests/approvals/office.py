"""An office for these tests: a purchase map with most of what people meet, and its people."""

import re
from collections.abc import Mapping
from typing import Any

from django.core.files import File
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.factories import NOW, make_user, open_task, parse_map, publish_map
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services import corrections
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.people.models import User
from workflows.trail.models import TrailEvent

PURCHASE = """
format: 1
key: purchase-approval
name: Purchase approval
purpose: Spend company money with the right people agreeing.
owner: olivia
deputy: omar
roles:
  staff: {groups: [staff]}
  manager: {field: manager}
  finance: {groups: [finance]}
  legal: {groups: [legal]}
  requester: {requester: true}
fields:
  amount: {type: money, currency: EUR, required: true, label: Amount}
  region: {type: choice, choices: [EU, US, APAC], required: true}
  needed_by: {type: date, label: Needed by}
  manager: {type: user, required: true, label: Your manager}
  quote: {type: document, label: Quote, help: The supplier's offer.}
  reason: {type: long_text, label: Why}
  urgent: {type: boolean}
  cost_centre: {type: text, label: Cost centre}
start:
  role: staff
  fields: [amount, region, needed_by, manager, urgent, reason, quote]
  first: manager_review
steps:
  manager_review:
    kind: approval
    role: manager
    instructions: Is this needed, and is the price fair?
    expected: 4h
    due: 2d
    inputs: [amount, region, needed_by, manager, urgent, reason, quote]
    outcomes:
      approve: size_check
      return: {to: revise, comment: required, label: Send back}
      reject: {to: rejected, comment: required, exception: true}
  revise:
    kind: task
    role: requester
    expected: 1d
    due: 1w
    outputs: [amount, quote]
    outcomes: {resubmit: manager_review, withdraw: {to: withdrawn, exception: true}}
  size_check:
    kind: decision
    rules: [{when: "amount > 10000 or region == 'APAC'", to: finance_review}]
    otherwise: checks
  finance_review:
    kind: approval
    role: finance
    quorum: 2
    expected: 1d
    due: 3d
    outcomes: {approve: checks, reject: {to: rejected, exception: true}}
  checks:
    kind: parallel
    branches: [{to: legal_review}, {to: budget_check}]
    join: checks_done
  legal_review:
    kind: approval
    role: legal
    expected: 1d
    due: 3d
    outputs: [cost_centre]
    outcomes: {approve: checks_done, reject: {to: rejected, exception: true}}
  budget_check:
    kind: task
    role: finance
    expected: 1d
    due: 2d
    outputs: [cost_centre, needed_by]
    outcomes: {done: checks_done, reject: {to: rejected, exception: true}}
  checks_done: {kind: join, wait_for: all, to: approved}
  approved: {kind: end, result: approved}
  rejected: {kind: end, result: rejected, reopen: manager_review}
  withdrawn: {kind: end, result: withdrawn}
"""

NAMES = {
    "sam": ("Sam", "Okafor", ("staff",)),
    "sue": ("Sue", "Lindqvist", ("staff",)),
    "mia": ("Mia", "Lopez", ()),
    "fred": ("Fred", "Bauer", ("finance",)),
    "fay": ("Fay", "Chen", ("finance",)),
    "lena": ("Lena", "Novak", ("legal",)),
    "leo": ("Leo", "Martin", ("legal",)),
    "olivia": ("Olivia", "Grant", ()),
    "omar": ("Omar", "Haddad", ()),
    "stranger": ("Nora", "Quist", ()),
}

KEY = "purchase-approval"


def open_office(**changes: Any) -> dict[str, User]:
    """The people, by username, and the published map."""
    people = {
        name: make_user(name, groups=groups, first_name=first, last_name=last)
        for name, (first, last, groups) in NAMES.items()
    }
    publish_map(parse_map(PURCHASE) | changes)
    return people


def ask(
    by: User,
    *,
    title: str = "Two laptops",
    files: Mapping[str, File] | None = None,
    **data: Any,
) -> WorkflowInstance:
    """A request for two laptops."""
    values = {"amount": "1200.00", "region": "EU", "manager": "mia"} | data
    return requests.start(KEY, actor=by, now=NOW, data=values, title=title, files=files)


def ask_approved(people: Mapping[str, User], **asked: Any) -> WorkflowInstance:
    """A request of Sam's that Mia has approved: it is with legal and with finance."""
    request = ask(people["sam"], **asked)
    decide(request, "manager_review", people["mia"], "approve")
    return request


def decide(request: WorkflowInstance, step: str, by: User, outcome: str, **more: Any) -> WorkItem:
    """Decide the open task of a step."""
    given = {"now": NOW, **more}
    return tasks.decide(open_task(request, step).pk, actor=by, outcome=outcome, **given)


def correct_amount(request: WorkflowInstance, by: User, amount: str = "900.00") -> None:
    """Somebody who answers for the workflow puts the amount right."""
    correct(request, by, amount=amount)


def correct(request: WorkflowInstance, by: User, **data: Any) -> None:
    """The same with other values."""
    corrections.set_values(request.pk, actor=by, data=data, reason="A typo.", now=timezone.now())


def signed_in(user: User) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(user)
    return client


def everything() -> list[Any]:
    """All that a refused command must not have changed."""
    return [
        list(WorkflowInstance.objects.order_by("pk").values()),
        list(WorkItem.objects.order_by("pk").values()),
        TrailEvent.objects.count(),
    ]


def opened(client: Client, task: WorkItem) -> str:
    """What the page remembers of when and with what it was opened."""
    found = re.search(r'name="opened" value="([^"]+)"', page_text(client, task))
    assert found is not None
    return found[1]


def page_text(client: Client, task: WorkItem) -> str:
    return client.get(f"/tasks/{task.pk}/").content.decode()


def post(client: Client, task: WorkItem, outcome: str, **values: Any) -> Any:
    """Press one of the page's buttons."""
    if "opened" not in values:
        values["opened"] = opened(client, task)
    return client.post(f"/tasks/{task.pk}/", {"outcome": outcome, **values})


def many_more(task: WorkItem, *, open_ones: int, finished: int) -> None:
    """So many copies of a task, most of them finished, due at different times; counted anew."""
    fields = [f.column for f in WorkItem._meta.concrete_fields if f.column != "id"]
    is_open = "n %% %(every)s = 0"
    changed = {
        "activation": "1000 + n",
        "is_open": is_open,
        "in_queue": is_open,
        "due_at": "due_at + n * interval '1 minute'",
        "state": f"CASE WHEN {is_open} THEN 'enabled' ELSE 'done' END",
    }
    columns = ", ".join(fields)
    values = ", ".join(changed.get(name, name) for name in fields)
    given = {"task": task.pk, "all": open_ones + finished, "every": finished // open_ones + 1}
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO workflows_workitem ({columns}) SELECT {values}"
            " FROM workflows_workitem, generate_series(1, %(all)s) AS n WHERE id = %(task)s",
            given,
        )
        cursor.execute("ANALYZE workflows_workitem")
