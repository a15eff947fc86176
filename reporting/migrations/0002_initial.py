# The tables, made by makemigrations.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from workflows.migrations._tables_at_once import TablesAtOnce


class Migration(TablesAtOnce):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("reporting", "0001_initial"),
        ("workflows", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="callrate",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workflows.connection",
                verbose_name="connection",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="draft",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="workflows.templateversion",
                verbose_name="draft opened",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="made_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="made by",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="responsible",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="who sees to it",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="finding",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="decisions",
                to="reporting.finding",
                verbose_name="finding",
            ),
        ),
        migrations.AddField(
            model_name="historicalcallrate",
            name="connection",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="workflows.connection",
                verbose_name="connection",
            ),
        ),
        migrations.AddField(
            model_name="historicalcallrate",
            name="history_user",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicalrolerate",
            name="group",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="auth.group",
                verbose_name="or group",
            ),
        ),
        migrations.AddField(
            model_name="historicalrolerate",
            name="history_user",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="lookatpeople",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workflows.workflowtemplate",
                verbose_name="workflow",
            ),
        ),
        migrations.AddField(
            model_name="lookatpeople",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.AddField(
            model_name="requestrollup",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="workflows.workflowtemplate",
                verbose_name="template",
            ),
        ),
        migrations.AddField(
            model_name="requestrollup",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="workflows.templateversion",
                verbose_name="version",
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="closed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="closed by",
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reviews",
                to="workflows.workflowtemplate",
                verbose_name="workflow",
            ),
        ),
        migrations.AddField(
            model_name="finding",
            name="review",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="findings",
                to="reporting.review",
                verbose_name="review",
            ),
        ),
        migrations.AddField(
            model_name="rolerate",
            name="group",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="auth.group",
                verbose_name="or group",
            ),
        ),
        migrations.AddConstraint(
            model_name="stalecell",
            constraint=models.UniqueConstraint(fields=("grain", "day"), name="a_day_is_stale_once"),
        ),
        migrations.AddField(
            model_name="steprollup",
            name="step",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="workflows.step"
            ),
        ),
        migrations.AddField(
            model_name="steprollup",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="workflows.workflowtemplate",
                verbose_name="template",
            ),
        ),
        migrations.AddField(
            model_name="steprollup",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="workflows.templateversion",
                verbose_name="version",
            ),
        ),
        migrations.AddConstraint(
            model_name="callrate",
            constraint=models.CheckConstraint(
                condition=models.Q(("per_call__gte", 0)),
                name="a_call_costs_nothing_or_more",
                violation_error_message="A call costs nothing or more.",
            ),
        ),
        migrations.AddConstraint(
            model_name="callrate",
            constraint=models.UniqueConstraint(
                fields=("connection", "since"), name="one_rate_a_connection_and_day"
            ),
        ),
        migrations.AddIndex(
            model_name="requestrollup",
            index=models.Index(fields=["grain", "day"], name="request_cells_of_a_day"),
        ),
        migrations.AddConstraint(
            model_name="requestrollup",
            constraint=models.UniqueConstraint(
                fields=("template", "grain", "day", "version"), name="one_request_cell_a_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(
                fields=("template", "period_end"), name="one_review_per_period"
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "closed"), _negated=True),
                fields=("template",),
                name="one_open_review_per_workflow",
            ),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.UniqueConstraint(
                fields=("review", "key"), name="one_finding_per_key"
            ),
        ),
        migrations.AddConstraint(
            model_name="rolerate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("group__isnull", True), models.Q(("role", ""), _negated=True)),
                    models.Q(("group__isnull", False), ("role", "")),
                    _connector="OR",
                ),
                name="a_rate_is_of_a_role_or_a_group",
                violation_error_message="Name a role or choose a group: one of the two.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rolerate",
            constraint=models.CheckConstraint(
                condition=models.Q(("per_hour__gte", 0)),
                name="an_hour_costs_nothing_or_more",
                violation_error_message="An hour costs nothing or more.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rolerate",
            constraint=models.UniqueConstraint(
                condition=models.Q(("group__isnull", True)),
                fields=("role", "since"),
                name="one_rate_a_role_and_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="rolerate",
            constraint=models.UniqueConstraint(
                condition=models.Q(("group__isnull", False)),
                fields=("group", "since"),
                name="one_rate_a_group_and_day",
            ),
        ),
        migrations.AddIndex(
            model_name="steprollup",
            index=models.Index(fields=["grain", "day"], name="step_cells_of_a_day"),
        ),
        migrations.AddConstraint(
            model_name="steprollup",
            constraint=models.UniqueConstraint(
                fields=("template", "grain", "day", "step", "came_from"), name="one_step_cell_a_day"
            ),
        ),
    ]
