"""A purchase: its amount, and nothing else."""

from django.db import models
from viewflow.workflow.models import Process


class Purchase(Process):
    """One purchase request."""

    amount = models.DecimalField(max_digits=12, decimal_places=2, default=0)

    class Meta:
        app_label = "purchase"
