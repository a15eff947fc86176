"""Ways to tamper with the trail in SQL, as the database's owner could with the triggers off.

Each does one random thing and says what the check must name: the kind of what is broken first,
with the place in the chain, or the row where no place can be known.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from workflows.trail.models import TrailEvent
from workflows.trail.seal_models import TrailSeal
from workflows.trail.services.sealing import SEALED, link_hash

TRAIL, SEAL = "workflows_trailevent", "workflows_trailseal"
TEXTS = ("workflow", "reference", "step", "command", "actor_name", "acted_for", "role")
MORE_TEXTS = (
    *(*TEXTS, "from_state", "to_state", "outcome", "comment"),
    *("channel", "capacity", "token", "token_by"),
)
TRADED = ("command", "actor_name", "outcome", "comment")
COLUMNS = ", ".join(f'"{name}"' for name in SEALED if name != "id")


@dataclass(frozen=True, slots=True)
class Expected:
    """What the check has to say first."""

    kind: str
    position: int | None = None
    event: int | None = None


def run(sql: str, *given: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(given))


def one(sql: str, *given: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(given))
        return cursor.fetchone()[0]


def event_at(position: int) -> int:
    return int(one(f"SELECT event_id FROM {SEAL} WHERE position = %s", position))


# -- changes ----------------------------------------------------------------------------------


def change_text(dice: random.Random, last: int) -> Expected:
    """Another text in one column of one row."""
    position, column = dice.randint(1, last), dice.choice(MORE_TEXTS)
    row = event_at(position)
    run(f"UPDATE {TRAIL} SET {column} = {column} || 'x' WHERE id = %s", row)
    return Expected("changed", position, row)


def change_fact(dice: random.Random, last: int) -> Expected:
    """Another time, number, person or recorded change in one row."""
    position = dice.randint(1, last)
    row = event_at(position)
    way = dice.choice(
        [
            "version = COALESCE(version, 0) + 1",
            "round = COALESCE(round, 0) + 1",
            "activation = COALESCE(activation, 0) + 1",
            "work_item = COALESCE(work_item, 0) + 1",
            "actor_id = CASE WHEN actor_id IS NULL THEN 1 END",
            "request_id = CASE WHEN request_id IS NULL THEN 1 END",
            """changes = '{"given": {"amount": "999.00"}}'""",
            """document_versions = '{"quote": 7}'""",
            "template_id = CASE WHEN template_id IS NULL THEN 1 END",
            """seen = '{"values": {"amount": "1.00"}}'""",
            "seen = '[]'",
            """votes = '[{"by": "mallory"}]'""",
            "votes = '{}'",
        ]
    )
    run(f"UPDATE {TRAIL} SET {way} WHERE id = %s", row)
    return Expected("changed", position, row)


def change_time(dice: random.Random, last: int) -> Expected:
    """The row says that it happened at another time."""
    position = dice.randint(1, last)
    row = event_at(position)
    other = "2020-01-01 00:00:00.000001"
    run(f"UPDATE {TRAIL} SET recorded_at = %s WHERE id = %s", other, row)
    return Expected("changed", position, row)


def change_seal(dice: random.Random, last: int) -> Expected:
    """Another hash in one seal."""
    position = dice.randint(1, last)
    forged = f"{dice.getrandbits(256):064x}"
    run(f"UPDATE {SEAL} SET hash = %s WHERE position = %s", forged, position)
    return Expected("changed", position, event_at(position))


def change_seal_time(dice: random.Random, last: int) -> Expected:
    """One seal says that it was made at another time."""
    position = dice.randint(1, last)
    run(
        f"UPDATE {SEAL} SET sealed_at = %s WHERE position = %s",
        "2020-01-01 00:00:00.000001",
        position,
    )
    return Expected("changed", position, event_at(position))


def change_and_reseal(dice: random.Random, last: int) -> Expected:
    """A row is changed and its own seal made to fit: the one after it does not any more."""
    position = dice.randint(1, last - 1)
    run(f"UPDATE {TRAIL} SET comment = 'forged' WHERE id = %s", event_at(position))
    run(f"UPDATE {SEAL} SET hash = %s WHERE position = %s", _right_hash(position), position)
    return Expected("changed", position + 1, event_at(position + 1))


# -- deletions --------------------------------------------------------------------------------


def delete_row(dice: random.Random, last: int) -> Expected:
    """A row is deleted and its seal left."""
    position = dice.randint(1, last)
    row = event_at(position)
    run(f"DELETE FROM {TRAIL} WHERE id = %s", row)
    return Expected("event_missing", position, row)


def delete_seal(dice: random.Random, last: int) -> Expected:
    """A seal is deleted and its row left."""
    position = dice.randint(1, last)
    row = event_at(position)
    run(f"DELETE FROM {SEAL} WHERE position = %s", position)
    return (
        Expected("unsealed", None, row) if position == last else Expected("seals_missing", position)
    )


def delete_both(dice: random.Random, last: int) -> Expected:
    """Some rows in the middle are deleted with their seals."""
    position = dice.randint(1, last - 3)
    end = position + dice.randint(0, 2)
    _delete(position, end)
    return Expected("seals_missing", position)


def delete_and_close_up(dice: random.Random, last: int) -> Expected:
    """A row is deleted with its seal, and all places after it count one less."""
    position = dice.randint(1, last - 1)
    _delete(position, position)
    _shift(position + 1, last, -1)
    return Expected("changed", position, event_at(position))


# -- swaps ------------------------------------------------------------------------------------


def swap_contents(dice: random.Random, last: int) -> Expected:
    """Two rows trade what they say."""
    first, second = sorted(dice.sample(range(1, last + 1), 2))
    a, b = event_at(first), event_at(second)
    rows = {pk: tuple(TrailEvent.objects.filter(pk=pk).values_list(*TRADED).get()) for pk in (a, b)}
    names = ", ".join(f"{name} = %s" for name in TRADED)
    run(f"UPDATE {TRAIL} SET {names} WHERE id = %s", *rows[b], a)
    run(f"UPDATE {TRAIL} SET {names} WHERE id = %s", *rows[a], b)
    return Expected("changed", first, a)


def swap_ids(dice: random.Random, last: int) -> Expected:
    """Two rows trade their ids."""
    first, second = sorted(dice.sample(range(1, last + 1), 2))
    a, b = event_at(first), event_at(second)
    for old, new in ((a, -1), (b, a), (-1, b)):
        run(f"UPDATE {TRAIL} SET id = %s WHERE id = %s", new, old)
    return Expected("changed", first, a)


def swap_seals(dice: random.Random, last: int) -> Expected:
    """Two seals trade their rows."""
    first, second = sorted(dice.sample(range(1, last + 1), 2))
    a, b = event_at(first), event_at(second)
    for place, row in ((first, -1), (second, a), (first, b)):
        run(f"UPDATE {SEAL} SET event_id = %s WHERE position = %s", row, place)
    return Expected("changed", first, b)


# -- insertions -------------------------------------------------------------------------------


def insert_row(dice: random.Random, last: int) -> Expected:
    """A copy of a row is put in, past the sealer."""
    row = _copy_of(event_at(dice.randint(1, last)))
    return Expected("unsealed", None, row)


def insert_at_the_end(dice: random.Random, last: int) -> Expected:
    """A row is put in at the end, with a seal that was made up."""
    row = _copy_of(event_at(dice.randint(1, last)))
    _seal(last + 1, row, f"{dice.getrandbits(256):064x}")
    return Expected("changed", last + 1, row)


def insert_between(dice: random.Random, last: int) -> Expected:
    """A row is put in between, with a seal that fits; all places after it count one more."""
    position = dice.randint(2, last)
    row = _copy_of(event_at(position))
    _shift(position, last, 1)
    _seal(position, row, "0" * 64)
    run(f"UPDATE {SEAL} SET hash = %s WHERE position = %s", _right_hash(position), position)
    return Expected("changed", position + 1, event_at(position + 1))


# -- cutting off ------------------------------------------------------------------------------


def cut_off(dice: random.Random, last: int) -> Expected:
    """The newest rows are deleted with their seals: only a head shows it."""
    position = dice.randint(2, last)
    _delete(position, last)
    return Expected("cut_off", position)


def write_anew(dice: random.Random, last: int) -> Expected:
    """A row is changed and the whole chain from it made to fit: only a head shows it."""
    position = dice.randint(max(1, last - 200), last)
    run(f"UPDATE {TRAIL} SET comment = 'forged' WHERE id = %s", event_at(position))
    for place in range(position, last + 1):
        run(f"UPDATE {SEAL} SET hash = %s WHERE position = %s", _right_hash(place), place)
    return Expected("head_differs", last, event_at(last))


def change_and_write_anew(row: int, way: str) -> None:
    """A row is changed, and the whole chain from it made to fit. `{changes}` and `{seen}` stand for
    these columns as text."""
    cast = {name: f"CAST({name} AS TEXT)" for name in ("changes", "seen")}
    written = way.format(**cast)
    if connection.vendor == "postgresql" and "REPLACE(" in written:
        name, _, value = written.partition(" = ")
        written = f"{name} = CAST({value} AS JSONB)"
    run(f"UPDATE {TRAIL} SET {written} WHERE id = %s", row)
    first = int(one(f"SELECT position FROM {SEAL} WHERE event_id = %s", row))
    last = int(one(f"SELECT MAX(position) FROM {SEAL}"))
    for place in range(first, last + 1):
        run(f"UPDATE {SEAL} SET hash = %s WHERE position = %s", _right_hash(place), place)


WAYS: tuple[Callable[[random.Random, int], Expected], ...] = (
    *(change_text, change_fact, change_time, change_seal, change_seal_time, change_and_reseal),
    *(delete_row, delete_seal, delete_both, delete_and_close_up),
    *(swap_contents, swap_ids, swap_seals),
    *(insert_row, insert_at_the_end, insert_between),
    *(cut_off, write_anew),
)
ONLY_BY_A_HEAD = (cut_off, write_anew)


# -- how it is done ---------------------------------------------------------------------------


def _delete(first: int, last: int) -> None:
    rows = f"SELECT event_id FROM {SEAL} WHERE position BETWEEN %s AND %s"
    run(f"DELETE FROM {TRAIL} WHERE id IN ({rows})", first, last)
    run(f"DELETE FROM {SEAL} WHERE position BETWEEN %s AND %s", first, last)


def _shift(first: int, last: int, by: int) -> None:
    """Two steps, as places may not be there twice in between."""
    far = 10_000_000
    run(
        f"UPDATE {SEAL} SET position = position + %s WHERE position BETWEEN %s AND %s",
        far,
        first,
        last,
    )
    run(f"UPDATE {SEAL} SET position = position - %s WHERE position > %s", far - by, far)


def _copy_of(row: int) -> int:
    run(f"INSERT INTO {TRAIL} ({COLUMNS}) SELECT {COLUMNS} FROM {TRAIL} WHERE id = %s", row)
    return int(one(f"SELECT MAX(id) FROM {TRAIL}"))


def _seal(position: int, row: int, forged: str) -> None:
    run(
        f"INSERT INTO {SEAL} (position, event_id, hash, sealed_at) SELECT %s, %s, %s, sealed_at"
        f" FROM {SEAL} WHERE position = 1",
        *(position, row, forged),
    )


def _right_hash(position: int) -> str:
    """The hash that fits what stands there now."""
    seal = TrailSeal.objects.get(position=position)
    before = TrailSeal.objects.filter(position=position - 1).values_list("hash", flat=True).first()
    row = TrailEvent.objects.filter(pk=seal.event_id).values_list(*SEALED).get()
    at: datetime = seal.sealed_at
    return link_hash(before or "0" * 64, position, at, row)
