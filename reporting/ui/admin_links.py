"""Addresses of the admin's lists, to which reports lead."""

from urllib.parse import urlencode

from django.db.models import Model
from django.urls import reverse


def admin_list_address(model: type[Model], **filters: object) -> str:
    """The admin's list of a model, filtered."""
    address = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")
    return f"{address}?{urlencode(filters)}" if filters else address
