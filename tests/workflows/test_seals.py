"""The trail's chain: what it links, what it finds, and that nobody waits for it."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from tests.emptying import lift
from tests.factories import NOW, make_user, publish_map, start_request
from tests.workflows import tampering
from tests.workflows.support import only_on_postgres
from workflows.engine.errors import InvalidInput, WrongState
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.monitoring.facts import ChainHead
from workflows.monitoring.messages import describe_trail_defect
from workflows.monitoring.queries.trail_verification import (
    parse_chain_head,
    verify_trail,
)
from workflows.trail.models import TrailEvent
from workflows.trail.seal_models import ROOT, TrailHead, TrailSeal
from workflows.trail.services.recording import write_fact, write_trail_rows
from workflows.trail.services.sealing import LATER as ADDED
from workflows.trail.services.sealing import (
    LOCK,
    SEALED,
    end_of_chain,
    link_hash,
    reset_sealed_mark,
    seal_all,
    seal_trail_rows,
)

LATER = NOW + timedelta(hours=2)


def all_sealed() -> int:
    """Seal what there is; how many links the chain has then."""
    seal_all(lambda: NOW + timedelta(seconds=1))
    return end_of_chain()[0]


def a_trail(rows: int) -> int:
    """A trail of so many rows, all sealed: a few commands, and then one again and again."""
    request = start_request(publish_map())
    requests.suspend(request.pk, actor=request.template.owner, reason="a", now=NOW)
    requests.resume(request.pk, actor=request.template.owner, reason="b", now=NOW)
    first = TrailEvent.objects.values().get(command="suspend")
    TrailEvent.objects.bulk_create(
        TrailEvent(**{**first, "id": None, "comment": f"number {number}"})
        for number in range(rows - TrailEvent.objects.count())
    )
    return all_sealed()


# -- the chain --------------------------------------------------------------------------------


def test_a_hash_covers_every_column_of_a_row() -> None:
    assert set(SEALED) == {field.attname for field in TrailEvent._meta.concrete_fields}


@pytest.mark.django_db
def test_each_row_is_linked_to_the_one_before_in_the_order_of_ids() -> None:
    start_request(publish_map())
    assert all_sealed() == TrailEvent.objects.count()
    before = ROOT
    rows = TrailEvent.objects.order_by("pk").values_list(*SEALED)
    for place, (row, link) in enumerate(
        zip(rows, TrailSeal.objects.order_by("position"), strict=True), start=1
    ):
        assert (link.position, link.event_id) == (place, row[0])
        assert link.hash == link_hash(before, place, link.sealed_at, row)
        before = link.hash


@pytest.mark.django_db
def test_a_row_is_sealed_once_and_never_more_than_asked_for() -> None:
    start_request(publish_map())
    count = TrailEvent.objects.count()
    assert seal_trail_rows(NOW, limit=2) == 2
    assert seal_trail_rows(NOW) == count - 2
    assert seal_trail_rows(NOW) == 0


@pytest.mark.django_db
def test_a_round_of_many_transactions_leaves_nothing_out() -> None:
    request = start_request(publish_map())
    for _ in range(3):
        while seal_trail_rows(NOW, limit=3) == 3:
            requests.suspend(request.pk, actor=request.template.owner, reason="a", now=NOW)
            requests.resume(request.pk, actor=request.template.owner, reason="b", now=NOW)
            if TrailEvent.objects.count() > 30:
                break
    seal_all(lambda: NOW)
    assert end_of_chain()[0] == TrailEvent.objects.count()
    assert verify_trail(now=LATER).broken_count == 0


@pytest.mark.django_db
def test_the_chain_goes_on_where_it_ended_when_nothing_is_remembered() -> None:
    request = start_request(publish_map())
    first = all_sealed()
    requests.suspend(request.pk, actor=request.template.owner, reason="Wait.", now=NOW)
    reset_sealed_mark()
    assert all_sealed() == first + 1
    assert verify_trail(now=LATER).broken_count == 0


@pytest.mark.django_db
def test_what_stands_in_a_row_changes_its_hash() -> None:
    start_request(publish_map())
    row = list(TrailEvent.objects.values_list(*SEALED).first() or ())
    seen = {link_hash(ROOT, 1, NOW, row)}
    for place, value in enumerate(row):
        changed = LATER if SEALED[place] == "recorded_at" else f"{value}!"
        seen.add(link_hash(ROOT, 1, NOW, [*row[:place], changed, *row[place + 1 :]]))
    seen |= {link_hash("1" * 64, 1, NOW, row), link_hash(ROOT, 2, NOW, row)}
    seen.add(link_hash(ROOT, 1, LATER, row))
    assert len(seen) == len(row) + 4


def test_a_row_of_before_the_later_columns_keeps_its_hash() -> None:
    row = dict.fromkeys(SEALED, "") | {"recorded_at": NOW} | ADDED
    before = "22101e0079f927ac3586dbf2f9ee40eaed675cf8e2acb347baf5a8eeeb86975f"
    assert link_hash(ROOT, 1, NOW, list(row.values())) == before


@pytest.mark.parametrize("column", ADDED)
@pytest.mark.parametrize("value", ["x", "", None, {}, [], {"x": 1}, ["x"], 0, False])
def test_whatever_is_put_into_an_empty_column_breaks_the_seal(column: str, value: Any) -> None:
    row: dict[str, Any] = dict.fromkeys(SEALED, "") | {"recorded_at": NOW} | ADDED
    changed = list((row | {column: value}).values())
    is_other = value != ADDED[column] or type(value) is not type(ADDED[column])
    differs = link_hash(ROOT, 1, NOW, changed) != link_hash(ROOT, 1, NOW, list(row.values()))
    assert differs == is_other


@pytest.mark.django_db
def test_a_command_that_the_trail_does_not_know_cannot_be_written() -> None:
    version = publish_map()
    count = TrailEvent.objects.count()
    for write in (
        lambda: write_fact("made_up", actor=None, now=NOW, template=version.template),
        lambda: TrailEvent.objects.create(recorded_at=NOW, command="made_up"),
        lambda: TrailEvent.objects.bulk_create([TrailEvent(recorded_at=NOW, command="made_up")]),
        lambda: write_trail_rows([TrailEvent(recorded_at=NOW, command="made_up")]),
    ):
        with pytest.raises(ValueError, match="made_up"):
            write()
    assert TrailEvent.objects.count() == count


# -- verifying --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_trail_that_nobody_touched_verifies() -> None:
    count = a_trail(20)
    found = verify_trail(now=LATER, heads=[ChainHead("2026-03-02", *end_of_chain(), True)])
    assert (found.sealed, found.broken_count, found.waiting) == (count, 0, 0)
    assert found.hash == end_of_chain()[1]


@pytest.mark.django_db
def test_an_empty_trail_verifies_until_a_head_says_that_there_was_one() -> None:
    assert verify_trail(now=LATER).broken_count == 0
    (broken,) = verify_trail(now=LATER, heads=[ChainHead("2026-03-02", 7, "a" * 64, True)]).broken
    assert broken.kind == "cut_off"


@pytest.mark.django_db
def test_a_row_that_waits_for_the_sealer_is_no_break_until_the_grace_is_over() -> None:
    start_request(publish_map())
    found = verify_trail(now=NOW + timedelta(minutes=9))
    assert (found.broken_count, found.waiting) == (0, TrailEvent.objects.count())
    (broken,) = verify_trail(now=LATER).broken
    assert broken.kind == "unsealed"


@pytest.mark.django_db
def test_a_replayed_row_is_not_overdue_by_the_time_that_it_tells_of() -> None:
    request = start_request(publish_map())
    all_sealed()
    WorkflowInstance.objects.filter(pk=request.pk).update(source=WorkflowInstance.REPLAY)
    requests.suspend(request.pk, actor=request.template.owner, reason="Then.", now=NOW)
    assert verify_trail(now=LATER).broken_count == 0


@pytest.mark.django_db
def test_all_that_is_broken_is_named_when_asked_for() -> None:
    count = a_trail(30)
    with tampered():
        for position in (4, 9, 17):
            row = tampering.event_at(position)
            tampering.run(f"UPDATE {tampering.TRAIL} SET comment = 'x' WHERE id = %s", row)
        found = verify_trail(now=LATER, everything=True)
    assert [(b.kind, b.position) for b in found.broken] == [
        ("changed", 4),
        ("changed", 9),
        ("changed", 17),
    ]
    assert found.sealed == count


@contextmanager
def tampered() -> Iterator[None]:
    """No trigger of ours hinders what is done inside; it is undone afterwards."""
    with transaction.atomic():
        lift()
        yield
        transaction.set_rollback(True)


def tamper_and_look(dice: random.Random, times: int, last: int) -> None:
    heads = [ChainHead("2026-03-02", *end_of_chain(), True)]
    for turn in range(times):
        way = tampering.WAYS[turn % len(tampering.WAYS)]
        with tampered():
            expected = way(dice, last)
            outside = heads if way in tampering.ONLY_BY_A_HEAD else []
            (broken,) = verify_trail(now=LATER, heads=outside).broken
            if outside:
                assert verify_trail(now=LATER).broken_count == 0, "only a head shows this"
        told = (broken.kind, broken.position, broken.event)
        wanted = (expected.kind, expected.position, expected.event)
        assert told == wanted, f"turn {turn}, {way.__name__}: {describe_trail_defect(broken)}"
    assert verify_trail(now=LATER, heads=heads).broken_count == 0


@pytest.mark.django_db
def test_whatever_is_done_to_a_row_in_sql_is_found_and_the_row_named() -> None:
    tamper_and_look(random.Random(20260302), 60, a_trail(1500))


@pytest.mark.slow
@pytest.mark.django_db
def test_two_hundred_tamperings_with_ten_thousand_rows_are_found() -> None:
    tamper_and_look(random.Random(4), 200, a_trail(10_000))


@pytest.mark.django_db
def test_a_head_that_is_kept_here_shows_a_clumsy_cut_too() -> None:
    last = a_trail(30)
    position, hash_ = end_of_chain()
    TrailHead.objects.create(date=NOW.date(), position=position, hash=hash_, written_at=NOW)
    with tampered():
        tampering.cut_off(random.Random(1), last)
        (broken,) = verify_trail(now=LATER).broken
    assert broken.kind == "cut_off"


@pytest.mark.parametrize(
    "text", ["", "x", "2026-03-02:0:" + "a" * 64, "2026-13-02:1:" + "a" * 64, "2026-03-02:1:abc"]
)
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="DATE:POSITION:HASH"):
        parse_chain_head(text)


# -- what the database refuses ----------------------------------------------------------------

REFUSED = [
    "UPDATE workflows_trailevent SET comment = 'x'",
    "DELETE FROM workflows_trailevent",
    "UPDATE workflows_trailseal SET hash = 'x'",
    "UPDATE workflows_trailseal SET position = position + 100",
    "DELETE FROM workflows_trailseal",
    "UPDATE workflows_trailhead SET hash = 'x'",
    "UPDATE workflows_trailhead SET position = 1, sent_at = NULL",
    "DELETE FROM workflows_trailhead",
]
TRUNCATES = [f"TRUNCATE workflows_trail{name} CASCADE" for name in ("event", "seal", "head")]


@pytest.fixture
def sealed_trail() -> Iterator[list[Any]]:
    """A sealed trail with a head; it is the same afterwards."""
    start_request(publish_map())
    all_sealed()
    position, hash_ = end_of_chain()
    TrailHead.objects.create(date=NOW.date(), position=position, hash=hash_, written_at=NOW)
    tables = (TrailEvent, TrailSeal, TrailHead)
    before = [list(table.objects.order_by("pk").values()) for table in tables]
    yield before
    assert [list(table.objects.order_by("pk").values()) for table in tables] == before


@pytest.mark.django_db
@pytest.mark.parametrize("sql", REFUSED)
def test_the_database_refuses_to_change_or_delete_what_was_written(
    sql: str, sealed_trail: Any
) -> None:
    with pytest.raises(IntegrityError, match="the trail is written once"), transaction.atomic():
        tampering.run(sql)


@only_on_postgres
@pytest.mark.django_db
@pytest.mark.parametrize("sql", TRUNCATES)
def test_the_database_refuses_to_truncate(sql: str, sealed_trail: Any) -> None:
    tampering.run("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError, match="the trail is written once"), transaction.atomic():
        tampering.run(sql)


@pytest.mark.django_db
def test_the_models_refuse_to_change_or_delete_seals_and_heads(sealed_trail: Any) -> None:
    link, head = TrailSeal.objects.first(), TrailHead.objects.first()
    assert link is not None
    assert head is not None
    for act in (
        link.save,
        link.delete,
        head.delete,
        TrailSeal.objects.all().delete,
        lambda: TrailSeal.objects.update(hash="x"),
        lambda: TrailSeal.objects.bulk_update([link], ["hash"]),
    ):
        with pytest.raises(WrongState, match="written once"):
            act()


@pytest.mark.django_db
def test_where_a_head_was_sent_may_be_filled_in_later() -> None:
    head = TrailHead.objects.create(date=NOW.date(), position=1, hash="a" * 64, written_at=NOW)
    head.sent_at, head.sent_to = LATER, [{"way": "mail"}]
    head.save()
    assert TrailHead.objects.get().sent_at == LATER


# -- several at once --------------------------------------------------------------------------


@only_on_postgres
@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_while_eight_write_all_is_sealed_without_a_gap_and_once() -> None:
    version, over = publish_map(), Event()
    people = [make_user(f"writer{number}", groups=["staff"]) for number in range(8)]

    def write(number: int) -> None:
        for _ in range(15):
            data = {"amount": "1200.00", "region": "EU", "manager": "mia"}
            flow = requests.start_on_version(version, actor=people[number], now=NOW, data=data)
            requests.cancel(flow.pk, actor=people[number], reason="Enough.", now=NOW)
        connection.close()

    def keep_sealing(_: int) -> int:
        done = 0
        while not over.is_set():
            done += seal_trail_rows(NOW, limit=7)
        connection.close()
        return done

    with ThreadPoolExecutor(2) as sealers, ThreadPoolExecutor(8) as writers:
        sealing = [sealers.submit(keep_sealing, number) for number in range(2)]
        try:
            list(writers.map(write, range(8)))
        finally:
            over.set()
        assert sum(one.result() for one in sealing) > 0
    count = TrailEvent.objects.count()
    assert all_sealed() == count
    assert list(TrailSeal.objects.values_list("position", flat=True)) == list(range(1, count + 1))
    assert verify_trail(now=LATER).broken_count == 0


@only_on_postgres
@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_while_one_process_seals_another_does_not_wait_for_it() -> None:
    start_request(publish_map())
    held, over = Event(), Event()

    def seal_slowly() -> None:
        with transaction.atomic():
            tampering.one("SELECT pg_advisory_xact_lock(%s)::text", LOCK)
            held.set()
            assert over.wait(30)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        sealing = pool.submit(seal_slowly)
        assert held.wait(30)
        assert seal_trail_rows(NOW) == 0
        over.set()
        sealing.result()
    assert seal_trail_rows(NOW) == TrailEvent.objects.count()


@only_on_postgres
@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_row_that_commits_after_a_higher_one_was_sealed_is_sealed_too() -> None:
    version = publish_map()
    request = start_request(version)
    late, early = Event(), Event()

    def write_late() -> None:
        with transaction.atomic():
            requests.suspend(request.pk, actor=request.template.owner, reason="Late.", now=NOW)
            early.set()
            assert late.wait(30)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_late)
        assert early.wait(30)
        start_request(version)
        for minutes in range(5):  # as often as it takes for the mark to move, if it would
            seal_trail_rows(NOW + timedelta(minutes=minutes))
            start_request(version)
        assert TrailSeal.objects.filter(event__comment="Late.").count() == 0
        late.set()
        writing.result()
    seal_all(lambda: LATER)
    assert TrailSeal.objects.filter(event__comment="Late.").count() == 1
    assert verify_trail(now=LATER).broken_count == 0
