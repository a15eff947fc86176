"""`make run`: migrate, load the demo on first start, then web, worker and clock together.

The three run in one process group each as a child of this one. When one dies, or on Ctrl-C or
SIGTERM, all are stopped; none is left behind.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

PYTHON = sys.executable
PATIENCE_SECONDS = 8


def manage(*arguments: str) -> None:
    """Run one command to its end; its failure is ours."""
    subprocess.run([PYTHON, "manage.py", *arguments], check=True)


def children(port: str) -> dict[str, list[str]]:
    """What runs, by name."""
    return {
        "web": [
            PYTHON, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}",
            "--workers", "2", "--threads", "4", "--log-level", "warning",
        ],
        "worker and clock": [
            PYTHON, "-m", "celery", "-A", "config", "worker", "-B", "-P", "threads", "-c", "2",
            "--loglevel", "warning", "--without-gossip", "--without-mingle",
        ],
    }  # fmt: skip


class Group:
    """Child processes that live and die together."""

    def __init__(self, commands: Mapping[str, Sequence[str]]) -> None:
        self.commands = commands
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.stopping = False

    def run(self) -> int:
        """Start all and wait; returns 0 when told to stop, 1 when one died by itself."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._told_to_stop)
        for name, command in self.commands.items():
            self.running[name] = subprocess.Popen(command, start_new_session=True)
        try:
            return self._watch()
        finally:
            self._stop_all()

    def _watch(self) -> int:
        while not self.stopping:
            for name, child in self.running.items():
                if child.poll() is not None:
                    print(f"{name} ended with status {child.returncode}; stopping the rest.")
                    return 1
            time.sleep(0.2)
        return 0

    def _told_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _stop_all(self) -> None:
        for child in self.running.values():
            self._signal(child, signal.SIGTERM)
        limit = time.monotonic() + PATIENCE_SECONDS
        for child in self.running.values():
            try:
                child.wait(max(0.1, limit - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._signal(child, signal.SIGKILL)
                child.wait()

    @staticmethod
    def _signal(child: subprocess.Popen[bytes], number: int) -> None:
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            return


def main() -> int:
    """Bring the database up to date and run everything."""
    port = os.environ.get("PORT", "8000")
    os.chdir(Path(__file__).resolve().parent.parent)
    manage("migrate", "--verbosity", "0")
    manage("load_demo", "--if-empty")
    print(f"\nHandoff runs at http://127.0.0.1:{port}/  (Ctrl-C stops it)\n", flush=True)
    manage("load_demo", "--logins")
    return Group(children(port)).run()


if __name__ == "__main__":
    sys.exit(main())
