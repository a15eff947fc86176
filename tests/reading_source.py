"""The product's source, for tests that read it."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax of a file, read once a process; nobody changes it."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))
