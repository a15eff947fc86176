"""The process group of `make run`: all live together and none is left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from config.run import free_port

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
from config.run import Group
with Group(patience=1) as group:
    first, *others = [[sys.executable, "-c", code] for code in sys.argv[2:]]
    if sys.argv[1] != "first" or group.finish(first):
        group.start({"one": first, **{f"other {n}": code for n, code in enumerate(others)}})
        group.hold()
sys.exit(group.status)
"""
# Web, worker and clock as `make run` starts them, on a database that holds sessions only.
WHOLE = """
import sys
from config.run import Group, answers, free_port, lasting, manage
port = free_port(sys.argv[1])
with Group() as group:
    if group.finish(manage("migrate", "sessions", "--verbosity", "0")):
        group.start(lasting(port))
        group.hold(lambda: answers(port))
        print(" ".join(str(child.pid) for child in group._lasting.values()), flush=True)
        group.hold()
sys.exit(group.status)
"""


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


def test_when_one_dies_the_rest_are_stopped_and_it_says_so() -> None:
    with program(PROGRAM, "together", CHILDREN["sleeps"], CHILDREN["ends"]) as parent:
        said, _ = parent.communicate(timeout=30)
        assert "other 0 ended (status 3); stopping the rest." in said
        assert parent.returncode == 1
        children = [int(line) for line in said.splitlines() if line.isdigit()]
        assert len(children) == 2
        assert not any(alive(pid) for pid in children)


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
        free_port(port)


def test_a_taken_port_is_refused_before_anything_starts() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(SystemExit, match="Choose another: make run PORT=8001"):
            free_port(str(other.getsockname()[1]))


def test_web_worker_and_clock_run_a_nudged_task_and_stop_together(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    embedded = {
        "HANDOFF_VAR": str(tmp_path),
        "DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    with program(WHOLE, str(port), **embedded) as parent:
        assert parent.stdout is not None
        children = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(children) == 3
        nudge_and_wait_for_the_task(embedded)
        os.kill(parent.pid, signal.SIGTERM)
        assert parent.wait(60) == 0
        assert soon(lambda: not group_members(parent.pid), 5)


def nudge_and_wait_for_the_task(environment: dict[str, str]) -> None:
    """Leave a session that has run out, ring, and see it swept away by the worker."""
    code = """
import datetime, time, django
django.setup()
from django.contrib.sessions.models import Session
from config.tasks import forget
past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
Session.objects.create(session_key="old", session_data="", expire_date=past)
forget.delay()
limit = time.monotonic() + 60
while Session.objects.exists() and time.monotonic() < limit:
    time.sleep(0.05)
raise SystemExit("the worker did not hear" if Session.objects.exists() else 0)
"""
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **environment}, check=True
    )


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
