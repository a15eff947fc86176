"""How resources stand at a moment: free, taken, away, or how much of a budget is left."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.db.models import F
from django.utils import timezone

from workflows.people.models import Absence
from workflows.resources.choices import LIVE_STATES, HoldPurpose
from workflows.resources.models import BudgetPeriod, Hold, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Of what is booked, how many are taken and until when the first of them is; of a budget, what
    is left of the period (in the smallest unit of its currency; None where it has none now)."""

    taken: int = 0
    until: datetime | None = None
    is_away: bool = False
    left_units: int | None = None


def find_standings(resources: Iterable[Resource], now: datetime) -> dict[int, Standing]:
    """How each of these stands, by its id. Three statements, however many they are."""
    rows = list(resources)
    ids = [row.pk for row in rows]
    holds = _holds_now(ids, now)
    left = _left_today(ids, now)
    away = _people_away({row.person_id for row in rows if row.person_id is not None}, now)
    return {
        row.pk: Standing(
            taken=sum(hold.count for hold in holds.get(row.pk, ())),
            until=min(
                (hold.ends_at for hold in holds.get(row.pk, ()) if hold.ends_at), default=None
            ),
            is_away=row.person_id in away,
            left_units=left.get(row.pk),
        )
        for row in rows
    }


def _holds_now(ids: Collection[int], now: datetime) -> Mapping[int, list[Hold]]:
    found = defaultdict[int, list[Hold]](list)
    for hold in Hold.objects.filter(
        resource__in=ids,
        purpose=HoldPurpose.BOOKS,
        state__in=LIVE_STATES,
        starts_at__lte=now,
        ends_at__gt=now,
    ):
        found[hold.resource_id].append(hold)
    return found


def _left_today(ids: Collection[int], now: datetime) -> dict[int, int]:
    today = timezone.localdate(now, timezone.get_default_timezone())
    rows = BudgetPeriod.objects.filter(
        resource__in=ids, first_day__lte=today, last_day__gte=today
    ).order_by("first_day", "pk")
    return dict(map(attrgetter("resource_id", "left_units"), rows))


def _people_away(people: Collection[int], now: datetime) -> set[int | None]:
    rows = Absence.objects.filter(person__in=people, begins_at__lte=now, ends_at__gt=now)
    was_not_called_off = rows.filter(ends_at__gt=F("begins_at"))
    return set(was_not_called_off.values_list("person_id", flat=True))
