"""The process group of `make run`: one that ends is started again, and none is left behind."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from config.parent_process import GATE_VARIABLE, wait_for_gate
from config.run import FIRST_PAUSE, RestartedProcess, open_listening_socket, remove_old_broker_files
from tests.migrated import copy_migrated

ROOT = Path(__file__).resolve().parents[2]
# In one write, so that two children's lines cannot mix.
SAYS_ITS_ID = "import os, sys, time; os.write(1, b'%d\\n' % os.getpid()); "
CHILDREN = {
    "sleeps": SAYS_ITS_ID + "time.sleep(60)",
    "ends": SAYS_ITS_ID + "sys.exit(3)",
    "stubborn": "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    + SAYS_ITS_ID
    + "time.sleep(60)",
}
PROGRAM = """
import sys
from config.run import ProcessGroup
with ProcessGroup(patience=1) as group:
    first, *others = [[sys.executable, "-c", code] for code in sys.argv[2:]]
    if sys.argv[1] != "first" or group.finish(group.begin(first)):
        group.start({"one": first, **{f"other {n}": code for n, code in enumerate(others)}})
        group.supervise_until()
sys.exit(group.status)
"""
# The web server and the background as `make run` starts them, on a database of sessions only.
WHOLE = """
import sys
from config.run import (
    ProcessGroup, is_server_answering, lasting_commands, open_listening_socket
)
server = open_listening_socket(sys.argv[1])
with server, ProcessGroup() as group:
    migrate = [sys.executable, "manage.py", "migrate", "sessions", "--verbosity", "0"]
    if group.finish(group.begin(migrate)):
        group.start(lasting_commands(server), keep=[server.fileno()])
        group.supervise_until(lambda: is_server_answering(server.getsockname()[1]))
        print(" ".join(str(child.process.pid) for child in group._lasting), flush=True)
        group.supervise_until()
sys.exit(group.status)
"""

# `make run`, which says of each process that it starts what it is.
SITE = """
import sys
from config import run
start = run.start_child_process
def tell(command, *others):
    print(*command[1:3], flush=True)
    return start(command, *others)
