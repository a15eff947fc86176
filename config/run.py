"""`make run`: migrate, load the demo on first start, then the web server and the background.

Both are children in the process group of this one. One that ends is started again, after a pause
that grows while it keeps ending; the other stays up. Ctrl-C, SIGTERM or a closed terminal stops
both, and where this process is killed they see it and end by themselves. They read the program
while the site is still being prepared, and wait at a gate until it is.
"""

import contextlib
import http.client
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType

from config.parent_process import GATE_VARIABLE, PARENT_VARIABLE, SETTINGS_READ

PYTHON = sys.executable
ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 8.0
HOST = "127.0.0.1"
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
STABLE_SECONDS = 60.0
"""A child that has run for so long has proved that it can: its next pause is the first again."""


def lasting_commands(server: socket.socket) -> dict[str, list[str]]:
    """What runs until it is stopped, by name. None has children that could outlive it.

    The web server is given a socket that is open already: who calls while it is started again
    waits for it, and is not refused.
    """
    return {
        "The web server": [
            PYTHON,
            "-m",
            "gunicorn",
            "-c",
            "python:config.web",
            "config.wsgi",
            "--bind",
            f"fd://{server.fileno()}",
        ],
        "The background": [PYTHON, "-m", "config.background"],
    }


class RestartedProcess:
    """A process that is started again when it ends."""

    def __init__(self, name: str, command: Sequence[str], keep: Sequence[int]) -> None:
        self.name, self.command, self.keep = name, command, keep
        self.pause = FIRST_PAUSE
        self.start()

    def start(self) -> None:
        """Start it now; what cannot be started has ended at once."""
        self.started_at = time.monotonic()
        self.process: subprocess.Popen[bytes] | None = None
        try:
            self.process = start_child_process(self.command, self.keep)
        except OSError as problem:
            self._schedule_restart(f"cannot be started: {problem.strerror}")

    def restart_if_ended(self) -> None:
        """Say so where it has ended, and start it again when its pause is over."""
        if self.process is None:
            if time.monotonic() >= self.start_at:
                self.start()
        elif self.process.poll() is not None:
            self._schedule_restart(describe_exit(self.process.returncode))

    def _schedule_restart(self, why: str) -> None:
        now = time.monotonic()
        if now - self.started_at >= STABLE_SECONDS:
            self.pause = FIRST_PAUSE
        print_line(f"{self.name} ended ({why}); it is started again in {self.pause:.0f} s.")
        self.process, self.start_at = None, now + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)


def start_child_process(
    command: Sequence[str], keep: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a child that keeps these files open, and that will see when this process is gone."""
    return subprocess.Popen(
        command,
        env={**os.environ, PARENT_VARIABLE: str(os.getpid())},
        pass_fds=keep,
        preexec_fn=_leave_ctrl_c_to_the_parent,
    )


def print_line(line: str) -> None:
    """Print a line; that nobody reads any more ends nothing."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def describe_exit(status: int) -> str:
    """How a process ended, for people."""
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"status {status}"


class ProcessGroup:
    """Child processes that are looked after together, and stopped together."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self.patience = patience
        self.told_to_stop = False
        self._first: list[subprocess.Popen[bytes]] = []
        self._lasting: list[RestartedProcess] = []

    def __enter__(self) -> "ProcessGroup":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop_on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        children = self.processes
        for child in children:
            child.terminate()
        limit = time.monotonic() + self.patience
        for child in children:
            try:
                child.wait(max(0.1, limit - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    @property
    def processes(self) -> list[subprocess.Popen[bytes]]:
        """All that may be running."""
        return self._first + [child.process for child in self._lasting if child.process is not None]

    @property
    def status(self) -> int:
        """How this program ends: well if it was told to."""
        return 0 if self.told_to_stop else 1

    def begin(self, command: Sequence[str], keep: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        """Start one command that comes to an end."""
        child = start_child_process(command, keep)
        self._first.append(child)
        return child

    def finish(self, child: subprocess.Popen[bytes]) -> bool:
        """See it to its end; False when it failed or had to stop."""
        return self.supervise_until(lambda: child.poll() is not None) and child.returncode == 0

    def start(self, commands: Mapping[str, Sequence[str]], keep: Sequence[int] = ()) -> None:
        """Start what lasts."""
        for name, command in commands.items():
            self._lasting.append(RestartedProcess(name, command, keep))

    def supervise_until(self, until: Callable[[], bool] = lambda: False) -> bool:
        """Look after what lasts until it is so; False when told to stop before."""
        while not self.told_to_stop:
            if until():
                return True
            for child in self._lasting:
                child.restart_if_ended()
            time.sleep(0.1)
        return False

    def _stop_on_signal(self, number: int, frame: FrameType | None) -> None:
        self.told_to_stop = True


def _leave_ctrl_c_to_the_parent() -> None:
    """Ctrl-C reaches the whole group; a command of ours would answer it with a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def open_listening_socket(text: str) -> socket.socket:
    """A socket at `PORT`. Raises SystemExit with a line for people when it cannot be had."""
    server = socket.socket()
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HOST, int(text)))
        server.listen(512)
    except (ValueError, OverflowError):
        server.close()
        raise SystemExit(f"PORT is '{text}'; give a number up to 65535.") from None
    except OSError as problem:
        server.close()
        raise SystemExit(
            f"Port {text} cannot be had ({problem.strerror}). Choose another: make run PORT=8001"
        ) from None
    return server


