"""(b) The same rows by plain psycopg: what the database itself asks for a recorded decision.

A purchase that Handoff drove is the pattern: which rows each of its decisions inserted, and which
columns it changed. The same is then written for new purchases, with the same locks and the same
permission question, by statements that are put together beforehand. Prints JSON.
"""

import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from bench import handoff_purchase as handoff

REQUEST, TASK = "workflows_workflowinstance", "workflows_workitem"
MERGE, TRAIL = "workflows_mergerecord", "workflows_trailevent"
REQUEST_HISTORY = "workflows_historicalworkflowinstance"
TASK_HISTORY = "workflows_historicalworkitem"
TABLES = (REQUEST, TASK, MERGE, REQUEST_HISTORY, TASK_HISTORY, TRAIL)
HISTORIES = (REQUEST_HISTORY, TASK_HISTORY)
REFERENCES = {
    **{(table, "request_id"): REQUEST for table in TABLES},
    (REQUEST_HISTORY, "id"): REQUEST,
    (TASK_HISTORY, "id"): TASK,
    (TRAIL, "work_item"): TASK,
}
"""The columns that name a row of the request, and its table."""

LOCK_REQUEST = f"""
    SELECT * FROM {REQUEST} WHERE id = (SELECT request_id FROM {TASK} WHERE id = %s) FOR UPDATE
"""
LOCK_TASKS = f"""
    SELECT t.*, EXISTS (
        SELECT 1 FROM workflows_step s
        JOIN workflows_roleentry e ON e.role_id = s.role_id
        JOIN workflows_user_groups m ON m.group_id = e.group_id
        WHERE s.id = t.step_id AND m.user_id = %s
    ) AS permitted
    FROM {TASK} t WHERE t.request_id = %s AND t.is_open ORDER BY t.id FOR UPDATE OF t
"""

WARM_UPS = (6, 5)
"""One ends with a small purchase, one with a large one; both are compared row by row."""

Connection = psycopg.Connection[dict[str, Any]]
Row = dict[str, Any]
Snapshot = dict[str, dict[int, Row]]


@dataclass(frozen=True)
class Ref:
    """Stands for the key that a row of the pattern has in the purchase being written."""

    table: str
    key: int


@dataclass(frozen=True)
class Statement:
    """One insert of all new rows of a table, or one guarded update of a row."""

    sql: str
    values: list[Any]
    made: tuple[Ref, ...] = ()


@dataclass(frozen=True)
class Decision:
    """What one decision locks and writes."""

    task: Ref
    actor: int
    statements: list[Statement]


def key_of(table: str) -> str:
    return "history_id" if table in HISTORIES else "id"


def snapshot(connection: Connection, request: int) -> Snapshot:
    """All rows of a request, by table and key."""
    found: Snapshot = {}
    for table in TABLES:
        column = "id" if table in (REQUEST, REQUEST_HISTORY) else "request_id"
        rows = connection.execute(
            f"SELECT * FROM {table} WHERE {column} = %s ORDER BY {key_of(table)}", (request,)
        )
        found[table] = {row[key_of(table)]: row for row in rows}
    return found


def written(table: str, name: str, value: Any) -> Any:
    """A value of the pattern as a statement gives it."""
    if value is not None and (table, name) in REFERENCES:
        return Ref(REFERENCES[table, name], value)
    return Jsonb(value) if isinstance(value, dict | list) else value


def insert(table: str, rows: list[Row]) -> Statement:
    names = [name for name in rows[0] if name != key_of(table)]
    marks = "(" + ", ".join(["%s"] * len(names)) + ")"
    return Statement(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([marks] * len(rows))}"
        f" RETURNING {key_of(table)} AS key",
        [written(table, name, row[name]) for row in rows for name in names],
        tuple(Ref(table, row[key_of(table)]) for row in rows),
    )


def update(table: str, before: Row, after: Row) -> Statement:
    changed = {name: value for name, value in after.items() if value != before[name]}
    names = ", ".join(f"{name} = %s" for name in changed)
    values = [written(table, name, value) for name, value in changed.items()]
    return Statement(
        f"UPDATE {table} SET {names} WHERE id = %s AND state = %s",
        [*values, Ref(table, before["id"]), before["state"]],
    )


def difference(before: Snapshot, after: Snapshot) -> list[Statement]:
    """The statements that lead from one to the other."""
    found = []
    for table in TABLES:
        old, new = before.get(table, {}), after[table]
        found += [update(table, old[k], row) for k, row in new.items() if row != old.get(k, row)]
        made = [row for key, row in new.items() if key not in old]
        found += [insert(table, made)] if made else []
    return found


