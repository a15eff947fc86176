"""Who may what with a workflow: guardian's grants in tables of their own, with direct foreign keys.

Who may act on a step is no grant: its role says it (`places.py`).
"""

from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from workflows.connections.models import Connection
from workflows.definitions.models import WorkflowTemplate


class TemplateUserPermission(UserObjectPermissionBase):
    """A person may start, listen to, view, manage or audit a workflow."""

    content_object = models.ForeignKey(WorkflowTemplate, models.CASCADE, related_name="user_grants")


class TemplateGroupPermission(GroupObjectPermissionBase):
    """A group may start, listen to, view, manage or audit a workflow."""

    content_object = models.ForeignKey(
        WorkflowTemplate, models.CASCADE, related_name="group_grants"
    )


class ConnectionUserPermission(UserObjectPermissionBase):
    """A person's maps may call by a connection."""

    content_object = models.ForeignKey(Connection, models.CASCADE, related_name="user_grants")


class ConnectionGroupPermission(GroupObjectPermissionBase):
    """The maps of a group's people may call by a connection."""

    content_object = models.ForeignKey(Connection, models.CASCADE, related_name="group_grants")
