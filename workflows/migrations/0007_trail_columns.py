"""The trail says by which door and in which capacity, what was seen, and every vote; and it may
tell of the site, beside workflows.

The new columns hold in old rows what the hash leaves out (`services.seals.LATER`), so old seals
fit. SQLite builds the table anew, and its triggers are gone with the old one.
"""

from importlib import import_module
from typing import Any

import django.db.models.deletion
from django.db import migrations, models

sealed: Any = import_module("workflows.migrations.0004_the_trail_is_sealed")


def triggers_again(apps: Any, schema_editor: Any) -> None:
    """Create the trail's triggers that a rebuilt table on SQLite has lost."""
    if schema_editor.connection.vendor != "sqlite":
        return
    for operation in ("UPDATE", "DELETE"):
        schema_editor.execute(
            f"DROP TRIGGER IF EXISTS {sealed._name(sealed.TRAIL, operation)}", params=None
        )
        for statement in sealed._create("sqlite", sealed.TRAIL, operation, ""):
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    """New columns of the trail."""

    dependencies = [("workflows", "0006_ways_of_a_log_are_counted")]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, triggers_again),
        migrations.AddField(
            model_name="trailevent",
            name="channel",
            field=models.CharField(blank=True, default="", max_length=20, verbose_name="channel"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="trailevent",
            name="capacity",
            field=models.CharField(blank=True, default="", max_length=20, verbose_name="capacity"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="trailevent",
            name="seen",
            field=models.JSONField(default=dict, verbose_name="seen"),
        ),
        migrations.AddField(
            model_name="trailevent",
            name="votes",
            field=models.JSONField(default=list, verbose_name="votes"),
        ),
        migrations.AddField(
            model_name="trailevent",
            name="token",
            field=models.CharField(blank=True, default="", max_length=230, verbose_name="token"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="trailevent",
            name="token_by",
            field=models.CharField(
                blank=True, default="", max_length=150, verbose_name="token made by"
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="trailevent",
            name="template",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="trail",
                to="workflows.workflowtemplate",
            ),
        ),
        migrations.AlterField(
            model_name="trailevent",
            name="workflow",
            field=models.CharField(blank=True, max_length=60, verbose_name="workflow"),
        ),
        migrations.RunPython(triggers_again, migrations.RunPython.noop),
    ]
