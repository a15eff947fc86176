"""The process group of `make run`: all live together and none is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from config.run import Group
place, *more = sys.argv[1:]
note = "import os, pathlib, time; pathlib.Path({!r}, str(os.getpid())).touch();"
sleep = [sys.executable, "-c", note.format(place) + "time.sleep(60)"]
short = [sys.executable, "-c", note.format(place) + "time.sleep(0.5)"]
sys.exit(Group({"one": sleep, "two": short if more == ["dies"] else sleep}).run())
"""


def alive(pid: int) -> bool:
    """Whether a process is there (and not merely waiting to be reaped)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def group(place: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(place), *more],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def children_of(place: Path) -> list[int]:
    """The ids of both children, once both have started."""
    limit = time.monotonic() + 15
    while time.monotonic() < limit:
        names = [int(path.name) for path in place.iterdir()]
        if len(names) == 2:
            return names
        time.sleep(0.05)
    raise AssertionError("the children did not start")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_being_told_to_stop_stops_all_children(number: signal.Signals, tmp_path: Path) -> None:
    with group(tmp_path) as parent:
        children = children_of(tmp_path)
        os.kill(parent.pid, number)
        assert parent.wait(15) == 0
    assert not any(alive(pid) for pid in children)


def test_when_one_dies_the_rest_are_stopped_and_it_says_so(tmp_path: Path) -> None:
    with group(tmp_path, "dies") as parent:
        assert parent.stdout is not None
        children = children_of(tmp_path)
        said = parent.stdout.read()
        assert parent.wait(15) == 1
    assert not any(alive(pid) for pid in children)
    assert "two ended with status 0; stopping the rest." in said
