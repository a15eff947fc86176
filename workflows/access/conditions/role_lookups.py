"""Who the people of a role are: the half of each role finder that knows the site's people.

Lists are asked in SQL, from the entries that were written down when the map was published; a
person who is found in each request is looked up for many requests at once. Nothing here imports a
model.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Protocol

from django.db.models import Q

from workflows.engine.format.role_finders import GROUPS, ROLE_FINDERS, USERS, RoleFinder
from workflows.engine.registries import Registry
from workflows.engine.routing.marking import Marking

if TYPE_CHECKING:
    from workflows.people.models import User


class WayIntoRole(NamedTuple):
    """SQL for pairs of a role and a person, from the entries `{entry} e` of one finder: the
    columns are `e.role_id AS role` and the person's key `AS person`. It names the tables `{entry}`,
    `{member}`, `{person}` and `{group}`, and says `{condition}` where conditions are to stand;
    `person` is what the person's key is called in it."""

    sql: str
    person: str


class AskedRequest(Protocol):
    """A request as lookups see it: a `WorkflowInstance`, whose model stands on this module."""

    @property
    def pk(self) -> Any:
        """Its id; None before it is saved."""

    @property
    def template_id(self) -> Any:
        """The id of its workflow."""

    @property
    def data(self) -> Any:
        """What was filled in, by field."""

    @property
    def marking(self) -> Any:
        """Where it stands, as it is saved."""

    @property
    def requester(self) -> "User | None":
        """Who asked."""

    @property
    def requester_id(self) -> int | None:
        """The id of who asked."""

    @property
    def started_at(self) -> datetime:
        """When it began."""


class LockedRequest(Protocol):
    """A request that a command has locked (a `UnitOfWork`), as lookups see it."""

    @property
    def instance(self) -> AskedRequest:
        """The request."""

    @property
    def marking(self) -> Marking:
        """Where it stands, with what the command has done so far."""

    @property
    def actor(self) -> "User | None":
        """Whose command it is."""

    @property
    def fresh(self) -> Collection[str]:
        """The fields that the command has just written."""

    @property
    def renamed(self) -> bool:
        """Whether the actor's login may have changed hands."""


@dataclass(frozen=True)
class RequestAtRow:
    """A request as lookups see it from an each-branch: with the values of its row as well."""

    request: AskedRequest
    data: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.request, name)


@dataclass(frozen=True)
class LockedAtRow:
    """The same of a request that a command has locked."""

    work: LockedRequest
    instance: RequestAtRow

    def __getattr__(self, name: str) -> Any:
        return getattr(self.work, name)


@dataclass(frozen=True, slots=True)
class PersonQuestion:
    """Who is it in this request? `fresh` are the fields that the command which asks has just
    written; `marking` is where the request stands, where that is not saved yet."""

    setting: Any
    instance: AskedRequest
    fresh: Collection[str] = ()
    marking: Marking | None = None

    @property
    def position(self) -> Marking:
        """Where the request stands."""
        return self.marking or Marking.from_json(self.instance.marking)


class RoleLookup:
    """How the people of one role finder are found on this site.

    Of a list: the `ways` into it, and `listed_people` for maps that are not published. Of the
    others: `find_people`, or `find_everybody` where there may be several; where the answer may
    change without a change of the request (a directory is edited, say) it `changes_outside`, and
    the clock looks after the tasks that people have.
    """

    ways: ClassVar[Sequence[WayIntoRole]] = ()
    changes_outside: ClassVar[bool] = True

    def listed_people(self, names: Sequence[str]) -> Q:
        """A condition on people: they are in a list of these names now."""
        return Q(pk__in=())

    def find_people(self, questions: Sequence[PersonQuestion]) -> "Sequence[User | None]":
        """One answer for each question, in their order; in as few statements as can be."""
        return [None for _ in questions]

    def find_everybody(self, questions: Sequence[PersonQuestion]) -> "Sequence[Sequence[User]]":
        """All whom it finds for each question, in as few statements as can be."""
        people = self.find_people(questions)
        return [[person] if person is not None else [] for person in people]

    def is_person(self, work: LockedRequest, person: "User", setting: Any) -> bool:
        """Whether it is this person in a request that is locked."""
        question = PersonQuestion(setting, work.instance, work.fresh, work.marking)
        (named,) = self.find_everybody([question])
        return any(found.pk == person.pk for found in named)


def _describe_wrong_half(finder: RoleFinder, lookup: RoleLookup) -> str | None:
    """A list needs ways into it; what is no list needs to find people."""
    finds_people = (
        type(lookup).find_people is not RoleLookup.find_people
        or type(lookup).find_everybody is not RoleLookup.find_everybody
    )
    if finder.is_listed and not lookup.ways:
        return "it is listed, and its role lookup has no ways"
    if not finder.is_listed and not finds_people:
        return "it is found in each request, and its role lookup has no find_people"
    return None


ROLE_LOOKUPS: Final = Registry(
    "role_lookups",
    RoleLookup,
    noun="role lookup",
    completes=ROLE_FINDERS,
    describe_misfit=_describe_wrong_half,
)


class GroupsLookup(RoleLookup):
    """By the group's row; by name where the row that was meant is gone and another has it now."""

    ways = (
        WayIntoRole(
            "SELECT e.role_id AS role, m.user_id AS person FROM {entry} e"
            " JOIN {member} m ON m.group_id = e.group_id WHERE {condition}",
            "m.user_id",
        ),
        WayIntoRole(
            "SELECT e.role_id AS role, m.user_id AS person FROM {entry} e"
            ' JOIN "{group}" g ON g.name = e.name JOIN {member} m ON m.group_id = g.id'
            " WHERE e.group_id IS NULL AND e.user_id IS NULL AND e.finder = 'groups'"
            " AND {condition}",
            "m.user_id",
        ),
    )

    def listed_people(self, names: Sequence[str]) -> Q:
        """Members of these groups."""
        return Q(groups__name__in=names)


class UsersLookup(RoleLookup):
    """By one's own row; by login where the row that was meant is gone and somebody has it now."""

    ways = (
        WayIntoRole(
            "SELECT e.role_id AS role, e.user_id AS person FROM {entry} e"
            " WHERE e.user_id IS NOT NULL AND {condition}",
            "e.user_id",
        ),
        WayIntoRole(
            "SELECT e.role_id AS role, u.id AS person FROM {entry} e"
            " JOIN {person} u ON u.username = e.name"
            " WHERE e.group_id IS NULL AND e.user_id IS NULL AND e.finder = 'users'"
            " AND {condition}",
            "u.id",
        ),
    )

    def listed_people(self, names: Sequence[str]) -> Q:
        """These."""
        return Q(username__in=names)


ROLE_LOOKUPS.register(GROUPS.name, GroupsLookup())
ROLE_LOOKUPS.register(USERS.name, UsersLookup())


def ways_into_roles() -> tuple[WayIntoRole, ...]:
    """Every way by which somebody may be in a list."""
    return tuple(way_in for lookup in ROLE_LOOKUPS.entries() for way_in in lookup.ways)
