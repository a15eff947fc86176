"""The people of this site, and who a role's list means: its groups and people by row, so that a
name may change.

A published map never changes and says names. What a name meant when the map was published is kept
here beside it: a group that is renamed, or a person whose login is changed, stays in the role. A
group that was deleted leaves its name behind; made anew under it, it is in the role again.
"""

from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy
from simple_history.models import HistoricalRecords

from workflows.people.search_words import LONGEST_WORD
from workflows.persistence.begins_with import Begins

models.CharField.register_lookup(Begins)


def validate_time_zone(name: str) -> None:
    """Refuse what is no zone of the time zone database (`Europe/Berlin`)."""
    if name not in available_timezones():
        raise ValidationError(gettext("This is no time zone; write it like Europe/Berlin."))


class User(AbstractUser):
    """A person, or an account that a system acts by.

    Beside the login there is what a company's directory says of them: it is filled in by hand or
    from a file (`manage.py load_people`). An empty zone or language is the site's.
    """

    time_zone = models.CharField(
        gettext_lazy("time zone"), max_length=63, blank=True, validators=[validate_time_zone]
    )
    language = models.CharField(gettext_lazy("language"), max_length=12, blank=True)
    manager = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="reports",
        verbose_name=gettext_lazy("manager"),
    )
    department = models.CharField(gettext_lazy("department"), max_length=100, blank=True)
    cost_centre = models.CharField(gettext_lazy("cost centre"), max_length=60, blank=True)
    place = models.CharField(gettext_lazy("place"), max_length=100, blank=True)
    approval_limit = models.DecimalField(
        gettext_lazy("approval limit"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=gettext_lazy(
            "Up to which amount this person may approve, in the currency of the amounts that a map"
            " compares it with; empty where nothing is said."
        ),
    )
    request_columns = models.CharField(
        gettext_lazy("columns of the list of requests"), max_length=200, blank=True, editable=False
    )

    class Meta(AbstractUser.Meta):
        indexes = [models.Index("first_name", "last_name", "username", name="people_by_name")]


class RoleEntry(models.Model):
    """One name in a role's list with the row that it means.

    `finder` is the role finder whose list it is, `named` is what the map says, `name` what the
    group or person is called now, or was called last. Where both keys are empty nobody of that name
    is there, and whoever gets the name is meant; or the finder's names are of no rows here.
    """

    role = models.ForeignKey(
        "workflows.Role", models.CASCADE, related_name="entries", verbose_name=gettext_lazy("role")
    )
    finder = models.CharField(gettext_lazy("role finder"), max_length=60)
    named = models.CharField(gettext_lazy("named in the map"), max_length=150)
    name = models.CharField(gettext_lazy("called"), max_length=150)
    group = models.ForeignKey(
        "auth.Group",
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("group"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("user"),
    )

    class Meta:
        verbose_name = gettext_lazy("role entry")
        verbose_name_plural = gettext_lazy("role entries")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["role", "finder", "named"], name="a_role_names_each_once"
            )
        ]
        indexes = [
            models.Index("name", condition=Q(group=None, user=None), name="names_without_a_row")
        ]

    def __str__(self) -> str:
        return self.name


