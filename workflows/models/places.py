"""Who a role's list means: its groups and people by row, so that a name may change.

A published map never changes and says names. What a name meant when the map was published is kept
here beside it: a group that is renamed, or a person whose login is changed, stays in the role. A
group that was deleted leaves its name behind; made anew under it, it is in the role again.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from workflows.models.definitions import Role


class RoleEntry(models.Model):
    """One name in a role's list with the row that it means.

    `named` is what the map says, `name` what the group or person is called now, or was called
    last. Where both keys are empty nobody of that name is there: whoever gets the name is meant.
    """

    role = models.ForeignKey(Role, models.CASCADE, related_name="entries")
    is_group = models.BooleanField("a group", default=True)
    named = models.CharField("named in the map", max_length=150)
    name = models.CharField("called", max_length=150)
    group = models.ForeignKey("auth.Group", models.SET_NULL, null=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name_plural = "role entries"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["role", "is_group", "named"], name="a_role_names_each_once"
            ),
        ]
        indexes = [
            models.Index("name", condition=Q(group=None, user=None), name="names_without_a_row"),
        ]

    def __str__(self) -> str:
        return self.name


class FormerLogin(models.Model):
    """A login that somebody had until a moment; a trigger of the database writes these rows.

    Requests and maps name people by login. Who is meant is who had it when that was written.
    """

    name = models.CharField("login", max_length=150, db_index=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    until = models.DateTimeField("until")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
