"""A numbered version of a workflow, and the rule that a published one never changes.

The models refuse it here, the admin shows it read-only, and triggers in the database refuse it to
everybody else (migration 0002).
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django_fsm import FSMModelMixin, transition
from simple_history.models import HistoricalRecords

from workflows.definitions.models.columns import names_field
from workflows.definitions.models.workflows import WorkflowTemplate
from workflows.engine.errors import WrongState
from workflows.persistence.state_field import StateField


class TemplateVersion(FSMModelMixin, models.Model):
    """One numbered map of a workflow; unchangeable once published."""

    DRAFT, PUBLISHED, SUPERSEDED, OBSERVED = "draft", "published", "superseded", "observed"
    STATES = [
        (DRAFT, gettext_lazy("draft")),
        (PUBLISHED, gettext_lazy("published")),
        (SUPERSEDED, gettext_lazy("superseded")),
        (OBSERVED, gettext_lazy("observed from a log")),
    ]

    template = models.ForeignKey(
        WorkflowTemplate,
        models.PROTECT,
        related_name="versions",
        verbose_name=gettext_lazy("workflow"),
    )
    number = models.PositiveIntegerField(gettext_lazy("number"), editable=False)
    state = StateField(
        gettext_lazy("state"), default=DRAFT, protected=True, choices=STATES, editable=False
    )
    name = models.CharField(gettext_lazy("name"), max_length=200)
    purpose = models.TextField(gettext_lazy("purpose"), blank=True, null=True)
    owner_name = models.CharField(
        gettext_lazy("owner"),
        max_length=150,
        blank=True,
        null=True,
        help_text=gettext_lazy("Username of the accountable owner."),
    )
    deputy_name = models.CharField(
        gettext_lazy("deputy"),
        max_length=150,
        blank=True,
        null=True,
        help_text=gettext_lazy("Username; not the owner's."),
    )
    review_every_days = models.PositiveIntegerField(
        gettext_lazy("review every (days)"), null=True, blank=True
    )
    baseline = models.JSONField(
        gettext_lazy("baseline"),
        null=True,
        blank=True,
        help_text=gettext_lazy(
            'Before the workflow: {"minutes_per_request": 95, "error_rate": 0.12}'
        ),
    )
    times = models.JSONField(
        gettext_lazy("the request as a whole"),
        null=True,
        blank=True,
        help_text=gettext_lazy(
            "When a request as a whole is due, as in the file: due, extend, clock, on_overdue."
        ),
    )
    rehearse = models.JSONField(
        gettext_lazy("for rehearsals"),
        null=True,
        blank=True,
        help_text=gettext_lazy(
            'What rehearsals suppose: {"requests_per_week": 40, "people": {"finance": 3}}'
        ),
    )
    calendar = models.CharField(
        gettext_lazy("calendar"),
        max_length=200,
        null=True,
        blank=True,
        help_text=gettext_lazy("Empty: Monday to Friday, 09:00 to 17:00. Or 24/7."),
    )
    status_link = models.BooleanField(
        gettext_lazy("status links"),
        null=True,
        blank=True,
        help_text=gettext_lazy(
            "Yes: each requester is sent one. No: nobody can make one. Not said: requester and"
            " owner make them."
        ),
    )
    status_link_names = models.BooleanField(
        gettext_lazy("people by name on status links"),
        null=True,
        blank=True,
        help_text=gettext_lazy("Without it the page names roles, never people."),
    )
    mentions_give_sight = models.BooleanField(
        gettext_lazy("mentions give sight"),
        null=True,
        blank=True,
        help_text=gettext_lazy(
            "Whether a comment may let somebody see the request whom it mentions."
        ),
    )
    decide_by_mail = models.BooleanField(
        gettext_lazy("decide from a mail"),
        null=True,
        blank=True,
        help_text=gettext_lazy("No: mails lead to the task, where one signs in."),
    )
    start_role = models.ForeignKey(
        "Role",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("who may start"),
    )
    start_fields = names_field(
        gettext_lazy("start form"), gettext_lazy("Keys of the fields on the start form, in order.")
    )
    start_triggers = models.JSONField(gettext_lazy("other triggers"), null=True, blank=True)
    first_step = models.ForeignKey(
        "Step",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("first step"),
    )
    created_at = models.DateTimeField(
        gettext_lazy("created at"), default=timezone.now, editable=False
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=gettext_lazy("created by"),
    )
    published_at = models.DateTimeField(gettext_lazy("published at"), null=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=gettext_lazy("published by"),
    )
    superseded_at = models.DateTimeField(gettext_lazy("superseded at"), null=True, editable=False)
    history = HistoricalRecords()

    class Meta:
        verbose_name_plural = gettext_lazy("versions")
        verbose_name = gettext_lazy("version")
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
            "This version is %(state)s and cannot be changed. Make a new draft from it instead.",
            state=state,
        )


def leave_out_empty_texts(row: models.Model) -> None:
    """A text that was emptied is not said any more; one that the file says is empty stays so."""
    columns = [column.attname for column in row._meta.concrete_fields if column.null]
    empty = [name for name in columns if getattr(row, name) == ""]
    if not empty:
        return
    rows: Any = type(row)
    stored_texts = rows.objects.filter(pk=row.pk).values(*empty).first() or {}
    for name in empty:
        if stored_texts.get(name) != "":
            setattr(row, name, None)