def is_server_answering(port: int) -> bool:
    """Whether the web server answers by now."""
    server = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        server.request("GET", "/healthz")
        return bool(server.getresponse().status)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        server.close()


class Preparation:
    """The process that prepares the site, and what it reports on the way."""

    def __init__(self, group: ProcessGroup) -> None:
        self.group = group
        self._report, report = os.pipe()
        self._process = group.begin([PYTHON, "-m", "config.prepare", str(report)], keep=[report])
        os.close(report)

    def has_read_settings(self) -> bool:
        """Wait for its first word; False when it ended without one, or has to stop."""
        if self.group.supervise_until(self._is_readable) and self._read(len(SETTINGS_READ)):
            return True
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0 if self.group.told_to_stop else self.group.patience)
        self._tell_if_killed()
        return False

    def finish(self) -> str | None:
        """Wait for its end: how to sign in, or None when it failed or had to stop.

        It says itself why it failed, unless something killed it.
        """
        if self.group.finish(self._process):
            return self._read(1 << 16).decode()
        self._tell_if_killed()
        return None

    def _tell_if_killed(self) -> None:
        status = self._process.poll()
        if status is not None and status < 0 and not self.group.told_to_stop:
            print_line(f"The site could not be prepared ({describe_exit(status)}).")

    def _is_readable(self) -> bool:
        return bool(select.select([self._report], [], [], 0)[0])

    def _read(self, most: int) -> bytes:
        return os.read(self._report, most)


def remove_old_broker_files() -> None:
    """Remove what earlier versions kept: a broker of files, and the clock's own notes."""
    var = Path(os.environ.get("HANDOFF_VAR") or ROOT / "var")
    shutil.rmtree(var / "broker", ignore_errors=True)
    for note in var.glob("celerybeat-schedule*"):
        note.unlink(missing_ok=True)


def run_site() -> int:
    """Bring the database up to date and run everything."""
    os.chdir(ROOT)
    server = open_listening_socket(os.environ.get("PORT", "8000"))
    port = server.getsockname()[1]
    remove_old_broker_files()
    with server, ProcessGroup() as group:
        preparation = Preparation(group)
        if not preparation.has_read_settings():
            return group.status
        gate, gate_key = os.pipe()
        os.environ[GATE_VARIABLE] = str(gate)
        group.start(lasting_commands(server), keep=[server.fileno(), gate])
        logins = preparation.finish()
        if logins is None:
            return group.status
        os.close(gate_key)
        if group.supervise_until(lambda: is_server_answering(port)):
            print_line(f"\nHandoff runs at http://{HOST}:{port}/  (Ctrl-C stops it)\n\n{logins}")
            group.supervise_until()
        return group.status


if __name__ == "__main__":
    sys.exit(run_site())
