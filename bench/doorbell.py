"""What a decision on a page costs with the broker up, refusing, and silent.

`python -m bench.doorbell` decides tasks through the page's own view, on PostgreSQL, in turns: a
Redis of its own that answers, a port where nobody listens, and a port that never says a word.
"""

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.databases import drop, fresh, process

ROOT = Path(__file__).resolve().parents[1]
DATABASE = "handoff_bench_doorbell"
DECISIONS = int(os.environ.get("DECISIONS") or 150)


def decide() -> None:
    """Start requests, then decide each through its page; prints the milliseconds."""
    import django

    django.setup()
    from django.contrib.auth.models import Group
    from django.core.management import call_command
    from django.test import Client
    from django.test.utils import setup_test_environment
    from django.utils import timezone

    from bench.timers import MAP
    from workflows.definitions.services import publishing as definitions
    from workflows.engine.format.definition import Definition
    from workflows.execution.models import WorkItem
    from workflows.execution.services import instances as requests
    from workflows.people.models import User

    setup_test_environment()
    call_command("migrate", verbosity=0)
    ann, _ = User.objects.get_or_create(username="ann")
    for name in ("olga", "dan"):
        User.objects.get_or_create(username=name)
    ann.groups.add(Group.objects.get_or_create(name="crew")[0])
    data = MAP | {"key": "looking", "start": MAP["start"] | {"first": "look"}}
    data["steps"]["look"]["outcomes"]["ok"] = "rest"  # the wait is a message, so the bell rings
    data["steps"]["rest"] |= {"for": "0h", "to": "done"}
    now = timezone.now()
    version, new = definitions.load_definition(Definition.model_validate(data), actor=None, now=now)
    if new:
        version = definitions.publish(version.pk, actor=None, now=now)
    client, took = Client(), []
    client.force_login(ann)
    for number in range(DECISIONS + 10):
        requests.start_on_version(version, actor=ann, now=timezone.now(), data={"amount": "1.00"})
        task = WorkItem.objects.open().filter(step__key="look").latest("pk")
        page = client.get(f"/tasks/{task.pk}/")
        assert page.status_code == 200
        began = time.perf_counter()
        answer = client.post(f"/tasks/{task.pk}/", {"outcome": "ok", **_hidden(page)})
        if number >= 10:
            took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 302, answer.content[:2000]
    print(json.dumps({"took": took}))


def _hidden(page: object) -> dict[str, str]:
    """The form's hidden values, as a browser would send them."""
    text = page.content.decode()  # type: ignore[attr-defined]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text)
    return dict(found)


def main() -> int:
    """Three brokers in turn."""
    if "--decide" in sys.argv:
        decide()
        return 0
    redis = shutil.which("redis-server")
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        quiet, closed = silent.getsockname()[1], nobody.getsockname()[1]
        up = closed + 1
        server = (
            subprocess.Popen([redis, "--port", str(up), "--save", ""], stdout=subprocess.DEVNULL)
            if redis
            else None
        )
        ports = (
            {"up": up, "refusing": closed, "silent": quiet}
            if server
            else {"refusing": closed, "silent": quiet}
        )
        medians: dict[str, list[float]] = {name: [] for name in ports}
        fresh(DATABASE)
        try:
            for _ in range(3):
                for name, port in ports.items():
                    os.environ["CELERY_BROKER_URL"] = f"redis://127.0.0.1:{port}/0"
                    said = process(
                        [sys.executable, "-m", "bench.doorbell", "--decide"], DATABASE, ROOT
                    )
                    medians[name].append(statistics.median(said["took"]))
                    worst = max(said["took"])
                    median = medians[name][-1]
                    print(f"  broker {name:<9} median {median:6.1f} ms, worst {worst:6.1f} ms")
        finally:
            drop(DATABASE)
            if server is not None:
                server.kill()
                server.wait()
    best = {name: statistics.median(values) for name, values in medians.items()}
    if "up" in best:
        for name in ("refusing", "silent"):
            print(f"{name} - up: {best[name] - best['up']:+.1f} ms at the median of three turns")
    return 0


if __name__ == "__main__":
    sys.exit(main())
