"""The rows of a version: its roles, fields, steps, and the ways between them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy
from simple_history.models import HistoricalRecords

from workflows.definitions.choices import RouteKind, StepKind, field_type_choices
from workflows.definitions.models.columns import PrettyJSONEncoder, names_field
from workflows.definitions.models.versions import (
    TemplateVersion,
    leave_out_empty_texts,
    refuse_if_published,
)
from workflows.engine.format.branches import MOST_LEVELS
from workflows.engine.format.definition import RoleDef, display_title
from workflows.engine.format.gone_parts import read_role_with_gone_parts


class VersionPart(models.Model):
    """A row of a version: it can be changed as long as the version is a draft."""

    position = models.PositiveIntegerField(gettext_lazy("position"), default=0)

    class Meta:
        abstract = True
        ordering = ["position", "id"]

    @property
    def version_pk(self) -> int | None:
        """The version that this row belongs to."""
        return self.version_id  # type: ignore[attr-defined, no-any-return]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves while the version is a draft."""
        refuse_if_published(self.version_pk)
        leave_out_empty_texts(self)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Deletes while the version is a draft."""
        refuse_if_published(self.version_pk)
        return super().delete(*args, **kwargs)


ROLE_COLUMNS = ("groups", "users", "field")
"""The role finders that have a column of their own for what they are told."""


class Role(VersionPart):
    """Who owns a step: groups and users, or a rule that finds them."""

    version = models.ForeignKey(
        TemplateVersion, models.CASCADE, related_name="roles", verbose_name=gettext_lazy("version")
    )
    key = models.SlugField(gettext_lazy("key"), max_length=60)
    groups = names_field(
        gettext_lazy("groups"), gettext_lazy("Names of groups whose members are in this role.")
    )
    users = names_field(
        gettext_lazy("users"), gettext_lazy("Usernames of further people in this role.")
    )
    field = models.CharField(
        gettext_lazy("field"),
        max_length=121,
        null=True,
        blank=True,
        help_text=gettext_lazy("A person field of the request."),
    )
    requester = models.BooleanField(gettext_lazy("the requester"), default=False)
    other_finders = models.JSONField(
        gettext_lazy("found otherwise"),
        null=True,
        blank=True,
        help_text=gettext_lazy("What role finders of this site are told, by their names."),
    )
    history = HistoricalRecords()

    class Meta(VersionPart.Meta):
        verbose_name = gettext_lazy("role")
        verbose_name_plural = gettext_lazy("roles")
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="role_key_once_a_version")
        ]

    def __str__(self) -> str:
        return display_title(self.key, None)

    @property
    def settings(self) -> dict[str, Any]:
        """What the role says in the definition file."""
        columns = {name: getattr(self, name) for name in ROLE_COLUMNS}
        columns |= {"requester": self.requester or None, **(self.other_finders or {})}
        return {name: setting for name, setting in columns.items() if setting is not None}

    @property
    def definition(self) -> RoleDef:
        """The role as the engine knows it; by a finder that is not installed it finds nobody."""
        return read_role_with_gone_parts(self.settings)


class Field(VersionPart):
    """A declared input or output."""

    version = models.ForeignKey(
        TemplateVersion, models.CASCADE, related_name="fields", verbose_name=gettext_lazy("version")
    )
    key = models.CharField(gettext_lazy("key"), max_length=60)
    type = models.CharField(gettext_lazy("type"), max_length=20, choices=field_type_choices)
    label = models.CharField(gettext_lazy("label"), max_length=200, null=True, blank=True)
    help = models.TextField(gettext_lazy("help"), null=True, blank=True)
    required = models.BooleanField(gettext_lazy("required"), null=True, blank=True)
    choices = models.JSONField(gettext_lazy("choices"), null=True, blank=True)
    currency = models.CharField(gettext_lazy("currency"), max_length=3, null=True, blank=True)
    searchable = models.BooleanField(gettext_lazy("searchable"), null=True, blank=True)
    accept = models.JSONField(gettext_lazy("kinds of files"), null=True, blank=True)
    max_size = models.PositiveIntegerField(
        gettext_lazy("largest file (MB)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(2000)],
    )
    role = models.ForeignKey(
        Role,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("people of the role"),
    )
    of = models.SlugField(
        gettext_lazy("group of resources"), max_length=60, null=True, blank=True, db_index=False
    )
    public = models.BooleanField(gettext_lazy("on status links"), null=True, blank=True)
    columns = models.JSONField(
        gettext_lazy("columns"),
        null=True,
        blank=True,
        encoder=PrettyJSONEncoder,
        help_text=gettext_lazy("Of a list, in order: each as in the file, with its key."),
    )
    config = models.JSONField(
        gettext_lazy("more"),
        null=True,
        blank=True,
        encoder=PrettyJSONEncoder,
        help_text=gettext_lazy("What else the file says of the field: max_rows, …"),
    )
    history = HistoricalRecords()

    class Meta(VersionPart.Meta):
        verbose_name = gettext_lazy("field")
        verbose_name_plural = gettext_lazy("fields")
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="field_key_once_a_version")
        ]

    def __str__(self) -> str:
        return display_title(self.key, self.label)


class Step(VersionPart):
    """One node of the map. What only some kinds have is in `config`, in the file's own words."""

    version = models.ForeignKey(
        TemplateVersion, models.CASCADE, related_name="steps", verbose_name=gettext_lazy("version")
    )
    key = models.SlugField(gettext_lazy("key"), max_length=80)
    kind = models.CharField(gettext_lazy("kind"), max_length=20, choices=StepKind)
    name = models.CharField(gettext_lazy("name"), max_length=200, null=True, blank=True)
    role = models.ForeignKey(
        Role,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="steps",
        verbose_name=gettext_lazy("role"),
    )
    instructions = models.TextField(gettext_lazy("instructions"), null=True, blank=True)
    expected = models.CharField(
        gettext_lazy("expected"),
        max_length=20,
        null=True,
        blank=True,
        help_text=gettext_lazy("Working time: 4h, 2d, 1w."),
    )
    due = models.CharField(
        gettext_lazy("due after"),
        max_length=20,
        null=True,
        blank=True,
        help_text=gettext_lazy("Then it is overdue: 2d."),
    )
    inputs = names_field(
        gettext_lazy("shows"), gettext_lazy("Keys of the fields that this step looks at.")
    )
    outputs = names_field(
        gettext_lazy("fills in"), gettext_lazy("Keys of the fields that this step may change.")
    )
    not_by = names_field(
        gettext_lazy("not by"),
        gettext_lazy('["requester"], or keys of steps whose people may not act here.'),
    )
    not_by_reason = models.CharField(
        gettext_lazy("why the requester is not kept away"), max_length=500, null=True, blank=True
    )
    quorum = models.CharField(
        gettext_lazy("quorum"),
        max_length=1000,
        null=True,
        blank=True,
        help_text=gettext_lazy("How many must agree: 2, or all."),
    )
    join = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("join"),
    )
    wait_for = models.CharField(
        gettext_lazy("join waits for"),
        max_length=10,
        null=True,
        blank=True,
        help_text=gettext_lazy("all, any, a number or a share such as 60%."),
    )
    result = models.CharField(gettext_lazy("result"), max_length=60, null=True, blank=True)
    config = models.JSONField(
        gettext_lazy("more"),
        null=True,
        blank=True,
        encoder=PrettyJSONEncoder,
        help_text=gettext_lazy(
            "What only this kind has, as in the file: action, with, retry, on_overdue, …"
        ),
    )
    history = HistoricalRecords()

    class Meta(VersionPart.Meta):
        verbose_name = gettext_lazy("step")
        verbose_name_plural = gettext_lazy("steps")
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="step_key_once_a_version")
        ]

    def __str__(self) -> str:
        return display_title(self.key, self.name)


