"""By what a request is found: each word of its title, and what its map marks `searchable`.

The rows repeat what the request says, so that a search reads an index and no JSON. They are
written with the request, in the same transaction.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from workflows.execution.models.instances import WorkflowInstance


class SearchValue(models.Model):
    """One word, or one number, by which a request is found.

    `field` is empty for the title; `word` is empty for a number. A number that is an amount of
    money is found by filters of an amount as well.
    """

    request = models.ForeignKey(
        WorkflowInstance,
        models.CASCADE,
        related_name="search_values",
        verbose_name=gettext_lazy("request"),
    )
    field = models.CharField(gettext_lazy("field"), max_length=60, blank=True)
    word = models.CharField(gettext_lazy("word"), max_length=40, blank=True)
    number = models.DecimalField(
        gettext_lazy("number"), max_digits=25, decimal_places=10, null=True, blank=True
    )
    is_amount = models.BooleanField(gettext_lazy("amount"), default=False)

    class Meta:
        verbose_name = gettext_lazy("search value")
        verbose_name_plural = gettext_lazy("search values")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["word", "request"],
                opclasses=["varchar_pattern_ops", "int8_ops"],
                name="requests_by_word",
            ),
            models.Index("number", "request", condition=Q(number__isnull=False), name="by_number"),
        ]

    def __str__(self) -> str:
        return self.word or str(self.number)
