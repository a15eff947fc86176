"""Run the kill test: `python -m tests.acceptance.kill --requests 500 --kills 20`.

A Handoff of its own (DATABASE_URL says on which database; else SQLite) works off requests with
parallel branches and two calls each, while its web, workers and clock are killed at random and
its broker (where it has one) is away for a while. At the end nothing may be lost, doubled or out of
step. Prints the table; ends with 1 where a line of it is not as it must be.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from tests.acceptance.kill.judging import judge, judge_mails, unfinished
from tests.acceptance.kill.office import Office
from tests.acceptance.kill.processes import Broker, Processes, free_port
from tests.acceptance.kill.receiver import running
from tests.acceptance.kill.scene import furnish
from tests.notices.mail_server import Mailbox, running_mail_server

PATIENCE = 420.0
LEASE = "4"
SECONDS_A_MAIL = 0.1
"""So long the mail server takes over a mail that it has taken: many kills fall into it."""


def environment(home: Path, broker: Broker, mail_port: int) -> None:
    """What this process and its children see."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings",
        HANDOFF_VAR=str(home),
        CELERY_BROKER_URL=broker.url,
        OUTBOX_LEASE_SECONDS=LEASE,
        API_RATE="100000/m",
        EMAIL_URL=f"smtp://127.0.0.1:{mail_port}",
    )


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
    with running_mail_server(SECONDS_A_MAIL) as (mailbox, mail_port):
        return _run_beside(mailbox, mail_port, requests, kills, workers, seed)


def _run_beside(
    mailbox: Mailbox, mail_port: int, requests: int, kills: int, workers: int, seed: int
) -> int:
    home = Path(tempfile.mkdtemp(prefix="handoff-kill-"))
    on_server = os.environ.get("DATABASE_URL", "").startswith("postgres")
    broker, port = Broker(home, server=on_server), free_port()
    environment(home, broker, mail_port)
    if on_server:
        empty_database(os.environ["DATABASE_URL"])
    with running(seed) as receiver:
        tokens = furnish(receiver.url)
        broker.start()
        processes = Processes(
            os.environ,
            port=port,
            workers=workers,
            log=home / "log",
            has_broker=bool(broker.program),
        )
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
        table = judge(office, receiver) + judge_mails(mailbox)
    killed = ", ".join(f"{name} {count}" for name, count in sorted(processes.killed.items()))
    total = sum(processes.killed.values())
    table = [
        ("database", "PostgreSQL" if on_server else "SQLite", True),
        (
            "broker",
            f"Redis, away for {away:.0f} s" if broker.program else "none, as in `make run`",
            away > 0 or not broker.program,
        ),
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
