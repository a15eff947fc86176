"""(c) Purchases through Viewflow's activations, each decision its own transaction. Prints JSON.

`prepare` migrates; a number runs so many purchases; only the decisions are timed. Runs in the
benchmark's own environment, which has Viewflow and none of Handoff.
"""

import json
import os
import sys
import time
from types import SimpleNamespace

import django
from django.db import connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peer_settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from purchase.flows import PERSON, PurchaseFlow  # noqa: E402
from viewflow.workflow.models import Process, Task  # noqa: E402

from workflows.people.models import User  # noqa: E402

WARM_UP = 6
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


def decide(process_id: int, task_id: int) -> None:
    """One decision; the lock opens the transaction, as in Viewflow's own views."""
    with PurchaseFlow.lock(process_id):
        task = Task.objects.get(pk=task_id)
        activation = task.flow_task.activation_class(task)
        activation.start(SimpleNamespace(user=PERSON["user"]))
        activation.execute()


def steps_of(amount: int) -> list[str]:
    """The steps of a purchase of this size, in the order in which they are decided."""
    return ["manager", *(["finance"] if amount > 10000 else []), "legal", "compliance"]


def open_task(process_id: int, name: str) -> int:
    """The id of the open task, which a page knows from its address."""
    step = getattr(PurchaseFlow, name)
    found = Task.objects.filter(process_id=process_id, flow_task=step, finished=None)
    return int(found.values_list("pk", flat=True).get())


def run(requests: int) -> tuple[int, float]:
    """Start and decide so many purchases, half of them over 10,000."""
    decisions, seconds = 0, 0.0
    for number in range(requests):
        amount = 5000 if number % 2 else 20000
        process = PurchaseFlow.start.run(amount=amount)
        for name in steps_of(amount):
            task = open_task(process.pk, name)
            begun = time.perf_counter()
            decide(process.pk, task)
            seconds += time.perf_counter() - begun
            decisions += 1
    return decisions, seconds


def statements() -> list[int]:
    """Statements of each decision of a large purchase, transaction control apart."""
    process = PurchaseFlow.start.run(amount=20000)
    counts = []
    for name in steps_of(20000):
        task = open_task(process.pk, name)
        with CaptureQueriesContext(connection) as captured:
            decide(process.pk, task)
        counts.append(sum(not q["sql"].startswith(CONTROL) for q in captured.captured_queries))
    return counts


def main() -> None:
    """Prepare, or run and print what it took."""
    if sys.argv[1] == "prepare":
        call_command("migrate", verbosity=0)
        User.objects.create_user("ann")
        return
    PERSON["user"] = User.objects.get(username="ann")
    run(WARM_UP)
    number = int(sys.argv[1])
    decisions, seconds = run(number)
    counts = statements()
    assert not Process.objects.exclude(status="DONE").exists(), "a purchase did not end"
    answer = {"decisions": decisions, "seconds": seconds, "each": counts}
    print(json.dumps(answer | {"requests": WARM_UP + number + 1}))


if __name__ == "__main__":
    main()
