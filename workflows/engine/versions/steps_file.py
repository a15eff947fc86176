"""A file that says which step is which: `old key: new key`, a list of keys, or nothing."""

from collections.abc import Mapping
from typing import Any

from workflows.engine.format.plain_data import UnreadableText, file_problem, read_plain
from workflows.engine.texts import text


def read_steps_file(written: str | bytes, *, name: str) -> Mapping[str, Any]:
    """What a file in YAML or JSON says of steps; `name` is the file's, for messages. Raises
    DefinitionProblem."""
    try:
        plain = read_plain(written)
    except UnreadableText as problem:
        raise file_problem(name, problem.why, problem.line) from None
    steps = {} if plain.data is None else plain.data
    if not isinstance(steps, dict) or not all(isinstance(key, str) for key in steps):
        raise file_problem(
            name,
            text("the file must be keys of steps with what each is now: `review: legal_check`"),
        )
    return steps
