"""What a soak does to the machine and reads from it: load, processes, memory, files."""

import os
import re
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

SPIN = """
import os
os.nice(19)
parent = os.getppid()
while os.getppid() == parent:
    sum(range(99999))
"""


class Load:
    """Busy processes of the lowest priority, as many as it takes for the load average asked for.

    What others on the machine cause counts too.
    """

    def __init__(self, target: float) -> None:
        self.target, self.seen = target, [os.getloadavg()[0]]
        self.spinning: list[subprocess.Popen[bytes]] = []

    def adjust(self) -> None:
        """Add or end some; the load average follows within a minute."""
        if not self.target:
            return
        self.seen.append(os.getloadavg()[0])
        missing = round((self.target - self.seen[-1]) / 3)
        for _ in range(missing):
            if len(self.spinning) < 2 * self.target:
                self.spinning.append(subprocess.Popen([sys.executable, "-c", SPIN]))
        for _ in range(min(-missing, len(self.spinning))):
            self._end(self.spinning.pop())

    def stop(self) -> None:
        """End them all."""
        while self.spinning:
            self._end(self.spinning.pop())

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()

    @property
    def text(self) -> str:
        """The load averages that were seen, without the minutes in which it rose."""
        seen = sorted(self.seen[len(self.seen) // 10 :])
        return f"median {seen[len(seen) // 2]:.1f}, {seen[0]:.1f} to {seen[-1]:.1f}"


def children_of(parent: int) -> dict[int, str]:
    """The living children of a process, each with what it is."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, ppid = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
                words = (entry / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if int(ppid) == parent and state != "Z":
                found[int(entry.name)] = _what(words)
    return found


def _what(words: list[str]) -> str:
    if "config.background" in words:
        return "background"
    return "web" if "gunicorn" in words else "other"


def of_group(group: int) -> list[int]:
    """The living processes of a process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def megabytes(pid: int) -> float | None:
    """The memory that a process has in use."""
    try:
        said = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return None
    return int(said[1]) / 1024 if said else None


class Memory:
    """Samples of each kind of process, the largest of it where there are several."""

    def __init__(self) -> None:
        self.samples: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def sample(self, at: float, supervisor: int) -> None:
        """Read all processes of the run now."""
        found: dict[str, list[int]] = {"supervisor": [supervisor]}
        for pid, what in children_of(supervisor).items():
            found.setdefault(what, []).append(pid)
            if what == "web":
                found["web's processes"] = list(children_of(pid))
        for what, pids in found.items():
            sizes = [size for size in map(megabytes, pids) if size is not None]
            if sizes and what != "other":
                self.samples[what].append((at, max(sizes)))

    def lines(self, since: float) -> Iterable[tuple[str, str, float]]:
        """For each kind: its name, its figures in words, and its growth in MB from the moment
        `since`, after which nothing was killed any more."""
        for what, samples in self.samples.items():
            late = [size for at, size in samples if at >= since] or [samples[-1][1]]
            third = max(1, len(late) // 3)
            first, last = (sorted(part)[len(part) // 2] for part in (late[:third], late[-third:]))
            most = max(size for _, size in samples)
            words = f"{first:.0f} → {last:.0f} MB after the last kill, {most:.0f} MB at most"
            yield what, words, last - first


def bytes_of(folder: Path) -> dict[str, int]:
    """The bytes of a data folder: the database, its log of changes, and all the rest."""
    found = {"database": 0, "log of changes": 0, "other files": 0}
    for path in folder.rglob("*"):
        try:
            size = path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
        kind = {".sqlite3": "database", ".sqlite3-wal": "log of changes"}
        found[kind.get(path.suffix, "other files")] += size
    return found


def kill(pid: int) -> bool:
    """SIGKILL; False where it is gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