@dataclass(frozen=True)
class Pattern:
    """A purchase as Handoff recorded it."""

    start: list[Statement]
    decisions: list[Decision]
    end: Snapshot


def pattern(connection: Connection, users: dict[str, Any], amount: int) -> Pattern:
    """Let Handoff drive a purchase, and note what each decision wrote."""
    request = handoff.start(users, amount)
    before = snapshot(connection, request.pk)
    start, decisions = difference({}, before), []
    for hour, step in enumerate(handoff.steps_of(amount), start=1):
        task, actor = handoff.task(request, step), users[handoff.DECIDERS[step]]
        handoff.decide(task, actor, hour)
        after = snapshot(connection, request.pk)
        decisions.append(Decision(Ref(TASK, task), actor.pk, difference(before, after)))
        before = after
    return Pattern(start, decisions, before)


class Writer:
    """Writes one purchase by its pattern, under keys of its own."""

    def __init__(self, connection: Connection, pattern: Pattern) -> None:
        self.connection, self.pattern = connection, pattern
        self.keys: dict[Ref, int] = {}

    def execute(self, statement: Statement) -> None:
        values = [self.keys[v] if type(v) is Ref else v for v in statement.values]
        answer = self.connection.execute(statement.sql, values)
        if statement.made:
            for ref, row in zip(statement.made, answer, strict=True):
                self.keys[ref] = row["key"]
        elif answer.rowcount != 1:
            raise RuntimeError("the row was changed by somebody else")

    def start(self) -> None:
        """The rows of a started purchase (not timed)."""
        for statement in self.pattern.start:
            self.execute(statement)

    def decide(self, decision: Decision) -> None:
        """One decision: lock, ask, write."""
        task = self.keys[decision.task]
        with self.connection.transaction():
            request = self.connection.execute(LOCK_REQUEST, (task,)).fetchone()
            assert request is not None
            tasks = self.connection.execute(LOCK_TASKS, (decision.actor, request["id"])).fetchall()
            if not any(row["id"] == task and row["permitted"] for row in tasks):
                raise RuntimeError("this person may not decide this task")
            for statement in decision.statements:
                self.execute(statement)

    def must_equal_the_pattern(self) -> None:
        """Every row of Handoff's purchase is there, with the same values, and no other."""
        request = self.keys[Ref(REQUEST, next(iter(self.pattern.end[REQUEST])))]
        ours = snapshot(self.connection, request)
        for table, theirs in self.pattern.end.items():
            rows = [self._moved(table, row) for row in theirs.values()]
            assert list(ours[table].values()) == rows, f"{table} differs"

    def _moved(self, table: str, row: Row) -> Row:
        given = {name: written(table, name, value) for name, value in row.items()}
        given[key_of(table)] = Ref(table, row[key_of(table)])
        return {n: self.keys[v] if type(v) is Ref else row[n] for n, v in given.items()}


def run(
    connection: Connection, patterns: dict[int, Pattern], number: int
) -> tuple[int, float, Writer]:
    """Write so many purchases, half of them over 10,000; only the decisions are timed."""
    decisions, seconds = 0, 0.0
    for index in range(number):
        writer = Writer(connection, patterns[handoff.amount_of(index)])
        writer.start()
        for decision in writer.pattern.decisions:
            begun = time.perf_counter()
            writer.decide(decision)
            seconds += time.perf_counter() - begun
            decisions += 1
    return decisions, seconds, writer


def main() -> None:
    """Run and print what it took."""
    with psycopg.connect(
        os.environ["DATABASE_URL"], autocommit=True, row_factory=dict_row, prepare_threshold=3
    ) as connection:
        users = handoff.everybody()
        patterns = {amount: pattern(connection, users, amount) for amount in handoff.AMOUNTS}
        for warm_up in WARM_UPS:
            *_, writer = run(connection, patterns, warm_up)
            writer.must_equal_the_pattern()
        number = int(sys.argv[1])
        decisions, seconds, _ = run(connection, patterns, number)
    large = patterns[max(handoff.AMOUNTS)]
    answer = {
        "decisions": decisions,
        "seconds": seconds,
        "each": [2 + len(decision.statements) for decision in large.decisions],
        "rows": {t.removeprefix("workflows_"): len(rows) for t, rows in large.end.items()},
        "requests": len(patterns) + sum(WARM_UPS) + number,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
