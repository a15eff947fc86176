"""What the API says of rooms, equipment and budgets."""

from datetime import date, datetime

from ninja import Schema


class ResourceOut(Schema):
    """A room, a car, a budget: how many may have it at a time, or its currency."""

    key: str
    name: str
    kind: str
    group: str
    capacity: int
    calendar: str | None
    currency: str | None
    owner: str
    person: str | None
    in_use: bool


class ResourcesOut(Schema):
    """Resources, group by group."""

    resources: list[ResourceOut]


class TakenOut(Schema):
    """One time at which a resource is had, or one amount that is held or spent of a budget; whose
    it is, where the caller may know."""

    state: str
    starts: datetime | None
    until: datetime | None
    count: int | None
    amount: str | None
    request: str | None


class PeriodOut(Schema):
    """How much of a budget there is, is held, spent and left, from a first to a last day."""

    first_day: date
    last_day: date
    amount: str
    held: str
    spent: str
    left: str


class AwayTimeOut(Schema):
    """A time in which the person whose time is booked is away."""

    starts: datetime
    until: datetime


class BusyOut(Schema):
    """When a resource is had, or is somebody who is away; of a budget its periods besides."""

    resource: str
    taken: list[TakenOut]
    away: list[AwayTimeOut]
    periods: list[PeriodOut]


class HoldOut(Schema):
    """What a request has of a resource: for which step (in a branch for each row, for which rows,
    from 0), and whether it stays."""

    resource: str
    step: str
    rows: list[int]
    state: str
    starts: datetime | None
    until: datetime | None
    count: int | None
    amount: str | None
    currency: str | None
