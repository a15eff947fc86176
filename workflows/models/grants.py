"""Who may what, per row: guardian's grants in tables of their own, with direct foreign keys.

Direct keys keep a person's steps one index scan away, whatever else is granted in the site.
"""

from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from workflows.models.connections import Connection
from workflows.models.definitions import Step, WorkflowTemplate


class StepUserPermission(UserObjectPermissionBase):
    """A person may act on a step."""

    content_object = models.ForeignKey(Step, models.CASCADE, related_name="user_grants")


class StepGroupPermission(GroupObjectPermissionBase):
    """A group may act on a step."""

    content_object = models.ForeignKey(Step, models.CASCADE, related_name="group_grants")


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
