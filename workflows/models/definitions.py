"""What ops staff map: a workflow, its numbered versions, and the rows of each version.

A published version and all its rows never change: the models refuse it here, the admin shows
them read-only, and triggers in the database refuse it to everybody else (migration 0002).
"""

import json
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django_fsm import FSMField, FSMModelMixin, transition
from simple_history.models import HistoricalRecords

from workflows.engine.definition import title
from workflows.engine.errors import WrongState
from workflows.models.kinds import FIELD_TYPES, ROUTE_KINDS, STEP_KINDS


class PrettyJSONEncoder(json.JSONEncoder):
    """JSON as people read it in a form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "indent": 1, "ensure_ascii": False})


def names_field(verbose: str, help_text: str) -> models.JSONField:
    """A list of names; null means that the file says nothing, [] that it says 'none'."""
    return models.JSONField(verbose, null=True, blank=True, default=None, help_text=help_text)


class WorkflowTemplate(models.Model):
    """A named, owned, repeatable sequence of work (on the screen: a workflow)."""

    key = models.SlugField("key", max_length=60, unique=True, help_text="Short, unique; in links.")
    name = models.CharField("name", max_length=200)
    purpose = models.TextField("purpose", blank=True, help_text="What this workflow is for.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="owned_workflows",
        help_text="The accountable owner. Incidents and merge conflicts come to this person.",
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deputised_workflows",
        help_text="Stands in for the owner; never the owner.",
    )
    created_at = models.DateTimeField("created at", default=timezone.now, editable=False)
    paused_at = models.DateTimeField("paused since", null=True, editable=False)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    paused_reason = models.CharField("paused because", max_length=1000, blank=True, editable=False)
    history = HistoricalRecords()

    class Meta:
        verbose_name = "workflow"
        ordering = ["name"]
        permissions = [
            ("start_workflowtemplate", "Can start requests"),
            (
                "listen_workflowtemplate",
                "Can let maps start at its ends, with the data",
            ),
            ("manage_workflowtemplate", "Can manage the workflow and its requests"),
            ("audit_workflowtemplate", "Can read all its requests, reports and trail"),
        ]
        constraints = [
            models.CheckConstraint(
                name="deputy_is_not_the_owner",
                condition=Q(owner__isnull=True)
                | Q(deputy__isnull=True)
                | ~Q(owner=models.F("deputy")),
                violation_error_message="The deputy stands in for the owner: choose someone else.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reference_prefix(self) -> str:
        """The letters in front of its requests' numbers: 'purchase-approval' → 'PA'."""
        return "".join(part[0] for part in self.key.split("-"))[:5].upper()


class TemplateVersion(FSMModelMixin, models.Model):
    """One numbered map of a workflow; unchangeable once published."""

    DRAFT, PUBLISHED, SUPERSEDED, OBSERVED = "draft", "published", "superseded", "observed"
    STATES = [
        (DRAFT, "draft"),
        (PUBLISHED, "published"),
        (SUPERSEDED, "superseded"),
        (OBSERVED, "observed from a log"),
    ]

    template = models.ForeignKey(
        WorkflowTemplate, models.PROTECT, related_name="versions", verbose_name="workflow"
    )
    number = models.PositiveIntegerField("number", editable=False)
    state = FSMField("state", default=DRAFT, protected=True, choices=STATES, editable=False)
    name = models.CharField("name", max_length=200)
    purpose = models.TextField("purpose", blank=True, null=True)
    owner_name = models.CharField(
        "owner",
        max_length=150,
        blank=True,
        null=True,
        help_text="Username of the accountable owner.",
    )
    deputy_name = models.CharField(
        "deputy", max_length=150, blank=True, null=True, help_text="Username; not the owner's."
    )
    review_every_days = models.PositiveIntegerField("review every (days)", null=True, blank=True)
    baseline = models.JSONField(
        "baseline",
        null=True,
        blank=True,
        help_text='Before the workflow: {"minutes_per_request": 95, "error_rate": 0.12}',
    )
    calendar = models.CharField(
        "calendar",
        max_length=200,
        null=True,
        blank=True,
        help_text="Empty: Monday to Friday, 09:00 to 17:00. Or 24/7.",
    )
    start_role = models.ForeignKey(
        "Role",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="who may start",
    )
    start_fields = names_field("start form", "Keys of the fields on the start form, in order.")
    start_triggers = models.JSONField("other triggers", null=True, blank=True)
    first_step = models.ForeignKey(
        "Step", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="first step"
    )
    created_at = models.DateTimeField("created at", default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    published_at = models.DateTimeField("published at", null=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    superseded_at = models.DateTimeField("superseded at", null=True, editable=False)
    history = HistoricalRecords()

    class Meta:
        verbose_name = "version"
        ordering = ["template", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="one_version_per_number"),
            models.UniqueConstraint(
                fields=["template"],
                condition=Q(state="published"),
                name="one_published_version_per_workflow",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.number}"

    @property
    def is_editable(self) -> bool:
        """Whether its map may still be changed."""
        return bool(self.state == self.DRAFT)

    @transition(field=state, source=DRAFT, target=PUBLISHED)
    def publish(self, *, now: Any, by: Any) -> None:
        """The version becomes the one that new requests start on."""
        self.published_at = now
        self.published_by = by

    @transition(field=state, source=PUBLISHED, target=SUPERSEDED)
    def supersede(self, *, now: Any) -> None:
        """A newer version takes its place; running requests stay on it."""
        self.superseded_at = now

    @transition(field=state, source=DRAFT, target=OBSERVED)
    def observe(self) -> None:
        """The map was made from a log: to learn from and to redraw, never to start."""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves drafts; the other states change through `services` only."""
        if self.pk and not kwargs.get("force_insert"):
            refuse_if_published(self.pk)
        leave_out_empty_texts(self)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Deletes drafts only."""
        refuse_if_published(self.pk)
        return super().delete(*args, **kwargs)


def refuse_if_published(version_id: int | None) -> None:
    """Raise WrongState if this version's map may no longer be changed."""
    if version_id is None:
        return
    versions = TemplateVersion.objects.filter(pk=version_id)
    state = versions.values_list("state", flat=True).first()
    if state not in (None, TemplateVersion.DRAFT):
        raise WrongState(
            f"This version is {state} and cannot be changed. Make a new draft from it instead."
        )


def leave_out_empty_texts(row: models.Model) -> None:
    """A text that was emptied is not said any more; one that the file says is empty stays so."""
    columns = [column.attname for column in row._meta.concrete_fields if column.null]
    empty = [name for name in columns if getattr(row, name) == ""]
    if not empty:
        return
    rows: Any = type(row)
    said = rows.objects.filter(pk=row.pk).values(*empty).first() or {}
    for name in empty:
        if said.get(name) != "":
            setattr(row, name, None)


class VersionPart(models.Model):
    """A row of a version: it can be changed as long as the version is a draft."""

    position = models.PositiveIntegerField("position", default=0)

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


class Role(VersionPart):
    """Who owns a step: groups and users, or a rule that finds them."""

    version = models.ForeignKey(TemplateVersion, models.CASCADE, related_name="roles")
    key = models.SlugField("key", max_length=60)
    groups = names_field("groups", "Names of groups whose members are in this role.")
    users = names_field("users", "Usernames of further people in this role.")
    field = models.CharField(
        "field", max_length=60, null=True, blank=True, help_text="A person field of the request."
    )
    requester = models.BooleanField("the requester", default=False)
    history = HistoricalRecords()

    class Meta(VersionPart.Meta):
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="role_key_once_a_version")
        ]

    def __str__(self) -> str:
        return title(self.key, None)


