"""`make run`: migrate, load the demo on first start, then web, worker and clock together.

All are children in the process group of this one. When one dies, or on Ctrl-C, SIGTERM or a
closed terminal, all are stopped; none is left behind.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType

PYTHON = sys.executable
PATIENCE_SECONDS = 8.0
HOST = "127.0.0.1"


def manage(*arguments: str) -> list[str]:
    """One of Handoff's own commands."""
    return [PYTHON, "manage.py", *arguments]


def lasting(port: int) -> dict[str, list[str]]:
    """What runs until it is stopped, by name. None has children that could outlive it."""
    celery = [PYTHON, "-m", "celery", "--quiet", "-A", "config"]
    return {
        "The web server": [
            PYTHON, "-m", "gunicorn", "config.wsgi", "--bind", f"{HOST}:{port}",
            "--workers", "2", "--threads", "4", "--log-level", "warning", "--no-control-socket",
        ],
        "The worker": [
            *celery, "worker", "--pool", "threads", "--concurrency", "4", "--loglevel", "warning",
            "--without-gossip", "--without-mingle", "--without-heartbeat",
        ],
        "The clock": [*celery, "beat", "--pidfile=", "--loglevel", "warning"],
    }  # fmt: skip


class Group:
    """Child processes that live and die together."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self.patience = patience
        self.told_to_stop = False
        self._started: list[subprocess.Popen[bytes]] = []
        self._lasting: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Group":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in self._started:
            child.terminate()
        limit = time.monotonic() + self.patience
        for child in self._started:
            try:
                child.wait(max(0.1, limit - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    @property
    def status(self) -> int:
        """How this program ends: well if it was told to."""
        return 0 if self.told_to_stop else 1

    def finish(self, command: Sequence[str]) -> bool:
        """Run one command to its end; False when it failed or had to stop."""
        child = self._start(command)
        return self.hold(lambda: child.poll() is not None) and child.returncode == 0

    def start(self, commands: Mapping[str, Sequence[str]]) -> None:
        """Start what lasts."""
        for name, command in commands.items():
            self._lasting[name] = self._start(command)

    def hold(self, until: Callable[[], bool] = lambda: False) -> bool:
        """Wait until it is so; False when told to stop, or when one that lasts died, before."""
        while not until():
            if self.told_to_stop or self._one_died():
                return False
            time.sleep(0.1)
        return True

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(command, preexec_fn=_leave_ctrl_c_to_the_parent)
        self._started.append(child)
        return child

    def _one_died(self) -> bool:
        for name, child in self._lasting.items():
            if child.poll() is not None and not self.told_to_stop:
                print(f"{name} ended (status {child.returncode}); stopping the rest.", flush=True)
                return True
        return False

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.told_to_stop = True


def _leave_ctrl_c_to_the_parent() -> None:
    """Ctrl-C reaches the whole group; a command of ours would answer it with a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def free_port(text: str) -> int:
    """`PORT` as a number. Raises SystemExit with a line for people when it cannot be had."""
    try:
        port = int(text)
        with socket.socket() as ours:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            ours.bind((HOST, port))
    except (ValueError, OverflowError):
        raise SystemExit(f"PORT is '{text}'; give a number up to 65535.") from None
    except OSError as problem:
        raise SystemExit(
            f"Port {text} cannot be had ({problem.strerror}). Choose another: make run PORT=8001"
        ) from None
    return port


def answers(port: int) -> bool:
    """Whether the web server answers by now."""
    server = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        server.request("GET", "/healthz")
        return bool(server.getresponse().status)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        server.close()


def main() -> int:
    """Bring the database up to date and run everything."""
    os.chdir(Path(__file__).resolve().parent.parent)
    port = free_port(os.environ.get("PORT", "8000"))
    with Group() as group:
        for first in (manage("migrate", "--verbosity", "0"), manage("load_demo", "--if-empty")):
            if not group.finish(first):
                return group.status
        group.start(lasting(port))
        if group.hold(lambda: answers(port)):
            print(f"\nHandoff runs at http://{HOST}:{port}/  (Ctrl-C stops it)\n", flush=True)
            group.finish(manage("load_demo", "--logins"))
            group.hold()
        return group.status


if __name__ == "__main__":
    sys.exit(main())
