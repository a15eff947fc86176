"""Which resources there are, whose they are, and how they are called."""

import time
from collections.abc import Iterable, Mapping
from typing import Final

from django.db.models import Q, QuerySet

from workflows.people.models import User
from workflows.resources.models import Resource

CACHE_SECONDS: Final = 30.0
_names: dict[str, tuple[float, Mapping[str, str]]] = {}


def answers_for_resource(user: User, resource: Resource) -> bool:
    """Whether it is this person's: its owner or its deputy."""
    return user.pk is not None and user.pk in (resource.owner_id, resource.deputy_id)


def is_in_use(resource: Resource) -> bool:
    """Whether it can be chosen: it is not switched off, nor somebody whose account is closed."""
    return resource.is_active and (resource.person is None or resource.person.is_active)


def offered_resources(group: str) -> QuerySet[Resource]:
    """Those of a group that can be chosen."""
    there = Q(person=None) | Q(person__is_active=True)
    return Resource.objects.filter(there, group=group, is_active=True).order_by("name", "key")


def find_offered_keys(group: str, written: Iterable[str]) -> dict[str, str]:
    """Of these keys, in whatever letters they are written, those of a group that can be chosen, as
    they are kept. One statement."""
    keys = {key.casefold(): key for key in offered_resources(group).values_list("key", flat=True)}
    return {each: keys[each.casefold()] for each in written if each.casefold() in keys}


def resource_names() -> Mapping[str, str]:
    """How resources are called, by their keys; kept in the process for a little while."""
    kept = _names.get("all")
    if kept is None or kept[0] < time.monotonic():
        names = dict(Resource.objects.values_list("key", "name"))
        kept = _names["all"] = (time.monotonic() + CACHE_SECONDS, names)
    return kept[1]


def forget_resource_names() -> None:
    """Empty the cache (a resource was just changed here, or a test's database)."""
    _names.clear()
