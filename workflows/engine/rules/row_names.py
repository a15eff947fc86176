"""Rows in rules: `row.net` is one name, of a column of the row that a branch is about."""

import re
from collections.abc import Collection
from typing import Any, Final

from rule_engine import ast

from workflows.engine.rules.explanations import rule_child_nodes


def bind_row_names(tree: Any, names: Collection[str]) -> None:
    """Make one symbol of each name and column that are declared as one (`row.net`), in a tree that
    is not yet built; any other dot stays, and is refused."""
    todo = [tree]
    while todo:
        node = todo.pop()
        _bind(node, names)
        todo.extend(rule_child_nodes(node))


def _bind(node: Any, names: Collection[str]) -> None:
    if node.cls is not ast.GetAttributeExpression:
        return
    context, before, column = node.args
    if getattr(before, "cls", None) is not ast.SymbolExpression or before.kwargs.get("scope"):
        return
    name = f"{before.args[1]}.{column}"
    if name in names and not node.kwargs.get("safe"):
        node.cls, node.args, node.kwargs = ast.SymbolExpression, (context, name), {}


_WORD: Final = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|(?<![\w.$])(?P<word>[A-Za-z_]\w*)(?!\s*\(|\w)")
"""Texts in quotes and names of functions are passed over."""


def rule_of_row(rule: str, row: str, columns: Collection[str]) -> str:
    """A rule over the columns of a row as it stands among the names of a branch, in which the row
    is called so: `net > 5` as `line.net > 5`."""

    def name(found: re.Match[str]) -> str:
        return f"{row}.{found['word']}" if found["word"] in columns else found[0]

    return _WORD.sub(name, rule)
