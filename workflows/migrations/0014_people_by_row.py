"""Whom a role's list means is kept by row, beside the names in the map; grants on steps go.

Versions that are no drafts get the rows that their names mean today. A trigger writes down each
login that is given up, whoever changes it. A later migration that rebuilds the table of users on
SQLite drops the trigger and must run `create_trigger` again.
"""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORMER = "workflows_formerlogin"


def _statements(vendor: str) -> list[str]:
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {FORMER}_written AFTER UPDATE OF username ON auth_user"
            " WHEN NEW.username <> OLD.username BEGIN"
            f" INSERT INTO {FORMER} (name, user_id, until)"
            " VALUES (OLD.username, OLD.id, strftime('%Y-%m-%d %H:%M:%f', 'now')); END"
        ]
    if vendor == "postgresql":
        return [
            f"CREATE FUNCTION {FORMER}_written() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" INSERT INTO {FORMER} (name, user_id, until)"
            " VALUES (OLD.username, OLD.id, clock_timestamp()); RETURN NULL; END $$",
            f"CREATE TRIGGER {FORMER}_written AFTER UPDATE OF username ON auth_user FOR EACH ROW"
            " WHEN (NEW.username IS DISTINCT FROM OLD.username)"
            f" EXECUTE FUNCTION {FORMER}_written()",
        ]
    return []


def create_trigger(apps: Any, schema_editor: Any) -> None:
    """Create the trigger; nothing on databases that Handoff does not run on."""
    with schema_editor.connection.cursor() as cursor:
        for statement in _statements(schema_editor.connection.vendor):
            cursor.execute(statement)


def drop_trigger(apps: Any, schema_editor: Any) -> None:
    """Take the trigger away again."""
    vendor = schema_editor.connection.vendor
    on = " ON auth_user" if vendor == "postgresql" else ""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER IF EXISTS {FORMER}_written{on}")
        if vendor == "postgresql":
            cursor.execute(f"DROP FUNCTION IF EXISTS {FORMER}_written()")


def write_entries(apps: Any, schema_editor: Any) -> None:
    """The rows that the names of versions mean, as far as there are any."""
    model = apps.get_model("workflows", "Role")
    entry = apps.get_model("workflows", "RoleEntry")
    groups = dict(apps.get_model("auth", "Group").objects.values_list("name", "pk"))
    users = dict(apps.get_model("auth", "User").objects.values_list("username", "pk"))
    rows = []
    for role in model.objects.exclude(version__state="draft").iterator():
        for name in dict.fromkeys(role.groups or []):
            rows.append(entry(role=role, named=name, name=name, group_id=groups.get(name)))
        for name in dict.fromkeys(role.users or []):
            rows.append(
                entry(role=role, is_group=False, named=name, name=name, user_id=users.get(name))
            )
    entry.objects.bulk_create(rows, batch_size=500)


def keep_reassigned(apps: Any, schema_editor: Any) -> None:
    """Who holds an open task because it was reassigned to them keeps it: they stand in from now
    on, since to have a task is not enough any more."""
    tasks = apps.get_model("workflows", "WorkItem").objects.filter(is_open=True)
    trail = apps.get_model("workflows", "TrailEvent").objects.filter(command="reassign")
    added = apps.get_model("workflows", "AddedPerson")
    given = set(trail.values_list("work_item", flat=True))
    for task in tasks.filter(assignee__isnull=False, pk__in=given):
        added.objects.update_or_create(
            work_item=task,
            user_id=task.assignee_id,
            defaults={"stand_in": True, "role": "", "added_at": task.enabled_at},
        )


def forget_grants_of_maps(apps: Any, schema_editor: Any) -> None:
    """Who may start is said by the map's own role now; what publishing granted for it goes."""
    versions = apps.get_model("workflows", "TemplateVersion").objects
    for version in versions.exclude(start_role=None).select_related("start_role"):
        start = {
            "content_object_id": version.template_id,
            "permission__codename": "start_workflowtemplate",
        }
        apps.get_model("workflows", "TemplateGroupPermission").objects.filter(
            group__name__in=version.start_role.groups or [], **start
        ).delete()
        apps.get_model("workflows", "TemplateUserPermission").objects.filter(
            user__username__in=version.start_role.users or [], **start
        ).delete()


def nothing(apps: Any, schema_editor: Any) -> None:
    """What was written goes with its table."""


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("workflows", "0013_what_is_not_ones_own"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="step",
            options={"ordering": ["position", "id"]},
        ),
        migrations.AddField(
            model_name="addedperson",
            name="stand_in",
            field=models.BooleanField(default=False, verbose_name="stands in"),
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
                    ),
                ),
            ],
            options={
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
                ("is_group", models.BooleanField(default=True, verbose_name="a group")),
                ("named", models.CharField(max_length=150, verbose_name="named in the map")),
                ("name", models.CharField(max_length=150, verbose_name="called")),
                (
                    "group",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="auth.group",
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="workflows.role",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "role entries",
                "default_permissions": (),
            },
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
                fields=("role", "is_group", "named"), name="a_role_names_each_once"
            ),
        ),
        migrations.RunPython(write_entries, nothing),
        migrations.RunPython(keep_reassigned, nothing),
        migrations.RunPython(forget_grants_of_maps, nothing),
        migrations.RunPython(create_trigger, drop_trigger),
        migrations.DeleteModel(name="StepGroupPermission"),
        migrations.DeleteModel(name="StepUserPermission"),
    ]
