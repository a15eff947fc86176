"""Who may what, per row: guardian's grants in tables of their own, with direct foreign keys.

Direct keys keep a person's steps one index scan away, whatever else is granted in the site.
"""

from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from workflows.models.definitions import Step, WorkflowTemplate


class StepUserPermission(UserObjectPermissionBase):
    """A person may act on a step."""

    content_object = models.ForeignKey(Step, models.CASCADE, related_name="user_grants")


class StepGroupPermission(GroupObjectPermissionBase):
    """A group may act on a step."""

    content_object = models.ForeignKey(Step, models.CASCADE, related_name="group_grants")


class TemplateUserPermission(UserObjectPermissionBase):
    """A person may start, view, manage or audit a workflow."""

    content_object = models.ForeignKey(WorkflowTemplate, models.CASCADE, related_name="user_grants")


class TemplateGroupPermission(GroupObjectPermissionBase):
    """A group may start, view, manage or audit a workflow."""

    content_object = models.ForeignKey(
        WorkflowTemplate, models.CASCADE, related_name="group_grants"
    )
