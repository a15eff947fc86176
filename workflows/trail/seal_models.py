"""The trail's seals: one chain of hashes over all rows, and the heads of it that are sent outside.

A decision writes its row of the trail and nothing more; the sealer links committed rows into the
chain a second later, so that the chain makes no decision wait for another.
"""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from workflows.engine.errors import WrongState
from workflows.trail.models import DELETED, TrailEvent, WrittenOnce, WrittenOnceQuerySet

ROOT = "0" * 64
"""What the first seal takes for the hash before it."""


class TrailSeal(WrittenOnce):
    """One link: the place of a trail row in the chain, and the hash over it and all before.

    Positions count from 1 without gaps, in the order of sealing: rows whose transactions ran at
    the same time may be sealed in another order than that of their ids.
    """

    position = models.PositiveBigIntegerField(gettext_lazy("position"), primary_key=True)
    event = models.OneToOneField(TrailEvent, models.PROTECT, related_name="seal")
    hash = models.CharField(gettext_lazy("hash"), max_length=64)
    sealed_at = models.DateTimeField(gettext_lazy("sealed at"))

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("seal")
        ordering = ["position"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(name="positions_count_from_one", condition=Q(position__gte=1))
        ]

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"


class TrailHead(models.Model):
    """The chain's last link at the end of a day: all that it covers is older than this row.

    Kept outside as well, it shows what nothing in this database can: that the end of the trail
    was cut off, or the whole chain written anew.
    """

    date = models.DateField(gettext_lazy("day"), unique=True)
    position = models.PositiveBigIntegerField(gettext_lazy("position"))
    hash = models.CharField(gettext_lazy("hash"), max_length=64)
    written_at = models.DateTimeField(gettext_lazy("written at"))
    sent_at = models.DateTimeField(gettext_lazy("sent at"), null=True)
    sent_to = models.JSONField(gettext_lazy("sent to"), default=list)

    class Meta:
        verbose_name = gettext_lazy("head of the trail")
        verbose_name_plural = gettext_lazy("heads of the trail")
        ordering = ["date"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.date:%Y-%m-%d}:{self.position}:{self.hash}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Never."""
        raise WrongState(DELETED)
