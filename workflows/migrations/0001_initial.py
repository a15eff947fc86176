# The tables, made by makemigrations.

import datetime

import django.contrib.auth.models
import django.contrib.auth.validators
import django.core.serializers.json
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import django_fsm
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import workflows.calendars.models
import workflows.definitions.choices
import workflows.definitions.models.columns
import workflows.documents.models
import workflows.links.models
import workflows.people.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="BusinessCalendar",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.SlugField(
                        help_text="As maps name it.", max_length=60, unique=True, verbose_name="key"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "zone",
                    models.CharField(
                        blank=True,
                        help_text="Europe/Berlin; empty: the site's.",
                        max_length=60,
                        verbose_name="time zone",
                    ),
                ),
                (
                    "hours",
                    models.JSONField(
                        default=workflows.calendars.models.office_hours, verbose_name="hours"
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        blank=True,
                        help_text="Country code: DE. Empty: none.",
                        max_length=2,
                        verbose_name="holidays of",
                    ),
                ),
                (
                    "subdivision",
                    models.CharField(
                        blank=True,
                        help_text="Code within the country: BE.",
                        max_length=10,
                        verbose_name="state or region",
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="changed at"
                    ),
                ),
            ],
            options={
                "verbose_name": "calendar",
                "verbose_name_plural": "calendars",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, unique=True, verbose_name="name")),
                ("heard_at", models.DateTimeField(verbose_name="heard at")),
                ("well_at", models.DateTimeField(null=True, verbose_name="last ended well at")),
                ("failed_at", models.DateTimeField(null=True, verbose_name="last failed at")),
                (
                    "failures",
                    models.PositiveIntegerField(default=0, verbose_name="failures in a row"),
                ),
                ("error", models.TextField(blank=True, verbose_name="error")),
            ],
            options={
                "verbose_name": "heartbeat",
                "verbose_name_plural": "heartbeats",
                "ordering": ["name"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Role",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                ("key", models.SlugField(max_length=60, verbose_name="key")),
                (
                    "groups",
                    models.JSONField(
                        blank=True,
                        default=None,
                        help_text="Names of groups whose members are in this role.",
                        null=True,
                        verbose_name="groups",
                    ),
                ),
                (
                    "users",
                    models.JSONField(
                        blank=True,
                        default=None,
                        help_text="Usernames of further people in this role.",
                        null=True,
                        verbose_name="users",
                    ),
                ),
                (
                    "field",
                    models.CharField(
                        blank=True,
                        help_text="A person field of the request.",
                        max_length=60,
                        null=True,
                        verbose_name="field",
                    ),
                ),
                ("requester", models.BooleanField(default=False, verbose_name="the requester")),
                (
                    "other_finders",
                    models.JSONField(
                        blank=True,
                        help_text="What role finders of this site are told, by their names.",
                        null=True,
                        verbose_name="found otherwise",
                    ),
                ),
            ],
            options={
                "verbose_name": "role",
                "verbose_name_plural": "roles",
                "ordering": ["position", "id"],
                "abstract": False,
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
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                (
                    "first_name",
                    models.CharField(blank=True, max_length=150, verbose_name="first name"),
                ),
                (
                    "last_name",
                    models.CharField(blank=True, max_length=150, verbose_name="last name"),
                ),
                (
                    "email",
                    models.EmailField(blank=True, max_length=254, verbose_name="email address"),
                ),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="date joined"
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        blank=True,
                        max_length=63,
                        validators=[workflows.people.models.validate_time_zone],
                        verbose_name="time zone",
                    ),
                ),
                ("language", models.CharField(blank=True, max_length=12, verbose_name="language")),
                (
                    "department",
                    models.CharField(blank=True, max_length=100, verbose_name="department"),
                ),
                ("place", models.CharField(blank=True, max_length=100, verbose_name="place")),
                (
                    "approval_limit",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="Up to which amount this person may approve; empty where nothing is said.",
                        max_digits=14,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="approval limit",
                    ),
                ),
                (
                    "request_columns",
                    models.CharField(
                        blank=True,
                        editable=False,
                        max_length=200,
                        verbose_name="columns of the list of requests",
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "manager",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="reports",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="manager",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "abstract": False,
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="Absence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("first_day", models.DateField(verbose_name="first day")),
                ("last_day", models.DateField(verbose_name="last day")),
                (
                    "every_workflow",
                    models.BooleanField(default=True, verbose_name="in every workflow"),
                ),
                ("begins_at", models.DateTimeField(verbose_name="begins at")),
                ("ends_at", models.DateTimeField(verbose_name="ends at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                ("set_at", models.DateTimeField(verbose_name="set at")),
                (
                    "deputy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who stands in",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="absences",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who is away",
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="set by",
                    ),
                ),
            ],
            options={
                "verbose_name": "absence",
                "verbose_name_plural": "absences",
                "ordering": ["-first_day", "-id"],
                "default_permissions": ("view", "add", "change"),
            },
        ),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="What it is used for.", max_length=200, verbose_name="name"
                    ),
                ),
                (
                    "digest",
                    models.CharField(
                        editable=False, max_length=64, unique=True, verbose_name="digest"
                    ),
                ),
                (
                    "hint",
                    models.CharField(editable=False, max_length=16, verbose_name="begins with"),
                ),
                ("scopes", models.JSONField(default=list, verbose_name="may")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="expires at"),
                ),
                (
                    "last_used_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last used"),
                ),
                (
                    "revoked_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="revoked at"),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="acts as",
                    ),
                ),
            ],
            options={
                "verbose_name": "API token",
                "verbose_name_plural": "API tokens",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField(blank=True, verbose_name="text")),
                ("mentioned", models.JSONField(default=dict, verbose_name="mentioned")),
                ("written_at", models.DateTimeField(verbose_name="written at")),
                ("edited_at", models.DateTimeField(null=True, verbose_name="edited at")),
                ("withdrawn_at", models.DateTimeField(null=True, verbose_name="withdrawn at")),
                (
                    "writer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="writer",
                    ),
                ),
            ],
            options={
                "verbose_name": "comment",
                "verbose_name_plural": "comments",
                "ordering": ["id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Connection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.SlugField(
                        help_text="As maps name it.", max_length=60, unique=True, verbose_name="key"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "base_url",
                    models.URLField(
                        help_text="https://erp.example.com/api/v2",
                        max_length=500,
                        verbose_name="base address",
                    ),
                ),
                (
                    "auth",
                    models.CharField(
                        choices=[
                            ("none", "none"),
                            ("bearer", "bearer token"),
                            ("basic", "user name and password"),
                            ("header", "a header of its own"),
                        ],
                        default="none",
                        max_length=10,
                        verbose_name="signs in by",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        blank=True,
                        help_text="Only for user name and password.",
                        max_length=200,
                        verbose_name="user name",
                    ),
                ),
                (
                    "header",
                    models.CharField(
                        blank=True,
                        help_text="Only for a header of its own: X-Api-Key",
                        max_length=100,
                        verbose_name="header",
                    ),
                ),
                ("secret", models.TextField(blank=True, editable=False, verbose_name="secret")),
                (
                    "allowed_hosts",
                    models.TextField(
                        blank=True,
                        help_text="One a line. Private, loopback and link-local addresses are refused but for these hosts; write the host name or address as it stands in the base address.",
                        verbose_name="allowed inside hosts",
                    ),
                ),
                (
                    "timeout_seconds",
                    models.PositiveIntegerField(
                        default=10,
                        help_text="For a whole call, 1 to 120.",
                        verbose_name="time-out (s)",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        help_text="Answers for what this connection may reach and do.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="connections",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "connection",
                "verbose_name_plural": "connections",
                "ordering": ["name"],
                "permissions": [("use_connection", "Can let maps call by it")],
            },
        ),
        migrations.CreateModel(
            name="ConnectionGroupPermission",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "content_object",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="group_grants",
                        to="workflows.connection",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="auth.group"),
                ),
                (
                    "permission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="auth.permission"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ConnectionUserPermission",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "content_object",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="user_grants",
                        to="workflows.connection",
                    ),
                ),
                (
                    "permission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="auth.permission"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="FormerLogin",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(db_index=True, max_length=150, verbose_name="login")),
                ("until", models.DateTimeField(verbose_name="until")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "former login",
                "verbose_name_plural": "former logins",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="HistoricalAbsence",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                ("first_day", models.DateField(verbose_name="first day")),
                ("last_day", models.DateField(verbose_name="last day")),
                (
                    "every_workflow",
                    models.BooleanField(default=True, verbose_name="in every workflow"),
                ),
                ("begins_at", models.DateTimeField(verbose_name="begins at")),
                ("ends_at", models.DateTimeField(verbose_name="ends at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                ("set_at", models.DateTimeField(verbose_name="set at")),
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
                    "deputy",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who stands in",
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
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who is away",
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="set by",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical absence",
                "verbose_name_plural": "historical absences",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalBusinessCalendar",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.SlugField(
                        help_text="As maps name it.", max_length=60, verbose_name="key"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "zone",
                    models.CharField(
                        blank=True,
                        help_text="Europe/Berlin; empty: the site's.",
                        max_length=60,
                        verbose_name="time zone",
                    ),
                ),
                (
                    "hours",
                    models.JSONField(
                        default=workflows.calendars.models.office_hours, verbose_name="hours"
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        blank=True,
                        help_text="Country code: DE. Empty: none.",
                        max_length=2,
                        verbose_name="holidays of",
                    ),
                ),
                (
                    "subdivision",
                    models.CharField(
                        blank=True,
                        help_text="Code within the country: BE.",
                        max_length=10,
                        verbose_name="state or region",
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="changed at"
                    ),
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
                "verbose_name": "historical calendar",
                "verbose_name_plural": "historical calendars",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalClosure",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                ("first_day", models.DateField(verbose_name="first day")),
                (
                    "last_day",
                    models.DateField(
                        help_text="The same day for a single one.", verbose_name="last day"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="why")),
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
                    "calendar",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.businesscalendar",
                        verbose_name="calendar",
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
                "verbose_name": "historical closure",
                "verbose_name_plural": "historical closures",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalConnection",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.SlugField(
                        help_text="As maps name it.", max_length=60, verbose_name="key"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "base_url",
                    models.URLField(
                        help_text="https://erp.example.com/api/v2",
                        max_length=500,
                        verbose_name="base address",
                    ),
                ),
                (
                    "auth",
                    models.CharField(
                        choices=[
                            ("none", "none"),
                            ("bearer", "bearer token"),
                            ("basic", "user name and password"),
                            ("header", "a header of its own"),
                        ],
                        default="none",
                        max_length=10,
                        verbose_name="signs in by",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        blank=True,
                        help_text="Only for user name and password.",
                        max_length=200,
                        verbose_name="user name",
                    ),
                ),
                (
                    "header",
                    models.CharField(
                        blank=True,
                        help_text="Only for a header of its own: X-Api-Key",
                        max_length=100,
                        verbose_name="header",
                    ),
                ),
                (
                    "allowed_hosts",
                    models.TextField(
                        blank=True,
                        help_text="One a line. Private, loopback and link-local addresses are refused but for these hosts; write the host name or address as it stands in the base address.",
                        verbose_name="allowed inside hosts",
                    ),
                ),
                (
                    "timeout_seconds",
                    models.PositiveIntegerField(
                        default=10,
                        help_text="For a whole call, 1 to 120.",
                        verbose_name="time-out (s)",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
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
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="Answers for what this connection may reach and do.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical connection",
                "verbose_name_plural": "historical connections",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalNoticeAddress",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("mail", "mail"), ("chat", "chat")],
                        max_length=10,
                        verbose_name="channel",
                    ),
                ),
                (
                    "mail",
                    models.EmailField(
                        blank=True,
                        help_text="Only for a team's mail.",
                        max_length=254,
                        verbose_name="mail address",
                    ),
                ),
                (
                    "service",
                    models.CharField(
                        blank=True, editable=False, max_length=40, verbose_name="chat"
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
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
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="auth.group",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical address for notices",
                "verbose_name_plural": "historical addresses for notices",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalWorkflowTemplate",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.SlugField(
                        help_text="Short, unique; in links.", max_length=60, verbose_name="key"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "purpose",
                    models.TextField(
                        blank=True, help_text="What this workflow is for.", verbose_name="purpose"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                (
                    "paused_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="paused since"),
                ),
                (
                    "paused_reason",
                    models.CharField(
                        blank=True, editable=False, max_length=1000, verbose_name="paused because"
                    ),
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
                    "deputy",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="Stands in for the owner; never the owner.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="deputy",
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
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="The accountable owner. Incidents and merge conflicts come to this person.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "paused_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="paused by",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical workflow",
                "verbose_name_plural": "historical workflows",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="IdempotentReply",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=200, verbose_name="key")),
                (
                    "fingerprint",
                    models.CharField(max_length=64, verbose_name="digest of method, path and body"),
                ),
                ("status", models.PositiveIntegerField(null=True, verbose_name="status")),
                (
                    "body",
                    models.JSONField(
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        null=True,
                        verbose_name="body",
                    ),
                ),
                ("created_at", models.DateTimeField(db_index=True, verbose_name="created at")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "idempotent reply",
                "verbose_name_plural": "idempotent replies",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="NoticeAddress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("mail", "mail"), ("chat", "chat")],
                        max_length=10,
                        verbose_name="channel",
                    ),
                ),
                (
                    "mail",
                    models.EmailField(
                        blank=True,
                        help_text="Only for a team's mail.",
                        max_length=254,
                        verbose_name="mail address",
                    ),
                ),
                (
                    "service",
                    models.CharField(
                        blank=True, editable=False, max_length=40, verbose_name="chat"
                    ),
                ),
                ("secret", models.TextField(blank=True, editable=False, verbose_name="secret")),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notice_addresses",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notice_addresses",
                        to="auth.group",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "address for notices",
                "verbose_name_plural": "addresses for notices",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="NoticeChoice",
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
                            ("tasks", "Tasks that are mine"),
                            ("team", "Tasks that reach my team"),
                            ("late", "Work that is late or soon due"),
                            ("requests", "What I asked for"),
                            ("talk", "Comments, and who mentions me"),
                            ("owned", "Workflows that I answer for"),
                            ("access", "My account, its tokens and keys"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                (
                    "timing",
                    models.CharField(
                        choices=[
                            ("at_once", "at once"),
                            ("digest", "once a working day, together"),
                            ("off", "not at all"),
                        ],
                        max_length=20,
                        verbose_name="when",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notice_choices",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "choice of notices",
                "verbose_name_plural": "choices of notices",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="NoticeSettings",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "digest_hour",
                    models.PositiveSmallIntegerField(
                        default=8,
                        validators=[django.core.validators.MaxValueValidator(23)],
                        verbose_name="hour of the digest",
                    ),
                ),
                (
                    "prefers_mail",
                    models.BooleanField(
                        default=False, verbose_name="by mail, also where there is a chat"
                    ),
                ),
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notice_settings",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "settings of notices",
                "verbose_name_plural": "settings of notices",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="RoleEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("finder", models.CharField(max_length=60, verbose_name="role finder")),
                ("named", models.CharField(max_length=150, verbose_name="named in the map")),
                ("name", models.CharField(max_length=150, verbose_name="called")),
                (
                    "group",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="auth.group",
                        verbose_name="group",
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="workflows.role",
                        verbose_name="role",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "role entry",
                "verbose_name_plural": "role entries",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("chosen", models.JSONField(default=dict, verbose_name="chosen")),
                ("saved_at", models.DateTimeField(verbose_name="saved at")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_filters",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "saved filter",
                "verbose_name_plural": "saved filters",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ServiceAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        help_text="What it does, for whom.", max_length=200, verbose_name="purpose"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made by",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        help_text="The person who answers for what it does.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="service_account",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "service account",
                "verbose_name_plural": "service accounts",
                "ordering": ["user__username"],
            },
        ),
        migrations.CreateModel(
            name="Step",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                ("key", models.SlugField(max_length=80, verbose_name="key")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("approval", "approval (a person decides)"),
                            ("task", "task (a person does something)"),
                            ("decision", "decision (rules choose the way)"),
                            ("parallel", "parallel (several branches at once)"),
                            ("join", "join (merge check)"),
                            ("automation", "automation"),
                            ("wait", "wait"),
                            ("subworkflow", "subworkflow"),
                            ("end", "end"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                (
                    "name",
                    models.CharField(blank=True, max_length=200, null=True, verbose_name="name"),
                ),
                (
                    "instructions",
                    models.TextField(blank=True, null=True, verbose_name="instructions"),
                ),
                (
                    "expected",
                    models.CharField(
                        blank=True,
                        help_text="Working time: 4h, 2d, 1w.",
                        max_length=20,
                        null=True,
                        verbose_name="expected",
                    ),
                ),
                (
                    "due",
                    models.CharField(
                        blank=True,
                        help_text="Then it is overdue: 2d.",
                        max_length=20,
                        null=True,
                        verbose_name="due after",
                    ),
                ),
                (
                    "inputs",
                    models.JSONField(
                        blank=True,
                        default=None,
                        help_text="Keys of the fields that this step looks at.",
                        null=True,
                        verbose_name="shows",
                    ),
                ),
                (
                    "outputs",
                    models.JSONField(
                        blank=True,
                        default=None,
                        help_text="Keys of the fields that this step may change.",
                        null=True,
                        verbose_name="fills in",
                    ),
                ),
                (
                    "not_by",
                    models.JSONField(
                        blank=True,
                        default=None,
                        help_text='["requester"], or keys of steps whose people may not act here.',
                        null=True,
                        verbose_name="not by",
                    ),
                ),
                (
                    "not_by_reason",
                    models.CharField(
                        blank=True,
                        max_length=500,
                        null=True,
                        verbose_name="why the requester is not kept away",
                    ),
                ),
                (
                    "quorum",
                    models.CharField(
                        blank=True,
                        help_text="How many must agree: 2, or all.",
                        max_length=10,
                        null=True,
                        verbose_name="quorum",
                    ),
                ),
                (
                    "wait_for",
                    models.CharField(
                        blank=True,
                        help_text="all, any or a number.",
                        max_length=10,
                        null=True,
                        verbose_name="join waits for",
                    ),
                ),
                (
                    "result",
                    models.CharField(blank=True, max_length=60, null=True, verbose_name="result"),
                ),
                (
                    "config",
                    models.JSONField(
                        blank=True,
                        encoder=workflows.definitions.models.columns.PrettyJSONEncoder,
                        help_text="What only this kind has, as in the file: action, with, retry, on_overdue, …",
                        null=True,
                        verbose_name="more",
                    ),
                ),
                (
                    "join",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="workflows.step",
                        verbose_name="join",
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="steps",
                        to="workflows.role",
                        verbose_name="role",
                    ),
                ),
            ],
            options={
                "verbose_name": "step",
                "verbose_name_plural": "steps",
                "ordering": ["position", "id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Route",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("outcome", "outcome"),
                            ("rule", "rule"),
                            ("otherwise", "otherwise"),
                            ("branch", "branch"),
                            ("to", "next"),
                            ("on_error", "on error"),
                            ("reopen", "reopen at"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=80, verbose_name="outcome")),
                (
                    "when",
                    models.CharField(blank=True, max_length=1000, null=True, verbose_name="when"),
                ),
                (
                    "comment_required",
                    models.BooleanField(default=False, verbose_name="comment required"),
                ),
                (
                    "exception",
                    models.BooleanField(blank=True, null=True, verbose_name="exception path"),
                ),
                (
                    "label",
                    models.CharField(blank=True, max_length=200, null=True, verbose_name="button"),
                ),
                (
                    "used",
                    models.PositiveIntegerField(
                        editable=False, null=True, verbose_name="gone so often in the log"
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="workflows.role",
                        verbose_name="role",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="routes",
                        to="workflows.step",
                        verbose_name="step",
                    ),
                ),
                (
                    "to_step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="arriving",
                        to="workflows.step",
                        verbose_name="goes to",
                    ),
                ),
            ],
            options={
                "verbose_name": "route",
                "verbose_name_plural": "routes",
                "ordering": ["position", "id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="HistoricalRoute",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("outcome", "outcome"),
                            ("rule", "rule"),
                            ("otherwise", "otherwise"),
                            ("branch", "branch"),
                            ("to", "next"),
                            ("on_error", "on error"),
                            ("reopen", "reopen at"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=80, verbose_name="outcome")),
                (
                    "when",
                    models.CharField(blank=True, max_length=1000, null=True, verbose_name="when"),
                ),
                (
                    "comment_required",
                    models.BooleanField(default=False, verbose_name="comment required"),
                ),
                (
                    "exception",
                    models.BooleanField(blank=True, null=True, verbose_name="exception path"),
                ),
                (
                    "label",
                    models.CharField(blank=True, max_length=200, null=True, verbose_name="button"),
                ),
                (
                    "used",
                    models.PositiveIntegerField(
                        editable=False, null=True, verbose_name="gone so often in the log"
                    ),
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
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.role",
                        verbose_name="role",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.step",
                        verbose_name="step",
                    ),
                ),
                (
                    "to_step",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.step",
                        verbose_name="goes to",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical route",
                "verbose_name_plural": "historical routes",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="TemplateVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(editable=False, verbose_name="number")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("published", "published"),
                            ("superseded", "superseded"),
                            ("observed", "observed from a log"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=50,
                        verbose_name="state",
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("purpose", models.TextField(blank=True, null=True, verbose_name="purpose")),
                (
                    "owner_name",
                    models.CharField(
                        blank=True,
                        help_text="Username of the accountable owner.",
                        max_length=150,
                        null=True,
                        verbose_name="owner",
                    ),
                ),
                (
                    "deputy_name",
                    models.CharField(
                        blank=True,
                        help_text="Username; not the owner's.",
                        max_length=150,
                        null=True,
                        verbose_name="deputy",
                    ),
                ),
                (
                    "review_every_days",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="review every (days)"
                    ),
                ),
                (
                    "baseline",
                    models.JSONField(
                        blank=True,
                        help_text='Before the workflow: {"minutes_per_request": 95, "error_rate": 0.12}',
                        null=True,
                        verbose_name="baseline",
                    ),
                ),
                (
                    "calendar",
                    models.CharField(
                        blank=True,
                        help_text="Empty: Monday to Friday, 09:00 to 17:00. Or 24/7.",
                        max_length=200,
                        null=True,
                        verbose_name="calendar",
                    ),
                ),
                (
                    "status_link",
                    models.BooleanField(
                        blank=True,
                        help_text="Yes: each requester is sent one. No: nobody can make one. Not said: requester and owner make them.",
                        null=True,
                        verbose_name="status links",
                    ),
                ),
                (
                    "status_link_names",
                    models.BooleanField(
                        blank=True,
                        help_text="Without it the page names roles, never people.",
                        null=True,
                        verbose_name="people by name on status links",
                    ),
                ),
                (
                    "mentions_give_sight",
                    models.BooleanField(
                        blank=True,
                        help_text="Whether a comment may let somebody see the request whom it mentions.",
                        null=True,
                        verbose_name="mentions give sight",
                    ),
                ),
                (
                    "decide_by_mail",
                    models.BooleanField(
                        blank=True,
                        help_text="No: mails lead to the task, where one signs in.",
                        null=True,
                        verbose_name="decide from a mail",
                    ),
                ),
                (
                    "start_fields",
                    models.JSONField(
                        blank=True,
                        default=None,
                        help_text="Keys of the fields on the start form, in order.",
                        null=True,
                        verbose_name="start form",
                    ),
                ),
                (
                    "start_triggers",
                    models.JSONField(blank=True, null=True, verbose_name="other triggers"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                (
                    "published_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="published at"),
                ),
                (
                    "superseded_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="superseded at"),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "first_step",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="workflows.step",
                        verbose_name="first step",
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="published by",
                    ),
                ),
                (
                    "start_role",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="workflows.role",
                        verbose_name="who may start",
                    ),
                ),
            ],
            options={
                "verbose_name": "version",
                "verbose_name_plural": "versions",
                "ordering": ["template", "-number"],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.AddField(
            model_name="step",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="steps",
                to="workflows.templateversion",
                verbose_name="version",
            ),
        ),
        migrations.AddField(
            model_name="role",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="roles",
                to="workflows.templateversion",
                verbose_name="version",
            ),
        ),
        migrations.CreateModel(
            name="MapFinding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=60, verbose_name="code")),
                ("step", models.CharField(blank=True, max_length=80, verbose_name="step")),
                (
                    "severity",
                    models.CharField(
                        choices=[("error", "error"), ("warning", "warning")],
                        max_length=10,
                        verbose_name="severity",
                    ),
                ),
                ("variant", models.CharField(blank=True, max_length=20, verbose_name="variant")),
                (
                    "parameters",
                    models.JSONField(default=dict, verbose_name="what stands in its sentences"),
                ),
                ("found_at", models.DateTimeField(verbose_name="found at")),
                ("told_at", models.DateTimeField(null=True, verbose_name="owner told at")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="mended at")),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="map_findings",
                        to="workflows.templateversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "finding on a published map",
                "verbose_name_plural": "findings on published maps",
                "ordering": ["-found_at", "id"],
                "default_permissions": ("view",),
            },
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
                    "summary",
                    models.JSONField(default=dict, verbose_name="what was read and passed over"),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="actor",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workflows.templateversion",
                        verbose_name="version",
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
        migrations.CreateModel(
            name="HistoricalStep",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                ("key", models.SlugField(max_length=80, verbose_name="key")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("approval", "approval (a person decides)"),
                            ("task", "task (a person does something)"),
                            ("decision", "decision (rules choose the way)"),
                            ("parallel", "parallel (several branches at once)"),
                            ("join", "join (merge check)"),
                            ("automation", "automation"),
                            ("wait", "wait"),
                            ("subworkflow", "subworkflow"),
                            ("end", "end"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                (
                    "name",
                    models.CharField(blank=True, max_length=200, null=True, verbose_name="name"),
                ),
                (
                    "instructions",
                    models.TextField(blank=True, null=True, verbose_name="instructions"),
                ),
                (
                    "expected",
                    models.CharField(
                        blank=True,
                        help_text="Working time: 4h, 2d, 1w.",
                        max_length=20,
                        null=True,
                        verbose_name="expected",
                    ),
                ),
                (
                    "due",
                    models.CharField(
                        blank=True,
                        help_text="Then it is overdue: 2d.",
                        max_length=20,
                        null=True,
                        verbose_name="due after",
                    ),
                ),
                (
                    "inputs",
                    models.JSONField(
                        blank=True,
                        default=None,
                        help_text="Keys of the fields that this step looks at.",
                        null=True,
                        verbose_name="shows",
                    ),
                ),
                (
                    "outputs",
                    models.JSONField(
                        blank=True,
                        default=None,
                        help_text="Keys of the fields that this step may change.",
                        null=True,
                        verbose_name="fills in",
                    ),
                ),
                (
                    "not_by",
                    models.JSONField(
                        blank=True,
                        default=None,
                        help_text='["requester"], or keys of steps whose people may not act here.',
                        null=True,
                        verbose_name="not by",
                    ),
                ),
                (
                    "not_by_reason",
                    models.CharField(
                        blank=True,
                        max_length=500,
                        null=True,
                        verbose_name="why the requester is not kept away",
                    ),
                ),
                (
                    "quorum",
                    models.CharField(
                        blank=True,
                        help_text="How many must agree: 2, or all.",
                        max_length=10,
                        null=True,
                        verbose_name="quorum",
                    ),
                ),
                (
                    "wait_for",
                    models.CharField(
                        blank=True,
                        help_text="all, any or a number.",
                        max_length=10,
                        null=True,
                        verbose_name="join waits for",
                    ),
                ),
                (
                    "result",
                    models.CharField(blank=True, max_length=60, null=True, verbose_name="result"),
                ),
                (
                    "config",
                    models.JSONField(
                        blank=True,
                        encoder=workflows.definitions.models.columns.PrettyJSONEncoder,
                        help_text="What only this kind has, as in the file: action, with, retry, on_overdue, …",
                        null=True,
                        verbose_name="more",
                    ),
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
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.role",
                        verbose_name="role",
                    ),
                ),
                (
                    "join",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.step",
                        verbose_name="join",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.templateversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical step",
                "verbose_name_plural": "historical steps",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalRole",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                ("key", models.SlugField(max_length=60, verbose_name="key")),
                (
                    "groups",
                    models.JSONField(
                        blank=True,
                        default=None,
                        help_text="Names of groups whose members are in this role.",
                        null=True,
                        verbose_name="groups",
                    ),
                ),
                (
                    "users",
                    models.JSONField(
                        blank=True,
                        default=None,
                        help_text="Usernames of further people in this role.",
                        null=True,
                        verbose_name="users",
                    ),
                ),
                (
                    "field",
                    models.CharField(
                        blank=True,
                        help_text="A person field of the request.",
                        max_length=60,
                        null=True,
                        verbose_name="field",
                    ),
                ),
                ("requester", models.BooleanField(default=False, verbose_name="the requester")),
                (
                    "other_finders",
                    models.JSONField(
                        blank=True,
                        help_text="What role finders of this site are told, by their names.",
                        null=True,
                        verbose_name="found otherwise",
                    ),
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
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.templateversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical role",
                "verbose_name_plural": "historical roles",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalField",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                ("key", models.CharField(max_length=60, verbose_name="key")),
                (
                    "type",
                    models.CharField(
                        choices=workflows.definitions.choices.field_type_choices,
                        max_length=20,
                        verbose_name="type",
                    ),
                ),
                (
                    "label",
                    models.CharField(blank=True, max_length=200, null=True, verbose_name="label"),
                ),
                ("help", models.TextField(blank=True, null=True, verbose_name="help")),
                ("required", models.BooleanField(blank=True, null=True, verbose_name="required")),
                ("choices", models.JSONField(blank=True, null=True, verbose_name="choices")),
                (
                    "currency",
                    models.CharField(blank=True, max_length=3, null=True, verbose_name="currency"),
                ),
                (
                    "searchable",
                    models.BooleanField(blank=True, null=True, verbose_name="searchable"),
                ),
                ("accept", models.JSONField(blank=True, null=True, verbose_name="kinds of files")),
                (
                    "max_size",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(2000),
                        ],
                        verbose_name="largest file (MB)",
                    ),
                ),
                (
                    "public",
                    models.BooleanField(blank=True, null=True, verbose_name="on status links"),
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
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.role",
                        verbose_name="people of the role",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.templateversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical field",
                "verbose_name_plural": "historical fields",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Field",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                ("key", models.CharField(max_length=60, verbose_name="key")),
                (
                    "type",
                    models.CharField(
                        choices=workflows.definitions.choices.field_type_choices,
                        max_length=20,
                        verbose_name="type",
                    ),
                ),
                (
                    "label",
                    models.CharField(blank=True, max_length=200, null=True, verbose_name="label"),
                ),
                ("help", models.TextField(blank=True, null=True, verbose_name="help")),
                ("required", models.BooleanField(blank=True, null=True, verbose_name="required")),
                ("choices", models.JSONField(blank=True, null=True, verbose_name="choices")),
                (
                    "currency",
                    models.CharField(blank=True, max_length=3, null=True, verbose_name="currency"),
                ),
                (
                    "searchable",
                    models.BooleanField(blank=True, null=True, verbose_name="searchable"),
                ),
                ("accept", models.JSONField(blank=True, null=True, verbose_name="kinds of files")),
                (
                    "max_size",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(2000),
                        ],
                        verbose_name="largest file (MB)",
                    ),
                ),
                (
                    "public",
                    models.BooleanField(blank=True, null=True, verbose_name="on status links"),
                ),
                (
                    "role",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="workflows.role",
                        verbose_name="people of the role",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fields",
                        to="workflows.templateversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "field",
                "verbose_name_plural": "fields",
                "ordering": ["position", "id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="TrailEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("recorded_at", models.DateTimeField(db_index=True, verbose_name="recorded at")),
                ("workflow", models.CharField(blank=True, max_length=60, verbose_name="workflow")),
                ("version", models.PositiveIntegerField(null=True, verbose_name="version")),
                (
                    "reference",
                    models.CharField(
                        blank=True, db_index=True, max_length=40, verbose_name="reference"
                    ),
                ),
                ("step", models.CharField(blank=True, max_length=80, verbose_name="step")),
                ("round", models.PositiveIntegerField(null=True, verbose_name="round")),
                ("activation", models.PositiveIntegerField(null=True, verbose_name="activation")),
                ("work_item", models.PositiveBigIntegerField(null=True, verbose_name="work item")),
                (
                    "command",
                    models.CharField(
                        choices=[
                            ("load_definition", "load definition"),
                            ("new_draft", "new draft"),
                            ("edit_draft", "edit draft"),
                            ("delete_draft", "delete draft"),
                            ("publish", "publish"),
                            ("retire", "retire"),
                            ("start", "start"),
                            ("import_log", "import log"),
                            ("undo_import", "undo import"),
                            ("export_log", "export log"),
                            ("pause_workflow", "pause workflow"),
                            ("resume_workflow", "resume workflow"),
                            ("skip_start", "skip start"),
                            ("claim", "claim"),
                            ("start_work", "start work"),
                            ("pause", "pause"),
                            ("release", "release"),
                            ("reassign", "reassign"),
                            ("decide", "decide"),
                            ("ask_opinion", "ask for an opinion"),
                            ("give_opinion", "give an opinion"),
                            ("ask_requester", "ask the requester"),
                            ("answer_question", "answer a question"),
                            ("withdraw_question", "take a question back"),
                            ("cancel", "cancel"),
                            ("suspend", "suspend"),
                            ("resume", "resume"),
                            ("reopen", "reopen"),
                            ("set_values", "set values"),
                            ("resolve_merge", "choose between branches"),
                            ("make_status_link", "make status link"),
                            ("withdraw_status_link", "withdraw status link"),
                            ("finish", "finish"),
                            ("fail", "fail"),
                            ("retry", "retry"),
                            ("skip", "skip"),
                            ("reroute", "reroute"),
                            ("remind", "remind"),
                            ("escalate", "escalate"),
                            ("watch", "watch"),
                            ("comment", "comment"),
                            ("edit_comment", "edit comment"),
                            ("withdraw_comment", "withdraw comment"),
                            ("follow", "follow"),
                            ("unfollow", "unfollow"),
                            ("grant", "grant"),
                            ("withdraw", "withdraw"),
                            ("join_group", "join group"),
                            ("leave_group", "leave group"),
                            ("change_account", "change account"),
                            ("set_absence", "set absence"),
                            ("change_absence", "change absence"),
                            ("end_absence", "end absence"),
                            ("change_group", "change group"),
                            ("make_token", "make token"),
                            ("revoke_token", "revoke token"),
                            ("make_key", "make key"),
                            ("revoke_key", "revoke key"),
                            ("rotate_key", "rotate key"),
                            ("change_connection", "change connection"),
                            ("change_calendar", "change calendar"),
                            ("change_rate", "change rate"),
                            ("change_notice_address", "change where notices go"),
                            ("choose_notices", "choose notices"),
                            ("start_other", "start other"),
                            ("listened", "listened"),
                            ("send_again", "send again"),
                            ("give_up", "give up"),
                            ("review_due", "review due"),
                            ("review_begin", "review begin"),
                            ("review_gather", "review gather"),
                            ("review_decide", "review decide"),
                            ("review_close", "review close"),
                        ],
                        max_length=40,
                        verbose_name="command",
                    ),
                ),
                ("actor_name", models.CharField(blank=True, max_length=150, verbose_name="actor")),
                ("acted_for", models.CharField(blank=True, max_length=150, verbose_name="for")),
                ("role", models.CharField(blank=True, max_length=60, verbose_name="role")),
                ("from_state", models.CharField(blank=True, max_length=40, verbose_name="from")),
                ("to_state", models.CharField(blank=True, max_length=40, verbose_name="to")),
                ("outcome", models.CharField(blank=True, max_length=80, verbose_name="outcome")),
                ("comment", models.TextField(blank=True, verbose_name="comment")),
                ("changes", models.JSONField(default=dict, verbose_name="changes")),
                (
                    "changes_version",
                    models.PositiveSmallIntegerField(default=1, verbose_name="form of changes"),
                ),
                (
                    "document_versions",
                    models.JSONField(default=dict, verbose_name="document versions"),
                ),
                (
                    "channel",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("page", "page"),
                            ("admin", "admin"),
                            ("api", "API"),
                            ("webhook", "webhook"),
                            ("mail", "mail"),
                            ("mail_link", "a link in a mail"),
                            ("command", "command line"),
                            ("clock", "the clock: it was due"),
                            ("worker", "a worker: it followed from another command"),
                            ("direct", "a call from within"),
                        ],
                        max_length=20,
                        verbose_name="channel",
                    ),
                ),
                (
                    "capacity",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("role", "by a role of the map"),
                            ("requester", "as the requester"),
                            ("escalation", "by escalation"),
                            ("stand_in", "standing in"),
                            ("asked", "as somebody who was asked"),
                            ("owner", "as owner"),
                            ("deputy", "as deputy"),
                            ("manager", "by the permission to manage the workflow"),
                            ("site", "as superuser"),
                        ],
                        max_length=20,
                        verbose_name="capacity",
                    ),
                ),
                ("seen", models.JSONField(default=dict, verbose_name="seen")),
                ("votes", models.JSONField(default=list, verbose_name="votes")),
                ("token", models.CharField(blank=True, max_length=230, verbose_name="token")),
                (
                    "token_by",
                    models.CharField(blank=True, max_length=150, verbose_name="token made by"),
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
            ],
            options={
                "verbose_name": "trail event",
                "verbose_name_plural": "trail events",
                "ordering": ["id"],
                "permissions": [
                    ("audit_site", "Can read the trail of accounts, groups and rights")
                ],
                "default_permissions": ("view",),
            },
        ),
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
            },
        ),
        migrations.CreateModel(
            name="Trouble",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("round", models.CharField(max_length=60, verbose_name="round")),
                ("unit", models.CharField(max_length=200, verbose_name="what")),
                ("error", models.TextField(verbose_name="error")),
                ("since", models.DateTimeField(verbose_name="since")),
                ("last_at", models.DateTimeField(verbose_name="last tried at")),
                ("times", models.PositiveIntegerField(default=1, verbose_name="times")),
            ],
            options={
                "verbose_name": "trouble",
                "verbose_name_plural": "troubles",
                "ordering": ["round", "unit"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("round", "unit"), name="one_trouble_for_each_thing"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="Who calls: 'the web shop'.", max_length=200, verbose_name="name"
                    ),
                ),
                ("secret", models.TextField(editable=False, verbose_name="secret")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                (
                    "revoked_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="revoked at"
                    ),
                ),
                (
                    "acts_as",
                    models.ForeignKey(
                        help_text="Requests start in this person's name.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="acts as",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook key",
                "verbose_name_plural": "webhook keys",
                "ordering": ["template", "name"],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("signature", models.CharField(max_length=64, verbose_name="signature")),
                ("received_at", models.DateTimeField(db_index=True, verbose_name="received at")),
                (
                    "key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="workflows.webhookkey",
                        verbose_name="key",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook delivery",
                "verbose_name_plural": "webhook deliveries",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="WorkflowInstance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("prefix", models.CharField(editable=False, max_length=8, verbose_name="prefix")),
                ("title", models.CharField(blank=True, max_length=200, verbose_name="title")),
                (
                    "case_ref",
                    models.CharField(
                        default=None,
                        editable=False,
                        max_length=200,
                        null=True,
                        verbose_name="case in the log",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("form", "start form"),
                            ("api", "HTTP API"),
                            ("webhook", "webhook"),
                            ("schedule", "schedule"),
                            ("workflow", "another workflow"),
                            ("log", "imported log"),
                            ("replay", "replayed log"),
                            ("demo", "demo"),
                        ],
                        default="form",
                        max_length=10,
                        verbose_name="came by",
                    ),
                ),
                (
                    "state",
                    models.CharField(
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
                        verbose_name="state",
                    ),
                ),
                ("result", models.CharField(blank=True, max_length=60, verbose_name="result")),
                (
                    "data",
                    models.JSONField(
                        default=dict,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="data",
                    ),
                ),
                ("marking", models.JSONField(default=dict, editable=False, verbose_name="marking")),
                (
                    "requester_name",
                    models.CharField(blank=True, max_length=150, verbose_name="requester"),
                ),
                (
                    "parent_activation",
                    models.PositiveIntegerField(
                        default=None, editable=False, null=True, verbose_name="step that waits"
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                (
                    "completed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="completed at"),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        db_default=datetime.datetime(9999, 1, 1, 0, 0, tzinfo=datetime.UTC),
                        default=datetime.datetime(9999, 1, 1, 0, 0, tzinfo=datetime.UTC),
                        editable=False,
                        verbose_name="due",
                    ),
                ),
                (
                    "moved_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="last move",
                    ),
                ),
                (
                    "log_import",
                    models.ForeignKey(
                        default=None,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="workflows.logimport",
                        verbose_name="came in with the log",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        default=None,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="workflows.workflowinstance",
                        verbose_name="started by the request",
                    ),
                ),
                (
                    "requester",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requester",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="instances",
                        to="workflows.templateversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "request",
                "verbose_name_plural": "requests",
                "ordering": ["-id"],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.AddField(
            model_name="trailevent",
            name="request",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="trail",
                to="workflows.workflowinstance",
            ),
        ),
        migrations.CreateModel(
            name="StatusLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        default=workflows.links.models.new_link_name,
                        editable=False,
                        max_length=32,
                        unique=True,
                        verbose_name="name",
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                ("withdrawn_at", models.DateTimeField(null=True, verbose_name="withdrawn at")),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made by",
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="withdrawn by",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="status_links",
                        to="workflows.workflowinstance",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "status link",
                "verbose_name_plural": "status links",
                "ordering": ["-id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="SearchValue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("field", models.CharField(blank=True, max_length=60, verbose_name="field")),
                ("word", models.CharField(blank=True, max_length=40, verbose_name="word")),
                (
                    "number",
                    models.DecimalField(
                        blank=True,
                        decimal_places=10,
                        max_digits=25,
                        null=True,
                        verbose_name="number",
                    ),
                ),
                ("is_amount", models.BooleanField(default=False, verbose_name="amount")),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="search_values",
                        to="workflows.workflowinstance",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "search value",
                "verbose_name_plural": "search values",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="OutboxMessage",
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
                            ("tell", "work out whom to tell"),
                            ("due", "say that work is due"),
                            ("mail", "tell one person"),
                            ("notice", "send a notice"),
                            ("digest", "send a digest"),
                            ("head", "send the trail's head outside"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("activation", models.PositiveIntegerField(null=True, verbose_name="activation")),
                (
                    "payload",
                    models.JSONField(
                        default=dict,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="payload",
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        default=None, max_length=200, null=True, unique=True, verbose_name="once"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("taken", "in work"),
                            ("held", "held: the request is suspended"),
                            ("aside", "set aside"),
                            ("delivered", "done"),
                            ("dropped", "given up"),
                        ],
                        default="waiting",
                        max_length=50,
                        verbose_name="state",
                    ),
                ),
                ("run_after", models.DateTimeField(verbose_name="not before")),
                ("taken_until", models.DateTimeField(null=True, verbose_name="lease until")),
                ("ticket", models.CharField(blank=True, max_length=40, verbose_name="taken by")),
                ("tries", models.PositiveIntegerField(default=0, verbose_name="tries")),
                ("failing_since", models.DateTimeField(null=True, verbose_name="fails since")),
                (
                    "error_code",
                    models.CharField(blank=True, max_length=40, verbose_name="last error"),
                ),
                (
                    "error_parameters",
                    models.JSONField(blank=True, default=dict, verbose_name="last error of"),
                ),
                ("created_at", models.DateTimeField(verbose_name="written at")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed at")),
                (
                    "request",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="workflows.workflowinstance",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "message",
                "verbose_name_plural": "messages",
                "ordering": ["id"],
                "permissions": [
                    ("resend_outboxmessage", "Can send messages again, or give them up")
                ],
                "default_permissions": ("view",),
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="MergeRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("activation", models.PositiveIntegerField(verbose_name="activation")),
                ("round", models.PositiveIntegerField(default=1, verbose_name="round")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting for branches"),
                            ("conflict", "branches disagree"),
                            ("fired", "merged"),
                            ("left", "left before the merge"),
                        ],
                        default="waiting",
                        max_length=50,
                        verbose_name="state",
                    ),
                ),
                ("waits_for", models.JSONField(default=dict, verbose_name="branches")),
                ("needs", models.PositiveIntegerField(default=1, verbose_name="arrivals needed")),
                (
                    "arrivals",
                    models.JSONField(
                        default=list,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="arrivals",
                    ),
                ),
                ("not_needed", models.JSONField(default=list, verbose_name="branches not needed")),
                (
                    "conflicts",
                    models.JSONField(
                        default=dict,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="disagreements",
                    ),
                ),
                (
                    "resolution",
                    models.JSONField(
                        default=dict,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="resolution",
                    ),
                ),
                (
                    "closing_code",
                    models.CharField(blank=True, max_length=40, verbose_name="left because"),
                ),
                (
                    "closing_parameters",
                    models.JSONField(blank=True, default=dict, verbose_name="left because of"),
                ),
                ("opened_at", models.DateTimeField(verbose_name="opened at")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed at")),
                (
                    "resolved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="resolved by",
                    ),
                ),
                (
                    "join",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workflows.step",
                        verbose_name="join",
                    ),
                ),
                (
                    "parallel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workflows.step",
                        verbose_name="parallel",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merges",
                        to="workflows.workflowinstance",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "merge",
                "verbose_name_plural": "merges",
                "ordering": ["id"],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="Mention",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("gives_sight", models.BooleanField(default=False, verbose_name="gives sight")),
                (
                    "comment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mentions",
                        to="workflows.comment",
                        verbose_name="comment",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mentions",
                        to="workflows.workflowinstance",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "mention",
                "verbose_name_plural": "mentions",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("activation", models.PositiveIntegerField(verbose_name="activation")),
                ("code", models.CharField(max_length=40, verbose_name="code")),
                ("parameters", models.JSONField(default=dict, verbose_name="what happened")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("resolved", "resolved")],
                        default="open",
                        max_length=50,
                        verbose_name="state",
                    ),
                ),
                ("opened_at", models.DateTimeField(verbose_name="opened at")),
                ("resolved_at", models.DateTimeField(null=True, verbose_name="resolved at")),
                (
                    "resolution_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("reassigned", "reassigned"),
                            ("done", "it is done"),
                            ("not_needed", "not needed any more"),
                            ("tried_again", "tried again"),
                            ("branch_chosen", "a person chose between the branches"),
                            ("staffed", "somebody is there now"),
                        ],
                        max_length=40,
                        verbose_name="resolution",
                    ),
                ),
                (
                    "resolution_parameters",
                    models.JSONField(blank=True, default=dict, verbose_name="resolution of"),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incidents",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workflows.step",
                        verbose_name="step",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incidents",
                        to="workflows.workflowinstance",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "incident",
                "verbose_name_plural": "incidents",
                "ordering": ["id"],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalWorkItem",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                ("activation", models.PositiveIntegerField(verbose_name="activation")),
                ("round", models.PositiveIntegerField(default=1, verbose_name="round")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("enabled", "waiting"),
                            ("claimed", "taken"),
                            ("started", "in work"),
                            ("paused", "paused"),
                            ("asked", "with the requester"),
                            ("done", "done"),
                            ("cancelled", "cancelled"),
                        ],
                        default="enabled",
                        max_length=50,
                        verbose_name="state",
                    ),
                ),
                ("is_open", models.BooleanField(default=True, editable=False, verbose_name="open")),
                (
                    "in_queue",
                    models.BooleanField(default=True, editable=False, verbose_name="in the queue"),
                ),
                (
                    "came_from",
                    models.CharField(blank=True, max_length=80, verbose_name="came from"),
                ),
                ("needed", models.PositiveIntegerField(default=1, verbose_name="people needed")),
                (
                    "votes",
                    models.JSONField(
                        default=list,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="agreed so far",
                    ),
                ),
                ("enabled_at", models.DateTimeField(null=True, verbose_name="waiting since")),
                (
                    "started_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="taken up at"),
                ),
                (
                    "completed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="done at"),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due")),
                (
                    "paused_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="paused at"),
                ),
                ("paused_seconds", models.FloatField(default=0, verbose_name="paused (s)")),
                (
                    "paused_business_seconds",
                    models.FloatField(default=0, verbose_name="paused (business s)"),
                ),
                (
                    "waiting_seconds",
                    models.FloatField(blank=True, null=True, verbose_name="waiting (s)"),
                ),
                (
                    "working_seconds",
                    models.FloatField(blank=True, null=True, verbose_name="working (s)"),
                ),
                (
                    "lead_in_seconds",
                    models.FloatField(blank=True, null=True, verbose_name="lead-in (s)"),
                ),
                (
                    "waiting_business_seconds",
                    models.FloatField(blank=True, null=True, verbose_name="waiting (business s)"),
                ),
                (
                    "working_business_seconds",
                    models.FloatField(blank=True, null=True, verbose_name="working (business s)"),
                ),
                ("outcome", models.CharField(blank=True, max_length=80, verbose_name="outcome")),
                ("comment", models.TextField(blank=True, verbose_name="comment")),
                (
                    "performer_name",
                    models.CharField(blank=True, max_length=150, verbose_name="done by"),
                ),
                (
                    "document_versions",
                    models.JSONField(default=dict, verbose_name="documents seen"),
                ),
                (
                    "closing_code",
                    models.CharField(blank=True, max_length=40, verbose_name="closed because"),
                ),
                (
                    "closing_parameters",
                    models.JSONField(blank=True, default=dict, verbose_name="closed because of"),
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
                    "assignee",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="with",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
                (
                    "decided_for",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="in place of",
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
                (
                    "step",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.step",
                        verbose_name="step",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.workflowinstance",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical task",
                "verbose_name_plural": "historical tasks",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalDocument",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                ("field", models.CharField(blank=True, max_length=60, verbose_name="field")),
                ("version", models.PositiveIntegerField(verbose_name="version")),
                ("name", models.CharField(max_length=255, verbose_name="file name")),
                ("file", models.TextField(max_length=200, verbose_name="file")),
                ("size", models.PositiveBigIntegerField(verbose_name="size (bytes)")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("uploaded_at", models.DateTimeField(verbose_name="uploaded at")),
                ("note", models.TextField(blank=True, default="", verbose_name="note")),
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
                    "comment",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        default=None,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.comment",
                        verbose_name="comment",
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
                (
                    "uploaded_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.workflowinstance",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical document",
                "verbose_name_plural": "historical documents",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("field", models.CharField(blank=True, max_length=60, verbose_name="field")),
                ("version", models.PositiveIntegerField(verbose_name="version")),
                ("name", models.CharField(max_length=255, verbose_name="file name")),
                (
                    "file",
                    models.FileField(
                        max_length=200,
                        upload_to=workflows.documents.models.stored_under,
                        verbose_name="file",
                    ),
                ),
                ("size", models.PositiveBigIntegerField(verbose_name="size (bytes)")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("uploaded_at", models.DateTimeField(verbose_name="uploaded at")),
                ("note", models.TextField(blank=True, default="", verbose_name="note")),
                (
                    "comment",
                    models.ForeignKey(
                        default=None,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="documents",
                        to="workflows.comment",
                        verbose_name="comment",
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="documents",
                        to="workflows.workflowinstance",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "document",
                "verbose_name_plural": "documents",
                "ordering": ["request", "field", "version"],
            },
        ),
        migrations.AddField(
            model_name="comment",
            name="request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="comments",
                to="workflows.workflowinstance",
                verbose_name="request",
            ),
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("activation", models.PositiveIntegerField(verbose_name="activation")),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("action", models.CharField(max_length=200, verbose_name="action")),
                (
                    "idempotency_key",
                    models.CharField(max_length=64, verbose_name="idempotency key"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "running"),
                            ("succeeded", "succeeded"),
                            ("failed", "failed"),
                            ("lost", "its worker died"),
                        ],
                        default="running",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished at")),
                ("milliseconds", models.PositiveIntegerField(null=True, verbose_name="took (ms)")),
                ("status", models.PositiveIntegerField(null=True, verbose_name="HTTP status")),
                ("code", models.CharField(blank=True, max_length=40, verbose_name="error code")),
                (
                    "parameters",
                    models.JSONField(blank=True, default=dict, verbose_name="what happened"),
                ),
                ("answer", models.TextField(blank=True, verbose_name="answer")),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts",
                        to="workflows.step",
                        verbose_name="step",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts",
                        to="workflows.workflowinstance",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "attempt",
                "verbose_name_plural": "attempts",
                "ordering": ["id"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="WorkflowTemplate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.SlugField(
                        help_text="Short, unique; in links.",
                        max_length=60,
                        unique=True,
                        verbose_name="key",
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "purpose",
                    models.TextField(
                        blank=True, help_text="What this workflow is for.", verbose_name="purpose"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                (
                    "paused_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="paused since"),
                ),
                (
                    "paused_reason",
                    models.CharField(
                        blank=True, editable=False, max_length=1000, verbose_name="paused because"
                    ),
                ),
                (
                    "deputy",
                    models.ForeignKey(
                        blank=True,
                        help_text="Stands in for the owner; never the owner.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deputised_workflows",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="deputy",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        help_text="The accountable owner. Incidents and merge conflicts come to this person.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="owned_workflows",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "paused_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="paused by",
                    ),
                ),
            ],
            options={
                "verbose_name": "workflow",
                "verbose_name_plural": "workflows",
                "ordering": ["name"],
                "permissions": [
                    ("start_workflowtemplate", "Can start requests"),
                    ("listen_workflowtemplate", "Can let maps start at its ends, with the data"),
                    ("manage_workflowtemplate", "Can manage the workflow and its requests"),
                    ("audit_workflowtemplate", "Can read all its requests, reports and trail"),
                ],
            },
        ),
        migrations.AddField(
            model_name="workflowinstance",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="instances",
                to="workflows.workflowtemplate",
                verbose_name="workflow",
            ),
        ),
        migrations.AddField(
            model_name="webhookkey",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="webhook_keys",
                to="workflows.workflowtemplate",
                verbose_name="workflow",
            ),
        ),
        migrations.AddField(
            model_name="trailevent",
            name="template",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="trail",
                to="workflows.workflowtemplate",
            ),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="versions",
                to="workflows.workflowtemplate",
                verbose_name="workflow",
            ),
        ),
        migrations.CreateModel(
            name="TemplateUserPermission",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "permission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="auth.permission"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "content_object",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="user_grants",
                        to="workflows.workflowtemplate",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="TemplateGroupPermission",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="auth.group"),
                ),
                (
                    "permission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="auth.permission"
                    ),
                ),
                (
                    "content_object",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="group_grants",
                        to="workflows.workflowtemplate",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="StartDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("content", models.TextField(editable=False, verbose_name="content")),
                ("saved_at", models.DateTimeField(verbose_name="saved at")),
                (
                    "writer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="start_drafts",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="written by",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workflows.workflowtemplate",
                        verbose_name="workflow",
                    ),
                ),
            ],
            options={
                "verbose_name": "draft of a request",
                "verbose_name_plural": "drafts of requests",
                "ordering": ["-saved_at"],
            },
        ),
        migrations.CreateModel(
            name="StandInPeriod",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("begins_at", models.DateTimeField(verbose_name="begins at")),
                ("ends_at", models.DateTimeField(verbose_name="ends at")),
                (
                    "absence",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="periods",
                        to="workflows.absence",
                        verbose_name="absence",
                    ),
                ),
                (
                    "deputy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who stands in",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="away_periods",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who is away",
                    ),
                ),
                (
                    "via",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by way of",
                    ),
                ),
                (
                    "via_next",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="and then of",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workflows.workflowtemplate",
                        verbose_name="workflow",
                    ),
                ),
            ],
            options={
                "verbose_name": "standing in",
                "verbose_name_plural": "standing in",
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="logimport",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="log_imports",
                to="workflows.workflowtemplate",
                verbose_name="workflow",
            ),
        ),
        migrations.CreateModel(
            name="HistoricalWorkflowInstance",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                ("prefix", models.CharField(editable=False, max_length=8, verbose_name="prefix")),
                ("title", models.CharField(blank=True, max_length=200, verbose_name="title")),
                (
                    "case_ref",
                    models.CharField(
                        default=None,
                        editable=False,
                        max_length=200,
                        null=True,
                        verbose_name="case in the log",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("form", "start form"),
                            ("api", "HTTP API"),
                            ("webhook", "webhook"),
                            ("schedule", "schedule"),
                            ("workflow", "another workflow"),
                            ("log", "imported log"),
                            ("replay", "replayed log"),
                            ("demo", "demo"),
                        ],
                        default="form",
                        max_length=10,
                        verbose_name="came by",
                    ),
                ),
                (
                    "state",
                    models.CharField(
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
                        verbose_name="state",
                    ),
                ),
                ("result", models.CharField(blank=True, max_length=60, verbose_name="result")),
                (
                    "data",
                    models.JSONField(
                        default=dict,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="data",
                    ),
                ),
                (
                    "requester_name",
                    models.CharField(blank=True, max_length=150, verbose_name="requester"),
                ),
                (
                    "parent_activation",
                    models.PositiveIntegerField(
                        default=None, editable=False, null=True, verbose_name="step that waits"
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                (
                    "completed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="completed at"),
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
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "requester",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requester",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.templateversion",
                        verbose_name="version",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        default=None,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.workflowinstance",
                        verbose_name="started by the request",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.workflowtemplate",
                        verbose_name="workflow",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical request",
                "verbose_name_plural": "historical requests",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalWebhookKey",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="Who calls: 'the web shop'.", max_length=200, verbose_name="name"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                (
                    "revoked_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="revoked at"
                    ),
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
                    "acts_as",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="Requests start in this person's name.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="acts as",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
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
                (
                    "template",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.workflowtemplate",
                        verbose_name="workflow",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical webhook key",
                "verbose_name_plural": "historical webhook keys",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalTemplateVersion",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(editable=False, verbose_name="number")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("published", "published"),
                            ("superseded", "superseded"),
                            ("observed", "observed from a log"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=50,
                        verbose_name="state",
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("purpose", models.TextField(blank=True, null=True, verbose_name="purpose")),
                (
                    "owner_name",
                    models.CharField(
                        blank=True,
                        help_text="Username of the accountable owner.",
                        max_length=150,
                        null=True,
                        verbose_name="owner",
                    ),
                ),
                (
                    "deputy_name",
                    models.CharField(
                        blank=True,
                        help_text="Username; not the owner's.",
                        max_length=150,
                        null=True,
                        verbose_name="deputy",
                    ),
                ),
                (
                    "review_every_days",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="review every (days)"
                    ),
                ),
                (
                    "baseline",
                    models.JSONField(
                        blank=True,
                        help_text='Before the workflow: {"minutes_per_request": 95, "error_rate": 0.12}',
                        null=True,
                        verbose_name="baseline",
                    ),
                ),
                (
                    "calendar",
                    models.CharField(
                        blank=True,
                        help_text="Empty: Monday to Friday, 09:00 to 17:00. Or 24/7.",
                        max_length=200,
                        null=True,
                        verbose_name="calendar",
                    ),
                ),
                (
                    "status_link",
                    models.BooleanField(
                        blank=True,
                        help_text="Yes: each requester is sent one. No: nobody can make one. Not said: requester and owner make them.",
                        null=True,
                        verbose_name="status links",
                    ),
                ),
                (
                    "status_link_names",
                    models.BooleanField(
                        blank=True,
                        help_text="Without it the page names roles, never people.",
                        null=True,
                        verbose_name="people by name on status links",
                    ),
                ),
                (
                    "mentions_give_sight",
                    models.BooleanField(
                        blank=True,
                        help_text="Whether a comment may let somebody see the request whom it mentions.",
                        null=True,
                        verbose_name="mentions give sight",
                    ),
                ),
                (
                    "decide_by_mail",
                    models.BooleanField(
                        blank=True,
                        help_text="No: mails lead to the task, where one signs in.",
                        null=True,
                        verbose_name="decide from a mail",
                    ),
                ),
                (
                    "start_fields",
                    models.JSONField(
                        blank=True,
                        default=None,
                        help_text="Keys of the fields on the start form, in order.",
                        null=True,
                        verbose_name="start form",
                    ),
                ),
                (
                    "start_triggers",
                    models.JSONField(blank=True, null=True, verbose_name="other triggers"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                (
                    "published_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="published at"),
                ),
                (
                    "superseded_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="superseded at"),
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
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
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
                (
                    "published_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="published by",
                    ),
                ),
                (
                    "start_role",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.role",
                        verbose_name="who may start",
                    ),
                ),
                (
                    "first_step",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.step",
                        verbose_name="first step",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflows.workflowtemplate",
                        verbose_name="workflow",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical version",
                "verbose_name_plural": "historical versions",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Follow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("since", models.DateTimeField(verbose_name="since")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follows",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="follows",
                        to="auth.group",
                        verbose_name="team",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follows",
                        to="workflows.workflowinstance",
                        verbose_name="request",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follows",
                        to="workflows.workflowtemplate",
                        verbose_name="workflow",
                    ),
                ),
            ],
            options={
                "verbose_name": "what somebody follows",
                "verbose_name_plural": "what people follow",
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="absence",
            name="workflows",
            field=models.ManyToManyField(
                blank=True,
                related_name="+",
                to="workflows.workflowtemplate",
                verbose_name="in these workflows",
            ),
        ),
        migrations.CreateModel(
            name="WorkItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("activation", models.PositiveIntegerField(verbose_name="activation")),
                ("round", models.PositiveIntegerField(default=1, verbose_name="round")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("enabled", "waiting"),
                            ("claimed", "taken"),
                            ("started", "in work"),
                            ("paused", "paused"),
                            ("asked", "with the requester"),
                            ("done", "done"),
                            ("cancelled", "cancelled"),
                        ],
                        default="enabled",
                        max_length=50,
                        verbose_name="state",
                    ),
                ),
                ("is_open", models.BooleanField(default=True, editable=False, verbose_name="open")),
                (
                    "in_queue",
                    models.BooleanField(default=True, editable=False, verbose_name="in the queue"),
                ),
                (
                    "came_from",
                    models.CharField(blank=True, max_length=80, verbose_name="came from"),
                ),
                ("needed", models.PositiveIntegerField(default=1, verbose_name="people needed")),
                (
                    "votes",
                    models.JSONField(
                        default=list,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="agreed so far",
                    ),
                ),
                ("enabled_at", models.DateTimeField(null=True, verbose_name="waiting since")),
                (
                    "started_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="taken up at"),
                ),
                (
                    "completed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="done at"),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due")),
                (
                    "paused_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="paused at"),
                ),
                ("paused_seconds", models.FloatField(default=0, verbose_name="paused (s)")),
                (
                    "paused_business_seconds",
                    models.FloatField(default=0, verbose_name="paused (business s)"),
                ),
                (
                    "waiting_seconds",
                    models.FloatField(blank=True, null=True, verbose_name="waiting (s)"),
                ),
                (
                    "working_seconds",
                    models.FloatField(blank=True, null=True, verbose_name="working (s)"),
                ),
                (
                    "lead_in_seconds",
                    models.FloatField(blank=True, null=True, verbose_name="lead-in (s)"),
                ),
                (
                    "waiting_business_seconds",
                    models.FloatField(blank=True, null=True, verbose_name="waiting (business s)"),
                ),
                (
                    "working_business_seconds",
                    models.FloatField(blank=True, null=True, verbose_name="working (business s)"),
                ),
                ("outcome", models.CharField(blank=True, max_length=80, verbose_name="outcome")),
                ("comment", models.TextField(blank=True, verbose_name="comment")),
                (
                    "performer_name",
                    models.CharField(blank=True, max_length=150, verbose_name="done by"),
                ),
                (
                    "document_versions",
                    models.JSONField(default=dict, verbose_name="documents seen"),
                ),
                (
                    "closing_code",
                    models.CharField(blank=True, max_length=40, verbose_name="closed because"),
                ),
                (
                    "closing_parameters",
                    models.JSONField(blank=True, default=dict, verbose_name="closed because of"),
                ),
                (
                    "assignee",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="with",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
                (
                    "decided_for",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="in place of",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="work_items",
                        to="workflows.workflowinstance",
                        verbose_name="request",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="work_items",
                        to="workflows.step",
                        verbose_name="step",
                    ),
                ),
            ],
            options={
                "verbose_name": "task",
                "verbose_name_plural": "tasks",
                "ordering": ["id"],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="TaskQuestion",
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
                            ("opinion", "an opinion"),
                            ("requester", "a question to the requester"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "not answered yet"),
                            ("answered", "answered"),
                            ("withdrawn", "taken back"),
                            ("lapsed", "not needed any more"),
                        ],
                        default="open",
                        max_length=50,
                        verbose_name="state",
                    ),
                ),
                ("question", models.TextField(verbose_name="question")),
                ("asked_at", models.DateTimeField(verbose_name="asked at")),
                ("answer", models.TextField(blank=True, verbose_name="answer")),
                (
                    "closed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="closed at"),
                ),
                (
                    "is_after_decision",
                    models.BooleanField(default=False, verbose_name="after the decision"),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked by",
                    ),
                ),
                (
                    "asked_of",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked of",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="questions",
                        to="workflows.workflowinstance",
                        verbose_name="request",
                    ),
                ),
                (
                    "work_item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="questions",
                        to="workflows.workitem",
                        verbose_name="task",
                    ),
                ),
            ],
            options={
                "verbose_name": "question",
                "verbose_name_plural": "questions",
                "ordering": ["id"],
                "default_permissions": ("view",),
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("task_sent_back", "a task is sent back"),
                            ("task_reassigned", "a task is reassigned"),
                            ("task_reached", "a task reaches one person"),
                            ("task_queued", "a task reaches a team"),
                            ("task_escalated", "late work is escalated"),
                            ("task_reminded", "the map reminds of late work"),
                            ("task_overdue", "a task is overdue"),
                            ("task_due_soon", "a task is about to be due"),
                            ("requester_asked", "the requester is asked"),
                            ("requester_answered", "the requester answers"),
                            ("opinion_asked", "an opinion is asked"),
                            ("opinion_given", "an opinion is given"),
                            ("request_refused", "a request is refused"),
                            ("request_cancelled", "a request is cancelled"),
                            ("request_finished", "a request is finished"),
                            ("request_sent_back", "a request is sent back"),
                            ("request_approved", "a request is approved at a step"),
                            ("request_suspended", "a request is suspended"),
                            ("request_resumed", "a request goes on"),
                            ("request_reopened", "a request is reopened"),
                            ("status_link_sent", "the workflow gives out a status link"),
                            ("mentioned", "a comment mentions somebody"),
                            ("commented", "a request is commented on"),
                            ("merge_conflict", "branches disagree"),
                            ("incident_opened", "an incident is opened"),
                            ("incident_handed_on", "an incident is handed on"),
                            ("escalated_to_nobody", "an escalation finds nobody"),
                            ("approval_bypassed", "a request goes past an approval"),
                            ("changed_after_approval", "values change after an approval"),
                            ("start_refused", "a start that was due is refused"),
                            ("map_problem", "a published map goes wrong"),
                            ("review_due", "a review is due"),
                            ("finding_given", "a review gives somebody something to see to"),
                            ("access_changed", "an account, a token or a key is changed"),
                        ],
                        max_length=40,
                        verbose_name="event",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("tasks", "Tasks that are mine"),
                            ("team", "Tasks that reach my team"),
                            ("late", "Work that is late or soon due"),
                            ("requests", "What I asked for"),
                            ("talk", "Comments, and who mentions me"),
                            ("owned", "Workflows that I answer for"),
                            ("access", "My account, its tokens and keys"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("address", models.EmailField(blank=True, max_length=254, verbose_name="address")),
                (
                    "facts",
                    models.JSONField(
                        default=dict,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="facts",
                    ),
                ),
                ("key", models.CharField(max_length=200, unique=True, verbose_name="once")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "waiting"),
                            ("digest", "waiting for the digest"),
                            ("sending", "being handed over"),
                            ("sent", "sent"),
                            ("unsure", "broke off while being handed over"),
                            ("failed", "failed"),
                            ("needless", "not needed any more"),
                        ],
                        default="pending",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("channel", models.CharField(blank=True, max_length=40, verbose_name="told by")),
                ("created_at", models.DateTimeField(verbose_name="written at")),
                ("due_at", models.DateTimeField(null=True, verbose_name="digest of")),
                ("settled_at", models.DateTimeField(null=True, verbose_name="settled at")),
                (
                    "error_code",
                    models.CharField(blank=True, max_length=40, verbose_name="last error"),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="auth.group",
                        verbose_name="team",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="workflows.workflowinstance",
                        verbose_name="request",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="workflows.workflowtemplate",
                        verbose_name="workflow",
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="workflows.workitem",
                        verbose_name="task",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice",
                "verbose_name_plural": "notices",
                "ordering": ["-id"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="DecisionLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        default=workflows.links.models.new_link_name,
                        editable=False,
                        max_length=32,
                        unique=True,
                        verbose_name="name",
                    ),
                ),
                ("seen", models.CharField(max_length=64, verbose_name="seen")),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                ("expires_at", models.DateTimeField(db_index=True, verbose_name="expires at")),
                ("used_at", models.DateTimeField(null=True, verbose_name="used at")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decision_links",
                        to="workflows.workitem",
                        verbose_name="task",
                    ),
                ),
            ],
            options={
                "verbose_name": "link to decide by",
                "verbose_name_plural": "links to decide by",
                "ordering": ["-id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AddedPerson",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("role", models.CharField(max_length=60, verbose_name="role")),
                ("stand_in", models.BooleanField(default=False, verbose_name="stands in")),
                ("added_at", models.DateTimeField(verbose_name="added at")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "work_item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="added_people",
                        to="workflows.workitem",
                        verbose_name="work item",
                    ),
                ),
            ],
            options={
                "verbose_name": "added person",
                "verbose_name_plural": "added people",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Closure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("first_day", models.DateField(verbose_name="first day")),
                (
                    "last_day",
                    models.DateField(
                        help_text="The same day for a single one.", verbose_name="last day"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="why")),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="closures",
                        to="workflows.businesscalendar",
                        verbose_name="calendar",
                    ),
                ),
            ],
            options={
                "verbose_name": "closure",
                "verbose_name_plural": "closures",
                "ordering": ["first_day"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("last_day__gte", models.F("first_day"))),
                        name="a_closure_ends_after_it_begins",
                        violation_error_message="The last day comes after the first.",
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.CheckConstraint(
                condition=models.Q(("timeout_seconds__gte", 1), ("timeout_seconds__lte", 120)),
                name="a_call_ends_within_two_minutes",
                violation_error_message="Choose a time-out from 1 to 120 seconds.",
            ),
        ),
        migrations.AlterUniqueTogether(
            name="connectiongrouppermission",
            unique_together={("group", "permission", "content_object")},
        ),
        migrations.AlterUniqueTogether(
            name="connectionuserpermission",
            unique_together={("user", "permission", "content_object")},
        ),
        migrations.AddConstraint(
            model_name="idempotentreply",
            constraint=models.UniqueConstraint(
                condition=models.Q(("key__gt", "")),
                fields=("user", "key"),
                name="one_reply_per_idempotency_key",
            ),
        ),
        migrations.AddConstraint(
            model_name="noticeaddress",
            constraint=models.CheckConstraint(
                condition=models.Q(("person", None), ("team", None), _connector="XOR"),
                name="an_address_is_a_persons_or_a_teams",
                violation_error_message="Choose a person or a team, not both.",
            ),
        ),
        migrations.AddConstraint(
            model_name="noticeaddress",
            constraint=models.UniqueConstraint(
                fields=("person", "channel"),
                name="a_person_has_one_address_a_channel",
                violation_error_message="There is one for this person already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="noticeaddress",
            constraint=models.UniqueConstraint(
                fields=("team", "channel"),
                name="a_team_has_one_address_a_channel",
                violation_error_message="There is one for this team already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="noticechoice",
            constraint=models.UniqueConstraint(
                fields=("person", "kind"), name="one_choice_for_each_kind"
            ),
        ),
        migrations.AddIndex(
            model_name="roleentry",
            index=models.Index(
                models.F("name"),
                condition=models.Q(("group", None), ("user", None)),
                name="names_without_a_row",
            ),
        ),
        migrations.AddConstraint(
            model_name="roleentry",
            constraint=models.UniqueConstraint(
                fields=("role", "finder", "named"), name="a_role_names_each_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedfilter",
            constraint=models.UniqueConstraint(
                fields=("person", "name"), name="a_filter_has_a_name_of_its_own"
            ),
        ),
        migrations.AddConstraint(
            model_name="route",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "outcome")),
                fields=("step", "name"),
                name="outcome_once_a_step",
            ),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.UniqueConstraint(
                fields=("version", "key"), name="step_key_once_a_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.UniqueConstraint(
                fields=("version", "key"), name="role_key_once_a_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="mapfinding",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at__isnull", True)),
                fields=("version", "code", "step"),
                name="one_open_finding_of_a_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="field",
            constraint=models.UniqueConstraint(
                fields=("version", "key"), name="field_key_once_a_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="trailseal",
            constraint=models.CheckConstraint(
                condition=models.Q(("position__gte", 1)), name="positions_count_from_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                fields=("key", "signature"), name="a_call_is_taken_once"
            ),
        ),
        migrations.AddIndex(
            model_name="searchvalue",
            index=models.Index(
                fields=["word", "request"],
                name="requests_by_word",
                opclasses=["varchar_pattern_ops", "int8_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="searchvalue",
            index=models.Index(
                models.F("number"),
                models.F("request"),
                condition=models.Q(("number__isnull", False)),
                name="by_number",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                models.F("state"),
                condition=models.Q(("failing_since__isnull", False)),
                name="outbox_failing",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                models.F("run_after"),
                models.F("id"),
                condition=models.Q(("state", "waiting")),
                name="outbox_due",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                models.F("taken_until"),
                condition=models.Q(("state", "taken")),
                name="outbox_leases",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                models.F("request"), models.F("activation"), name="outbox_of_a_step"
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                models.F("closed_at"),
                condition=models.Q(("closed_at__isnull", False)),
                name="outbox_closed",
            ),
        ),
        migrations.AddConstraint(
            model_name="mergerecord",
            constraint=models.UniqueConstraint(
                fields=("request", "activation"), name="one_merge_per_activation"
            ),
        ),
        migrations.AddIndex(
            model_name="mention",
            index=models.Index(
                condition=models.Q(("gives_sight", True)),
                fields=["person", "request"],
                name="sight_by_mention",
            ),
        ),
        migrations.AddConstraint(
            model_name="mention",
            constraint=models.UniqueConstraint(
                fields=("comment", "person"), name="a_comment_mentions_each_once"
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                models.F("request"), condition=models.Q(("state", "open")), name="open_incidents"
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.UniqueConstraint(
                fields=("request", "field", "version"), name="one_document_per_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(("comment", None), ("field", ""), _connector="XOR"),
                name="a_document_is_of_a_field_or_a_comment",
            ),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(("withdrawn_at", None), ("text", ""), _connector="OR"),
                name="a_withdrawn_comment_says_nothing",
            ),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["step", "-started_at"], name="attempts_of_a_step"),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(
                fields=("request", "activation", "number"), name="one_attempt_per_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="workflowtemplate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("owner__isnull", True),
                    ("deputy__isnull", True),
                    models.Q(("owner", models.F("deputy")), _negated=True),
                    _connector="OR",
                ),
                name="deputy_is_not_the_owner",
                violation_error_message="The deputy stands in for the owner: choose someone else.",
            ),
        ),
        migrations.AddIndex(
            model_name="workflowinstance",
            index=models.Index(fields=["template", "state", "-id"], name="requests_of_a_workflow"),
        ),
        migrations.AddIndex(
            model_name="workflowinstance",
            index=models.Index(fields=["requester", "-id"], name="requests_of_a_person"),
        ),
        migrations.AddIndex(
            model_name="workflowinstance",
            index=models.Index(fields=["due_at", "id"], name="requests_by_due"),
        ),
        migrations.AddIndex(
            model_name="workflowinstance",
            index=models.Index(fields=["moved_at", "id"], name="requests_by_last_move"),
        ),
        migrations.AddIndex(
            model_name="workflowinstance",
            index=models.Index(
                models.F("template"),
                models.F("completed_at"),
                condition=models.Q(("state", "completed")),
                name="ended_of_a_workflow",
            ),
        ),
        migrations.AddConstraint(
            model_name="workflowinstance",
            constraint=models.UniqueConstraint(
                fields=("template", "case_ref"), name="a_logs_case_comes_once"
            ),
        ),
        migrations.AddIndex(
            model_name="trailevent",
            index=models.Index(fields=["template", "id"], name="trail_by_workflow"),
        ),
        migrations.AddIndex(
            model_name="trailevent",
            index=models.Index(
                models.F("actor"),
                models.F("id"),
                condition=models.Q(("command", "reassign")),
                name="passed_on_by_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.UniqueConstraint(
                fields=("template", "number"), name="one_version_per_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "published")),
                fields=("template",),
                name="one_published_version_per_workflow",
            ),
        ),
        migrations.AlterUniqueTogether(
            name="templateuserpermission",
            unique_together={("user", "permission", "content_object")},
        ),
        migrations.AlterUniqueTogether(
            name="templategrouppermission",
            unique_together={("group", "permission", "content_object")},
        ),
        migrations.AddConstraint(
            model_name="startdraft",
            constraint=models.UniqueConstraint(
                fields=("writer", "template"), name="one_start_draft_a_writer"
            ),
        ),
        migrations.AddIndex(
            model_name="standinperiod",
            index=models.Index(
                models.F("deputy"), models.F("ends_at"), name="stood_in_for_by_deputy"
            ),
        ),
        migrations.AddIndex(
            model_name="standinperiod",
            index=models.Index(
                models.F("person"), models.F("ends_at"), name="stood_in_for_by_person"
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
        migrations.AddConstraint(
            model_name="follow",
            constraint=models.UniqueConstraint(
                fields=("request", "person"), name="a_request_followed_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="follow",
            constraint=models.UniqueConstraint(
                fields=("template", "person"), name="a_workflow_followed_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="follow",
            constraint=models.UniqueConstraint(
                fields=("team", "person"), name="a_team_followed_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="follow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("request__isnull", False), ("team", None), ("template", None)),
                    models.Q(("request", None), ("team", None), ("template__isnull", False)),
                    models.Q(("request", None), ("team__isnull", False), ("template", None)),
                    _connector="OR",
                ),
                name="somebody_follows_one_thing",
            ),
        ),
        migrations.AddIndex(
            model_name="absence",
            index=models.Index(models.F("ends_at"), name="absences_by_end"),
        ),
        migrations.AddConstraint(
            model_name="absence",
            constraint=models.CheckConstraint(
                condition=models.Q(("last_day__gte", models.F("first_day"))),
                name="an_absence_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="absence",
            constraint=models.CheckConstraint(
                condition=models.Q(("person", models.F("deputy")), _negated=True),
                name="nobody_stands_in_for_themselves",
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                models.F("step"),
                models.F("due_at"),
                models.F("id"),
                condition=models.Q(("in_queue", True)),
                include=("request",),
                name="queue_by_due",
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                models.F("step"),
                models.F("enabled_at"),
                models.F("id"),
                condition=models.Q(("is_open", True)),
                name="open_by_step",
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                models.F("assignee"),
                models.F("due_at"),
                models.F("id"),
                condition=models.Q(("assignee__isnull", False), ("is_open", True)),
                name="own_by_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="workitem",
            constraint=models.UniqueConstraint(
                fields=("request", "activation"), name="one_task_per_activation"
            ),
        ),
        migrations.AddConstraint(
            model_name="workitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_open", True), ("in_queue", False), _connector="OR"),
                name="a_closed_task_is_in_no_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="taskquestion",
            index=models.Index(
                models.F("asked_of"),
                models.F("id"),
                condition=models.Q(("state", "open")),
                name="questions_to_a_person",
            ),
        ),
        migrations.AddIndex(
            model_name="taskquestion",
            index=models.Index(
                models.F("asked_by"),
                models.F("id"),
                condition=models.Q(("state", "open")),
                name="questions_by_a_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="taskquestion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "requester"), ("state", "open")),
                fields=("work_item",),
                name="the_requester_is_asked_once_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="taskquestion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "opinion"), ("state", "open")),
                fields=("work_item", "asked_of"),
                name="a_person_is_asked_once_at_a_time",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                models.F("person"),
                condition=models.Q(("state", "digest")),
                name="notices_of_a_digest",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                models.F("state"),
                condition=models.Q(("state__in", ("failed", "unsure"))),
                name="notices_lost",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                models.F("settled_at"),
                condition=models.Q(("settled_at__isnull", False)),
                name="notices_settled",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(("person", None), ("team", None), _connector="XOR"),
                name="a_notice_goes_to_a_person_or_a_team",
            ),
        ),
        migrations.AddIndex(
            model_name="addedperson",
            index=models.Index(
                models.F("user"), models.F("work_item"), name="escalated_to_a_person"
            ),
        ),
        migrations.AddConstraint(
            model_name="addedperson",
            constraint=models.UniqueConstraint(
                fields=("work_item", "user"), name="a_person_is_added_once"
            ),
        ),
    ]
