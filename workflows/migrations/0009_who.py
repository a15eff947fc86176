"""A person's cost centre; quorums that say more than a number; people whom a role finds several of.

SQLite copies a table whose columns change, and drops its triggers, and one that names another table stops
the copy: the guards are taken away first and made again.
"""

from importlib import import_module

import django.core.validators
from django.db import migrations, models

guards = import_module("workflows.migrations.0002_database_guards")


def quorum():
    return models.CharField(
        blank=True,
        help_text="How many must agree: 2, or all.",
        max_length=1000,
        null=True,
        verbose_name="quorum",
    )


class Migration(migrations.Migration):
    dependencies = [("workflows", "0008_late_answers")]

    operations = [
        migrations.RunPython(guards.drop_guards, guards.create_guards),
        migrations.AddField(
            model_name="user",
            name="cost_centre",
            field=models.CharField(blank=True, max_length=60, verbose_name="cost centre"),
        ),
        migrations.AlterField(
            model_name="user",
            name="approval_limit",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="Up to which amount this person may approve, in the currency of the"
                " amounts that a map compares it with; empty where nothing is said.",
                max_digits=14,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="approval limit",
            ),
        ),
        migrations.AddField(
            model_name="addedperson",
            name="found",
            field=models.BooleanField(default=False, verbose_name="found by the role"),
        ),
        migrations.AlterField(model_name="step", name="quorum", field=quorum()),
        migrations.AlterField(model_name="historicalstep", name="quorum", field=quorum()),
        migrations.RunPython(guards.create_guards, guards.drop_guards),
    ]
