"""Writing a file that is only there when it is whole."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from workflows.engine.errors import InvalidInput


def write_whole(path: Path, pieces: Iterable[str]) -> int:
    """Write beside the file and put it in place at the end; returns how many pieces there were.

    Raises InvalidInput where the file cannot be written; then nothing is left.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    count = 0
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            for piece in pieces:
                file.write(piece)
                count += 1
        part.replace(path)
    except OSError as problem:
        with contextlib.suppress(OSError):
            part.unlink()
        raise InvalidInput(
            f"'{path}' cannot be written: {problem.strerror}; give another --out."
        ) from problem
    return count
