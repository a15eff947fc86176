"""Where what requests want of resources is given or refused, under the locks of the resources."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from workflows.engine.routing.holds import BookingWish, HoldKey, SpendingWish, Wish
from workflows.engine.routing.step_troubles import (
    BudgetExceeded,
    HoldUnclear,
    NoRoom,
    StepTrouble,
)
from workflows.engine.timing.dates import to_zone_time
from workflows.engine.values.resource_amounts import amount_of_units, units_of_amount
from workflows.resources.choices import HoldState
from workflows.resources.models import BudgetPeriod, Hold, Resource
from workflows.resources.queries.free_time import (
    Taken,
    find_bookings,
    is_away,
    is_open_for,
    most_taken,
)
from workflows.resources.queries.resources import is_in_use
from workflows.resources.services.hold_writing import HoldChanges
from workflows.resources.services.locks import lock_resources

UNKNOWN, CLOSED, AWAY, NO_PERIOD = "unknown", "closed", "away", "no_period"
CURRENCY, UNEVEN, REPLACED = "currency", "uneven", "replaced"
MOST_SPANS: Final = 3
"""So many of those who have it already are named."""


@dataclass(slots=True)
class HoldDesk:
    """The resources that one command is about, locked, with what is had of them.

    `open_desk` locks them all at once; from then on each wish is given or refused in its turn, and
    what was given to one is taken for the next.
    """

    now: datetime
    changes: HoldChanges
    resources: dict[str, Resource] = field(default_factory=dict)
    bookings: list[Hold] = field(default_factory=list)
    periods: dict[int, list[BudgetPeriod]] = field(default_factory=dict)
    leaving: dict[int, Hold] = field(default_factory=dict)
    """What this command has yet to put into another place, by its id: it stands in nobody's way."""

    def let_go(self, hold: Hold, wish: Wish | None) -> None:
        """Know beforehand that a hold will be given back, or another one will take its place: two
        rows may exchange their times, and the first one does not wait for the second."""
        if wish is None or not _is_as_wished(hold, wish):
            self.leaving[hold.pk] = hold

    def take(
        self, request: Any, key: HoldKey, wish: Wish, title: str, before: Hold | None
    ) -> Hold | StepTrouble:
        """The hold that a step has from now on: the one from before where it says the same, or a
        new one in its place; or why it cannot be."""
        if before is not None:
            self.leaving.pop(before.pk, None)
        trouble_or_hold = (
            self._booking(wish, title, before)
            if isinstance(wish, BookingWish)
            else self._draw(wish, title, before)
        )
        if isinstance(trouble_or_hold, StepTrouble):
            return trouble_or_hold
        hold = trouble_or_hold
        if before is not None and _says_same(hold, before):
            return before
        hold.request, hold.made_at = request, self.now
        hold.step_key, hold.place, hold.purpose = key.step, key.place, key.purpose
        if before is not None:
            self.give_back(before, REPLACED)
        self.changes.make(hold)
        self._count(hold, 1)
        return hold

    def give_back(self, hold: Hold, why: str) -> None:
        """What was held is free for what comes after."""
        self._count(hold, -1)
        self.changes.release(hold, why)

    def confirm(self, hold: Hold) -> None:
        """What is held stays."""
        self.changes.confirm(hold, self.now)

    def _count(self, hold: Hold, sign: int) -> None:
        for period in self.periods.get(hold.resource_id, ()):
            if period.pk == hold.period_id:
                period.held_units += sign * (hold.units or 0)
        if hold.starts_at is not None and sign > 0:
            self.bookings.append(hold)
        elif hold in self.bookings:
            self.bookings.remove(hold)

    # -- bookings --------------------------------------------------------------------------

    def _booking(self, wish: BookingWish, title: str, before: Hold | None) -> Hold | StepTrouble:
        resource = self._resource(wish.resource, wish.group, before)
        if resource is None or resource.is_budget:
            return HoldUnclear(title, UNKNOWN, resource=wish.resource)
        hold = Hold(
            resource=resource,
            starts_at=wish.starts,
            ends_at=wish.ends,
            count=wish.count,
            is_exclusive=resource.capacity == 1,
        )
        if before is not None and _says_same(hold, before):
            return hold
        if not is_open_for(resource, wish.starts, wish.ends, whole_days=wish.whole_days):
            return HoldUnclear(title, CLOSED, resource=resource.name)
        if is_away(resource, wish.starts, wish.ends):
            return HoldUnclear(title, AWAY, resource=resource.name)
        return self._room_trouble(resource, wish, title, before) or hold

    def _room_trouble(
        self, resource: Resource, wish: BookingWish, title: str, before: Hold | None
    ) -> NoRoom | None:
        others = [
            hold
            for hold in self.bookings
            if hold.resource_id == resource.pk and hold != before and hold.pk not in self.leaving
        ]
        inside = [_taken(hold) for hold in others]
        inside = [one for one in inside if one.starts < wish.ends and one.ends > wish.starts]
        free = max(0, resource.capacity - most_taken(inside, wish.starts, wish.ends))
        if wish.count <= free:
            return None
        spans = [[one.starts.isoformat(), one.ends.isoformat()] for one in inside[:MOST_SPANS]]
        return NoRoom(
            title,
            resource.name,
            wish.starts.isoformat(),
            wish.ends.isoformat(),
            wish.count,
            free,
            spans,
            resource.key,
        )

    # -- budgets ---------------------------------------------------------------------------

    def _draw(self, wish: SpendingWish, title: str, before: Hold | None) -> Hold | StepTrouble:
        budget = self._resource(wish.budget, wish.group, before)
        if budget is None or not budget.is_budget:
            return HoldUnclear(title, UNKNOWN, resource=wish.budget)
        if wish.currency not in (None, budget.currency):
            return HoldUnclear(title, CURRENCY, resource=budget.name)
        units = units_of_amount(wish.amount, budget.currency)
        if units is None:
            return HoldUnclear(title, UNEVEN, resource=budget.name)
        period = self._period(budget, wish, before)
        if period is None:
            return HoldUnclear(title, NO_PERIOD, resource=budget.name)
        mine = before.units or 0 if before is not None and before.period_id == period.pk else 0
        freed = sum(
            hold.units or 0 for hold in self.leaving.values() if hold.period_id == period.pk
        )
        left = period.left_units + mine + freed
        if units > left:
            wanted, remaining = (str(amount_of_units(n, budget.currency)) for n in (units, left))
            return BudgetExceeded(title, budget.name, wanted, remaining, budget.currency)
        return Hold(resource=budget, period=period, units=units)

    def _period(
        self, budget: Resource, wish: SpendingWish, before: Hold | None
    ) -> BudgetPeriod | None:
        """The period of the day that is said; without one that of today, or the one from before."""
        periods = self.periods.get(budget.pk, [])
        if wish.day is None and before is not None and before.resource_id == budget.pk:
            return next((period for period in periods if period.pk == before.period_id), None)
        day = to_zone_time(wish.day or self.now, timezone.get_default_timezone()).date()
        return next((row for row in periods if row.first_day <= day <= row.last_day), None)

    def _resource(self, key: str, group: str | None, before: Hold | None) -> Resource | None:
        """The resource of this key and group, if it is in use, or is the one from before."""
        resource = self.resources.get(key)
        if resource is None or (group is not None and resource.group != group):
            return None
        is_kept = before is not None and before.resource_id == resource.pk
        return resource if is_kept or is_in_use(resource) else None


