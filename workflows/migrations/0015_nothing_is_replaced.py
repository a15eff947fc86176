"""On SQLite `REPLACE INTO` deletes the row that is in its way without a word to the triggers that
refuse deletions (unless a connection asks for that): what was written once refuses to be replaced.

On PostgreSQL there is no such statement; `ON CONFLICT DO UPDATE` is an update, and refused as one.
A later migration that rebuilds one of these tables on SQLite must run `create_triggers` again.
"""

from importlib import import_module
from typing import Any

from django.db import migrations

sealed: Any = import_module("workflows.migrations.0004_the_trail_is_sealed")
maps: Any = import_module("workflows.migrations.0002_published_maps_do_not_change")

IN_THE_WAY = {
    sealed.TRAIL: "id = NEW.id",
    sealed.SEAL: "position = NEW.position OR event_id = NEW.event_id",
    sealed.HEAD: "id = NEW.id OR date = NEW.date",
}
VERSION = "workflows_templateversion"


def _triggers() -> list[tuple[str, str, str]]:
    """Table, the condition of the refusal, and what it says."""
    found = [
        (table, f"EXISTS (SELECT 1 FROM {table} WHERE {same})", sealed.MESSAGE)
        for table, same in IN_THE_WAY.items()
    ]
    same = "(id = NEW.id OR (template_id = NEW.template_id AND number = NEW.number))"
    closed = f"EXISTS (SELECT 1 FROM {VERSION} WHERE {same} AND state <> 'draft')"
    found.append((VERSION, closed, maps.MESSAGE))
    for table, owner in maps.PARTS.items():
        closed = maps._closed("old", owner)
        found.append(
            (table, f"EXISTS (SELECT 1 FROM {table} AS old WHERE old.id = NEW.id AND {closed})",
             maps.MESSAGE)
        )  # fmt: skip
    return found


def name_of(table: str) -> str:
    """The trigger's name."""
    return f"{table}_replace_refused"


def create_triggers(apps: Any, schema_editor: Any) -> None:
    """Create the triggers on SQLite."""
    if schema_editor.connection.vendor != "sqlite":
        return
    for table, when, message in _triggers():
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name_of(table)}", params=None)
        schema_editor.execute(
            f"CREATE TRIGGER {name_of(table)} BEFORE INSERT ON {table} WHEN {when} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END",
            params=None,
        )


def drop_triggers(apps: Any, schema_editor: Any) -> None:
    """Take them away again."""
    if schema_editor.connection.vendor == "sqlite":
        for table, _, _ in _triggers():
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name_of(table)}", params=None)


class Migration(migrations.Migration):
    """Nothing is replaced."""

    dependencies = [("workflows", "0014_people_by_row")]

    operations = [migrations.RunPython(create_triggers, drop_triggers)]
