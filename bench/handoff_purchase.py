"""(a) Purchases through Handoff's services, with everything recorded. Prints JSON.

`prepare` migrates and publishes; a number runs so many requests, each decision its own
transaction; only the decisions are timed.
"""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django

django.setup()

from django.contrib.auth.models import Group, User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from workflows.engine.definition_file import read_definition  # noqa: E402
from workflows.models import WorkflowInstance, WorkItem  # noqa: E402
from workflows.services import definitions, requests, tasks  # noqa: E402

MAP = Path(__file__).with_name("purchase.yaml")
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
PEOPLE = {
    "sam": "staff",
    "mia": "managers",
    "fred": "finance",
    "lena": "legal",
    "carl": "compliance",
}
DECIDERS = {"manager": "mia", "finance": "fred", "legal": "lena", "compliance": "carl"}
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


def prepare() -> None:
    """Tables, people and the published map."""
    call_command("migrate", verbosity=0)
    for name, group in PEOPLE.items():
        user = User.objects.create_user(name)
        user.groups.add(Group.objects.get_or_create(name=group)[0])
    for name in ("olga", "otto"):
        User.objects.create_user(name)
    definition = read_definition(MAP.read_text(), name=MAP.name)
    version, _ = definitions.load_definition(definition, actor=None, now=BEGIN)
    definitions.publish(version.pk, actor=None, now=BEGIN)


def steps_of(amount: int) -> list[str]:
    """The steps of a purchase of this size, in the order in which they are decided."""
    return ["manager", *(["finance"] if amount > 10000 else []), "legal", "compliance"]


def start(users: dict[str, User], amount: int) -> WorkflowInstance:
    """A purchase of this size."""
    return requests.start(
        "bench-purchase", actor=users["sam"], data={"amount": str(amount)}, now=BEGIN
    )


def task(request: WorkflowInstance, step: str) -> int:
    """The id of the open task, which a page knows from its address."""
    found = WorkItem.objects.filter(request=request, step__key=step, is_open=True)
    return found.values_list("pk", flat=True).get()


def run(users: dict[str, User], number: int) -> tuple[int, float]:
    """Start and decide so many purchases, half of them over 10,000."""
    decisions, seconds = 0, 0.0
    for index in range(number):
        amount = 5000 if index % 2 else 20000
        request = start(users, amount)
        for hour, step in enumerate(steps_of(amount), start=1):
            item, actor = task(request, step), users[DECIDERS[step]]
            now = BEGIN + timedelta(hours=hour)
            begun = time.perf_counter()
            tasks.decide(item, actor=actor, outcome="approve", now=now)
            seconds += time.perf_counter() - begun
            decisions += 1
    return decisions, seconds


def statements(users: dict[str, User]) -> list[int]:
    """Statements of each decision of a large purchase, transaction control apart."""
    request = start(users, 20000)
    counts = []
    for hour, step in enumerate(steps_of(20000), start=1):
        item = task(request, step)
        with CaptureQueriesContext(connection) as captured:
            tasks.decide(
                item,
                actor=users[DECIDERS[step]],
                outcome="approve",
                now=BEGIN + timedelta(hours=hour),
            )
        counts.append(
            sum(not query["sql"].startswith(CONTROL) for query in captured.captured_queries)
        )
    return counts


def main() -> None:
    """Prepare, or run and print what it took."""
    if sys.argv[1] == "prepare":
        return prepare()
    users = {user.username: user for user in User.objects.all()}
    run(users, 3)
    decisions, seconds = run(users, int(sys.argv[1]))
    counts = statements(users)
    answer: dict[str, Any] = {
        "decisions": decisions,
        "seconds": seconds,
        "statements": sum(counts) / len(counts),
        "each": counts,
    }
    return print(json.dumps(answer))


if __name__ == "__main__":
    main()
