"""Run the kill test: `python -m tests.acceptance.kill --requests 500 --kills 20`.

A Handoff of its own (DATABASE_URL says on which database; else SQLite) works off requests with
parallel branches and two calls each, while its web, workers and clock are killed at random and
its broker is away for a while. At the end nothing may be lost, doubled or out of step. Prints the
table; ends with 1 where a line of it is not as it must be.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from tests.acceptance.kill.office import Office
from tests.acceptance.kill.processes import Broker, Processes, free_port
from tests.acceptance.kill.receiver import Receiver, running

DECIDERS, ASKERS = 4, 2
PATIENCE = 420.0
LEASE = "4"


def the_map(url: str) -> dict[str, Any]:
    """Two calls and a person side by side, a join, and a person behind it."""
    order = {
        "kind": "automation", "action": "http", "to": "met",
        "retry": {"attempts": 8, "first_delay": "1s", "factor": 1.5},
    }  # fmt: skip
    path = "/{{ way }}/{{ request.reference }}"
    told = {
        "method": "POST",
        "connection": "other-side",
        "timeout": 1,
        "json": {"x": "{{ amount }}"},
    }
    task = {"kind": "task", "role": "crew", "expected": "1h", "due": "1d"}
    refuse = {
        "no": {"to": "stopped", "exception": True},
        "never": {"to": "stopped", "exception": True},
    }
    return {
        "format": 1, "key": "killed", "name": "Killed now and then", "owner": "olga",
        "deputy": "dan", "purpose": "To lose nothing.",
        "roles": {"askers": {"groups": ["askers"]}, "crew": {"groups": ["crew"]}},
        "fields": {"amount": {"type": "money", "required": True},
                   "way": {"type": "choice", "choices": ["usual", "refused"], "required": True},
                   "number": {"type": "text"}},
        "start": {"role": "askers", "fields": ["amount", "way"], "first": "split"},
        "steps": {
            "split": {"kind": "parallel", "join": "met",
                      "branches": [{"to": "order"}, {"to": "tell"}, {"to": "look"}]},
            "order": order | {"with": told | {"path": path + "/order"},
                              "outputs": {"number": "$.number"}},
            "tell": order | {"with": told | {"path": "/usual/{{ request.reference }}/tell"}},
            "look": task | {"outcomes": {"ok": "met", **refuse}},
            "met": {"kind": "join", "wait_for": "all", "to": "sign"},
            "sign": task | {"outcomes": {"ok": "done", **refuse}},
            "done": {"kind": "end", "result": "done"},
            "stopped": {"kind": "end", "result": "stopped"},
        },
    }  # fmt: skip


def environment(home: Path, broker: Broker) -> None:
    """What this process and its children see."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings", HANDOFF_VAR=str(home),
        CELERY_BROKER_URL=broker.url, OUTBOX_LEASE_SECONDS=LEASE, API_RATE="100000/m",
    )  # fmt: skip


def furnish(url: str) -> dict[str, str]:
    """Tables, people, the connection and the published map; the tokens by name."""
    import django

    django.setup()
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command
    from django.utils import timezone

    from workflows.engine.definition import Definition
    from workflows.models import Connection
    from workflows.services import definitions, tokens

    call_command("migrate", verbosity=0)
    now = timezone.now()
    people = {name: User.objects.create_user(name) for name in ("olga", "dan")}
    for count, group in ((DECIDERS, "crew"), (ASKERS, "askers")):
        members = Group.objects.get_or_create(name=group)[0]
        for number in range(count):
            name = f"{group[:-1] if group == 'askers' else 'decider'}{number}"
            people[name] = User.objects.create_user(name)
            people[name].groups.add(members)
    Connection.objects.create(
        key="other-side", name="The other side", base_url=url, owner=people["olga"],
        allowed_hosts="127.0.0.1",
    )  # fmt: skip
    version, _ = definitions.load_definition(
        Definition.model_validate(the_map(url)), actor=None, now=now
    )
    definitions.publish(version.pk, actor=None, now=now)
    return {
        name: tokens.make_token(user=user, name="kill test", scopes=["read", "work", "start"],
                                expires_at=None, by=None, now=now)[1]
        for name, user in people.items() if name not in ("olga", "dan")
    }  # fmt: skip


def unfinished() -> int:
    """Requests and messages that are not through: work of people, attempts, timers."""
    from workflows.models import Incident, OutboxMessage, WorkflowInstance

    stuck = Incident.objects.filter(state="open").values("request")
    running = WorkflowInstance.objects.filter(state="running").exclude(pk__in=stuck).count()
    return running + OutboxMessage.objects.filter(state__in=("waiting", "taken")).count()


def disturb(
    processes: Processes, broker: Broker, office: Office, *, kills: int, seed: int
) -> float:
    """Kill at random until enough were killed and all is through; seconds that the broker was
    away."""
    from django.db import connection

    chance, began, away, gone_at = random.Random(seed), time.monotonic(), 0.0, None
    next_kill = began + 6.0
    while time.monotonic() - began < PATIENCE:
        now = time.monotonic()
        total = sum(processes.killed.values())
        if now >= next_kill and total < kills:
            processes.kill_one(chance)
            next_kill = now + chance.uniform(0.8, 3.0)
        if gone_at is None and away == 0.0 and total >= kills // 3:
            broker.stop()
            gone_at = now
        if gone_at is not None and (now - gone_at > 10 or total >= kills):
            broker.start()
            away, gone_at = now - gone_at, None
        all_started = len(office.started) == office.requests
        if all_started and total >= kills and gone_at is None and unfinished() == 0:
            break
        connection.close()
        processes.supervise()
        time.sleep(0.4)
    return away


