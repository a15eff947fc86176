"""The one order in which resources are locked: after the request, all at once, by their ids.

Whatever is held, given back or counted of a resource is written by who has its row locked, so the
counters of its periods and the sums of its bookings are what they say. SQLite has locked the whole
database when the transaction began.
"""

from collections.abc import Iterable

from django.db.models import QuerySet

from workflows.resources.models import Resource


def lock_resources(ids: Iterable[int]) -> list[Resource]:
    """These resources, locked in the order of their ids. One statement, or none."""
    return _read(Resource.objects.select_for_update(of=("self",)), ids)


def read_resources(ids: Iterable[int]) -> list[Resource]:
    """The same without a lock, to say beforehand what might be."""
    return _read(Resource.objects.all(), ids)


def _read(rows: QuerySet[Resource], ids: Iterable[int]) -> list[Resource]:
    wanted = set(ids)
    rows = rows.select_related("person").filter(pk__in=wanted).order_by("pk")
    return list(rows) if wanted else []
