"""Roll-ups for the reports, and indexes by which a day's raw rows are found.

The indexes are on tables of `workflows`: only the reports read those by day.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

INDEXES = {
    "tasks_by_arrival": "workflows_workitem (enabled_at)",
    "tasks_by_end": "workflows_workitem (completed_at) WHERE completed_at IS NOT NULL",
    "tasks_by_cancelling": (
        "workflows_historicalworkitem (history_date) WHERE state = 'cancelled'"
    ),
    "requests_by_start": "workflows_workflowinstance (started_at)",
    "requests_by_end": "workflows_workflowinstance (completed_at) WHERE completed_at IS NOT NULL",
}


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("workflows", "0003_the_outside_world"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Freshness",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rolled_up_to", models.DateTimeField(null=True, verbose_name="rolled up to")),
                (
                    "seen_history",
                    models.PositiveBigIntegerField(
                        default=0, verbose_name="last task history seen"
                    ),
                ),
                (
                    "compared_at",
                    models.DateTimeField(null=True, verbose_name="compared with the raw rows at"),
                ),
            ],
            options={
                "verbose_name_plural": "freshness",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="LookAtPeople",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("user_name", models.CharField(max_length=150, verbose_name="who looked")),
                ("looked_at", models.DateTimeField(verbose_name="looked at")),
                (
                    "asked",
                    models.CharField(blank=True, max_length=200, verbose_name="what was asked"),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workflows.workflowtemplate",
                        verbose_name="workflow",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "look at figures by person",
                "verbose_name_plural": "looks at figures by person",
                "ordering": ["-id"],
                "permissions": [
                    ("name_people", "Can see figures by person (each look is recorded)")
                ],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="RequestRollUp",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "grain",
                    models.CharField(
                        choices=[("day", "day"), ("week", "week")],
                        default="day",
                        max_length=4,
                        verbose_name="grain",
                    ),
                ),
                ("day", models.DateField(verbose_name="first day (UTC)")),
                ("started", models.PositiveIntegerField(default=0)),
                ("finished", models.PositiveIntegerField(default=0)),
                ("cancelled", models.PositiveIntegerField(default=0)),
                (
                    "repeated",
                    models.PositiveIntegerField(
                        default=0, verbose_name="finished, with a step done again"
                    ),
                ),
                ("duration", models.BigIntegerField(default=0)),
                ("duration_spread", models.BinaryField(default=b"")),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workflows.workflowtemplate",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workflows.templateversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "roll-up of requests",
                "default_permissions": (),
                "indexes": [models.Index(fields=["grain", "day"], name="request_cells_of_a_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("template", "grain", "day", "version"),
                        name="one_request_cell_a_day",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StepRollUp",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "grain",
                    models.CharField(
                        choices=[("day", "day"), ("week", "week")],
                        default="day",
                        max_length=4,
                        verbose_name="grain",
                    ),
                ),
                ("day", models.DateField(verbose_name="first day (UTC)")),
                (
                    "came_from",
                    models.CharField(blank=True, max_length=80, verbose_name="came from"),
                ),
                ("role", models.CharField(blank=True, max_length=60, verbose_name="role")),
                ("arrived", models.PositiveIntegerField(default=0)),
                ("completed", models.PositiveIntegerField(default=0)),
                ("cancelled", models.PositiveIntegerField(default=0)),
                ("overdue", models.PositiveIntegerField(default=0)),
                ("reworked", models.PositiveIntegerField(default=0)),
                ("exceptions", models.PositiveIntegerField(default=0)),
                ("waiting", models.BigIntegerField(default=0)),
                ("working", models.BigIntegerField(default=0)),
                ("waiting_business", models.BigIntegerField(default=0)),
                ("working_business", models.BigIntegerField(default=0)),
                ("excess", models.BigIntegerField(default=0)),
                ("waiting_spread", models.BinaryField(default=b"")),
                ("working_spread", models.BinaryField(default=b"")),
                ("waiting_business_spread", models.BinaryField(default=b"")),
                ("working_business_spread", models.BinaryField(default=b"")),
                ("taken_business_spread", models.BinaryField(default=b"")),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workflows.step",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workflows.workflowtemplate",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workflows.templateversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "roll-up of a step",
                "default_permissions": (),
                "indexes": [models.Index(fields=["grain", "day"], name="step_cells_of_a_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("template", "grain", "day", "step", "came_from"),
                        name="one_step_cell_a_day",
                    )
                ],
            },
        ),
        *(
            migrations.RunSQL(
                f"CREATE INDEX IF NOT EXISTS {name} ON {where}", f"DROP INDEX IF EXISTS {name}"
            )
            for name, where in INDEXES.items()
        ),
    ]
