"""The pages of resources: what there is, and who has what when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from approvals.ui.formats import person_name, requester_of
from approvals.ui.tables import Column, ReportTable
from workflows.engine.timing.dates import is_allowed_date
from workflows.engine.values.resource_amounts import amount_of_units
from workflows.language.formats import date_text, moment_text, money_text
from workflows.people.models import Absence, User
from workflows.resources.models import BudgetPeriod, Resource
from workflows.resources.queries.free_time import away_times
from workflows.resources.queries.holders import (
    Holding,
    bookings_of,
    draws_on,
    find_next_booking,
    periods_of,
    visible_resources,
)
from workflows.resources.queries.resources import is_in_use
from workflows.resources.queries.standing import Standing, find_standings
from workflows.resources.services.resources import may_change_resource

SOMEBODY = gettext_lazy("somebody")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePage:
    """One resource: what of it is had, in a week or of its periods."""

    resource: Resource
    table: ReportTable[Any]
    periods: ReportTable[Any] | None
    monday: date | None
    changes: bool
    holdings: Sequence[Holding]
    away: Sequence[Absence] = ()
    next_at: datetime | None = None
    """When it is had the next time after the week that is shown."""

    @property
    def sunday(self) -> date | None:
        """The last day of the week that is shown."""
        return self.monday + timedelta(days=6) if self.monday else None

    @property
    def week_before(self) -> str:
        """As an address writes it."""
        return _week_address(self.monday, -7)

    @property
    def week_after(self) -> str:
        """As an address writes it."""
        return _week_address(self.monday, 7)


def _week_address(monday: date | None, days: int) -> str:
    if monday is None:
        return ""
    other = monday + timedelta(days=days)
    return other.isoformat() if is_allowed_date(other) else ""


def resource_list(user: User, now: datetime) -> ReportTable[Resource]:
    """What somebody may see, and how it stands at a moment. Four statements."""
    rows = list(visible_resources(user))
    standings = find_standings(rows, now)
    return ReportTable(
        key="resources",
        as_cards=True,
        columns=[
            Column(
                gettext_lazy("Resource"),
                "resource",
                lambda row: row.name,
                href=lambda row: reverse("approvals:resource", args=[row.key]),
            ),
            Column(gettext_lazy("Key"), "key", lambda row: row.key),
            Column(gettext_lazy("Group"), "group", lambda row: row.group),
            Column(
                gettext_lazy("Kind"), "kind", lambda row: row.kind, text=lambda row: _kind_text(row)
            ),
            Column(gettext_lazy("Owner"), "owner", lambda row: person_name(row.owner)),
            Column(
                gettext_lazy("Now"),
                "now",
                is_in_use,
                text=lambda row: _now_text(row, standings[row.pk]),
            ),
        ],
        rows=rows,
    )


def _now_text(row: Resource, now: Standing) -> str:
    if not is_in_use(row):
        return gettext("account closed") if row.is_active else gettext("switched off")
    if row.is_budget:
        if now.left_units is None:
            return gettext("no amount for today")
        return gettext("%(amount)s left") % {"amount": _money(now.left_units, row)}
    if now.is_away:
        return gettext("away")
    if not now.taken:
        return gettext("free")
    if row.capacity == 1:
        return gettext("taken until %(moment)s") % {"moment": _moment(now.until)}
    return gettext("%(taken)s of %(capacity)s taken") % {
        "taken": now.taken,
        "capacity": row.capacity,
    }


def _kind_text(row: Resource) -> str:
    if row.is_budget:
        return gettext("budget in %(currency)s") % {"currency": row.currency}
    return gettext("%(count)s at a time") % {"count": row.capacity}


def resource_page(user: User, resource: Resource, week: str) -> ResourcePage:
    """The page of a resource that somebody may see, in the week of a day (of now, where that is no
    day)."""
    away: list[Absence] = []
    next_at = None
    if resource.is_budget:
        holdings = draws_on(resource, user)
        table, periods = _draws_table(holdings), _periods_table(periods_of(resource))
        monday = None
    else:
        monday = _monday_of(week)
        begin = timezone.make_aware(datetime.combine(monday, time()))
        end = timezone.make_aware(datetime.combine(monday + timedelta(days=7), time()))
        holdings = bookings_of(resource, begin, end, user)
        table, periods = _bookings_table(holdings), None
        next_at = find_next_booking(resource, end)
        if resource.person_id is not None:
            away = list(away_times(resource, begin, end))
    return ResourcePage(
        resource=resource,
        table=table,
        periods=periods,
        monday=monday,
        changes=may_change_resource(user, resource),
        holdings=holdings,
        away=away,
        next_at=next_at,
    )


def _monday_of(written: str) -> date:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        day = timezone.localdate()
    # A week further on either side is still a date.
    if not (is_allowed_date(day) and is_allowed_date(day + timedelta(days=7))):
        day = timezone.localdate()
    return day - timedelta(days=day.weekday())


def _bookings_table(holdings: Sequence[Holding]) -> ReportTable[Holding]:
    return ReportTable(
        key="bookings",
        as_cards=True,
        columns=[
            Column(
                gettext_lazy("From"),
                "from",
                lambda row: row.hold.starts_at,
                text=lambda row: _moment(row.hold.starts_at),
            ),
            Column(
                gettext_lazy("Until"),
                "until",
                lambda row: row.hold.ends_at,
                text=lambda row: _moment(row.hold.ends_at),
            ),
            Column(gettext_lazy("How many"), "count", lambda row: row.hold.count),
            *_holder_columns(),
        ],
        rows=holdings,
    )


def _draws_table(holdings: Sequence[Holding]) -> ReportTable[Holding]:
    return ReportTable(
        key="draws",
        as_cards=True,
        columns=[
            Column(
                gettext_lazy("Since"),
                "since",
                lambda row: row.hold.made_at,
                text=lambda row: moment_text(row.hold.made_at),
            ),
            Column(
                gettext_lazy("Amount"),
                "amount",
                lambda row: amount_of_units(row.hold.units or 0, row.hold.resource.currency),
                text=lambda row: _money(row.hold.units, row.hold.resource),
            ),
            Column(
                gettext_lazy("Currency"),
                "currency",
                lambda row: row.hold.resource.currency,
                on_page=False,
            ),
            Column(
                gettext_lazy("Period"),
                "period",
                lambda row: _first_day(row).isoformat(),
                text=lambda row: _period_text(row.hold.period),
            ),
            *_holder_columns(),
        ],
        rows=holdings,
    )


def _first_day(row: Holding) -> date:
    assert row.hold.period is not None
    return row.hold.period.first_day


def _period_text(period: BudgetPeriod | None) -> str:
    assert period is not None
    days = {"first": date_text(period.first_day), "last": date_text(period.last_day)}
    return gettext("%(first)s to %(last)s") % days


def _moment(moment: datetime | None) -> str:
    assert moment is not None
    return moment_text(moment)


def _money(units: int | None, resource: Resource) -> str:
    return money_text(amount_of_units(units or 0, resource.currency), resource.currency)


def _holder_columns() -> list[Column[Holding]]:
    """Whose it is, where the reader may know."""
    return [
        Column(
            gettext_lazy("State"),
            "state",
            lambda row: row.hold.state,
            text=lambda row: str(row.hold.get_state_display()),
        ),
        Column(
            gettext_lazy("Request"),
            "request",
            lambda row: row.hold.request.reference if row.is_named else "",
            text=lambda row: row.hold.request.reference if row.is_named else str(SOMEBODY),
            href=lambda row: (
                reverse("approvals:request", args=[row.hold.request.reference])
                if row.is_named
                else ""
            ),
        ),
        Column(
            gettext_lazy("Requester"),
            "requester",
            lambda row: row.hold.request.requester_name if row.is_named else "",
            text=lambda row: requester_of(row.hold.request) if row.is_named else "",
        ),
    ]


def _periods_table(periods: Sequence[BudgetPeriod]) -> ReportTable[BudgetPeriod]:
    return ReportTable(
        key="periods",
        as_cards=True,
        columns=[
            Column(
                gettext_lazy("Period"),
                "first_day",
                lambda row: row.first_day.isoformat(),
                text=_period_text,
            ),
            *(
                Column(heading, name, _units(attribute), text=_units_text(attribute))
                for heading, name, attribute in (
                    (gettext_lazy("Amount"), "amount", "units"),
                    (gettext_lazy("Held"), "held", "held_units"),
                    (gettext_lazy("Spent"), "spent", "spent_units"),
                    (gettext_lazy("Left"), "left", "left_units"),
                )
            ),
        ],
        rows=periods,
    )


def _units(attribute: str) -> Any:
    return lambda row: amount_of_units(getattr(row, attribute), row.resource.currency)


def _units_text(attribute: str) -> Any:
    return lambda row: _money(getattr(row, attribute), row.resource)