class Route(VersionPart):
    """A way from a step to a step, under an outcome or a rule."""

    step = models.ForeignKey(
        Step, models.CASCADE, related_name="routes", verbose_name=gettext_lazy("step")
    )
    kind = models.CharField(gettext_lazy("kind"), max_length=20, choices=RouteKind)
    name = models.CharField(gettext_lazy("outcome"), max_length=80, blank=True)
    to_step = models.ForeignKey(
        Step, models.CASCADE, related_name="arriving", verbose_name=gettext_lazy("goes to")
    )
    when = models.CharField(gettext_lazy("when"), max_length=1000, null=True, blank=True)
    each = models.CharField(
        gettext_lazy("for each of"),
        max_length=300,
        null=True,
        blank=True,
        help_text=gettext_lazy("A list or several people: one branch for each of them."),
    )
    chain_of = models.CharField(
        gettext_lazy("managers above"),
        max_length=80,
        null=True,
        blank=True,
        help_text=gettext_lazy(
            "One branch for each manager above this person, as far up as the rule says."
        ),
    )
    chain_until = models.CharField(
        gettext_lazy("up to the first of whom"),
        max_length=1000,
        null=True,
        blank=True,
        help_text=gettext_lazy(
            "A rule, such as limit >= amount. Of each manager it knows limit, department,"
            " cost_centre, place and level."
        ),
    )
    chain_levels = models.PositiveSmallIntegerField(
        gettext_lazy("so many at most"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_LEVELS)],
        help_text=gettext_lazy("8, where nothing stands here."),
    )
    row_name = models.CharField(
        gettext_lazy("row is called"),
        max_length=60,
        null=True,
        blank=True,
        help_text=gettext_lazy("In the steps of the branch; row, where nothing stands here."),
    )
    one_at_a_time = models.BooleanField(gettext_lazy("one at a time"), null=True, blank=True)
    stop_on = models.CharField(
        gettext_lazy("stops at"),
        max_length=20,
        null=True,
        blank=True,
        choices=[("refusal", gettext_lazy("the first refusal"))],
    )
    comment_required = models.BooleanField(gettext_lazy("comment required"), default=False)
    exception = models.BooleanField(gettext_lazy("exception path"), null=True, blank=True)
    label = models.CharField(gettext_lazy("button"), max_length=200, null=True, blank=True)
    role = models.ForeignKey(
        Role,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("role"),
    )
    used = models.PositiveIntegerField(
        gettext_lazy("gone so often in the log"), null=True, editable=False
    )
    history = HistoricalRecords()

    class Meta(VersionPart.Meta):
        verbose_name = gettext_lazy("route")
        verbose_name_plural = gettext_lazy("routes")
        constraints = [
            models.UniqueConstraint(
                fields=["step", "name"], condition=Q(kind="outcome"), name="outcome_once_a_step"
            )
        ]

    def __str__(self) -> str:
        return f"{self.step} → {self.to_step} ({self.name or self.get_kind_display()})"

    @property
    def version_pk(self) -> int | None:
        """The version of the step that this way leaves."""
        return Step.objects.filter(pk=self.step_id).values_list("version_id", flat=True).first()

    def clean(self) -> None:
        """A way stays inside its version."""
        if self.step_id and self.to_step_id and self.step.version_id != self.to_step.version_id:
            raise ValidationError({"to_step": gettext("Choose a step of the same version.")})
