"""Putting a handful of rows in order here, where writing ORDER BY out over the columns of their
joins takes longer than sorting them."""

from typing import TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def in_order(rows: QuerySet[Row]) -> list[Row]:
    """All rows, oldest first."""
    return sorted(rows.order_by(), key=lambda row: row.pk)
