"""The house: folders import one way, and nobody but the framework imports an admin or a command."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import networkx

from tests.reading_source import tree_of

ROOT = Path(__file__).parents[2]
APPS = ("config", "workflows", "approvals", "reporting")
AT_THE_TOP = ("admin", "management")
"""Rooms that Django opens: admin pages and commands. What they need is beneath them."""


def modules() -> dict[str, Path]:
    """Every module of the product by its dotted name, without migrations."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for app in APPS
        for path in sorted((ROOT / app).rglob("*.py"))
        if "migrations" not in path.parts
    }


def imports_at_run_time(tree: ast.Module) -> Iterator[ast.ImportFrom | ast.Import]:
    """The imports of a module, without those that only type checkers see."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.ImportFrom | ast.Import):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo += node.orelse
        else:
            todo += ast.iter_child_nodes(node)


def imported_modules(path: Path, known: Mapping[str, Path]) -> set[str]:
    """The modules of the product that a file imports."""
    names: set[str] = set()
    for node in imports_at_run_time(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                names.add(inner if inner in known else node.module)
    return names & known.keys()


@cache
def import_graph() -> dict[str, set[str]]:
    known = modules()
    return {name: imported_modules(path, known) - {name} for name, path in known.items()}


def folder_of(module: str, known: Mapping[str, Path]) -> str:
    return str(known[module].parent.relative_to(ROOT))


def test_no_folder_imports_in_a_circle() -> None:
    known = modules()
    edges: dict[tuple[str, str], list[str]] = defaultdict(list)
    for module, targets in import_graph().items():
        for target in targets:
            pair = folder_of(module, known), folder_of(target, known)
            if pair[0] != pair[1]:
                edges[pair].append(f"{module} -> {target}")
    graph = networkx.DiGraph(list(edges))
    loops = [loop for loop in networkx.strongly_connected_components(graph) if len(loop) > 1]
    inside = [
        line
        for pair, lines in edges.items()
        for line in lines
        if any(pair[0] in loop and pair[1] in loop for loop in loops)
    ]
    assert not loops, "\n".join(sorted(inside))


def test_nothing_beneath_them_imports_admin_pages_or_commands() -> None:
    def is_at_the_top(module: str) -> bool:
        return bool(set(module.split(".")) & {*AT_THE_TOP, "admin_site", "admin_menu", "urls"})

    wrong = [
        f"{module} -> {target}"
        for module, targets in import_graph().items()
        if not is_at_the_top(module)
        for target in targets
        if set(target.split(".")) & set(AT_THE_TOP) and "admin_site" not in target
    ]
    assert wrong == []


def test_every_folder_of_the_product_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for app in APPS
        for path in sorted((ROOT / app).rglob("__init__.py"))
        if "migrations" not in path.parts and not ast.get_docstring(tree_of(path))
    ]
    assert silent == []


def test_no_folder_holds_more_than_thirty_modules() -> None:
    counts: dict[str, int] = defaultdict(int)
    known = modules()
    for module in known:
        counts[folder_of(module, known)] += 1
    assert {folder: count for folder, count in counts.items() if count > 30} == {}


def test_people_are_our_own_model_everywhere() -> None:
    place = "django.contrib.auth.models"
    users = [
        f"{path.relative_to(ROOT)}"
        for folder in (*APPS, "tests", "bench")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if place in path.read_text()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom)
        and node.module == place
        and any(alias.name == "User" for alias in node.names)
    ]
    assert users == []
