"""Checks whom a comment mentions before it is written: people who may see the request, or whom the
map lets it give sight."""

from collections.abc import Collection
from dataclasses import dataclass, field

from workflows.conversation.models import Comment, Mention
from workflows.conversation.queries.mentions import (
    find_people_named,
    mentioned_names,
    people_who_see,
)
from workflows.engine.errors import InvalidInput
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.people.models import User

MOST_MENTIONED = 20


@dataclass(frozen=True, slots=True)
class Mentions:
    """Whom a comment mentions, and (ids) whom of these it gives sight of its request."""

    people: list[User] = field(default_factory=list)
    given_sight: frozenset[int] = frozenset()

    @property
    def full_names(self) -> dict[str, str]:
        """Their full names by login."""
        return {person.username: person.get_full_name() for person in self.people}


def check_mentions(
    work: UnitOfWork, text: str, *, gives_sight: bool, before: Comment | None = None
) -> Mentions:
    """Whom the text of a comment mentions. `before` is the comment that is written anew: whom it
    gave sight keeps it as long as it mentions them.

    Raises InvalidInput for a name that nobody has who may see the request, unless the map lets a
    mention give sight and that is wished.
    """
    names = mentioned_names(text)
    if len(names) > MOST_MENTIONED:
        raise InvalidInput(
            "A comment mentions up to %(most)s people; leave some out.", most=MOST_MENTIONED
        )
    sighted = find_people_named(names, people_who_see(work.instance))
    without_sight = [name for name in names if name not in sighted and not name[0].isdigit()]
    added = (
        _find_those_without_sight(work, without_sight, wished=gives_sight) if without_sight else {}
    )
    people = {person.pk: person for person in (*sighted.values(), *added.values())}
    sight_kept = _sight_given_by(before) & people.keys()
    return Mentions(
        list(people.values()), frozenset(person.pk for person in added.values()) | sight_kept
    )


def _sight_given_by(comment: Comment | None) -> set[int]:
    if comment is None:
        return set()
    rows = Mention.objects.filter(comment=comment, gives_sight=True)
    return set(rows.values_list("person", flat=True))


def _find_those_without_sight(
    work: UnitOfWork, names: Collection[str], *, wished: bool
) -> dict[str, User]:
    """Those of these names who may not see the request and are to be given sight of it. Where the
    map does not allow that, nobody learns whether there is somebody of that name."""
    active = User.objects.filter(is_active=True, service_account=None)
    is_allowed = mentions_give_sight(work)
    named = find_people_named(names, active) if is_allowed else {}
    for name in names:
        if name not in named:
            raise InvalidInput(
                "“@%(name)s” is the login of nobody who may see %(reference)s. Mention somebody"
                " from the list, or write the name without the at-sign.",
                name=name,
                reference=work.instance.reference,
            )
        if not wished:
            raise InvalidInput(
                "“@%(name)s” may not see %(reference)s. Say that you want to give them sight of it,"
                " or write the name without the at-sign.",
                name=name,
                reference=work.instance.reference,
            )
    return named


def mentions_give_sight(work: UnitOfWork) -> bool:
    """Whether the request's map lets a comment give sight to whom it mentions."""
    return bool(work.map.graph.definition.mentions_give_sight)
