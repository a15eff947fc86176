"""The codes of resources: what kinds there are, and how what is held of them stands."""

from django.db import models
from django.utils.translation import gettext_lazy


class ResourceKind(models.TextChoices):
    """What is done with a resource."""

    BOOKABLE = "bookable", gettext_lazy("to be booked: a room, equipment, a person")
    BUDGET = "budget", gettext_lazy("a budget to draw on")


class HoldState(models.TextChoices):
    """How what is held of a resource stands."""

    HELD = "held", gettext_lazy("held")
    CONFIRMED = "confirmed", gettext_lazy("confirmed")
    RELEASED = "released", gettext_lazy("given back")


LIVE_STATES = (HoldState.HELD, HoldState.CONFIRMED)
"""In these it takes room, or money."""


class HoldPurpose(models.TextChoices):
    """By which key of its step something is held."""

    BOOKS = "books", gettext_lazy("booking")
    SPENDS = "spends", gettext_lazy("draw on a budget")
