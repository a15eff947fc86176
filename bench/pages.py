"""What a page costs the processor: CPU milliseconds in the process, beside a bare Django page.

The demo company on SQLite, settings as `make run` has them, everything warm; each page is asked
for through Django's handler alone. The bare page shows the same rows with Django's own means
(`bench/bare_pages.py`).
"""

import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.frame_room import with_frame_room

TIMES = int(os.environ.get("BENCH_TIMES", "50"))
HOST = "127.0.0.1"
BARE: Mapping[str, str] = {
    "inbox": "/inbox/",
    "start form": "/start/",
    "request list": "/requests/",
    "task": "/tasks/{task}/",
    "request": "/requests/{request}/",
    "decide (POST)": "/tasks/{task}/",
    "admin: tasks": "/admin/workflows/workitem/",
    "admin: requests": "/admin/workflows/workflowinstance/",
    "bottleneck report": "/report/{workflow}/",
}
BARS: Mapping[str, int] = {
    "inbox": 10,
    "start form": 10,
    "request list": 15,
    "task": 15,
    "request": 20,
    "decide (POST)": 20,
    "admin: tasks": 40,
    "admin: requests": 40,
    "bottleneck report": 40,
}
"""Milliseconds; or three times the bare page, whichever is larger."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Which rows of the demo the pages show, and who opens them."""

    approver: str
    task: int
    request: int
    reference: str
    workflow: str


def choose_sample() -> Sample:
    """The fullest inbox with a task to decide, and the request with the longest record."""
    from django.db.models import Count

    from workflows.execution.models import WorkflowInstance
    from workflows.execution.queries.inbox import inbox_page
    from workflows.people.models import User

    inboxes = {user.username: inbox_page(user).rows for user in User.objects.order_by("pk")}
    approver = max(inboxes, key=lambda name: len(inboxes[name]))
    rows = WorkflowInstance.objects.filter(template__key="purchase-approval")
    longest = rows.annotate(tasks=Count("work_items")).order_by("-tasks", "pk")[0]
    task = next(row.id for row in inboxes[approver] if row.needed == 1 and not row.suspended)
    return Sample(approver, task, longest.pk, longest.reference, longest.template.key)


def our_addresses(sample: Sample) -> dict[str, tuple[str, str]]:
    """Who opens which page."""
    from django.urls import reverse

    task = reverse("approvals:task", args=[sample.task])
    return {
        "inbox": (sample.approver, reverse("approvals:inbox")),
        "start form": (sample.approver, reverse("approvals:start-form", args=[sample.workflow])),
        "request list": ("nora", f"{reverse('approvals:requests')}?whose=all"),
        "task": (sample.approver, task),
        "request": ("nora", reverse("approvals:request", args=[sample.reference])),
        "decide (POST)": (sample.approver, task),
        "admin: tasks": ("admin", reverse("admin:workflows_workitem_changelist")),
        "admin: requests": ("admin", reverse("admin:workflows_workflowinstance_changelist")),
        "bottleneck report": ("nora", reverse("reporting:report", args=[sample.workflow])),
    }


def signed_in_client(username: str) -> Any:
    """A client of one of the demo's people."""
    from django.test import Client

    from workflows.people.models import User

    client = Client(SERVER_NAME=HOST)
    client.force_login(User.objects.get(username=username))
    return client


def cpu_milliseconds(action: Callable[[], Any]) -> float:
    """What an action took of the processor."""
    begun = time.process_time()
    action()
    return (time.process_time() - begun) * 1000


def rolled_back(post: Callable[[], Any]) -> Callable[[], float]:
    """The time of a POST whose effect is taken back, so that it can be measured again."""
    from django.db import transaction

    def measure() -> float:
        with transaction.atomic():
            spent = cpu_milliseconds(post)
            transaction.set_rollback(True)
        return spent

    return measure


def page_measure(client: Any, address: str) -> Callable[[], float]:
    """The time of one GET of a page that is there."""

    def open_page() -> None:
        status = client.get(address).status_code
        assert status == 200, (address, status)

    return lambda: cpu_milliseconds(open_page)


