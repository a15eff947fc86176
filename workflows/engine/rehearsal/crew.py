"""The simulated people: who is in which role, and what each of them has in hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from heapq import heappop, heappush
from random import Random
from typing import Any

from workflows.engine.format.directory_finders import COLUMN, logins_in, people_in_column
from workflows.engine.format.role_finders import FIELD, GROUPS_BY_FIELDS, group_of_pattern
from workflows.engine.rehearsal.clocks import OpenTime, person_time, to_moment
from workflows.engine.rehearsal.scenario import Scenario, Worker, group_tag, hour_of_week
from workflows.engine.routing.graph import Graph


@dataclass(slots=True)
class Vote:
    """One piece of work at a task: somebody decides it. `outcome` is what they are likely to say,
    `names` who could be asked."""

    task: Any
    outcome: str
    names: tuple[str, ...]
    is_over: bool = False
    by: str | None = None
    begun: int = 0
    worked: int = 0
    writes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Person:
    """One who works: what they have in hand, and how long they have worked."""

    name: str
    index: int
    time: OpenTime
    at_once: int
    active: int = 0
    busy: int = 0
    wakes_at: int | None = None
    queues: list["Queue"] = field(default_factory=list)

    @property
    def is_free(self) -> bool:
        """Whether they can take one task more."""
        return self.active < self.at_once


@dataclass(slots=True)
class Queue:
    """The work that waits for the same people, what is due first before the rest."""

    names: tuple[str, ...]
    heap: list[tuple[int, int, int, Vote]] = field(default_factory=list)


class Crew:
    """Everybody of a scenario, and whom the map's roles mean in a request."""

    def __init__(self, graph: Graph, scenario: Scenario, *, calendar: OpenTime, zone: tzinfo):
        self.graph, self.scenario, self.calendar, self.zone = graph, scenario, calendar, zone
        self.people: dict[str, Person] = {}
        self._times: dict[tuple[float, ...], OpenTime] = {}
        self._queues: dict[tuple[str, ...], Queue] = {}
        self._by_role: dict[str, tuple[str, ...]] = {}
        for worker in scenario.people:
            self._add_person(worker)
        self._sets: dict[tuple[str, ...], frozenset[str]] = {}
        tags = {role for worker in scenario.people for role in worker.roles}
        for role in dict.fromkeys((*graph.definition.roles, *sorted(tags))):
            self._by_role[role] = tuple(p.name for p in scenario.people if role in p.roles)

    def _add_person(self, worker: Worker) -> Person:
        index = len(self.people)
        own_time = self.calendar
        if worker.hours:
            own_time = self._own_time(worker.hours, index)
        person = Person(worker.name, index, own_time, worker.at_once)
        self.people[worker.name] = person
        return person

    def _own_time(self, hours: tuple[float, ...], index: int) -> OpenTime:
        """Those who are always or never there in each hour are there at the same times."""
        found = self._times.get(hours)
        if found is None:
            found = person_time(
                hours,
                zone=self.zone,
                starts_at=self.scenario.starts_at,
                seed=self.scenario.seed * 8191 + index,
            )
            if all(share in (0.0, 1.0) for share in hours):
                self._times[hours] = found
        return found

    def person(self, name: str) -> Person:
        """Somebody, also one whom only a field names."""
        return self.people.get(name) or self._add_person(Worker(name=name, roles=()))

    def in_role(
        self, role: str | None, data: Mapping[str, Any], requester: str | None
    ) -> tuple[str, ...]:
        """The people of a role, in this request."""
        if role is None:
            return ()
        spec = self.graph.definition.roles[role]
        if spec.is_static:
            return self._by_role[role]
        if spec.is_requester:
            return (requester,) if requester else ()
        ((finder, setting),) = spec.sources
        if finder is FIELD:
            return tuple(logins_in(data.get(setting)))
        if finder is COLUMN:
            return tuple(people_in_column(setting, data))
        if finder is GROUPS_BY_FIELDS:
            return self._by_role.get(group_tag(role, group_of_pattern(setting, data)), ())
        return tuple(name for name in self._by_role[role] if name != requester)[:1]

    def draw_requester(self, random: Random) -> str:
        """Who asks: by the shares that are known, else anybody of the role that may start."""
        if self.scenario.starters is not None:
            return self.scenario.starters.draw(random)
        start = self.graph.definition.start
        names = self.in_role(start.role if start else None, {}, None)
        return names[random.randrange(len(names))] if names else "somebody"

    def as_set(self, names: tuple[str, ...]) -> frozenset[str]:
        """These people, for questions of who is among them."""
        found = self._sets.get(names)
        if found is None:
            found = self._sets[names] = frozenset(names)
        return found

    def hour_of_week(self, moment: int) -> int:
        """The hour of the week of a moment, on the site's clock."""
        return hour_of_week(to_moment(moment).astimezone(self.zone))

    # -- work that waits ------------------------------------------------------------------

    def put(self, vote: Vote, names: tuple[str, ...], *, order: tuple[int, int, int]) -> None:
        """Let work wait for these people."""
        queue = self._queues.get(names)
        if queue is None:
            queue = self._queues[names] = Queue(names)
            for name in names:
                self.person(name).queues.append(queue)
        heappush(queue.heap, (*order, vote))

    def next_for(self, person: Person) -> Vote | None:
        """What this person takes next: of all that they may do what is due first. It is taken out
        of its queue."""
        places = [
            (place, number)
            for number, queue in enumerate(person.queues)
            if (place := self._first_allowed(queue, person)) is not None
        ]
        return self._take_from(person.queues[min(places)[1]], person) if places else None

    def _first_allowed(self, queue: Queue, person: Person) -> tuple[int, int, int] | None:
        """The place of the first piece of work that the person may do; what is over goes."""
        while queue.heap and (queue.heap[0][3].is_over or queue.heap[0][3].by):
            heappop(queue.heap)
        if not queue.heap:
            return None
        if queue.heap[0][3].task.may_take(person.name):
            return queue.heap[0][:3]
        return self._bring_forward(queue, person)

    def _bring_forward(self, queue: Queue, person: Person) -> tuple[int, int, int] | None:
        """The head is not for this person: look behind it."""
        allowed = [
            entry[:3]
            for entry in queue.heap
            if not (entry[3].is_over or entry[3].by) and entry[3].task.may_take(person.name)
        ]
        return min(allowed, default=None)

    def _take_from(self, queue: Queue, person: Person) -> Vote | None:
        skipped = []
        taken: Vote | None = None
        while queue.heap:
            entry = heappop(queue.heap)
            if entry[3].is_over or entry[3].by:
                continue
            if entry[3].task.may_take(person.name):
                taken = entry[3]
                break
            skipped.append(entry)
        for entry in skipped:
            heappush(queue.heap, entry)
        return taken
