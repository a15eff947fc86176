"""Addresses of the admin's own pages."""

from urllib.parse import urlencode

from django.db import models
from django.urls import reverse


def change_url(obj: models.Model) -> str:
    """The admin page of a row."""
    opts = obj._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[obj.pk])


def list_url(model: type[models.Model], **filters: object) -> str:
    """The admin list of a model, filtered."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{urlencode(filters)}" if filters else address
