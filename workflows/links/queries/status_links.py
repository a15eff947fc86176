"""Status links: by their address for everybody, and of a request for who may make them."""

from datetime import datetime

from django.db.models import QuerySet

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.actor_facets import capacity_over
from workflows.execution.queries.facets import RowsFacet
from workflows.links.models import StatusLink
from workflows.links.queries.addresses import STATUS_SALT, read_signed_name
from workflows.people.models import User
from workflows.persistence.prepared_queries import ANY_ROW
from workflows.trail.choices import TrailCapacity

MOST_LINKS = 100
"""A page shows the newest of them."""


def _links_of_any() -> QuerySet[StatusLink]:
    rows = StatusLink.objects.filter(request=ANY_ROW).select_related("made_by", "withdrawn_by")
    return rows.order_by("-pk")[:MOST_LINKS]


STATUS_LINKS = RowsFacet(_links_of_any)


def find_status_link(token: str, now: datetime) -> StatusLink | None:
    """The link that this opens now, with its request.

    One statement, whatever the text is: what was never signed, has run out, was withdrawn or is of
    a request that is not here takes the same way.
    """
    rows = StatusLink.objects.select_related("request__template", "request__version")
    usable = rows.filter(withdrawn_at=None, expires_at__gt=now)
    here = usable.exclude(request__state__in=WorkflowInstance.NOT_HERE)
    return here.filter(name=read_signed_name(token, STATUS_SALT)).first()


def status_links_of(instance: WorkflowInstance) -> list[StatusLink]:
    """The links of a request, the newest first. One statement, or none where they came with it."""
    return sorted(STATUS_LINKS.rows_of(instance), key=lambda link: -link.pk)


def status_link_capacity(user: User, instance: WorkflowInstance) -> TrailCapacity | None:
    """As what this person makes and withdraws links of a request: its requester, or who answers
    for its workflow; None for everybody else."""
    if instance.requester_id is not None and instance.requester_id == user.pk:
        return TrailCapacity.REQUESTER
    return capacity_over(instance, user)


def has_status_links(instance: WorkflowInstance) -> bool:
    """Whether the request's map lets links be made (`status_link: false` does not)."""
    return cached_map(instance.version_id).graph.definition.status_link is not False
