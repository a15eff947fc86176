"""The processes of a Handoff, started, killed with SIGKILL and started again."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as ours:
        ours.bind(("127.0.0.1", 0))
        return int(ours.getsockname()[1])


def web(port: int) -> list[str]:
    """The command of the web."""
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "config.wsgi",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "1",
        "--threads",
        "8",
        "--no-control-socket",
    ]


def with_broker(workers: int, home: Path) -> dict[str, list[str]]:
    """Workers and clock as production runs them."""
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "config"]
    clock = [*celery, "beat", "--pidfile=", "--schedule", str(home / "beat")]
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return {"clock": clock} | {
        f"worker {number + 1}": [
            *celery,
            "worker",
            "--pool",
            "threads",
            "--concurrency",
            "4",
            "-n",
            f"w{number}@k",
            *quiet,
        ]
        for number in range(workers)
    }


def without_broker(workers: int) -> dict[str, list[str]]:
    """Worker and clock in one process, as `make run` runs them."""
    command = [sys.executable, "-m", "config.background"]
    return {f"background {number + 1}": command for number in range(workers)}


class Processes:
    """Web, workers, clock and (with a server) the broker, each in a process group of its own."""

    def __init__(
        self, env: Mapping[str, str], *, port: int, workers: int, log: Path, has_broker: bool
    ) -> None:
        self.env, self.log = dict(env), log.open("ab")
        others = with_broker(workers, log.parent) if has_broker else without_broker(workers)
        self.commands = {"web": web(port)} | others
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.killed: Counter[str] = Counter()
        self.fell: Counter[str] = Counter()
        self.lock = threading.Lock()

    def start(self, name: str) -> None:
        """Start one of them."""
        if name == "clock":  # a schedule file that was torn by a kill must not stop the clock
            for torn in Path(self.log.name).parent.glob("beat*"):
                torn.unlink()
        self.running[name] = subprocess.Popen(
            self.commands[name],
            cwd=ROOT,
            env=self.env,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    def kill(self, name: str) -> None:
        """SIGKILL it with all its children."""
        process = self.running[name]
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.killed[name.split()[0]] += 1

    def kill_one(self, chance: random.Random) -> None:
        """Kill one at random and start it again."""
        with self.lock:
            name = chance.choice([n for n in self.running if n != "broker"])
            self.kill(name)
            self.start(name)

    def supervise(self) -> None:
        """Start again what ended by itself, as a company's supervisor does."""
        with self.lock:
            for name, process in list(self.running.items()):
                if process.poll() is not None:
                    self.fell[name.split()[0]] += 1
                    self.start(name)

    def stop(self) -> None:
        """End all of them."""
        for process in self.running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.log.close()


class Broker:
    """The doorbell: a Redis of its own. Without one there is no broker at all, as in `make run`."""

    def __init__(self, home: Path, *, server: bool) -> None:
        self.home = home
        self.program = shutil.which("redis-server") if server else None
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What CELERY_BROKER_URL says."""
        return f"redis://127.0.0.1:{self.port}/0" if self.program else ""

    def start(self) -> None:
        """Let it answer."""
        if self.program:
            self.process = subprocess.Popen(
                [
                    self.program,
                    "--port",
                    str(self.port),
                    "--bind",
                    "127.0.0.1",
                    "--save",
                    "",
                    "--dir",
                    str(self.home),
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(0.3)

    def stop(self) -> None:
        """Let it be down."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
