"""The one order in which resources are locked: after the request, all at once, by their ids.

Whatever is held, given back or counted of a resource is written by who has its row locked, so the
counters of its periods and the sums of its bookings are what they say. SQLite has locked the whole
database when the transaction began.
"""

from collections.abc import Iterable

from workflows.resources.models import Resource


def lock_resources(ids: Iterable[int]) -> list[Resource]:
    """These resources, locked in the order of their ids. One statement, or none."""
    wanted = sorted(set(ids))
    if not wanted:
        return []
    rows = Resource.objects.select_for_update(of=("self",)).filter(pk__in=wanted)
    return list(rows.order_by("pk"))
