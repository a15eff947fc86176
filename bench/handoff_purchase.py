"""(a) Purchases through Handoff's services, with everything recorded. Prints JSON.

`prepare` migrates and publishes; a number runs so many requests, each decision its own
transaction; only the decisions are timed.
"""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

django.setup()

from django.contrib.auth.models import Group  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from workflows.definitions.services import publishing as definitions  # noqa: E402
from workflows.engine.format.files import read_definition  # noqa: E402
from workflows.execution.models import WorkflowInstance, WorkItem  # noqa: E402
from workflows.execution.services import instances as requests  # noqa: E402
from workflows.execution.services import work_items as tasks  # noqa: E402
from workflows.people.models import User  # noqa: E402

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
AMOUNTS = (20000, 5000)
WARM_UP = 6
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


def amount_of(index: int) -> int:
    """Every other purchase is over 10,000."""
    return AMOUNTS[index % 2]


def everybody() -> dict[str, User]:
    """All people by name."""
    return {user.username: user for user in User.objects.all()}


def start(users: dict[str, User], amount: int) -> WorkflowInstance:
    """A purchase of this size."""
    return requests.start(
        "bench-purchase", actor=users["sam"], data={"amount": str(amount)}, now=BEGIN
    )


def task(request: WorkflowInstance, step: str) -> int:
    """The id of the open task, which a page knows from its address."""
    found = WorkItem.objects.filter(request=request, step__key=step, is_open=True)
    return found.values_list("pk", flat=True).get()


def decide(item: int, actor: User, hour: int) -> None:
    """One decision."""
    tasks.decide(item, actor=actor, outcome="approve", now=BEGIN + timedelta(hours=hour))


def run(users: dict[str, User], number: int) -> tuple[int, float]:
    """Start and decide so many purchases, half of them over 10,000; only decisions are timed."""
    decisions, seconds = 0, 0.0
    for index in range(number):
        amount = amount_of(index)
        request = start(users, amount)
        for hour, step in enumerate(steps_of(amount), start=1):
            item, actor = task(request, step), users[DECIDERS[step]]
            begun = time.perf_counter()
            decide(item, actor, hour)
            seconds += time.perf_counter() - begun
            decisions += 1
    return decisions, seconds


def statements(users: dict[str, User]) -> list[int]:
    """Statements of each decision of a large purchase, transaction control apart."""
    amount = max(AMOUNTS)
    request = start(users, amount)
    counts = []
    for hour, step in enumerate(steps_of(amount), start=1):
        item = task(request, step)
        with CaptureQueriesContext(connection) as captured:
            decide(item, users[DECIDERS[step]], hour)
        counts.append(sum(not q["sql"].startswith(CONTROL) for q in captured.captured_queries))
    return counts


def main() -> None:
    """Prepare, or run and print what it took."""
    if sys.argv[1] == "prepare":
        return prepare()
    users = everybody()
    run(users, WARM_UP)
    number = int(sys.argv[1])
    decisions, seconds = run(users, number)
    counts = statements(users)
    assert not WorkflowInstance.objects.exclude(result="approved").exists()
    answer = {"decisions": decisions, "seconds": seconds, "each": counts}
    return print(json.dumps(answer | {"requests": WARM_UP + number + 1}))


if __name__ == "__main__":
    main()