class Field(VersionPart):
    """A declared input or output."""

    version = models.ForeignKey(TemplateVersion, models.CASCADE, related_name="fields")
    key = models.CharField("key", max_length=60)
    type = models.CharField("type", max_length=20, choices=FIELD_TYPES)
    label = models.CharField("label", max_length=200, null=True, blank=True)
    help = models.TextField("help", null=True, blank=True)
    required = models.BooleanField("required", null=True, blank=True)
    choices = models.JSONField("choices", null=True, blank=True)
    currency = models.CharField("currency", max_length=3, null=True, blank=True)
    history = HistoricalRecords()

    class Meta(VersionPart.Meta):
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="field_key_once_a_version")
        ]

    def __str__(self) -> str:
        return title(self.key, self.label)


class Step(VersionPart):
    """One node of the map. What only some kinds have is in `config`, in the file's own words."""

    version = models.ForeignKey(TemplateVersion, models.CASCADE, related_name="steps")
    key = models.SlugField("key", max_length=80)
    kind = models.CharField("kind", max_length=20, choices=STEP_KINDS)
    name = models.CharField("name", max_length=200, null=True, blank=True)
    role = models.ForeignKey(
        Role, models.SET_NULL, null=True, blank=True, related_name="steps", verbose_name="role"
    )
    instructions = models.TextField("instructions", null=True, blank=True)
    expected = models.CharField(
        "expected", max_length=20, null=True, blank=True, help_text="Working time: 4h, 2d, 1w."
    )
    due = models.CharField(
        "due after", max_length=20, null=True, blank=True, help_text="Then it is overdue: 2d."
    )
    inputs = names_field("shows", "Keys of the fields that this step looks at.")
    outputs = names_field("fills in", "Keys of the fields that this step may change.")
    not_by = names_field("not by", '["requester"], or keys of steps whose people may not act here.')
    not_by_reason = models.CharField(
        "why the requester is not kept away", max_length=500, null=True, blank=True
    )
    quorum = models.CharField(
        "quorum", max_length=10, null=True, blank=True, help_text="How many must agree: 2, or all."
    )
    join = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="join"
    )
    wait_for = models.CharField(
        "join waits for", max_length=10, null=True, blank=True, help_text="all, any or a number."
    )
    result = models.CharField("result", max_length=60, null=True, blank=True)
    config = models.JSONField(
        "more",
        null=True,
        blank=True,
        encoder=PrettyJSONEncoder,
        help_text="What only this kind has, as in the file: action, with, retry, on_overdue, …",
    )
    history = HistoricalRecords()

    class Meta(VersionPart.Meta):
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="step_key_once_a_version")
        ]

    def __str__(self) -> str:
        return title(self.key, self.name)


class Route(VersionPart):
    """A way from a step to a step, under an outcome or a rule."""

    step = models.ForeignKey(Step, models.CASCADE, related_name="routes")
    kind = models.CharField("kind", max_length=20, choices=ROUTE_KINDS)
    name = models.CharField("outcome", max_length=80, blank=True)
    to_step = models.ForeignKey(
        Step, models.CASCADE, related_name="arriving", verbose_name="goes to"
    )
    when = models.CharField("when", max_length=1000, null=True, blank=True)
    comment_required = models.BooleanField("comment required", default=False)
    exception = models.BooleanField("exception path", null=True, blank=True)
    label = models.CharField("button", max_length=200, null=True, blank=True)
    role = models.ForeignKey(Role, models.SET_NULL, null=True, blank=True, related_name="+")
    used = models.PositiveIntegerField("gone so often in the log", null=True, editable=False)
    history = HistoricalRecords()

    class Meta(VersionPart.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["step", "name"],
                condition=Q(kind="outcome"),
                name="outcome_once_a_step",
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
            raise ValidationError({"to_step": "Choose a step of the same version."})
