"""What customer workshops need: rooms, kits and a cost centre, and a diary of who comes when."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.utils import timezone

from workflows.engine.values.resource_amounts import units_of_amount
from workflows.people.models import User
from workflows.persistence.row_edits import RowEdits
from workflows.resources.choices import ResourceKind
from workflows.resources.models import BudgetPeriod, Resource
from workflows.resources.services.resources import save_resource

WORKFLOW = "customer-workshop"
BUDGET, CURRENCY, AMOUNT_A_YEAR = "sales-events", "EUR", Decimal(40_000)
ROOMS = {"harbour": "Harbour room", "attic": "Attic room"}
KITS = {"microscope-kit": "Microscope kit", "oven-kit": "Oven kit"}
CUSTOMERS = (
    "Institute of Optics, Graz",
    "Delta Glass",
    "University of Brno",
    "Linden Pharma",
    "Sato Precision",
    "Harbour Labs",
)
PARTS = (
    ("Lunch for the guests", "tessa", (120, 420)),
    ("Badges and safety glasses", "ingrid", (20, 60)),
    ("Samples to measure", "leila", (40, 180)),
    ("Network for guests", "mei", (0, 1)),
    ("Printed manuals", "paul", (60, 240)),
)
HOURS = ((9, 12), (13, 16))
"""Mornings and afternoons, from one hour until another."""


def make_resources(people: Mapping[str, User], now: datetime) -> None:
    """Two rooms and two kits that Tessa looks after, and the cost centre that Marco does."""
    for group, names in (("rooms", ROOMS), ("demonstration-kits", KITS)):
        for key, name in names.items():
            values = {"kind": ResourceKind.BOOKABLE, "group": group, "deputy": people["ingrid"]}
            resource = Resource(key=key, name=name, owner=people["tessa"], **values)
            save_resource(resource, RowEdits(), by=resource.owner, now=now)
    budget = Resource(
        key=BUDGET,
        name="Sales events",
        kind=ResourceKind.BUDGET,
        group="cost-centres",
        currency=CURRENCY,
        owner=people["marco"],
        deputy=people["priya"],
    )
    years = [_year(budget, year) for year in range(now.year - 1, now.year + 3)]
    save_resource(budget, RowEdits(added=years), by=budget.owner, now=now)


def _year(budget: Resource, year: int) -> BudgetPeriod:
    units = units_of_amount(AMOUNT_A_YEAR, CURRENCY) or 0
    first, last = date(year, 1, 1), date(year, 12, 31)
    return BudgetPeriod(resource=budget, first_day=first, last_day=last, units=units)


class WorkshopDiary:
    """When customers come: no two visits have a room, or a kit, at the same time."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._taken: set[tuple[date, str]] = set()

    def draw_visit(self, asked_at: datetime) -> dict[str, Any]:
        """The values of a visit in two weeks or three, in a room that is free on that day."""
        day = _working_day(asked_at + timedelta(days=self._rng.randrange(12, 22)))
        while all((day, room) in self._taken for room in ROOMS):
            day = _working_day(day + timedelta(days=1))
        room = self._rng.choice([room for room in ROOMS if (day, room) not in self._taken])
        kits = [kit for kit in KITS if (day, kit) not in self._taken]
        kit = self._rng.choice(kits) if kits and self._rng.random() < 0.6 else None
        return self.visit_on(day, room, kit, self._rng.choice(HOURS))

    def visit_on(
        self, day: date, room: str, kit: str | None, hours: tuple[int, int]
    ) -> dict[str, Any]:
        """The values of a visit on this day; the room, and the kit, are taken from now on."""
        self._taken |= {(day, room), (day, kit or room)}
        zone = timezone.get_default_timezone()
        begin = datetime(day.year, day.month, day.day, tzinfo=zone)
        starts, ends = (begin.replace(hour=hour).isoformat() for hour in hours)
        values = {"starts": starts, "ends": ends, "room": room, "budget": BUDGET}
        return values | ({"kit": kit} if kit else {})


def draw_workshop(rng: Random) -> tuple[str, dict[str, Any]]:
    """A title and the values that say who comes and what has to be prepared."""
    customer = rng.choice(CUSTOMERS)
    parts = [
        {"what": what, "who": who, "cost": f"{rng.randrange(*cost)}.00"}
        for what, who, cost in rng.sample(PARTS, rng.randrange(2, 5))
    ]
    data = {"customer": customer, "guests": rng.randrange(4, 24), "parts": parts}
    return f"Workshop for {customer}", data


def day_of_next_visit(now: datetime) -> date:
    """A working day a week from now."""
    return _working_day(now + timedelta(days=7))


def _working_day(moment: datetime | date) -> date:
    day = moment.date() if isinstance(moment, datetime) else moment
    return day + timedelta(days=max(0, 8 - day.isoweekday()) if day.isoweekday() > 5 else 0)
