# The tables, made by makemigrations.

import django.core.validators
import django_fsm
import simple_history.models
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
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
            ],
            options={
                "verbose_name": "rate of calls",
                "verbose_name_plural": "rates of calls",
                "ordering": ["connection", "-since"],
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
            ],
            options={
                "verbose_name": "decision",
                "verbose_name_plural": "decisions",
                "ordering": ["id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ownership", "Who answers for it"),
                            ("stale", "Not in use"),
                            ("bottleneck", "Where work waits"),
                            ("incidents", "Incidents"),
                            ("step_unused", "Step never used"),
                            ("way_unused", "Way never taken"),
                            ("rule_unused", "Rule that never fired"),
                            ("step_skipped", "Step always gone past"),
                            ("unautomate", "Should not be automatic"),
                            ("automate", "Could be automatic"),
                        ],
                        max_length=40,
                        verbose_name="kind",
                    ),
                ),
                ("key", models.CharField(max_length=200, verbose_name="key")),
                ("step", models.CharField(blank=True, max_length=80, verbose_name="step")),
                ("figure", models.FloatField(verbose_name="figure")),
                (
                    "unit",
                    models.CharField(
                        choices=[
                            ("count", "count"),
                            ("share", "share"),
                            ("s", "seconds"),
                            ("work_s", "seconds of working time"),
                            ("min", "minutes"),
                            ("people", "people"),
                            ("runs", "requests"),
                            ("incidents", "incidents"),
                            ("times", "times"),
                        ],
                        max_length=20,
                        verbose_name="unit",
                    ),
                ),
                (
                    "details",
                    models.JSONField(
                        default=dict,
                        help_text="As `MeasureDetails` writes them.",
                        verbose_name="details",
                    ),
                ),
                ("kept_until", models.DateField(null=True, verbose_name="kept until")),
                (
                    "kept_because",
                    models.CharField(blank=True, max_length=400, verbose_name="kept because"),
                ),
                ("times", models.PositiveIntegerField(default=1, verbose_name="reviews in a row")),
            ],
            options={
                "verbose_name": "finding",
                "verbose_name_plural": "findings",
                "ordering": ["id"],
                "default_permissions": (),
            },
        ),
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
                "verbose_name": "freshness",
                "verbose_name_plural": "freshness",
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
            ],
            options={
                "verbose_name": "look at figures by person",
                "verbose_name_plural": "looks at figures by person",
                "ordering": ["-id"],
                "permissions": [
                    ("name_people", "Can see figures by person (each look is recorded)"),
                    ("audit_everything", "Can audit every workflow, also those made later"),
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
            ],
            options={
                "verbose_name": "roll-up of requests",
                "default_permissions": (),
            },
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
                    models.CharField(
                        choices=[
                            ("due", "due"),
                            ("in_progress", "in progress"),
                            ("closed", "closed"),
                        ],
                        default="due",
                        editable=False,
                        max_length=50,
                        verbose_name="state",
                    ),
                ),
                ("period_start", models.DateTimeField(verbose_name="period from")),
                ("period_end", models.DateTimeField(verbose_name="period until")),
                ("due_at", models.DateTimeField(verbose_name="due at")),
                ("opened_at", models.DateTimeField(null=True, verbose_name="opened at")),
                (
                    "facts",
                    models.JSONField(
                        default=dict,
                        help_text="As `ReviewFacts` writes them.",
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
            ],
            options={
                "verbose_name": "review",
                "verbose_name_plural": "reviews",
                "ordering": ["-period_end", "-id"],
                "default_permissions": ("view",),
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
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
            ],
            options={
                "verbose_name": "rate of a role",
                "verbose_name_plural": "rates of roles",
                "ordering": ["role", "group", "-since"],
            },
        ),
        migrations.CreateModel(
            name="StaleCell",
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
                        max_length=4,
                        verbose_name="grain",
                    ),
                ),
                ("day", models.DateField(verbose_name="first day (UTC)")),
                ("marked", models.BigIntegerField(verbose_name="mark")),
            ],
            options={
                "verbose_name": "stale roll-up",
                "verbose_name_plural": "stale roll-ups",
                "default_permissions": (),
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
                ("lead_in", models.BigIntegerField(default=0)),
                ("waiting_spread", models.BinaryField(default=b"")),
                ("working_spread", models.BinaryField(default=b"")),
                ("waiting_business_spread", models.BinaryField(default=b"")),
                ("working_business_spread", models.BinaryField(default=b"")),
                ("taken_business_spread", models.BinaryField(default=b"")),
                ("lead_in_spread", models.BinaryField(default=b"")),
            ],
            options={
                "verbose_name": "roll-up of a step",
                "default_permissions": (),
            },
        ),
    ]
