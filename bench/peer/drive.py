"""Drives purchases through Viewflow's activations, each decision its own transaction.

Prints JSON: decisions, seconds, statements a decision. Runs in the benchmark's own environment.
"""

import json
import os
import sys
import time

import django
from django.db import connection, transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peer_settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from purchase.flows import PERSON, PurchaseFlow  # noqa: E402
from viewflow.workflow.models import Task  # noqa: E402


class FakeRequest:
    """What an activation asks of a request."""

    def __init__(self, user: User) -> None:
        self.user = user


def decide(process_id: int, name: str) -> None:
    """One decision."""
    with transaction.atomic(), PurchaseFlow.lock(process_id):
        task = Task.objects.get(process_id=process_id, flow_task=getattr(PurchaseFlow, name))
        activation = task.flow_task.activation_class(task)
        activation.start(FakeRequest(PERSON["user"]))
        activation.execute()


def steps_of(amount: int) -> list[str]:
    return ["manager", *(["finance"] if amount > 10000 else []), "legal", "compliance"]


def run(requests: int) -> tuple[int, float]:
    """Start and decide so many purchases; only the decisions are timed."""
    decisions, seconds = 0, 0.0
    for number in range(requests):
        amount = 5000 if number % 2 else 20000
        process = PurchaseFlow.start.run(amount=amount)
        for name in steps_of(amount):
            begun = time.perf_counter()
            decide(process.pk, name)
            seconds += time.perf_counter() - begun
            decisions += 1
    return decisions, seconds


def statements() -> float:
    """Statements a decision, transaction control apart."""
    with CaptureQueriesContext(connection) as captured:
        before = len(captured)
        process = PurchaseFlow.start.run(amount=20000)
        first = len(captured) - before
        for name in steps_of(20000):
            decide(process.pk, name)
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    mine = [q for q in captured.captured_queries[first:] if not q["sql"].startswith(control)]
    return len(mine) / 4


def main() -> None:
    if sys.argv[1] == "prepare":
        call_command("migrate", run_syncdb=True, verbosity=0)
        User.objects.get_or_create(username="ann")
        return
    PERSON["user"] = User.objects.get(username="ann")
    run(3)
    decisions, seconds = run(int(sys.argv[1]))
    answer = {"decisions": decisions, "seconds": seconds, "statements": statements()}
    print(json.dumps(answer))


main()
