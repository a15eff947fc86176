"""On SQLite `REPLACE INTO` deletes without a word; what is written once refuses that too. And an
emptied trail does not fit the requests beside it."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from tests.automation.driving import plain
from tests.emptying import triggers_off
from tests.engine.driving import task
from tests.factories import NOW, publish_map, start_request
from tests.workflows.drawn import NO, STOP
from tests.workflows.support import begin, make_people
from tests.workflows.tampering import run
from workflows.definitions.models import TemplateVersion
from workflows.monitoring.messages import describe_trail_defect
from workflows.monitoring.queries.trail_verification import verify_trail
from workflows.trail.models import TrailEvent
from workflows.trail.seal_models import TrailHead, TrailSeal
from workflows.trail.services.recording import write_fact
from workflows.trail.services.sealing import end_of_chain, seal_all

pytestmark = pytest.mark.django_db
only_on_sqlite = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="SQLite alone has REPLACE INTO"
)
GUARDED = [
    *("workflows_trailevent", "workflows_trailseal", "workflows_trailhead"),
    *("workflows_templateversion", "workflows_role", "workflows_field", "workflows_step"),
    "workflows_route",
]


@pytest.fixture
def kept() -> Any:
    """A published map, a request, a sealed trail with a head."""
    request = start_request(publish_map())
    seal_all(lambda: NOW)
    position, hash_ = end_of_chain()
    TrailHead.objects.create(date=NOW.date(), position=position, hash=hash_, written_at=NOW)
    return request


def replace(table: str) -> None:
    """Put a row of a guarded table in again, over itself."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY 1 LIMIT 1")
        row = cursor.fetchone()
        assert row is not None
        cursor.execute(f"REPLACE INTO {table} VALUES ({', '.join(['%s'] * len(row))})", row)


@only_on_sqlite
@pytest.mark.parametrize("deep", ["ON", "OFF"])
@pytest.mark.parametrize("table", GUARDED)
def test_what_is_written_once_is_not_replaced(table: str, deep: str, kept: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA recursive_triggers={deep}")
    try:
        with pytest.raises(IntegrityError), transaction.atomic():
            replace(table)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA recursive_triggers=ON")


@only_on_sqlite
def test_a_seal_is_not_replaced_by_the_row_that_it_is_of(kept: Any) -> None:
    event = TrailSeal.objects.earliest("position").event_id
    with pytest.raises(IntegrityError, match="written once"), transaction.atomic():
        run(
            "REPLACE INTO workflows_trailseal (position, event_id, hash, sealed_at)"
            " VALUES (999, %s, 'x', '2026-01-01')",
            event,
        )


@only_on_sqlite
def test_every_connection_lets_triggers_hear_of_replacements() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers")
        assert cursor.fetchone()[0] == 1


@only_on_sqlite
def test_no_migration_has_lost_a_trigger() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'")
        found = dict(cursor.fetchall())
    for table in GUARDED:
        assert f"{table}_replace_refused" in found
    for table in GUARDED[:3]:
        assert {f"{table}_update_refused", f"{table}_delete_refused"} <= set(found)
    for table in GUARDED[3:]:
        assert {f"{table}_update_published", f"{table}_delete_published"} <= set(found)


@only_on_sqlite
def test_a_row_replaced_with_the_triggers_off_is_found(kept: Any) -> None:
    pk = TrailEvent.objects.earliest("pk").pk
    with triggers_off():
        run("PRAGMA recursive_triggers=OFF")
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM workflows_trailevent WHERE id = %s", [pk])
            names = [column[0] for column in cursor.description]
            row = dict(zip(names, cursor.fetchone(), strict=True)) | {"actor_name": "eve"}
            marks = ", ".join(["%s"] * len(names))
            cursor.execute(
                f"REPLACE INTO workflows_trailevent VALUES ({marks})", list(row.values())
            )
        run("PRAGMA recursive_triggers=ON")
    assert [one.kind for one in verify_trail(now=NOW).broken] == ["changed"]


def empty(*tables: str) -> None:
    with triggers_off():
        for table in tables:
            run(f"DELETE FROM {table}")


ALL = ("workflows_trailseal", "workflows_trailhead", "workflows_trailevent")


def test_an_emptied_trail_does_not_fit_the_requests_beside_it(kept: Any) -> None:
    empty(*ALL)
    found = verify_trail(now=NOW, everything=True)
    assert {one.kind for one in found.broken} == {"untold"}
    assert kept.reference in {one.reference for one in found.broken}


def test_the_command_says_so_and_ends_with_1(kept: Any, capsys: Any) -> None:
    empty(*ALL)
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", "--json")
    assert ended.value.code == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_an_emptied_trail_does_not_fit_a_published_map_alone() -> None:
    publish_map()
    empty(*ALL)
    assert TemplateVersion.objects.exists()
    assert [one.kind for one in verify_trail(now=NOW).broken] == ["untold"]


def test_a_decision_taken_out_with_its_seal_is_found_even_where_the_chain_is_made_anew() -> None:
    make_people()
    this = begin(plain("short", {"one": task(ok="done", no=NO, stop=STOP)}))
    item = this.decide("one", "ok")
    empty("workflows_trailseal")
    with triggers_off():
        run("DELETE FROM workflows_trailevent WHERE command = 'decide'")
    seal_all(lambda: NOW)
    (broken,) = verify_trail(now=NOW).broken
    assert (broken.kind, broken.reference) == ("untold", this.request.reference)
    assert f"task {item.pk}" in str(describe_trail_defect(broken))


def test_a_row_of_the_trail_that_cannot_be_read_stops_no_seal_of_another(kept: Any) -> None:
    bad = "0002-01-01 BC" if connection.vendor == "postgresql" else "2026-13-45 00:00:00"
    first, second = (write_fact("load_definition", actor=None, now=NOW) for _ in range(2))
    with triggers_off():
        run("UPDATE workflows_trailevent SET recorded_at = %s WHERE id = %s", bad, first.pk)
    seal_all(lambda: NOW)
    assert TrailSeal.objects.filter(event_id=second.pk).exists()
    assert not TrailSeal.objects.filter(event_id=first.pk).exists()
