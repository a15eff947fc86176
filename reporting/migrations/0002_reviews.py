"""Reviews with their findings and decisions, and the rates of roles and calls."""

import django.core.serializers.json
import django.core.validators
import django.db.models.deletion
import django_fsm
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("reporting", "0001_rollups"),
        ("workflows", "0004_the_trail_is_sealed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Finding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("key", models.CharField(max_length=200, verbose_name="key")),
                ("step", models.CharField(blank=True, max_length=80, verbose_name="step")),
                ("figure", models.FloatField(verbose_name="figure")),
                ("unit", models.CharField(max_length=20, verbose_name="unit")),
                ("words", models.TextField(verbose_name="what was found")),
                (
                    "facts",
                    models.JSONField(
                        default=dict,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="facts",
                    ),
                ),
                ("times", models.PositiveIntegerField(default=1, verbose_name="reviews in a row")),
            ],
            options={
                "ordering": ["id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("keep", "keep as it is"),
                            ("fix", "fix"),
                            ("retire", "retire the workflow"),
                        ],
                        max_length=10,
                        verbose_name="decision",
                    ),
                ),
                ("reason", models.CharField(max_length=400, verbose_name="reason")),
                ("until", models.DateField(blank=True, null=True, verbose_name="until")),
                (
                    "made_by_name",
                    models.CharField(blank=True, max_length=150, verbose_name="decided by"),
                ),
                ("made_at", models.DateTimeField(verbose_name="decided at")),
                (
                    "running",
                    models.CharField(
                        blank=True,
                        choices=[("finish", "let them finish"), ("cancel", "cancel them")],
                        default="",
                        max_length=10,
                        verbose_name="running requests",
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="workflows.templateversion",
                        verbose_name="draft opened",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "responsible",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who sees to it",
                    ),
                ),
                (
                    "finding",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="decisions",
                        to="reporting.finding",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="HistoricalCallRate",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        default="EUR",
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}$", "Write it as three capitals: EUR."
                            )
                        ],
                        verbose_name="currency",
                    ),
                ),
                (
                    "since",
                    models.DateField(
                        help_text="Work done on this day or later.", verbose_name="from"
                    ),
                ),
                (
                    "per_call",
                    models.DecimalField(decimal_places=6, max_digits=12, verbose_name="per call"),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.connection",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical rate of calls",
                "verbose_name_plural": "historical rates of calls",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalRoleRate",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        default="EUR",
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}$", "Write it as three capitals: EUR."
                            )
                        ],
                        verbose_name="currency",
                    ),
                ),
                (
                    "since",
                    models.DateField(
                        help_text="Work done on this day or later.", verbose_name="from"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        help_text="A role's name as maps write it: finance.",
                        max_length=60,
                        verbose_name="role",
                    ),
                ),
                (
                    "per_hour",
                    models.DecimalField(decimal_places=2, max_digits=10, verbose_name="per hour"),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="auth.group",
                        verbose_name="or group",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical rate of a role",
                "verbose_name_plural": "historical rates of roles",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("due", "due"),
                            ("in_progress", "in progress"),
                            ("closed", "closed"),
                        ],
                        default="due",
                        editable=False,
                        max_length=50,
                        protected=True,
                        verbose_name="state",
                    ),
                ),
                ("period_start", models.DateTimeField(verbose_name="period from")),
                ("period_end", models.DateTimeField(verbose_name="period until")),
                ("due_at", models.DateTimeField(verbose_name="due at")),
                (
                    "facts",
                    models.JSONField(
                        default=dict,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="facts",
                    ),
                ),
                ("gathered_at", models.DateTimeField(null=True, verbose_name="facts gathered at")),
                ("told", models.JSONField(default=list, verbose_name="who was told")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed at")),
                (
                    "closed_by_name",
                    models.CharField(blank=True, max_length=150, verbose_name="closed by"),
                ),
                (
                    "closed_by",
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
                        related_name="reviews",
                        to="workflows.workflowtemplate",
                        verbose_name="workflow",
                    ),
                ),
            ],
            options={
                "ordering": ["-period_end", "-id"],
                "default_permissions": ("view",),
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.AddField(
            model_name="finding",
            name="review",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="findings",
                to="reporting.review",
            ),
        ),
        migrations.CreateModel(
            name="RoleRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        default="EUR",
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}$", "Write it as three capitals: EUR."
                            )
                        ],
                        verbose_name="currency",
                    ),
                ),
                (
                    "since",
                    models.DateField(
                        help_text="Work done on this day or later.", verbose_name="from"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        help_text="A role's name as maps write it: finance.",
                        max_length=60,
                        verbose_name="role",
                    ),
                ),
                (
                    "per_hour",
                    models.DecimalField(decimal_places=2, max_digits=10, verbose_name="per hour"),
                ),
                (
                    "group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="auth.group",
                        verbose_name="or group",
                    ),
                ),
            ],
            options={
                "verbose_name": "rate of a role",
                "verbose_name_plural": "rates of roles",
                "ordering": ["role", "group", "-since"],
            },
        ),
        migrations.CreateModel(
            name="CallRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        default="EUR",
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}$", "Write it as three capitals: EUR."
                            )
                        ],
                        verbose_name="currency",
                    ),
                ),
                (
                    "since",
                    models.DateField(
                        help_text="Work done on this day or later.", verbose_name="from"
                    ),
                ),
                (
                    "per_call",
                    models.DecimalField(decimal_places=6, max_digits=12, verbose_name="per call"),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workflows.connection",
                    ),
                ),
            ],
            options={
                "verbose_name": "rate of calls",
                "verbose_name_plural": "rates of calls",
                "ordering": ["connection", "-since"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("per_call__gte", 0)),
                        name="a_call_costs_nothing_or_more",
                        violation_error_message="A call costs nothing or more.",
                    ),
                    models.UniqueConstraint(
                        fields=("connection", "since"), name="one_rate_a_connection_and_day"
                    ),
                ],
            },
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
    ]