def judge(office: Office, receiver: Receiver) -> list[tuple[str, Any, bool]]:
    """The lines of the table: what, how much, and whether it is as it must be."""
    from django.db.models import Count

    from workflows.models import Attempt, Incident, MergeRecord, OutboxMessage, WorkflowInstance
    from workflows.services.rebuild import rebuild

    rows = list(WorkflowInstance.objects.all())
    finished = sum(row.state == "completed" for row in rows)
    named = Incident.objects.filter(state="open", owner__isnull=False)
    stuck = set(named.values_list("request_id", flat=True))
    adrift = [row for row in rows if row.state != "completed" and row.pk not in stuck]
    references = set(office.started.values())
    fired: dict[int, int] = {}
    astray = 0
    for row in rows:
        marking, data = rebuild(row)
        astray += (marking.to_json(), data) != (row.marking, row.data)
        fired[row.pk] = sum(len(event.changes.get("merged", ())) for event in row.trail.all())
    merges = MergeRecord.objects.values("request").annotate(n=Count("pk")).filter(n__gt=1).count()
    lost = office.requests - len(references & {row.reference for row in rows})
    open_left = OutboxMessage.objects.filter(state__in=("waiting", "taken")).count()
    attempts = Attempt.objects.count()
    lost_workers = Attempt.objects.filter(state="lost").count()
    doubled = sum(count - 1 for count in receiver.effects.values())
    succeeded = Attempt.objects.filter(state="succeeded").count()
    return [
        ("requests asked for", office.requests, True),
        ("requests lost", lost, lost == 0),
        ("requests that nobody asked for", len(rows) - len(references),
         len(rows) == len(references)),
        ("finished", finished, True),
        ("on an incident with a name", len(stuck), True),
        ("neither finished nor on an incident", len(adrift), not adrift),
        ("joins fired twice", sum(n > 1 for n in fired.values()) + merges,
         all(n <= 1 for n in fired.values()) and not merges),
        ("calls attempted", attempts, attempts >= 2 * office.requests),
        ("attempts whose worker died", lost_workers, True),
        ("effects at the other side", sum(receiver.effects.values()), True),
        ("effects missing", succeeded - sum(receiver.effects.values()),
         succeeded <= sum(receiver.effects.values())),
        ("effects doubled", doubled, doubled == 0),
        ("requests whose trail and state disagree", astray, astray == 0),
        ("messages left over", open_left, open_left == 0),
    ]  # fmt: skip


def empty_database(url: str) -> None:
    """A new database of the name in this address, in place of one of an earlier run."""
    server, _, name = url.rpartition("/")
    if not name.endswith("_kill"):
        raise SystemExit(f"'{name}' would be emptied; give a database whose name ends in _kill.")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))


def run(requests: int, kills: int, workers: int, seed: int) -> int:
    """The whole test; the exit code."""
    home = Path(tempfile.mkdtemp(prefix="handoff-kill-"))
    on_server = os.environ.get("DATABASE_URL", "").startswith("postgres")
    broker, port = Broker(home, server=on_server), free_port()
    environment(home, broker)
    if on_server:
        empty_database(os.environ["DATABASE_URL"])
    with running(seed) as receiver:
        tokens = furnish(receiver.url)
        broker.start()
        processes = Processes(os.environ, port=port, workers=workers, log=home / "log")
        office = Office(port, tokens, requests, seed)
        began = time.monotonic()
        try:
            for name in processes.commands:
                processes.start(name)
            office.begin()
            away = disturb(processes, broker, office, kills=kills, seed=seed)
        finally:
            office.end()
            processes.stop()
            broker.stop()
        table = judge(office, receiver)
    killed = ", ".join(f"{name} {count}" for name, count in sorted(processes.killed.items()))
    total = sum(processes.killed.values())
    table = [
        ("database", "PostgreSQL" if on_server else "SQLite", True),
        ("broker", f"{broker.name}, away for {away:.0f} s", away > 0),
        ("workers", workers, True),
        ("killed with SIGKILL", f"{total} ({killed})", total >= kills),
        ("ended by themselves", dict(processes.fell) or 0, True),
        ("seconds", round(time.monotonic() - began), True),
        *table,
        *((f"the other side: {how}", count, True) for how, count in receiver.behaviour.items()),
    ]
    for what, how_much, fine in table:
        print(f"{'' if fine else 'WRONG  '}{what:<45} {how_much}")
    wrong = [what for what, _, fine in table if not fine]
    if wrong:
        print(f"Not as it must be: {'; '.join(wrong)}. The log is {home / 'log'}.")
        return 1
    shutil.rmtree(home, ignore_errors=True)
    return 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=20261123)
    said = parser.parse_args()
    return run(said.requests, said.kills, said.workers, said.seed)


if __name__ == "__main__":
    sys.exit(main())
