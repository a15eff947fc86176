"""Imports of logs are rows; a task keeps its lead-in where nobody knows when work began."""

import django.core.serializers.json
import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0009_held_is_a_state"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="historicalworkitem",
            name="lead_in_seconds",
            field=models.FloatField(blank=True, null=True, verbose_name="lead-in (s)"),
        ),
        migrations.AddField(
            model_name="workitem",
            name="lead_in_seconds",
            field=models.FloatField(blank=True, null=True, verbose_name="lead-in (s)"),
        ),
        migrations.AlterField(
            model_name="historicalworkflowinstance",
            name="state",
            field=django_fsm.FSMField(
                choices=[
                    ("running", "running"),
                    ("suspended", "suspended"),
                    ("completed", "completed"),
                    ("cancelled", "cancelled"),
                    ("arriving", "coming in from a log"),
                    ("taken_out", "of a log that was taken out"),
                ],
                default="running",
                max_length=50,
                protected=True,
                verbose_name="state",
            ),
        ),
        migrations.AlterField(
            model_name="workflowinstance",
            name="state",
            field=django_fsm.FSMField(
                choices=[
                    ("running", "running"),
                    ("suspended", "suspended"),
                    ("completed", "completed"),
                    ("cancelled", "cancelled"),
                    ("arriving", "coming in from a log"),
                    ("taken_out", "of a log that was taken out"),
                ],
                default="running",
                max_length=50,
                protected=True,
                verbose_name="state",
            ),
        ),
        migrations.CreateModel(
            name="LogImport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("file_name", models.CharField(max_length=255, verbose_name="file")),
                ("digest", models.CharField(max_length=64, verbose_name="SHA-256 of the file")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("arriving", "coming in"),
                            ("here", "here"),
                            ("leaving", "being taken out"),
                            ("taken_out", "taken out"),
                        ],
                        default="arriving",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "actor_name",
                    models.CharField(blank=True, max_length=150, verbose_name="brought in by"),
                ),
                ("began_at", models.DateTimeField(verbose_name="began at")),
                ("seen_at", models.DateTimeField(verbose_name="last seen at work")),
                ("cases", models.PositiveIntegerField(default=0, verbose_name="requests")),
                ("tasks", models.PositiveIntegerField(default=0, verbose_name="tasks")),
                (
                    "days",
                    models.JSONField(
                        default=list,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="days of its tasks",
                    ),
                ),
                (
                    "told",
                    models.JSONField(default=dict, verbose_name="what was read and passed over"),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="log_imports",
                        to="workflows.workflowtemplate",
                        verbose_name="workflow",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workflows.templateversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "import of a log",
                "verbose_name_plural": "imports of logs",
                "ordering": ["-id"],
                "default_permissions": ("view",),
            },
        ),
        migrations.AddField(
            model_name="workflowinstance",
            name="log_import",
            field=models.ForeignKey(
                default=None,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="requests",
                to="workflows.logimport",
                verbose_name="came in with the log",
            ),
        ),
        migrations.AddIndex(
            model_name="logimport",
            index=models.Index(
                models.F("state"),
                condition=models.Q(("state__in", ("arriving", "leaving"))),
                name="imports_under_way",
            ),
        ),
    ]
