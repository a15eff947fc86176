"""Who has what when, as far as somebody may know it.

Whoever is signed in sees when a room is taken. By whom, and what is held and spent of a budget, see
its owner and deputy, those who may look at resources, and superusers; whoever may see a request
sees what it has, but for what is said by fields that they may not see.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from workflows.definitions.queries.compiled_versions import VersionMap, cached_map
from workflows.engine.errors import NotFound
from workflows.engine.routing.holds import fields_behind_hold
from workflows.engine.texts import text
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.sight.field_sight import FieldSight
from workflows.people.models import User
from workflows.resources.choices import LIVE_STATES, HoldPurpose, ResourceKind
from workflows.resources.models import BudgetPeriod, Hold, Resource
from workflows.resources.queries.resources import answers_for_resource

VIEW_RESOURCES = "workflows.view_resource"
NO_RESOURCE = text("There is no such resource, or it is not yours to see.")


@dataclass(frozen=True, slots=True)
class Holding:
    """One thing that is had; `is_named` where the reader may know whose it is."""

    hold: Hold
    is_named: bool


def may_see_holders(user: User, resource: Resource) -> bool:
    """Whether somebody may know by whom a resource is had."""
    return user.is_active and (
        user.is_superuser or answers_for_resource(user, resource) or user.has_perm(VIEW_RESOURCES)
    )


def visible_resources(user: User) -> QuerySet[Resource]:
    """What can be booked, and the budgets of which somebody may know."""
    rows = Resource.objects.select_related("owner", "deputy", "person").order_by(
        "group", "name", "pk"
    )
    if user.is_superuser or user.has_perm(VIEW_RESOURCES):
        return rows
    theirs = Q(owner=user) | Q(deputy=user)
    return rows.filter(Q(kind=ResourceKind.BOOKABLE, is_active=True) | theirs)


def find_visible_resource(user: User, key: str) -> Resource:
    """The resource of this key. Raises NotFound where somebody may not see it."""
    resource = visible_resources(user).filter(key=key).first()
    if resource is None:
        raise NotFound(NO_RESOURCE)
    return resource


def bookings_of(resource: Resource, starts: datetime, ends: datetime, user: User) -> list[Holding]:
    """What is had of a resource within a span, in its order. Three statements."""
    rows = Hold.objects.filter(
        resource=resource,
        purpose=HoldPurpose.BOOKS,
        state__in=LIVE_STATES,
        starts_at__lt=ends,
        ends_at__gt=starts,
    )
    return _named(rows.order_by("starts_at", "pk"), resource, user)


def find_next_booking(resource: Resource, after: datetime) -> datetime | None:
    """When a resource is had the next time from a moment on. One statement."""
    rows = Hold.objects.filter(
        resource=resource, purpose=HoldPurpose.BOOKS, state__in=LIVE_STATES, starts_at__gte=after
    )
    return rows.order_by("starts_at").values_list("starts_at", flat=True).first()


def draws_on(resource: Resource, user: User) -> list[Holding]:
    """What is held and spent of a budget, the newest first. Two statements."""
    rows = Hold.objects.filter(resource=resource, purpose=HoldPurpose.SPENDS, state__in=LIVE_STATES)
    return _named(rows.select_related("period").order_by("-made_at", "-pk"), resource, user)


def _named(rows: QuerySet[Hold], resource: Resource, user: User) -> list[Holding]:
    holds = list(rows.select_related("resource", "request__template", "request__requester"))
    if may_see_holders(user, resource):
        return [Holding(hold, is_named=True) for hold in holds]
    seen, sight = _visible_request_ids(user, [hold.request_id for hold in holds]), FieldSight(user)
    return [Holding(hold, hold.request_id in seen and _is_shown_by(sight, hold)) for hold in holds]


def _is_shown_by(sight: FieldSight, hold: Hold) -> bool:
    version_map = cached_map(hold.request.version_id)
    return not is_said_by(hold, version_map, sight.hidden_fields(hold.request, version_map))


def is_said_by(hold: Hold, version_map: VersionMap, fields: Collection[str]) -> bool:
    """Whether one of these fields says what is held."""
    said = fields_behind_hold(version_map.graph, hold.step_key, hold.purpose)
    return not said.isdisjoint(fields)


def _visible_request_ids(user: User, ids: Iterable[int]) -> set[int]:
    wanted = list(ids)
    if not wanted:
        return set()
    requests = WorkflowInstance.objects.visible_to(user).filter(pk__in=wanted)
    return set(requests.values_list("pk", flat=True))


def holds_of_request(request_id: int) -> list[Hold]:
    """What a request has now. One statement."""
    rows = Hold.objects.filter(request=request_id, state__in=LIVE_STATES)
    return list(rows.select_related("resource").order_by("pk"))


def periods_of(resource: Resource) -> list[BudgetPeriod]:
    """The periods of a budget: the one that it is in, those to come by their days, and those that
    are over, the last first. One statement."""
    today = timezone.localdate()
    rows = list(resource.periods.select_related("resource").order_by("first_day"))
    over = [row for row in rows if row.last_day < today]
    return [*(row for row in rows if row.last_day >= today), *reversed(over)]


def find_hold(resource: Resource, hold_id: int) -> Hold:
    """What is held of a resource, by its number. Raises NotFound."""
    hold = resource.holds.select_related("request").filter(pk=hold_id).first()
    if hold is None:
        raise NotFound(NO_RESOURCE)
    return hold
