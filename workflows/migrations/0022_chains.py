"""Chains of managers that a branch goes through.

SQLite copies a table whose columns change, and would lose the triggers that stand on it: they are
taken away first and made again.
"""

from importlib import import_module

import django.core.validators
from django.db import migrations, models

guards = import_module("workflows.migrations.0002_database_guards")


def columns(model):
    return [
        migrations.AddField(
            model_name=model,
            name="chain_of",
            field=models.CharField(
                blank=True,
                help_text="One branch for each manager above this person, as far up as the rule"
                " says.",
                max_length=80,
                null=True,
                verbose_name="managers above",
            ),
        ),
        migrations.AddField(
            model_name=model,
            name="chain_until",
            field=models.CharField(
                blank=True,
                help_text="A rule, such as limit >= amount. Of each manager it knows limit,"
                " department, cost_centre, place and level.",
                max_length=1000,
                null=True,
                verbose_name="up to the first of whom",
            ),
        ),
        migrations.AddField(
            model_name=model,
            name="chain_levels",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="8, where nothing stands here.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(20),
                ],
                verbose_name="so many at most",
            ),
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("workflows", "0021_person_resources")]

    operations = [
        migrations.RunPython(guards.drop_guards, guards.create_guards),
        *columns("historicalroute"),
        *columns("route"),
        migrations.RunPython(guards.create_guards, guards.drop_guards),
    ]
