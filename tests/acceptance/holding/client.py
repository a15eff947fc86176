"""One client: asks for rooms and money, decides some of what it asked for, until it is killed.

Run by `python -m tests.acceptance.holding`; says on a line of its own how each round went.
"""

import os
import random
import sys


def work(seed: int, rounds: int) -> None:
    """So many rounds, each a request that may be refused, and a decision on one of some."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.utils import timezone

    from workflows.definitions.models import TemplateVersion
    from workflows.engine.errors import HandoffError
    from workflows.execution.models import WorkItem
    from workflows.execution.services import instances, work_items
    from workflows.people.models import User

    chance = random.Random(seed)
    version = TemplateVersion.objects.get(state="published")
    rosa, dana = (User.objects.get(username=login) for login in ("rosa", "dana"))
    for _ in range(rounds):
        begins = chance.randrange(8, 12)
        asked = {
            "room": chance.choice(("blue", "cars")),
            "starts": f"2030-01-07T{begins:02}:00Z",
            "ends": f"2030-01-07T{begins + chance.randrange(1, 4):02}:00Z",
            "cost_centre": "4711",
            "total": f"{chance.randrange(1, 4000) / 100:.2f}",
        }
        try:
            instances.start_on_version(version, actor=rosa, now=timezone.now(), data=asked)
            said = "made"
        except HandoffError:
            said = "refused"
        waiting = list(WorkItem.objects.filter(is_open=True).values_list("pk", flat=True)[:20])
        if waiting and chance.random() < 0.7:
            outcome = "done" if chance.random() < 0.02 else "drop"
            try:
                work_items.decide(
                    chance.choice(waiting), actor=dana, outcome=outcome, now=timezone.now()
                )
            except HandoffError:
                said += " late"
        print(said, flush=True)


if __name__ == "__main__":
    work(int(sys.argv[1]), int(sys.argv[2]))
