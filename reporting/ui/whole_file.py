"""Writing a file that is only there when it is whole; into what is no file, as it comes."""

import contextlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from workflows.engine.errors import InvalidInput

PLACES = ("/dev/", "/proc/")
"""What lies here is a device or an open file of a process, whatever it looks like."""
MOST_LINKS = 40


def write_whole_file(path: Path, pieces: Iterable[str]) -> int:
    """Write beside the file and put it in place at the end; returns how many pieces there were.

    A link stays: what it leads to is replaced. A device, a pipe or a socket is never replaced: it
    is written into. Raises InvalidInput where it cannot be written; then no part is left.
    """
    try:
        target, is_file = _resolve_links(path)
        return _write_beside(target, pieces) if is_file else _write_into(target, pieces)
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or str(problem)
        raise InvalidInput(
            "'%(path)s' cannot be written: %(why)s; give another --out.", path=path, why=why
        ) from problem


def is_stdout(path: str) -> bool:
    """Whether this is where the command's own output goes."""
    try:
        return os.path.samestat(Path(path).stat(), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):  # not there yet, or an output that is no file
        return False


def _resolve_links(path: Path) -> tuple[Path, bool]:
    """Where the links lead, and whether that is (or will be) a plain file to be replaced."""
    for _ in range(MOST_LINKS):
        if str(path.absolute()).startswith(PLACES):
            return path, False
        if not path.is_symlink():
            return path, path.is_file() or not path.exists()
        path = path.parent / path.readlink()
    raise OSError(0, "too many links")


def _write_beside(path: Path, pieces: Iterable[str]) -> int:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            count = _write_pieces(file, pieces)
        # Atomic in one folder: whoever reads the file has the old one or the new one, whole.
        part.replace(path)
    # Also for Ctrl-C: no half file is left beside the other.
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    return count


def _write_into(path: Path, pieces: Iterable[str]) -> int:
    with path.open("w", encoding="utf-8", newline="") as device:
        return _write_pieces(device, pieces)


def _write_pieces(file: TextIO, pieces: Iterable[str]) -> int:
    count = 0
    for piece in pieces:
        file.write(piece)
        count += 1
    return count
