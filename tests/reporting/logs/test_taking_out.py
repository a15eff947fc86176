"""An import can be taken out again, and one that was killed leaves nothing that anybody sees."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client

from reporting.eventlogs.services.importing import import_log
from reporting.eventlogs.services.removal import clear_abandoned_imports, undo_import
from reporting.rollups.daily_rows import read_step_days
from reporting.rollups.models import StepRollUp
from reporting.rollups.services import rebuild_roll_ups, refresh_roll_ups
from tests.factories import NOW, make_user
from tests.reporting.logs.test_together import REPAIRS, SALES, differences, figures_of
from tests.reporting.logs.writing import file
from tests.reporting.test_rollups import cells
from tests.shared import ROOT
from tests.workflows.support import nothing_changed
from workflows.engine.errors import InvalidInput, NotFound, WrongState
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services import instances as requests
from workflows.history_import.models import LogImport
from workflows.history_import.services import importing as past
from workflows.trail.models import TrailEvent

MANY = "case_id,activity,end\n" + "".join(f"{n},A,2026-03-{n % 27 + 1:02}\n" for n in range(2500))


def bring_in(tmp_path: Path, key: str, text: str, name: str = "") -> int:
    done = import_log(key, file(tmp_path, text, name or f"{key}.csv"), actor=None, now=NOW)
    return int(done.record.pk)


@pytest.mark.django_db
def test_what_is_taken_out_is_gone_and_nothing_else_is_touched(tmp_path: Path) -> None:
    first = bring_in(tmp_path, "sales", SALES)
    bring_in(tmp_path, "sales", SALES.replace("S1", "S2"), "more.csv")
    bring_in(tmp_path, "repairs", REPAIRS)
    refresh_roll_ups(now=NOW)
    others = list(WorkItem.objects.exclude(request__log_import=first).values())
    record = undo_import(first, actor=make_user("olivia"), reason="the wrong file", now=NOW)
    assert (record.state, record.cases, record.tasks) == (LogImport.TAKEN_OUT, 1, 2)
    assert list(WorkItem.objects.values()) == others
    assert set(WorkflowInstance.objects.values_list("case_ref", flat=True)) == {"S2", "R1"}
    refresh_roll_ups(now=NOW + timedelta(minutes=5))
    assert differences("sales") == differences("repairs") == []
    assert figures_of("sales")[1]["cases"] == 1
    kept = cells()
    rebuild_roll_ups(now=NOW + timedelta(minutes=5))
    assert cells() == kept


@pytest.mark.django_db
def test_taking_out_is_in_the_trail_with_who_and_why(tmp_path: Path) -> None:
    number = bring_in(tmp_path, "sales", SALES)
    before = TrailEvent.objects.count()
    undo_import(number, actor=make_user("olivia"), reason="the wrong file", now=NOW)
    (row,) = TrailEvent.objects.order_by("pk")[before:]
    assert (row.command, row.actor_name, row.comment) == ("undo_import", "olivia", "the wrong file")
    assert row.changes["file"] == "sales.csv"
    assert (row.changes["requests"], row.changes["tasks"]) == (1, 2)


@pytest.mark.django_db
def test_a_log_that_was_taken_out_can_come_in_again(tmp_path: Path) -> None:
    number = bring_in(tmp_path, "sales", SALES)
    with pytest.raises(InvalidInput, match="already"):
        bring_in(tmp_path, "sales", SALES)
    undo_import(number, actor=None, reason="", now=NOW)
    bring_in(tmp_path, "sales", SALES)
    refresh_roll_ups(now=NOW)
    assert differences("sales") == []


@pytest.mark.django_db
def test_what_was_worked_on_here_stays(tmp_path: Path) -> None:
    head = "case_id,activity,enabled,end,request.state\n"
    number = bring_in(tmp_path, "sales", head + "S1,Check,2026-03-02,,running\n")
    request = WorkflowInstance.objects.get()
    requests.cancel(request.pk, actor=make_user("root", is_superuser=True), reason="over", now=NOW)
    with nothing_changed(), pytest.raises(WrongState, match="worked on here"):
        undo_import(number, actor=None, reason="", now=NOW)


@pytest.mark.django_db
def test_an_import_is_taken_out_once_and_only_where_there_is_one(tmp_path: Path) -> None:
    number = bring_in(tmp_path, "sales", SALES)
    undo_import(number, actor=None, reason="", now=NOW)
    with pytest.raises(WrongState, match="taken out"):
        undo_import(number, actor=None, reason="", now=NOW)
    with pytest.raises(NotFound, match="no import 99999"):
        undo_import(99999, actor=None, reason="", now=NOW)


@pytest.mark.django_db
def test_the_command_lists_imports_and_takes_one_out(tmp_path: Path) -> None:
    number = bring_in(tmp_path, "sales", SALES)
    out = StringIO()
    call_command("import_log", "--list", stdout=out)
    assert "sales.csv: 1 requests, 2 tasks, here" in out.getvalue()
    call_command("import_log", "--undo", str(number), "--reason", "wrong", stdout=out)
    assert "1 requests with 2 tasks of sales.csv are taken out" in out.getvalue()
    with pytest.raises(CommandError) as refused:
        call_command("import_log", "sales", stdout=out)
    assert refused.value.returncode == 2


# -- half-way ---------------------------------------------------------------------------------


class Killed(BaseException):
    """The process ends, as at a power cut: nothing is cleaned up."""


def half_an_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Any = None) -> None:
    """An import whose process dies after its first piece."""
    pieces = 0
    whole = past.write_piece

    def dies(*arguments: Any, **named: Any) -> int:
        nonlocal pieces
        pieces += 1
        if pieces == 2:
            raise Killed
        return whole(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(past, "write_piece", dies)
        patched.setattr(
            "reporting.eventlogs.services.importing.delete_import_rows", lambda *_, **__: None
        )
        with pytest.raises(Killed):
            bring_in(tmp_path, "many", MANY)


@pytest.mark.django_db
def test_of_an_import_that_is_not_whole_nobody_sees_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    half_an_import(tmp_path, monkeypatch)
    assert WorkItem.objects.count() >= 1000
    assert not WorkflowInstance.objects.exists()
    refresh_roll_ups(now=NOW)
    rebuild_roll_ups(now=NOW)
    assert not StepRollUp.objects.exists()
    assert not read_step_days(NOW.date().replace(month=3, day=2))
    _, command = figures_of("many")
    assert command["events"] == 0
    client.force_login(make_user("root", is_superuser=True, is_staff=True))
    hidden = WorkflowInstance.everything.first()
    assert hidden is not None
    assert client.get(f"/requests/{hidden.reference}/").status_code == 404
    page = client.get("/reports/").content.decode()
    assert 'class="number" data-label="Requests">0<' in page
    assert hidden.reference not in client.get("/admin/workflows/workflowinstance/").content.decode()
    assert hidden.reference not in client.get("/admin/workflows/workitem/").content.decode()
    out = StringIO()
    call_command("export_log", "many", "--format", "csv", stdout=out)
    assert len(out.getvalue().splitlines()) == 1


@pytest.mark.django_db
def test_what_a_killed_import_left_is_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_an_import(tmp_path, monkeypatch)
    assert clear_abandoned_imports(now=NOW + timedelta(minutes=1)) == 0
    assert clear_abandoned_imports(now=NOW + timedelta(minutes=10)) == 1
    assert not WorkItem.objects.exists()
    assert not WorkItem.history.exists()
    assert not WorkflowInstance.everything.exists()
    assert not WorkflowInstance.history.exists()
    assert LogImport.objects.get().state == LogImport.TAKEN_OUT
    bring_in(tmp_path, "many", MANY)
    assert WorkflowInstance.objects.count() == 2500
    refresh_roll_ups(now=NOW)
    assert differences("many") == []


@pytest.mark.django_db
def test_an_error_on_the_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(past, "finish_import", fails)
        with pytest.raises(OSError, match="disk"):
            bring_in(tmp_path, "many", MANY)
    assert not WorkItem.objects.exists()
    assert not WorkflowInstance.everything.exists()
    assert not TrailEvent.objects.filter(command="import_log").exists()


@pytest.mark.django_db
def test_a_taking_out_that_was_killed_is_carried_on(tmp_path: Path) -> None:
    from workflows.history_import.services.removal import begin_import_removal

    number = bring_in(tmp_path, "many", MANY)
    refresh_roll_ups(now=NOW)
    begin_import_removal(number, actor=None, reason="", now=NOW)
    assert not WorkflowInstance.objects.exists()
    refresh_roll_ups(now=NOW + timedelta(minutes=1))
    assert clear_abandoned_imports(now=NOW + timedelta(minutes=10)) == 1
    assert not WorkItem.objects.exists()
    refresh_roll_ups(now=NOW + timedelta(minutes=11))
    assert not StepRollUp.objects.exists()


@pytest.mark.races
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL alone can show this")
@pytest.mark.django_db(transaction=True)
def test_others_write_while_a_log_comes_in_is_rolled_up_and_goes_out(tmp_path: Path) -> None:
    """Each piece is a short transaction: nobody else waits long for the database."""
    make_user("other")
    longest, stop = [0.0], threading.Event()

    def writes() -> None:
        from workflows.people.models import User

        try:
            while not stop.is_set():
                began = time.monotonic()
                with transaction.atomic():
                    User.objects.filter(username="other").update(last_name=str(began))
                longest[0] = max(longest[0], time.monotonic() - began)
                time.sleep(0.01)
        finally:
            connection.close()

    other = threading.Thread(target=writes)
    other.start()
    try:
        number = bring_in(tmp_path, "many", MANY)
        refresh_roll_ups(now=NOW)
        undo_import(number, actor=None, reason="", now=NOW)
    finally:
        stop.set()
        other.join()
    assert 0 < longest[0] < 10


@pytest.mark.slow
def test_an_embedded_site_goes_on_while_a_large_log_comes_in(tmp_path: Path) -> None:
    """On SQLite, which has one writer at a time, nobody waits for the import but for a moment; and
    a command that is killed in the middle leaves nothing."""
    base = tmp_path / "site.sqlite3"
    lines = (f"{n // 8},A{n % 8},x,2026-{n % 12 + 1:02}-0{n % 9 + 1}\n" for n in range(40_000))
    log = file(tmp_path, "case_id,activity,resource,end\n" + "".join(lines))
    manage(base, "migrate", "-v0").wait()
    coming = manage(base, "import_log", "large", log)
    waits, seen = [], 0
    while coming.poll() is None:
        waits.append(waited(base))
        seen = count(base, "workflows_workitem")
        if seen > 5000:
            coming.kill()
        time.sleep(0.02)
    assert seen > 5000
    assert max(waits) < 10
    old = "2020-01-01 00:00:00"
    with sqlite3.connect(base, timeout=20) as there:
        there.execute("UPDATE workflows_logimport SET seen_at = ?", [old])
    again = manage(base, "import_log", "large", log)
    while again.poll() is None:
        waits.append(waited(base))
        time.sleep(0.02)
    assert again.returncode == 0
    assert count(base, "workflows_workitem") == 40_000
    assert count(base, "workflows_workflowinstance") == 5_000
    assert max(waits) < 10


def manage(base: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    """A command on a database of its own, as a process."""
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{base}"}
    return subprocess.Popen([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment)


def waited(base: Path) -> float:
    """How long another writer waits for the database."""
    began = time.monotonic()
    there = sqlite3.connect(base, timeout=20, isolation_level=None)
    there.execute("BEGIN IMMEDIATE")
    there.execute("ROLLBACK")
    there.close()
    return time.monotonic() - began


def count(base: Path, name: str) -> int:
    """How many rows a table has."""
    there = sqlite3.connect(base, timeout=20)
    found: int = there.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
    there.close()
    return found
