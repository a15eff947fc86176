"""Filters of admin lists that several subjects have in the same shape."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise


class YesFilter(admin.SimpleListFilter):
    """A list with one way to look besides all of it: at rows that meet a condition."""

    choice: Promise

    def condition(self) -> Q:
        """What the rows meet; by columns that have an index."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Only one way to look."""
        return [("yes", str(self.choice))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """These rows, if they were chosen."""
        return queryset.filter(self.condition()) if self.value() == "yes" else queryset
