"""Only services write: no page, form, admin class, query or task changes a row by itself.

The source is read: every call that writes rows by the ORM, by guardian's shortcuts, by the bulk
writers of `persistence`, and every statement of SQL that does. Whoever needs one puts it into a
service. The admin's pages are asked too, since Django's own `ModelAdmin` saves what it is not kept
from saving.
"""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin

from tests.reading_source import tree_of
from workflows.admin_site.service_writes import ServiceWrittenMixin

ROOT = Path(__file__).parents[2]
PACKAGES = ("config", "workflows", "approvals", "reporting")

WRITERS = ("services", "persistence", "migrations", "demo", "lifecycle")
"""Folders that write. `lifecycle` has the commands on whole workflows, apart from `services`
because they call those of requests; `demo` makes an invented company."""
EXCEPTIONS = {
    "workflows/language/catalogues.py": "writes a file of translations, and no row",
    "workflows/extensions/directory.py": "writes into a database that a test has to itself",
}

ROW_WRITES = {
    *("save", "asave", "delete", "adelete", "create", "acreate", "bulk_create", "abulk_create"),
    *("bulk_update", "abulk_update", "get_or_create", "aget_or_create", "update_or_create"),
    *("aupdate_or_create", "save_m2m", "create_user", "create_superuser", "add_to_class"),
}
"""Methods that write rows, whatever they are called on."""
FUNCTIONS = {
    *("assign_perm", "remove_perm", "bulk_create_with_history", "bulk_update_with_history"),
    *("insert_rows", "insert_values", "insert_prepared_rows", "insert_unkeyed_rows"),
    *("update_rows", "write_history", "save_row", "delete_row", "save_changed_columns"),
}
RELATION_WRITES = {"add", "remove", "set", "clear", "aadd", "aremove", "aset", "aclear"}
"""Methods that write rows where they are called on the rows related to another."""
SQL_WRITE = re.compile(
    r"\s*(INSERT\s+INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|TRUNCATE|COPY\s+\S+.*\sFROM)\b",
    re.IGNORECASE | re.DOTALL,
)


def related_row_names() -> set[str]:
    """What the models call the rows that are related to one: `groups`, `routes`, `user_set`."""
    names = set()
    for model in apps.get_models():
        names |= {field.name for field in model._meta.many_to_many}
        for relation in model._meta.related_objects:
            names.add(str(relation.get_accessor_name() or ""))
    return names - {""}


def is_writer(path: Path) -> bool:
    """Whether a module is a service, or of those few that write besides."""
    inside = path.relative_to(ROOT)
    return bool({*inside.parts[:-1], inside.stem} & set(WRITERS)) or str(inside) in EXCEPTIONS


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def writes_of(tree: ast.AST, related: set[str]) -> Iterator[tuple[int, str]]:
    """The line and the text of everything in a module that writes rows."""
    own_methods = set(_saving_methods(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node not in own_methods and _writes(node, related):
            yield node.lineno, ast.unparse(node)[:80]
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and SQL_WRITE.match(text):
            yield node.lineno, text[:80]


def _saving_methods(tree: ast.AST) -> Iterator[ast.Call]:
    """A model's own `save` ends in the one that it stands before; that writes nothing by itself."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr == function.name
                    and ast.unparse(node.func.value) == "super()"
                ):
                    yield node


def _writes(call: ast.Call, related: set[str]) -> bool:
    if isinstance(call.func, ast.Name):
        return call.func.id in FUNCTIONS
    if not isinstance(call.func, ast.Attribute):
        return False
    name, owner = call.func.attr, call.func.value
    if name == "save":
        return not any(word.arg == "commit" and _is_false(word.value) for word in call.keywords)
    if name == "update":  # of a set or a dictionary it takes an argument, of rows never
        return not call.args and bool(call.keywords)
    if name in RELATION_WRITES:
        return isinstance(owner, ast.Attribute) and owner.attr in related and name != "clear"
    return name in ROW_WRITES or name in FUNCTIONS


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def test_only_services_write() -> None:
    related = related_row_names() - NOT_ROWS
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sources()
        if not is_writer(path)
        for line, text in writes_of(tree_of(path), related)
    ]
    assert not found, "put what writes into a service:\n" + "\n".join(found)


NOT_ROWS = {"fields"}
"""Names that rows related to one share with what is kept in memory."""


@pytest.mark.parametrize(
    "text",
    [
        "row.save()",
        "form.save()",
        "Step.objects.filter(pk=1).update(name='x')",
        "rows.delete()",
        "Step.objects.create(key='x')",
        "user.groups.add(group)",
        "user.groups.set([])",
        "insert_rows([row])",
        "assign_perm('x', user, row)",
        "cursor.execute('UPDATE workflows_step SET key = 1')",
    ],
)
def test_each_way_of_writing_is_seen(text: str) -> None:
    assert list(writes_of(ast.parse(text), related_row_names()))


@pytest.mark.parametrize(
    "text", ["form.save(commit=False)", "seen.add(1)", "values.update(other)", "cells.clear()"]
)
def test_what_writes_no_row_is_let_be(text: str) -> None:
    assert not list(writes_of(ast.parse(text), related_row_names()))


def test_every_exception_is_there() -> None:
    assert all((ROOT / path).is_file() for path in EXCEPTIONS)


# -- the admin --------------------------------------------------------------------------------

SAVES = ("save_model", "save_related", "delete_model", "delete_queryset")
HOOKS_OF = ("workflows.admin_site.", "simple_history.")
"""Whose these may be: ours, which call a service; simple-history's calls what is behind it."""
UNGOVERNED: dict[str, str] = {}
"""Models of other packages whose rows Django's own pages may save, and why."""


def admin_pages() -> Iterator[tuple[Any, Any]]:
    """The pages that the site has: its URLconf takes out some that packages bring."""
    import_module("config.urls")
    yield from admin.site._registry.items()


def test_every_page_of_the_admin_leaves_writing_to_a_service() -> None:
    for model, page in admin_pages():
        if model._meta.label in UNGOVERNED:
            continue
        assert isinstance(page, ServiceWrittenMixin), f"{model._meta.label} is saved by Django"
        for name in SAVES:
            owner = _declaring_class(type(page), name)
            assert owner.__module__.startswith(HOOKS_OF), f"{type(page).__name__}.{name} writes"


def _declaring_class(page: type, name: str) -> type:
    return next(parent for parent in page.__mro__ if name in vars(parent))


def test_a_page_that_adds_changes_or_deletes_calls_a_service_for_it() -> None:
    for model, page in admin_pages():
        if _is_read_only(page):
            continue
        declared = _declaring_class(type(page), "write_rows")
        assert declared is not ServiceWrittenMixin, f"{model._meta.label} can be saved by nothing"


def _is_read_only(page: admin.ModelAdmin) -> bool:
    """Whether a page says of itself, whoever asks, that nothing is added or changed on it."""
    return any(parent.__name__ in ("ReadOnly", "PartAdmin") for parent in type(page).__mro__)
