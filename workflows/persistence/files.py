"""Files that people name, read up to a limit."""

from pathlib import Path

from workflows.engine.errors import InvalidInput
from workflows.engine.texts import grouped


def read_bytes(path: str, limit: int) -> bytes:
    """A file's content. Raises InvalidInput when it cannot be read or has more bytes than that."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(limit + 1)
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or str(problem)
        raise InvalidInput("'%(path)s' cannot be read: %(why)s.", path=path, why=why) from problem
    if len(content) > limit:
        raise InvalidInput(
            "'%(path)s' is larger than %(limit)s bytes; is it the right file?",
            path=path,
            limit=grouped(limit),
        )
    return content
