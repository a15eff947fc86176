"""(b) The same rows by plain psycopg: what the database itself asks for a recorded decision.

A purchase that Handoff drove is taken as the pattern: which rows each of its decisions inserted
and changed. The same inserts and updates are then written for new purchases, with the same locks
and the same permission question, by hand. Prints JSON.
"""

import json
import os
import sys
import time
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from bench import handoff_purchase as handoff

REQUEST, TASK = "workflows_workflowinstance", "workflows_workitem"
MERGE, TRAIL = "workflows_mergerecord", "workflows_trailevent"
HISTORY = {REQUEST: "workflows_historicalworkflowinstance", TASK: "workflows_historicalworkitem"}
TABLES = (REQUEST, TASK, MERGE, TRAIL, *HISTORY.values())
KEY = {table: "history_id" if table in HISTORY.values() else "id" for table in TABLES}

Row = dict[str, Any]
Snapshot = dict[str, dict[int, Row]]


def snapshot(connection: psycopg.Connection[Row], request: int) -> Snapshot:
    """All rows of a request, by table and key."""
    found: Snapshot = {}
    for table in TABLES:
        column = "id" if table in (REQUEST, HISTORY[REQUEST]) else "request_id"
        rows = connection.execute(f"SELECT * FROM {table} WHERE {column} = %s", (request,))
        found[table] = {row[KEY[table]]: row for row in rows}
    return found


class Pattern:
    """What each decision of a purchase wrote: rows inserted, and columns changed."""

    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        self.inserted = {
            table: [row for key, row in after[table].items() if key not in before[table]]
            for table in TABLES
        }
        self.changed = {
            table: {
                key: {n: v for n, v in row.items() if v != before[table][key][n]}
                for key, row in after[table].items()
                if key in before[table] and row != before[table][key]
            }
            for table in TABLES
        }


def patterns(connection: psycopg.Connection[Row], amount: int) -> tuple[Snapshot, list[Pattern]]:
    """The rows after the start, and the pattern of each decision."""
    users = {user.username: user for user in handoff.User.objects.all()}
    request = handoff.start(users, amount)
    first = before = snapshot(connection, request.pk)
    found = []
    for hour, step in enumerate(handoff.steps_of(amount), start=1):
        handoff.tasks.decide(
            handoff.task(request, step),
            actor=users[handoff.DECIDERS[step]],
            outcome="approve",
            now=handoff.BEGIN + handoff.timedelta(hours=hour),
        )
        after = snapshot(connection, request.pk)
        found.append(Pattern(before, after))
        before = after
    return first, found


def adapted(value: Any) -> Any:
    """JSON columns as psycopg writes them."""
    return Jsonb(value) if isinstance(value, dict | list) else value


class Writer:
    """Writes a purchase by its patterns, with ids of its own."""

    def __init__(self, connection: psycopg.Connection[Row], first: Snapshot) -> None:
        self.connection, self.first = connection, first
        self.ids: dict[tuple[str, int], int] = {}

    def insert(self, table: str, rows: list[Row]) -> None:
        """One statement for all rows of a table."""
        if not rows:
            return
        key = KEY[table]
        names = [name for name in rows[0] if name != key]
        marks = "(" + ", ".join(["%s"] * len(names)) + ")"
        values = [adapted(self.moved(table, name, row[name])) for row in rows for name in names]
        answer = self.connection.execute(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([marks] * len(rows))}"
            f" RETURNING {key}",
            values,
        )
        for row, made in zip(rows, answer, strict=True):
            self.ids[table, row[key]] = made[key]

    def moved(self, table: str, name: str, value: Any) -> Any:
        """A reference to the pattern's row becomes one to ours."""
        if name == "request_id" or (table == HISTORY[REQUEST] and name == "id"):
            return self.ids[REQUEST, value]
        if name == "work_item" or (table == HISTORY[TASK] and name == "id"):
            return self.ids[TASK, value] if value is not None else None
        return value

    def update(self, table: str, key: int, values: Row) -> None:
        """One guarded statement for one row."""
        names = ", ".join(f"{name} = %s" for name in values)
        self.connection.execute(
            f"UPDATE {table} SET {names} WHERE id = %s",
            [*map(adapted, values.values()), self.ids[table, key]],
        )

    def start(self) -> None:
        """The rows of a started purchase (not timed)."""
        for table in TABLES:
            self.insert(table, list(self.first[table].values()))

    def decide(self, pattern: Pattern, actor: int) -> None:
        """One decision: lock, ask, write."""
        request = next(iter(self.first[REQUEST]))
        ours = self.ids[REQUEST, request]
        with self.connection.transaction():
            self.connection.execute(
                f"SELECT * FROM {REQUEST} WHERE id = %s FOR UPDATE", (ours,)
            ).fetchone()
            self.connection.execute(
                f"SELECT t.*, EXISTS (SELECT 1 FROM workflows_stepgrouppermission g"
                f" JOIN auth_user_groups m ON m.group_id = g.group_id"
                f" WHERE g.content_object_id = t.step_id AND m.user_id = %s) AS permitted"
                f" FROM {TASK} t WHERE t.request_id = %s AND t.is_open FOR UPDATE OF t",
                (actor, ours),
            ).fetchall()
            for table in (TASK, MERGE, REQUEST):
                self.insert(table, pattern.inserted[table])
                for key, values in pattern.changed[table].items():
                    self.update(table, key, values)
            for table in (*HISTORY.values(), TRAIL):
                self.insert(table, pattern.inserted[table])


def main() -> None:
    """Run and print what it took."""
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        made = {amount: patterns(connection, amount) for amount in (20000, 5000)}
        actor = handoff.User.objects.get(username="mia").pk
        decisions, seconds = 0, 0.0
        for index in range(-3, int(sys.argv[1])):
            first, found = made[5000 if index % 2 else 20000]
            writer = Writer(connection, first)
            writer.start()
            for pattern in found:
                begun = time.perf_counter()
                writer.decide(pattern, actor)
                if index >= 0:
                    seconds += time.perf_counter() - begun
                    decisions += 1
    print(json.dumps({"decisions": decisions, "seconds": seconds, "statements": None}))


if __name__ == "__main__":
    main()
