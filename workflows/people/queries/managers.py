"""Who is above whom, as the directory of people says it."""

from collections.abc import Mapping

from workflows.people.models import User


def managers_by_person() -> dict[int, int | None]:
    """Everybody's manager, of those who have one. One statement."""
    return dict(User.objects.exclude(manager=None).values_list("pk", "manager"))


def leads_back(start: int, managers: Mapping[int, int | None]) -> bool:
    """Whether somebody is above themselves, however far up. Stops at any circle."""
    above, seen = managers.get(start), set[int]()
    while above is not None and above not in seen:
        if above == start:
            return True
        seen.add(above)
        above = managers.get(above)
    return False