class FormerLogin(models.Model):
    """A login that somebody had until a moment; a trigger of the database writes these rows.

    Requests and maps name people by login. Who is meant is who had it when that was written.
    """

    name = models.CharField(gettext_lazy("login"), max_length=150, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        verbose_name=gettext_lazy("user"),
    )
    until = models.DateTimeField(gettext_lazy("until"))

    class Meta:
        verbose_name = gettext_lazy("former login")
        verbose_name_plural = gettext_lazy("former logins")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class Absence(models.Model):
    """Somebody is away from a first to a last day, as the calendar in their zone shows them, and
    somebody stands in for them: in every workflow, or in chosen ones.

    `begins_at` and `ends_at` are these days as moments. An absence that is ended early, or called
    off, has its `ends_at` then, and stays: it is a record.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="absences",
        verbose_name=gettext_lazy("who is away"),
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=gettext_lazy("who stands in"),
    )
    first_day = models.DateField(gettext_lazy("first day"))
    last_day = models.DateField(gettext_lazy("last day"))
    every_workflow = models.BooleanField(gettext_lazy("in every workflow"), default=True)
    workflows = models.ManyToManyField(
        "workflows.WorkflowTemplate",
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("in these workflows"),
    )
    begins_at = models.DateTimeField(gettext_lazy("begins at"))
    ends_at = models.DateTimeField(gettext_lazy("ends at"))
    ended_at = models.DateTimeField(gettext_lazy("ended at"), null=True, blank=True)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("set by"),
    )
    set_at = models.DateTimeField(gettext_lazy("set at"))

    history = HistoricalRecords()

    class Meta:
        verbose_name = gettext_lazy("absence")
        verbose_name_plural = gettext_lazy("absences")
        default_permissions = ("view", "add", "change")
        ordering = ["-first_day", "-id"]
        constraints = [
            models.CheckConstraint(
                name="an_absence_ends_after_it_begins",
                condition=Q(last_day__gte=models.F("first_day")),
            ),
            models.CheckConstraint(
                name="nobody_stands_in_for_themselves", condition=~Q(person=models.F("deputy"))
            ),
        ]
        indexes = [models.Index("ends_at", name="absences_by_end")]

    def __str__(self) -> str:
        return f"{self.person}, {self.first_day} - {self.last_day}"


class StandInPeriod(models.Model):
    """From when until when somebody stands in for somebody who is away; written by the one rule
    (`engine.authority.standing_in`) from all absences whenever one changes, for queries to join.

    Without a `workflow` it holds for all of which no other period of this person speaks. Nobody
    stands in where `deputy` is empty. `via` and `via_next` were asked first and are away, too; who
    stands in by somebody whose account is closed does so no more.
    """

    absence = models.ForeignKey(
        Absence, models.CASCADE, related_name="periods", verbose_name=gettext_lazy("absence")
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="away_periods",
        verbose_name=gettext_lazy("who is away"),
    )
    workflow = models.ForeignKey(
        "workflows.WorkflowTemplate",
        models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("workflow"),
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("who stands in"),
    )
    via = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("by way of"),
    )
    via_next = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("and then of"),
    )
    begins_at = models.DateTimeField(gettext_lazy("begins at"))
    ends_at = models.DateTimeField(gettext_lazy("ends at"))

    class Meta:
        verbose_name = gettext_lazy("standing in")
        verbose_name_plural = gettext_lazy("standing in")
        default_permissions = ()
        indexes = [
            models.Index("deputy", "ends_at", name="stood_in_for_by_deputy"),
            models.Index("person", "ends_at", name="stood_in_for_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.deputy} for {self.person}"


class PersonWord(models.Model):
    """One word by which somebody is found. The rows repeat what their account says, so that a
    search reads an index whatever the letters, and are written whenever it is saved.

    `is_name` is one of their names, their login or address; others are of their department.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="words",
        verbose_name=gettext_lazy("person"),
    )
    word = models.CharField(gettext_lazy("word"), max_length=LONGEST_WORD)
    is_name = models.BooleanField(gettext_lazy("name"))

    class Meta:
        verbose_name = gettext_lazy("word of a person")
        verbose_name_plural = gettext_lazy("words of people")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["word", "person"],
                opclasses=["varchar_pattern_ops", "int8_ops"],
                name="people_by_word",
            )
        ]

    def __str__(self) -> str:
        return self.word


class SavedFilter(models.Model):
    """A filter of one person's inbox: `chosen` is what the address says, by name, as it was typed.

    It is how its owner looks at their work, and nobody else's to see; no part of any record.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="saved_filters",
        verbose_name=gettext_lazy("person"),
    )
    name = models.CharField(gettext_lazy("name"), max_length=60)
    chosen = models.JSONField(gettext_lazy("chosen"), default=dict)
    saved_at = models.DateTimeField(gettext_lazy("saved at"))

    class Meta:
        verbose_name = gettext_lazy("saved filter")
        verbose_name_plural = gettext_lazy("saved filters")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["person", "name"], name="a_filter_has_a_name_of_its_own"
            )
        ]

    def __str__(self) -> str:
        return self.name
