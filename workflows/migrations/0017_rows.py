"""Branches for each row: what a way says of them, and which row a task is about.

SQLite copies a table whose columns change, and would lose the triggers that stand on it: they are
taken away first and made again.
"""

from importlib import import_module

from django.db import migrations, models

guards = import_module("workflows.migrations.0002_database_guards")


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0016_times_told"),
    ]

    operations = [
        migrations.RunPython(guards.drop_guards, guards.create_guards),
        migrations.AddField(
            model_name="historicalroute",
            name="each",
            field=models.CharField(
                blank=True,
                help_text="A list or several people: one branch for each of them.",
                max_length=300,
                null=True,
                verbose_name="for each of",
            ),
        ),
        migrations.AddField(
            model_name="historicalroute",
            name="one_at_a_time",
            field=models.BooleanField(blank=True, null=True, verbose_name="one at a time"),
        ),
        migrations.AddField(
            model_name="historicalroute",
            name="row_name",
            field=models.CharField(
                blank=True,
                help_text="In the steps of the branch; row, where nothing stands here.",
                max_length=60,
                null=True,
                verbose_name="row is called",
            ),
        ),
        migrations.AddField(
            model_name="historicalroute",
            name="stop_on",
            field=models.CharField(
                blank=True,
                choices=[("refusal", "the first refusal")],
                max_length=20,
                null=True,
                verbose_name="stops at",
            ),
        ),
        migrations.AddField(
            model_name="historicalworkitem",
            name="row_label",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=200, verbose_name="row"
            ),
        ),
        migrations.AddField(
            model_name="historicalworkitem",
            name="rows",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                max_length=20,
                verbose_name="rows",
            ),
        ),
        migrations.AddField(
            model_name="route",
            name="each",
            field=models.CharField(
                blank=True,
                help_text="A list or several people: one branch for each of them.",
                max_length=300,
                null=True,
                verbose_name="for each of",
            ),
        ),
        migrations.AddField(
            model_name="route",
            name="one_at_a_time",
            field=models.BooleanField(blank=True, null=True, verbose_name="one at a time"),
        ),
        migrations.AddField(
            model_name="route",
            name="row_name",
            field=models.CharField(
                blank=True,
                help_text="In the steps of the branch; row, where nothing stands here.",
                max_length=60,
                null=True,
                verbose_name="row is called",
            ),
        ),
        migrations.AddField(
            model_name="route",
            name="stop_on",
            field=models.CharField(
                blank=True,
                choices=[("refusal", "the first refusal")],
                max_length=20,
                null=True,
                verbose_name="stops at",
            ),
        ),
        migrations.AddField(
            model_name="workitem",
            name="row_label",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=200, verbose_name="row"
            ),
        ),
        migrations.AddField(
            model_name="workitem",
            name="rows",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                max_length=20,
                verbose_name="rows",
            ),
        ),
        migrations.AlterField(
            model_name="historicalrole",
            name="field",
            field=models.CharField(
                blank=True,
                help_text="A person field of the request.",
                max_length=121,
                null=True,
                verbose_name="field",
            ),
        ),
        migrations.AlterField(
            model_name="historicalstep",
            name="wait_for",
            field=models.CharField(
                blank=True,
                help_text="all, any, a number or a share such as 60%.",
                max_length=10,
                null=True,
                verbose_name="join waits for",
            ),
        ),
        migrations.AlterField(
            model_name="role",
            name="field",
            field=models.CharField(
                blank=True,
                help_text="A person field of the request.",
                max_length=121,
                null=True,
                verbose_name="field",
            ),
        ),
        migrations.AlterField(
            model_name="step",
            name="wait_for",
            field=models.CharField(
                blank=True,
                help_text="all, any, a number or a share such as 60%.",
                max_length=10,
                null=True,
                verbose_name="join waits for",
            ),
        ),
        migrations.RunPython(guards.create_guards, guards.drop_guards),
    ]
