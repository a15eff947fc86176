"""Permissions to use connections and to listen to workflows; service accounts.

What runs goes on running: the owner of each map in use is let do what the map does already.
"""

from collections.abc import Iterator
from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

START, LISTEN, USE = "start_workflowtemplate", "listen_workflowtemplate", "use_connection"


def let_what_runs_go_on(apps: Any, schema_editor: Any) -> None:
    """Grant the owners of maps in use what their maps do."""
    version_model = apps.get_model("workflows", "TemplateVersion")
    live = ("running", "suspended")
    used = models.Q(state="published") | models.Q(instances__state__in=live)
    for version in version_model.objects.filter(used).distinct().select_related("template"):
        owner = version.template.owner_id
        for codename, key in _uses(apps, version) if owner else ():
            _grant(apps, owner, codename, key)


def _uses(apps: Any, version: Any) -> Iterator[tuple[str, str]]:
    for step in apps.get_model("workflows", "Step").objects.filter(version=version):
        config = step.config or {}
        told = config.get("with") or {}
        if step.kind == "subworkflow" and config.get("workflow"):
            yield START, config["workflow"]
        if step.kind == "automation" and isinstance(told, dict):
            if told.get("connection") is not None:
                yield USE, str(told["connection"])
            if config.get("action") == "start_workflow" and told.get("workflow"):
                yield START, str(told["workflow"])
    for trigger in version.start_triggers or []:
        if trigger.get("kind") == "workflow_end" and trigger.get("workflow"):
            yield LISTEN, trigger["workflow"]


def _grant(apps: Any, owner: int, codename: str, key: str) -> None:
    on = "Connection" if codename == USE else "WorkflowTemplate"
    row = apps.get_model("workflows", on).objects.filter(key=key).first()
    if row is None or row.owner_id == owner or getattr(row, "deputy_id", None) == owner:
        return
    kind, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="workflows", model=on.lower()
    )
    # Django makes the rows of new permissions only when all migrations are done.
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename=codename, defaults={"name": codename}
    )
    table = "ConnectionUserPermission" if codename == USE else "TemplateUserPermission"
    apps.get_model("workflows", table).objects.get_or_create(
        user_id=owner, permission=permission, content_object=row
    )


class Migration(migrations.Migration):
    """Ask before a map uses what is not its owner's."""

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("workflows", "0012_map_findings"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="connection",
            options={
                "ordering": ["name"],
                "permissions": [("use_connection", "Can let maps call by it")],
            },
        ),
        migrations.AlterModelOptions(
            name="trailevent",
            options={
                "default_permissions": ("view",),
                "ordering": ["id"],
                "permissions": [
                    ("audit_site", "Can read the trail of accounts, groups and rights")
                ],
                "verbose_name": "trail event",
            },
        ),
        migrations.AlterModelOptions(
            name="workflowtemplate",
            options={
                "ordering": ["name"],
                "permissions": [
                    ("start_workflowtemplate", "Can start requests"),
                    ("listen_workflowtemplate", "Can let maps start at its ends, with the data"),
                    ("manage_workflowtemplate", "Can manage the workflow and its requests"),
                    ("audit_workflowtemplate", "Can read all its requests, reports and trail"),
                ],
                "verbose_name": "workflow",
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
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        help_text="The person who answers for what it does.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="service_account",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["user__username"],
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
                "unique_together": {("group", "permission", "content_object")},
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
                "unique_together": {("user", "permission", "content_object")},
            },
        ),
        migrations.RunPython(let_what_runs_go_on, migrations.RunPython.noop),
    ]