run.start_child_process = tell
sys.exit(run.run_site())
"""
EMBEDDED = {
    "DATABASE_URL": "",
    "CELERY_BROKER_URL": "",
    "DJANGO_SETTINGS_MODULE": "config.settings",
}


def alive(pid: int) -> bool:
    """Whether a process is there (and not merely waiting to be reaped)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def soon(happens: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether it comes to be in that time."""
    limit = time.monotonic() + seconds
    while not (so := happens()) and time.monotonic() < limit:
        time.sleep(0.1)
    return so


@contextmanager
def program(code: str, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A program that leads a process group of its own, which is cleared away at the end."""
    running = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.communicate()


def ids(running: subprocess.Popen[str], number: int) -> list[int]:
    assert running.stdout is not None
    return [int(running.stdout.readline()) for _ in range(number)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_stop_stops_all_children(number: signal.Signals) -> None:
    with program(PROGRAM, "together", CHILDREN["sleeps"], CHILDREN["sleeps"]) as parent:
        children = ids(parent, 2)
        os.kill(parent.pid, number)
        assert parent.wait(30) == 0
        assert not any(alive(pid) for pid in children)


def test_all_children_are_in_the_process_group_of_the_parent() -> None:
    with program(PROGRAM, "together", CHILDREN["sleeps"], CHILDREN["sleeps"]) as parent:
        assert {os.getpgid(pid) for pid in ids(parent, 2)} == {parent.pid}


def test_a_child_that_will_not_stop_is_made_to() -> None:
    with program(PROGRAM, "together", CHILDREN["stubborn"], CHILDREN["sleeps"]) as parent:
        children = ids(parent, 2)
        os.kill(parent.pid, signal.SIGTERM)
        assert parent.wait(30) == 0
        assert not any(alive(pid) for pid in children)


def test_one_that_ends_is_started_again_with_growing_pauses_and_the_other_stays() -> None:
    with program(PROGRAM, "together", CHILDREN["sleeps"], CHILDREN["ends"]) as parent:
        assert parent.stdout is not None
        began, said = time.monotonic(), []
        while sum("ended" in line for line in said) < 3:
            said.append(parent.stdout.readline())
        lines = [line for line in said if "ended" in line]
        assert [line.split("again in ")[1] for line in lines] == ["1 s.\n", "2 s.\n", "4 s.\n"]
        assert all("other 0 ended (status 3)" in line for line in lines)
        assert time.monotonic() - began > 2.9
        others = [int(line) for line in said if line.strip().isdigit()]
        assert len(others) == 4
        assert [alive(pid) for pid in others].count(True) == 1
        os.kill(parent.pid, signal.SIGTERM)
        assert parent.wait(30) == 0


def test_one_that_was_killed_says_by_what() -> None:
    with program(PROGRAM, "together", CHILDREN["sleeps"]) as parent:
        assert parent.stdout is not None
        os.kill(ids(parent, 1)[0], signal.SIGKILL)
        assert "one ended (killed by SIGKILL); it is started again" in parent.stdout.readline()


def test_a_pause_is_short_again_after_a_stable_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.run.STABLE_SECONDS", 0.0)
    child = RestartedProcess("one", [sys.executable, "-c", ""], ())
    child.pause = 32.0
    assert child.process is not None
    child.process.wait()
    child.restart_if_ended()
    assert child.pause == 2 * FIRST_PAUSE


def test_what_cannot_be_started_is_tried_again_and_ends_nothing() -> None:
    child = RestartedProcess("one", ["/nonexistent/program"], ())
    assert (child.process, child.pause) == (None, 2 * FIRST_PAUSE)
    child.restart_if_ended()
    assert child.process is None


def test_nothing_lasting_starts_when_a_first_command_fails() -> None:
    with program(PROGRAM, "first", CHILDREN["ends"], CHILDREN["sleeps"]) as parent:
        said, _ = parent.communicate(timeout=30)
        assert (len(said.split()), parent.returncode) == (1, 1)


def test_ctrl_c_in_a_first_command_stops_it_without_a_traceback() -> None:
    with program(PROGRAM, "first", CHILDREN["sleeps"]) as parent:
        children = ids(parent, 1)
        os.killpg(parent.pid, signal.SIGINT)
        assert parent.wait(30) == 0
        assert not any(alive(pid) for pid in children)


@pytest.mark.parametrize("port", ["eighty", "70000", "-1"])
def test_a_port_that_is_none_is_refused_in_one_line(port: str) -> None:
    with pytest.raises(SystemExit, match=f"PORT is '{port}'; give a number up to 65535"):
        open_listening_socket(port)


def test_a_taken_port_is_refused_before_anything_starts() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(SystemExit, match="Choose another: make run PORT=8001"):
            open_listening_socket(str(other.getsockname()[1]))


@contextmanager
def whole(folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """The whole, and the ids of its two children; there is no broker of any kind."""
    with program(WHOLE, "0", HANDOFF_VAR=str(folder), **EMBEDDED) as parent:
        assert parent.stdout is not None
        children = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(children) == 2
        yield parent, children


def test_web_and_background_do_the_clocks_work_and_stop_together(tmp_path: Path) -> None:
    with whole(tmp_path) as (parent, _):
        assert not (tmp_path / "broker").exists()
        os.kill(parent.pid, signal.SIGTERM)
        assert parent.wait(60) == 0
        assert soon(lambda: not group_members(parent.pid), 5)


def test_when_the_supervisor_is_killed_its_children_see_it_and_end(tmp_path: Path) -> None:
    with whole(tmp_path) as (parent, _):
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        assert soon(lambda: not group_members(parent.pid), 30)


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("TIME_ZONE", "Nowhere", "TIME_ZONE is 'Nowhere'"),
        ("HANDOFF_EXTENSIONS", "acme.none", "HANDOFF_EXTENSIONS names 'acme.none'"),
    ],
)
def test_what_the_owner_wrote_wrong_is_refused_in_one_line_and_nothing_lasting_starts(
    tmp_path: Path, variable: str, value: str, says: str
) -> None:
    with program(SITE, **EMBEDDED, HANDOFF_VAR=str(tmp_path), PORT="0", **{variable: value}) as run:
        output, errors = run.communicate(timeout=120)
        assert (run.returncode, output) == (1, "-m config.prepare\n")
        assert says in errors
        assert len(errors.splitlines()) == 1
        assert not group_members(run.pid)


@pytest.mark.parametrize("broken", ["no server", "no database file"])
def test_a_database_that_cannot_be_prepared_is_one_line_and_leaves_no_process(
    tmp_path: Path, broken: str
) -> None:
    environment = {**EMBEDDED, "HANDOFF_VAR": str(tmp_path), "PORT": "0"}
    if broken == "no server":
        environment["DATABASE_URL"] = "postgres://nobody@127.0.0.1:1/none"
    else:
        (tmp_path / "handoff.sqlite3").write_text("This is no database. " * 100)
    with program(SITE, **environment) as run:
        _, errors = run.communicate(timeout=120)
        assert run.returncode == 1
        assert errors.startswith("Handoff cannot prepare its database: ")
        assert len(errors.splitlines()) == 1
        assert not group_members(run.pid)


@pytest.mark.parametrize("killed", ["the supervisor", "the preparing process"])
def test_a_kill_while_the_site_is_prepared_leaves_no_process(tmp_path: Path, killed: str) -> None:
    with program(SITE, **EMBEDDED, HANDOFF_VAR=str(tmp_path), PORT="0") as run:
        assert run.stdout is not None
        assert [run.stdout.readline() for _ in range(3)][2] == "-m config.background\n"
        prepares = min(set(group_members(run.pid)) - {run.pid})
        os.kill(run.pid if killed == "the supervisor" else prepares, signal.SIGKILL)
        run.wait(60)
        assert soon(lambda: not group_members(run.pid), 60)
        if killed == "the preparing process":
            said = run.stdout.read()
            assert said == "The site could not be prepared (killed by SIGKILL).\n"
            assert run.returncode == 1


def test_ctrl_c_while_the_site_is_prepared_stops_all_without_a_word(tmp_path: Path) -> None:
    with program(SITE, **EMBEDDED, HANDOFF_VAR=str(tmp_path), PORT="0") as run:
        assert run.stdout is not None
        assert [run.stdout.readline() for _ in range(3)][2] == "-m config.background\n"
        os.killpg(run.pid, signal.SIGINT)
        output, errors = run.communicate(timeout=60)
        assert (run.returncode, output, errors) == (0, "", "")
        assert not group_members(run.pid)


def test_what_lasts_waits_at_the_gate_until_the_supervisor_opens_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate, gate_key = os.pipe()
    monkeypatch.setenv(GATE_VARIABLE, str(gate))
    waiting = threading.Thread(target=wait_for_gate)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    os.close(gate_key)
    waiting.join(5)
    assert not waiting.is_alive()
    wait_for_gate()  # nobody asks for it any more
    assert GATE_VARIABLE not in os.environ


def test_one_process_prepares_the_site_and_says_how_to_sign_in(tmp_path: Path) -> None:
    """It is started once, and what lasts is started while it is at work."""
    copy_migrated(tmp_path)
    embedded = {**EMBEDDED, "HANDOFF_VAR": str(tmp_path), "PORT": "0"}
    environment = {**os.environ, **embedded}
    subprocess.run(
        [sys.executable, "manage.py", "load_workflow", "workflows/demo/maps/it_incident.yaml"],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    with program(SITE, **embedded) as parent:
        assert parent.stdout is not None
        lines = [parent.stdout.readline().strip() for _ in range(7)]
        assert lines[:3] == ["-m config.prepare", "-m gunicorn", "-m config.background"]
        assert lines[4].startswith("Handoff runs at http://127.0.0.1:")
        assert lines[6] == "The demo is not loaded here."
        os.kill(parent.pid, signal.SIGTERM)
        assert parent.wait(60) == 0


def test_what_earlier_versions_kept_is_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = tmp_path / "broker" / "messages"
    messages.mkdir(parents=True)
    (messages / "1_x.celery.msg").touch()
    monkeypatch.setenv("HANDOFF_VAR", str(tmp_path))
    remove_old_broker_files()
    assert not (tmp_path / "broker").exists()


def group_members(group: int) -> list[int]:
    """The living processes of a process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and alive(int(entry.name)):
            try:
                if os.getpgid(int(entry.name)) == group:
                    found.append(int(entry.name))
            except ProcessLookupError:
                continue
    return found