def decision_measure(client: Any, address: str) -> Callable[[], float]:
    """The time of one decision, with the form of a page that was opened for it."""

    def measure() -> float:
        page = client.get(address).content.decode()
        form = page[page.index('class="card decide"') :]
        fields = dict(re.findall(r'name="(once|opened|csrfmiddlewaretoken)" value="([^"]*)"', form))
        outcome = re.findall(r'name="outcome" value="([^"]*)"', form)[0]
        values = {**fields, "outcome": outcome, "comment": "Agreed."}

        def decide() -> None:
            status = client.post(address, values).status_code
            assert status == 302, (address, status)

        return rolled_back(decide)()

    return measure


def bare_post_measure(client: Any, address: str) -> Callable[[], float]:
    """The time of a POST that writes the two rows alone."""

    def post() -> None:
        status = client.post(address, {"outcome": "approve", "comment": "Agreed."}).status_code
        assert status == 302, (address, status)

    return rolled_back(post)


def bare_site() -> AbstractContextManager[Any]:
    """Django alone: its own middleware, and the pages of `bench.bare_pages`."""
    from django.conf import settings
    from django.contrib import admin
    from django.test import override_settings

    from bench import bare_pages

    engine = {
        **settings.TEMPLATES[0],
        "DIRS": [Path(admin.__file__).parent / "templates"],
        "APP_DIRS": False,
    }
    return override_settings(
        ROOT_URLCONF="bench.bare_pages", MIDDLEWARE=bare_pages.MIDDLEWARE, TEMPLATES=[engine]
    )


@with_frame_room
def warm_median(measure: Callable[[], float]) -> float:
    """The median of many times, when everything that is kept in the process is there. The bare
    page has the room for its frames, too: else the ratio would hang on how deep this is called."""
    return statistics.median([measure() for _ in range(TIMES + 5)][5:])


def compare() -> None:
    """One line a page."""
    from bench import bare_pages

    sample = choose_sample()
    bare_pages.ROW_IDS.update(bare_pages.find_row_ids(sample.approver))
    print(f"CPU milliseconds a page, median of {TIMES}; statements of ours")
    print(f"{'page':<20}{'ours':>8}{'bare':>8}{'ratio':>8}{'bar':>10}{'statements':>12}")
    for name, (username, address) in our_addresses(sample).items():
        client, bare_client = signed_in_client(username), signed_in_client("admin")
        places = {"task": sample.task, "request": sample.request, "workflow": sample.workflow}
        bare_address = BARE[name].format(**places)
        is_decision = name.startswith("decide")
        ours = decision_measure if is_decision else page_measure
        theirs = bare_post_measure if is_decision else page_measure
        mine = warm_median(ours(client, address))
        with bare_site():
            bare = warm_median(theirs(bare_client, bare_address))
        count = count_statements(ours(client, address))
        if is_decision:
            count -= count_statements(page_measure(client, address))
        bar = max(BARS[name], 3 * bare)
        verdict = "" if mine <= bar else "  over the bar"
        print(
            f"{name:<20}{mine:>8.1f}{bare:>8.1f}{mine / bare:>8.2f}{bar:>10.1f}{count:>12}{verdict}"
        )


def count_statements(measure: Callable[[], float]) -> int:
    """How many statements it makes, transaction control apart."""
    from django.db import connection

    made: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        made.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        measure()
    control = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")
    return sum(not sql.startswith(control) for sql in made)


def main() -> None:
    """The demo company in a folder of its own, and away with it; BENCH_VAR names one to keep."""
    with tempfile.TemporaryDirectory(prefix="handoff-pages-") as folder:
        os.environ["HANDOFF_VAR"] = os.environ.get("BENCH_VAR") or folder
        os.environ.pop("DATABASE_URL", None)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
        from django.core.management import call_command

        from workflows.people.models import User

        call_command("migrate", verbosity=0)
        if not User.objects.exists():
            call_command("load_demo", verbosity=0)
        compare()


if __name__ == "__main__":
    main()
