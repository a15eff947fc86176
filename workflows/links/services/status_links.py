"""Making and withdrawing status links."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.engine.texts import grouped
from workflows.execution.models import WorkflowInstance
from workflows.links.models import StatusLink
from workflows.links.queries.status_links import has_status_links, status_link_capacity
from workflows.people.models import User
from workflows.trail.choices import TrailCapacity, TrailCommand
from workflows.trail.fact_changes import StatusLinkChanged
from workflows.trail.services.recording import write_instance_fact

LIFETIMES = (7, 30, 90, 365)
"""For how many days a link can be made."""
USUAL_DAYS = 90
MOST_LINKS = 20
"""So many links of a request open something at a time."""


def make_status_link(
    instance: WorkflowInstance, *, by: User | None, days: int = USUAL_DAYS, now: datetime
) -> StatusLink:
    """A new link to where the request is. `by` is nobody where the workflow sends it."""
    capacity = _require_capacity(instance, by)
    if not has_status_links(instance):
        raise InvalidInput("The workflow's owner has switched status links off for these requests.")
    if days not in LIFETIMES:
        raise InvalidInput("Choose for how long the link is to work.")
    with transaction.atomic():
        usable = StatusLink.objects.filter(request=instance, withdrawn_at=None, expires_at__gt=now)
        if usable.count() >= MOST_LINKS:
            raise InvalidInput(
                "There are %(most)s links to this request already; withdraw one of them first.",
                most=grouped(MOST_LINKS),
            )
        link = StatusLink.objects.create(
            request=instance, made_at=now, made_by=by, expires_at=now + timedelta(days=days)
        )
        _record(link, TrailCommand.MAKE_STATUS_LINK, by, capacity, now)
    return link


def make_link_for_requester(instance: WorkflowInstance, now: datetime) -> StatusLink | None:
    """The link that the map promises to each requester (`status_link: true`); None where it does
    not. The row of the trail tells them of it."""
    is_promised = cached_map(instance.version_id).graph.definition.status_link is True
    if not is_promised or instance.requester_id is None:
        return None
    return make_status_link(instance, by=None, now=now)


def withdraw_status_link(
    instance: WorkflowInstance, link_id: int, *, by: User, now: datetime
) -> StatusLink:
    """From now on the link shows nothing. What was withdrawn stays so."""
    capacity = _require_capacity(instance, by)
    with transaction.atomic():
        rows = StatusLink.objects.select_for_update().filter(request=instance, pk=link_id)
        link = rows.first()
        if link is None:
            raise NotFound("There is no such link to this request.")
        if link.withdrawn_at is not None:
            raise WrongState("This link was withdrawn already; it shows nothing.")
        link.withdrawn_at, link.withdrawn_by = now, by
        link.save(update_fields=["withdrawn_at", "withdrawn_by"])
        _record(link, TrailCommand.WITHDRAW_STATUS_LINK, by, capacity, now)
    return link


def withdraw_links_of(person: User, *, by: User, now: datetime) -> int:
    """Somebody has left: the links that they made, and those that were sent to them, show nothing
    any more; how many there were."""
    theirs = Q(made_by=person) | Q(made_by=None, request__requester=person)
    with transaction.atomic():
        rows = StatusLink.objects.select_for_update(of=("self",)).select_related(
            "request__template", "request__version"
        )
        links = list(rows.filter(theirs, withdrawn_at=None, expires_at__gt=now).order_by("pk"))
        for link in links:
            link.withdrawn_at, link.withdrawn_by = now, by
            link.save(update_fields=["withdrawn_at", "withdrawn_by"])
            _record(link, TrailCommand.WITHDRAW_STATUS_LINK, by, None, now)
    return len(links)


def _require_capacity(instance: WorkflowInstance, by: User | None) -> TrailCapacity | None:
    capacity = status_link_capacity(by, instance) if by is not None else None
    if by is not None and (capacity is None or not by.is_active):
        raise NotAllowed(
            "Only the requester, and who answers for the workflow, make and withdraw its status"
            " links."
        )
    return capacity


def _record(
    link: StatusLink,
    command: TrailCommand,
    by: User | None,
    capacity: TrailCapacity | None,
    now: datetime,
) -> None:
    """The trail names the link by its number; what its address ends in is in no row."""
    fact = StatusLinkChanged(status_link=link.pk, until=link.expires_at.isoformat())
    write_instance_fact(link.request, command, now=now, fact=fact, actor=by, capacity=capacity)
