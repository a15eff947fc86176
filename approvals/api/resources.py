"""Calls on resources: what there is, and when it is had."""

from datetime import datetime, timedelta
from typing import Final

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Router

from approvals.api.authentication import authorized_user
from approvals.api.responses import READ_REFUSALS, documented_responses, schema_response
from approvals.api.schemas.resources import (
    AwayTimeOut,
    BusyOut,
    HoldOut,
    PeriodOut,
    ResourceOut,
    ResourcesOut,
    TakenOut,
)
from workflows.access.models import ApiToken
from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.errors import InvalidInput
from workflows.engine.routing.rows import read_rows
from workflows.engine.timing.dates import is_allowed_moment
from workflows.engine.values.resource_amounts import amount_of_units
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User
from workflows.resources.models import BudgetPeriod, Hold, Resource
from workflows.resources.queries.free_time import away_times
from workflows.resources.queries.holders import (
    Holding,
    bookings_of,
    draws_on,
    find_visible_resource,
    periods_of,
    visible_resources,
)
from workflows.resources.queries.resources import is_in_use
from workflows.resources.queries.visible_holds import visible_holds

router = Router(tags=["resources"])
WEEK: Final = timedelta(days=7)
LONGEST: Final = timedelta(days=366)


@router.get(
    "/resources",
    operation_id="resources",
    url_name="resources",
    summary="Resources",
    response=documented_responses(ResourcesOut, refusals=(400, 401, 403, 405, 422, 429, 500)),
)
def read_resources_call(request: HttpRequest) -> JsonResponse:
    """What can be booked, and the budgets of which the caller may know."""
    user = authorized_user(request, ApiToken.READ)
    rows = [_resource_out(row) for row in visible_resources(user)]
    return schema_response(ResourcesOut(resources=rows))


@router.get(
    "/resources/{str:resource_key}/busy",
    operation_id="busy",
    url_name="busy",
    summary="When a resource is had",
    response=documented_responses(BusyOut, refusals=READ_REFUSALS),
)
def read_busy_call(
    request: HttpRequest,
    resource_key: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> JsonResponse:
    """When a resource is had from one moment (now) until another (a week later); of a budget how
    much is held, spent and left, and by which requests. Whose it is, where the caller may know."""
    user = authorized_user(request, ApiToken.READ)
    resource = find_visible_resource(user, resource_key)
    if resource.is_budget:
        holdings, periods, away = draws_on(resource, user), periods_of(resource), []
    else:
        begin, end = _span(since, until)
        holdings, periods = bookings_of(resource, begin, end, user), []
        away = list(away_times(resource, begin, end)) if resource.person_id else []
    return schema_response(
        BusyOut(
            resource=resource.key,
            taken=[_taken_out(holding) for holding in holdings],
            periods=[_period_out(period) for period in periods],
            away=[AwayTimeOut(starts=row.begins_at, until=row.ends_at) for row in away],
        )
    )


def _span(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    zone = timezone.get_default_timezone()
    moments = [moment for moment in (since, until) if moment is not None]
    if any(moment.tzinfo is None or not is_allowed_moment(moment, zone) for moment in moments):
        raise InvalidInput("Write moments with their zone, such as 2026-03-05T10:00:00Z.")
    begin = since or timezone.now()
    end = until or begin + WEEK
    if not begin < end <= begin + LONGEST:
        raise InvalidInput("Ask for a time that ends after it begins, a year at most.")
    return begin, end


def _resource_out(row: Resource) -> ResourceOut:
    return ResourceOut(
        key=row.key,
        name=row.name,
        kind=row.kind,
        group=row.group,
        capacity=row.capacity,
        calendar=row.calendar or None,
        currency=row.currency or None,
        owner=row.owner.get_username(),
        in_use=is_in_use(row),
        person=row.person.get_username() if row.person else None,
    )


def _taken_out(holding: Holding) -> TakenOut:
    hold = holding.hold
    return TakenOut(
        state=hold.state,
        starts=hold.starts_at,
        until=hold.ends_at,
        count=hold.count if hold.starts_at else None,
        amount=_amount(hold),
        request=hold.request.reference if holding.is_named else None,
    )


def _amount(hold: Hold) -> str | None:
    if hold.units is None:
        return None
    return str(amount_of_units(hold.units, hold.resource.currency))


def _period_out(row: BudgetPeriod) -> PeriodOut:
    def amount(units: int) -> str:
        return str(amount_of_units(units, row.resource.currency))

    return PeriodOut(
        first_day=row.first_day,
        last_day=row.last_day,
        amount=amount(row.units),
        held=amount(row.held_units),
        spent=amount(row.spent_units),
        left=amount(row.left_units),
    )


def holds_out(user: User, instance: WorkflowInstance, version_map: VersionMap) -> list[HoldOut]:
    """What a request has, as far as the caller may see the fields that say so."""
    return [
        HoldOut(
            resource=hold.resource.key,
            step=hold.step_key,
            rows=list(read_rows(hold.place)),
            state=hold.state,
            starts=hold.starts_at,
            until=hold.ends_at,
            count=hold.count if hold.starts_at else None,
            amount=_amount(hold),
            currency=hold.resource.currency or None,
        )
        for hold in visible_holds(user, instance, version_map)
    ]