def open_desk(
    wishes: Iterable[Wish],
    live: Sequence[Hold],
    changes: HoldChanges,
    now: datetime,
    *,
    take_resources: Callable[[Iterable[int]], list[Resource]] = lock_resources,
) -> HoldDesk:
    """Lock the resources that wishes name and that are held, all at once. Four statements at most.

    The request's row is locked before: nobody locks a request while they have a resource.
    """
    wished = list(wishes)
    keys = {wish.resource if isinstance(wish, BookingWish) else wish.budget for wish in wished}
    ids = set(Resource.objects.filter(key__in=keys).values_list("pk", flat=True)) if keys else set()
    locked = take_resources(ids | {hold.resource_id for hold in live})
    desk = HoldDesk(now, changes, {resource.key: resource for resource in locked})
    spans = [
        (desk.resources[wish.resource].pk, wish.starts, wish.ends)
        for wish in wished
        if isinstance(wish, BookingWish) and wish.resource in desk.resources
    ]
    mine = {hold.pk: hold for hold in live}
    desk.bookings = [mine.get(hold.pk, hold) for hold in find_bookings(spans)]
    budgets = [resource.pk for resource in locked if resource.is_budget]
    for period in BudgetPeriod.objects.filter(resource__in=budgets) if budgets else ():
        desk.periods.setdefault(period.resource_id, []).append(period)
    return desk


def _taken(hold: Hold) -> Taken:
    assert hold.starts_at is not None
    assert hold.ends_at is not None
    return Taken(starts=hold.starts_at, ends=hold.ends_at, count=hold.count)


def _is_as_wished(hold: Hold, wish: Wish) -> bool:
    if isinstance(wish, SpendingWish):
        currency = hold.resource.currency
        is_as_much = hold.units == units_of_amount(wish.amount, currency)
        return is_as_much and hold.resource.key == wish.budget
    wished = (wish.resource, wish.starts, wish.ends, wish.count)
    return wished == (hold.resource.key, hold.starts_at, hold.ends_at, hold.count)


def _says_same(hold: Hold, before: Hold) -> bool:
    names = ("resource_id", "period_id", "starts_at", "ends_at", "units", "count")
    same = all(getattr(hold, name) == getattr(before, name) for name in names)
    return same and before.state != HoldState.RELEASED
