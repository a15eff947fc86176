"""Commands by which people keep filters of their inbox, call them otherwise, and drop them.

A filter is how somebody looks, not what was done: it leaves no row in the trail.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from workflows.engine.errors import InvalidInput, NotFound
from workflows.people.models import SavedFilter, User

MOST_FILTERS = 12
"""So many filters are kept for a person: each is counted whenever the inbox is opened."""
LONGEST_NAME = 60


@transaction.atomic
def save_filter(name: str, chosen: Mapping[str, str], *, actor: User, now: datetime) -> SavedFilter:
    """Keep a filter. Raises InvalidInput for one that narrows nothing, a name that is missing or
    taken, and where there are enough."""
    if not chosen:
        raise InvalidInput("This shows everything; choose filters first, then save them.")
    User.objects.select_for_update().get(pk=actor.pk)
    if SavedFilter.objects.filter(person=actor).count() >= MOST_FILTERS:
        raise InvalidInput(
            "You have %(most)s saved filters; delete one before you save another.",
            most=MOST_FILTERS,
        )
    free_name = _require_free_name(name, actor)
    return SavedFilter.objects.create(
        person=actor, name=free_name, chosen=dict(chosen), saved_at=now
    )


@transaction.atomic
def rename_filter(filter_id: int, name: str, *, actor: User) -> SavedFilter:
    """Call one's filter otherwise. Raises NotFound for another's, InvalidInput for the name."""
    row = _own_filter(filter_id, actor)
    row.name = _require_free_name(name, actor, besides=row)
    row.save(update_fields=["name"])
    return row


@transaction.atomic
def delete_filter(filter_id: int, *, actor: User) -> SavedFilter:
    """Keep one's filter no longer. Raises NotFound for another's."""
    row = _own_filter(filter_id, actor)
    SavedFilter.objects.filter(pk=row.pk).delete()
    return row


def _own_filter(filter_id: int, actor: User) -> SavedFilter:
    row = SavedFilter.objects.filter(pk=filter_id, person=actor).first()
    if row is None:
        raise NotFound("There is no such filter, or it is not yours.")
    return row


def _require_free_name(name: str, actor: User, besides: SavedFilter | None = None) -> str:
    cleaned = " ".join(name.replace("\x00", "").split())
    if not cleaned:
        raise InvalidInput("Give the filter a name.")
    if len(cleaned) > LONGEST_NAME:
        raise InvalidInput("The name is too long; %(most)s characters are kept.", most=LONGEST_NAME)
    same_name = SavedFilter.objects.filter(person=actor, name=cleaned).first()
    if same_name is not None and same_name != besides:
        raise InvalidInput(
            "You have a filter '%(name)s' already; choose another name.", name=cleaned
        )
    return cleaned
