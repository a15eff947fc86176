"""What one command makes of holds, collected while it works and written when it is saved.

It is written in a few statements, under the locks of the request and of the resources.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F

from workflows.resources.choices import LIVE_STATES, HoldState
from workflows.resources.models import BudgetPeriod, Hold


@dataclass(slots=True)
class HoldChanges:
    """New holds, those that are given back (and why), those that are confirmed."""

    made: list[Hold] = field(default_factory=list)
    released: list[tuple[Hold, str]] = field(default_factory=list)
    confirmed: list[Hold] = field(default_factory=list)
    counted: dict[int, tuple[int, int]] = field(default_factory=dict)
    """What a period's held and spent amounts change by, by its id."""

    def make(self, hold: Hold) -> None:
        """Something is held from now on."""
        self.made.append(hold)
        self._count(hold, hold.state, 1)

    def release(self, hold: Hold, why: str) -> None:
        """Something is not held any more."""
        self._count(hold, hold.state, -1)
        hold.state = HoldState.RELEASED
        if hold.pk is None:
            self.made.remove(hold)
        else:
            self.released.append((hold, why))

    def confirm(self, hold: Hold, now: datetime) -> None:
        """What is held stays."""
        self._count(hold, hold.state, -1)
        hold.state, hold.confirmed_at = HoldState.CONFIRMED, now
        self._count(hold, hold.state, 1)
        if hold.pk is not None:
            self.confirmed.append(hold)

    def _count(self, hold: Hold, state: str, sign: int) -> None:
        if hold.period_id is None:
            return
        units = sign * (hold.units or 0)
        held, spent = self.counted.get(hold.period_id, (0, 0))
        if state == HoldState.CONFIRMED:
            spent += units
        else:
            held += units
        self.counted[hold.period_id] = held, spent


def write_hold_changes(changes: HoldChanges, now: datetime) -> None:
    """Write what was collected: first what is given back, then what takes its place."""
    _release(changes.released, now)
    still = [hold.pk for hold in changes.confirmed if hold.state == HoldState.CONFIRMED]
    if still:
        rows = Hold.objects.filter(pk__in=still, state=HoldState.HELD)
        rows.update(state=HoldState.CONFIRMED, confirmed_at=now)
    for period, (held, spent) in sorted(changes.counted.items()):
        if held or spent:
            BudgetPeriod.objects.filter(pk=period).update(
                held_units=F("held_units") + held, spent_units=F("spent_units") + spent
            )
    Hold.objects.bulk_create(changes.made)


def _release(released: Sequence[tuple[Hold, str]], now: datetime) -> None:
    by_reason: defaultdict[str, list[int]] = defaultdict(list)
    for hold, why in released:
        by_reason[why].append(hold.pk)
    for why, ids in by_reason.items():
        rows = Hold.objects.filter(pk__in=ids, state__in=LIVE_STATES)
        rows.update(state=HoldState.RELEASED, released_at=now, release_code=why)
