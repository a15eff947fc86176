"""One read model: nobody else works out who has a task, or since when, and no logic is a sentence.

The source is read. Who has a task, and since when it is there, are two columns of its row
(`assignee`, `enabled_at`); whoever shows them asks `execution/queries/position.py`. What measures
the past (roll-ups, logs, cost) reads the moments of tasks that are over, by their columns' names.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.reading_source import tree_of

ROOT = Path(__file__).parents[2]
SHOWN_BY = ("approvals", "reporting", "config", "workflows/monitoring", "workflows/outbox")
COLUMNS = {"assignee", "assignee_id", "enabled_at"}
TEMPLATE_COLUMN = re.compile(r"\.(assignee|enabled_at)\b")
SENTENCE = re.compile(r"[A-Za-z’']+ [a-z]+( [a-z]+)+")
"""Three words with blanks: what no code is."""


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), tree_of(path)


def admin_folders() -> list[str]:
    return [str(path.relative_to(ROOT)) for path in (ROOT / "workflows").glob("*/admin")]


def test_nobody_who_shows_a_task_works_out_who_has_it() -> None:
    readers = {
        f"{name}:{node.lineno} .{node.attr}"
        for name, tree in sources(*SHOWN_BY, *admin_folders())
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in COLUMNS
    }
    assert readers == set(), "ask workflows/execution/queries/position.py"


def test_no_template_works_out_who_has_a_task() -> None:
    readers = {
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        for line in path.read_text().splitlines()
        if TEMPLATE_COLUMN.search(line)
    }
    assert readers == set(), "give it the step's position"


def test_where_a_request_is_is_read_from_its_marking_by_the_engine_and_its_services_alone() -> None:
    """The marking's tokens are how the engine goes on; where that is, the read model says."""
    readers = {
        f"{name}:{node.lineno}"
        for name, tree in sources("approvals", "reporting", "config", *admin_folders())
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("tokens", "blocks")
    }
    assert readers == set(), "ask workflows/execution/queries/position.py"


def test_no_logic_compares_a_sentence() -> None:
    """A comparison or a search with three words in it reads what people read."""
    logic = {
        f"{name}:{node.lineno} {words}"
        for name, tree in sources("workflows", "approvals", "reporting", "config")
        for node, words in compared_texts(tree)
        if SENTENCE.fullmatch(words.strip(" .:"))
    }
    assert logic == set(), "store a code, and say it where it is shown"


TEXT_METHODS = {"startswith", "endswith", "removeprefix", "removesuffix", "partition", "index"}


def compared_texts(tree: ast.Module) -> Iterator[tuple[ast.Compare | ast.Call, str]]:
    """Texts that something is compared with, or that are looked for in it."""
    for node in ast.walk(tree):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            parts = [*node.args] if node.func.attr in TEXT_METHODS else []
        if isinstance(node, ast.Compare | ast.Call):
            for part in parts:
                for inner in ast.walk(part):
                    if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                        yield node, inner.value


def test_no_logic_cuts_the_sentence_of_a_refusal() -> None:
    """What an error says is shown whole: its parts are in its parameters."""
    cut = {
        f"{name}:{node.lineno}"
        for name, tree in sources("approvals", "reporting", "config")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in TEXT_METHODS | {"split", "replace"}
        and isinstance(node.func.value, ast.Call)
        and ast.unparse(node.func.value.func) == "str"
        and re.search(r"refus|error|problem|exc", ast.unparse(node.func.value))
    }
    assert cut == set()
