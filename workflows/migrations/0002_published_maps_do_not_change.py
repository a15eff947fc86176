"""Triggers that keep a published version and its rows as they are, whoever asks the database.

The models and the admin refuse too; this is for everything that goes past them. A later
migration that rebuilds one of these tables on SQLite drops its triggers and must run
`create_triggers` again.
"""

from typing import Any

from django.db import migrations

MESSAGE = "a published version cannot be changed; make a new draft"

PARTS = {
    "workflows_role": "{row}.version_id",
    "workflows_field": "{row}.version_id",
    "workflows_step": "{row}.version_id",
    "workflows_route": "(SELECT version_id FROM workflows_step WHERE id = {row}.step_id)",
}

VERSION_KEEPS = (
    "template_id",
    "number",
    "name",
    "purpose",
    "owner_name",
    "deputy_name",
    "review_every_days",
    "baseline",
    "calendar",
    "start_role_id",
    "start_fields",
    "start_triggers",
    "first_step_id",
    "created_at",
    "created_by_id",
    "published_at",
    "published_by_id",
)


def _closed(row: str, owner: str) -> str:
    version = owner.format(row=row)
    return f"(SELECT state FROM workflows_templateversion WHERE id = {version}) <> 'draft'"


def _rows(operation: str) -> tuple[str, ...]:
    return {"INSERT": ("NEW",), "DELETE": ("OLD",), "UPDATE": ("OLD", "NEW")}[operation]


def _version_changed(differs: str) -> str:
    columns = " OR ".join(f"NEW.{name} {differs} OLD.{name}" for name in VERSION_KEEPS)
    ways = "NOT (NEW.state = OLD.state OR (OLD.state = 'published' AND NEW.state = 'superseded'))"
    return f"OLD.state <> 'draft' AND ({ways} OR {columns})"


def _statements(vendor: str) -> list[str]:
    """All trigger statements for this database."""
    statements = []
    for table, owner in PARTS.items():
        for operation in ("INSERT", "UPDATE", "DELETE"):
            when = " OR ".join(_closed(row, owner) for row in _rows(operation))
            statements += _trigger(vendor, table, operation, when)
    differs = "IS NOT" if vendor == "sqlite" else "IS DISTINCT FROM"
    version = "workflows_templateversion"
    statements += _trigger(vendor, version, "UPDATE", _version_changed(differs))
    statements += _trigger(vendor, version, "DELETE", "OLD.state <> 'draft'")
    return statements


def _trigger(vendor: str, table: str, operation: str, when: str) -> list[str]:
    name = f"{table}_{operation.lower()}_published"
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {name} BEFORE {operation} ON {table} WHEN {when} "
            f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        ]
    result = "OLD" if operation == "DELETE" else "NEW"
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {when} THEN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation';"
        f" END IF; RETURN {result}; END $$",
        f"CREATE TRIGGER {name} BEFORE {operation} ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]


def create_triggers(apps: Any, schema_editor: Any) -> None:
    """Create the triggers; nothing on databases that Handoff does not run on."""
    vendor = schema_editor.connection.vendor
    if vendor in ("sqlite", "postgresql"):
        for statement in _statements(vendor):
            schema_editor.execute(statement, params=None)


def drop_triggers(apps: Any, schema_editor: Any) -> None:
    """Take them away again."""
    vendor = schema_editor.connection.vendor
    names = [(t, f"{t}_{op}_published") for t in PARTS for op in ("insert", "update", "delete")]
    version = "workflows_templateversion"
    names += [(version, f"{version}_{op}_published") for op in ("update", "delete")]
    for table, name in names:
        if vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER {name}")
        elif vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER {name} ON {table}")
            schema_editor.execute(f"DROP FUNCTION {name}()")


class Migration(migrations.Migration):
    """Keep published maps as they are."""

    dependencies = [("workflows", "0001_initial")]

    operations = [migrations.RunPython(create_triggers, drop_triggers)]
