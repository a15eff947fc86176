"""The trail's seals, and triggers that keep trail and seals as they were written, whoever asks.

The models and the admin refuse too; this is for everything that goes past them. A later
migration that rebuilds one of these tables on SQLite drops its triggers and must run
`create_triggers` again.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

MESSAGE = "the trail is written once; it cannot be changed or deleted"

TRAIL, SEAL, HEAD = "workflows_trailevent", "workflows_trailseal", "workflows_trailhead"

HEAD_KEEPS = ("id", "date", "position", "hash", "written_at")
"""Of a head, only where and when it was sent is filled in later."""


def _triggers(vendor: str) -> list[tuple[str, str, str]]:
    """Table, operation, and the condition of the refusal ('' for always)."""
    differs = "IS NOT" if vendor == "sqlite" else "IS DISTINCT FROM"
    changed = " OR ".join(f"NEW.{name} {differs} OLD.{name}" for name in HEAD_KEEPS)
    found = [(table, op, "") for table in (TRAIL, SEAL) for op in ("UPDATE", "DELETE")]
    found += [(HEAD, "UPDATE", changed), (HEAD, "DELETE", "")]
    if vendor == "postgresql":
        found += [(table, "TRUNCATE", "") for table in (TRAIL, SEAL, HEAD)]
    return found


def _name(table: str, operation: str) -> str:
    return f"{table}_{operation.lower()}_refused"


def _create(vendor: str, table: str, operation: str, when: str) -> list[str]:
    name = _name(table, operation)
    condition = f"WHEN ({when}) " if when else ""
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {name} BEFORE {operation} ON {table} {condition}"
            f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        ]
    each = "STATEMENT" if operation == "TRUNCATE" else "ROW"
    return [
        f"CREATE TRIGGER {name} BEFORE {operation} ON {table} "
        f"FOR EACH {each} {condition}EXECUTE FUNCTION workflows_trail_refuses()"
    ]


FUNCTION = (
    "CREATE OR REPLACE FUNCTION workflows_trail_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
)


def create_triggers(apps: Any, schema_editor: Any) -> None:
    """Create the triggers; nothing on databases that Handoff does not run on."""
    vendor = schema_editor.connection.vendor
    if vendor not in ("sqlite", "postgresql"):
        return
    if vendor == "postgresql":
        schema_editor.execute(FUNCTION, params=None)
    for table, operation, when in _triggers(vendor):
        for statement in _create(vendor, table, operation, when):
            schema_editor.execute(statement, params=None)


def drop_triggers(apps: Any, schema_editor: Any) -> None:
    """Take them away again."""
    vendor = schema_editor.connection.vendor
    if vendor not in ("sqlite", "postgresql"):
        return
    for table, operation, _ in _triggers(vendor):
        on = f" ON {table}" if vendor == "postgresql" else ""
        schema_editor.execute(f"DROP TRIGGER {_name(table, operation)}{on}")
    if vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION workflows_trail_refuses()")


class Migration(migrations.Migration):
    """Seal the trail."""

    dependencies = [("workflows", "0003_the_outside_world")]

    operations = [
        migrations.CreateModel(
            name="TrailSeal",
            fields=[
                (
                    "position",
                    models.PositiveBigIntegerField(
                        primary_key=True, serialize=False, verbose_name="position"
                    ),
                ),
                ("hash", models.CharField(max_length=64, verbose_name="hash")),
                ("sealed_at", models.DateTimeField(verbose_name="sealed at")),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seal",
                        to="workflows.trailevent",
                    ),
                ),
            ],
            options={
                "verbose_name": "seal",
                "ordering": ["position"],
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("position__gte", 1)),
                        name="positions_count_from_one",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TrailHead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("date", models.DateField(unique=True, verbose_name="day")),
                ("position", models.PositiveBigIntegerField(verbose_name="position")),
                ("hash", models.CharField(max_length=64, verbose_name="hash")),
                ("written_at", models.DateTimeField(verbose_name="written at")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent at")),
                ("sent_to", models.JSONField(default=list, verbose_name="sent to")),
            ],
            options={
                "verbose_name": "head of the trail",
                "verbose_name_plural": "heads of the trail",
                "ordering": ["date"],
                "default_permissions": ("view",),
            },
        ),
        migrations.AlterField(
            model_name="outboxmessage",
            name="kind",
            field=models.CharField(
                choices=[
                    ("attempt", "run an automation"),
                    ("wake", "end a wait"),
                    ("remind", "remind"),
                    ("escalate", "escalate"),
                    ("child", "start a subworkflow"),
                    ("child_ended", "a subworkflow ended"),
                    ("child_cancel", "call a subworkflow off"),
                    ("ended", "follow a request's end"),
                    ("start", "start after another workflow"),
                    ("schedule", "start by schedule"),
                    ("mail", "send a mail"),
                    ("head", "send the trail's head outside"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.RunPython(create_triggers, drop_triggers),
    ]
