"""One command's work on one request: what was locked, what follows, what is written.

A `UnitOfWork` is opened at the start of a transaction and saved at its end; in between nothing is
written. Handlers of effects (`effect_handlers.py`) only collect rows here, so that saving is a
handful of bulk statements whatever the map did.
"""

import json
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from workflows.access.conditions.role_lookups import PersonQuestion
from workflows.access.permissions import (
    active_role_members,
    listed_role_ids,
    role_member_pairs,
)
from workflows.definitions.queries.compiled_versions import VersionMap, cached_map
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound
from workflows.engine.format.directory_finders import logins_in
from workflows.engine.routing.chains import ChainQuestion
from workflows.engine.routing.known_facts import with_facts
from workflows.engine.routing.marking import Marking, Person
from workflows.execution.choices import TaskState
from workflows.execution.facts import Resolution
from workflows.execution.models import (
    NEVER,
    Incident,
    MergeRecord,
    WorkflowInstance,
    WorkItem,
)
from workflows.execution.services.unit_of_work.deadlines import follow_deadline
from workflows.execution.services.unit_of_work.guarded_rows import (
    MERGE_COLUMNS,
    changed_alike,
    update_guarded,
)
from workflows.execution.services.unit_of_work.lapsed_questions import lapse_requester_questions
from workflows.execution.services.unit_of_work.locks import (
    fetch_merge_records,
    lock_open_tasks,
    lock_request,
)
from workflows.execution.services.unit_of_work.offers import Offers
from workflows.execution.services.unit_of_work.open_tasks import OpenTasks
from workflows.execution.services.unit_of_work.overtaken_drafts import (
    DraftedTask,
    discard_overtaken_drafts,
)
from workflows.execution.services.unit_of_work.search_values import (
    rewrite_search_values,
    write_search_values,
)
from workflows.outbox.models import OutboxMessage
from workflows.outbox.payloads import MessagePayload
from workflows.outbox.services.messages import move_wakes, write_messages
from workflows.people.models import User
from workflows.people.queries.chains import DirectoryChains
from workflows.people.queries.eligibility import find_people_of_request
from workflows.people.queries.role_lookups import find_people_by_login
from workflows.persistence.bulk_sql import insert_rows
from workflows.persistence.row_history import write_history
from workflows.resources.services.hold_writing import HoldChanges, write_hold_changes
from workflows.trail.changes import ChangeNote, TrailChanges
from workflows.trail.choices import MOVES, TrailCapacity, TrailCommand

WITHOUT_HISTORY = frozenset({"marking", "due_at", "moved_at", "deadline_at"})


@dataclass(frozen=True, slots=True)
class ActingCapacity:
    """In which capacity the actor acts, by which role, and in place of whom."""

    capacity: TrailCapacity | None = None
    role: str = ""
    acted_for: User | None = None


NO_CAPACITY = ActingCapacity()


@dataclass
class UnitOfWork:
    """A locked request with everything that a command reads and writes of it."""

    instance: WorkflowInstance
    map: VersionMap
    actor: User | None
    now: datetime
    marking: Marking
    items: OpenTasks = field(default_factory=OpenTasks)
    merges: dict[int, MergeRecord] = field(default_factory=dict)
    new_items: list[WorkItem] = field(default_factory=list)
    new_merges: list[MergeRecord] = field(default_factory=list)
    new_incidents: list[Incident] = field(default_factory=list)
    new_messages: list[OutboxMessage] = field(default_factory=list)
    moved_wakes: dict[int, datetime] = field(default_factory=dict)
    over_incidents: dict[int, Resolution] = field(default_factory=dict)
    changed_items: dict[int, tuple[str, WorkItem]] = field(default_factory=dict)
    changed_merges: dict[int, tuple[str, MergeRecord]] = field(default_factory=dict)
    changed_columns: set[str] = field(default_factory=set)
    fresh: set[str] = field(default_factory=set)
    ahead: Mapping[str, Any] = field(default_factory=dict)
    roles: dict[int, frozenset[int]] = field(default_factory=dict)
    renamed: bool = True
    added_as: Mapping[int, str | None] = field(default_factory=dict)
    others_added: dict[int, dict[int, str]] = field(default_factory=dict)
    stood_in_for: tuple[int, ...] | None = None
    stood_in_people: list[User] | None = None
    may_have_incident: bool = True
    incident_owners: dict[tuple[int, frozenset[int]], User | None] = field(default_factory=dict)
    drafted: Mapping[int, DraftedTask] = field(default_factory=dict)
    state_before: str = ""
    changes: TrailChanges = field(default_factory=TrailChanges)
    acting: ActingCapacity = NO_CAPACITY
    offers: Offers = field(default_factory=Offers)
    hold_changes: HoldChanges = field(default_factory=HoldChanges)
    lacking: list[InvalidInput] = field(default_factory=list)
    directory_chains: DirectoryChains = field(default_factory=DirectoryChains)
    _new_items_seen: dict[int, WorkItem] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state_before = self.instance.state

    # -- reading ---------------------------------------------------------------------------

    def item(self, activation: int) -> WorkItem | None:
        """The task of an activation, if it is open or was just made."""
        locked = self.items.get(activation)
        return locked or self.new_items_by_activation.get(activation)

    @property
    def new_items_by_activation(self) -> Mapping[int, WorkItem]:
        """The tasks that this command made."""
        for item in self.new_items[len(self._new_items_seen) :]:
            self._new_items_seen[item.activation] = item
        return self._new_items_seen

    def data_of(self, item: WorkItem) -> Mapping[str, Any]:
        """The request's values as a task sees them: in an each-branch with those of its row."""
        chains = self.marking.chains
        return self.map.data_of_task(item.step_id, item.rows, self.instance.data, chains)

    def merge(self, activation: int, before: Marking) -> MergeRecord:
        """The merge record of a block; one statement for all blocks that ran before."""
        unsaved = next(
            (candidate for candidate in self.new_merges if candidate.activation == activation), None
        )
        if unsaved is not None:
            return unsaved
        if activation not in self.merges:
            running = {block.id for block in before.blocks} | {activation}
            for row in fetch_merge_records(self.instance.pk, running):
                self.merges[row.activation] = row
        return self.merges[activation]

    def roles_of(self, person: User) -> frozenset[int]:
        """The roles of the map in whose lists a person is (ids); the actor's were read with the
        open tasks, others' cost one statement a person and command, and one for all for whom the
        actor stands in."""
        if person.pk not in self.roles and person in (self.stood_in_people or ()):
            self._read_roles_of_those_away()
        elif person.pk not in self.roles:
            self.roles[person.pk] = listed_role_ids(person.pk, self.instance.version_id)
        return self.roles[person.pk]

    def _read_roles_of_those_away(self) -> None:
        ids = [person.pk for person in self.stood_in_people or ()]
        pairs = role_member_pairs(self.map.role_ids.values(), ids)
        for pk in ids:
            self.roles[pk] = frozenset(role for role, person in pairs if person == pk)

    def electorate(self, step: str) -> frozenset[Person]:
        """Everyone in a step's role now, for `quorum: all`."""
        role = self.map.human(step).role
        definition = self.map.role_of(step)
        if role is None or definition is None:
            return frozenset()
        if not definition.is_static:
            ahead = copy(self.instance)
            ahead.data = {**self.instance.data, **self.ahead}
            people = find_people_of_request(definition, ahead, self.marking, {*self.ahead})
            return frozenset(person.pk for person in people if person.is_active)
        return frozenset(
            active_role_members([self.map.role_ids[role]]).values_list("pk", flat=True)
        )

    def data_at_activation(self, activation: int | None) -> Mapping[str, Any]:
        """The same of an open activation."""
        token = self.marking.token(activation) if activation is not None else None
        data: Mapping[str, Any] = self.instance.data
        if token is None:
            return data
        return self.map.graph.data_at(token.step, token.rows, data, self.marking.chains)

    def known_at_activation(self, activation: int) -> Mapping[str, Any]:
        """What rules of an open activation may ask beside the values."""
        token, graph = self.marking.token(activation), self.map.graph
        if token is None:
            return {}
        return with_facts(graph, token.step, token.rows, {}, self.marking.facts)

    def people_named(self, field: str, logins: Sequence[str]) -> Sequence[Person]:
        """Who is meant by what stands in a field; whoever had the login when it was written."""
        question = PersonQuestion(field, self.instance, {*self.fresh, *self.ahead}, self.marking)
        ((*people,),) = find_people_by_login([(question, field, logins)])
        return [person.pk for person in people]

    def find_chain(self, question: ChainQuestion) -> tuple[str, ...]:
        """Which managers stand above somebody now. Raises ChainNotFound."""
        fresh = {*self.fresh, *self.ahead}
        return self.directory_chains.find(self.map.graph, question, self.instance, fresh)

    def follow_names(self) -> None:
        """Whom fields name who are kept from steps by that, where the request stands on a map that
        did not ask for it before."""
        named = {
            key: tuple(self.people_named(field, logins_in(self.instance.data[field])))
            for key, field in self.map.graph.fields_kept_apart.items()
            if key not in self.marking.deciders and self.instance.data.get(field)
        }
        if named:
            self.marking = replace(self.marking, deciders={**self.marking.deciders, **named})

    def note_names(self) -> None:
        """Keep for the trail whom these fields mean, where that is another than was saved."""
        saved = self.instance.read_marking().deciders
        changed = {
            field: [int(person) for person in self.marking.deciders.get(key, ())]
            for key, field in self.map.graph.fields_kept_apart.items()
            if self.marking.deciders.get(key, ()) != saved.get(key, ())
        }
        self.changes.facts.kept_apart = changed or None

    # -- changing --------------------------------------------------------------------------

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Give values to fields of the request."""
        after = {**self.instance.data, **values}
        if after != self.instance.data:
            before = self.instance.data
            self.fresh |= {key for key in values if before.get(key) != values[key]}
            self.instance.data = after
            self.changed_columns.add("data")

    def touch(self, item: WorkItem, state_before: str) -> None:
        """This task was changed; it stood in that state when it was read."""
        if item.pk is not None and item.activation not in self.changed_items:
            self.changed_items[item.activation] = (state_before, item)

    def touch_merge(self, merge: MergeRecord, state_before: str) -> None:
        """This merge record was changed; it stood in that state when it was read."""
        if merge.pk is not None and merge.activation not in self.changed_merges:
            self.changed_merges[merge.activation] = (state_before, merge)

    def note(self, note: ChangeNote) -> None:
        """Add a line to what the trail says of this command."""
        self.changes.notes.append(note)

    def message(
        self,
        payload: MessagePayload,
        *,
        activation: int | None = None,
        run_after: datetime | None = None,
        key: str | None = None,
    ) -> None:
        """Write down, with all that this command writes, what is to be done after it.

        A request that was made from a log is history: nothing follows from it.
        """
        if self.instance.source not in WorkflowInstance.PAST:
            self.new_messages.append(
                OutboxMessage(
                    kind=payload.KIND,
                    request=self.instance,
                    activation=activation,
                    payload=payload.to_json(),
                    key=key,
                    run_after=run_after or self.now,
                    created_at=self.now,
                )
            )

    # -- saving ----------------------------------------------------------------------------

    def save(self, command: TrailCommand) -> None:
        """Write all that was collected."""
        self._save_instance(command)
        self._save_items(command)
        self.offers.save(self.now)
        self._lapse_questions()
        self._discard_drafts()
        self._save_merges()
        write_hold_changes(self.hold_changes, self.now)
        insert_rows(self.new_incidents)
        write_messages(self.new_messages, now=self.now)
        move_wakes(self.instance.pk, self.moved_wakes, now=self.now)
        for resolution in dict.fromkeys(self.over_incidents.values()):
            activations = [
                activation for activation, end in self.over_incidents.items() if end == resolution
            ]
            Incident.objects.filter(
                request=self.instance, activation__in=activations, state=Incident.OPEN
            ).update(
                state=Incident.RESOLVED,
                resolved_at=self.now,
                resolution_code=resolution.code,
                resolution_parameters=resolution.parameters,
            )

    def create(self, command: TrailCommand) -> None:
        """Write a request that did not exist before, with all that its start led to."""
        self.instance.marking = self.marking.to_json()
        self._follow_tasks(command)
        insert_rows([self.instance])
        write_history([("+", self.instance)], by=self.actor, now=self.now, why=command)
        write_search_values(self.instance, self.map.searchable_fields)
        self.changed_columns.clear()
        self.state_before = self.instance.state
        self.save(command)

    def _save_instance(self, command: TrailCommand) -> None:
        if self.instance.state != self.state_before:
            self.changed_columns |= {"state", "result", "completed_at"}
        self._follow_tasks(command)
        if not self.changed_columns:
            return
        if searchable := self.fresh & self.map.searchable_fields.keys():
            rewrite_search_values(self.instance, self.map.searchable_fields, searchable)
        self.instance.marking = self.marking.to_json()
        values = {name: getattr(self.instance, name) for name in self.changed_columns}
        update_guarded(WorkflowInstance, [self.instance.pk], self.state_before, values)
        if self.changed_columns - WITHOUT_HISTORY:
            write_history([("~", self.instance)], by=self.actor, now=self.now, why=command)

    def _follow_tasks(self, command: TrailCommand) -> None:
        """Let what lists are sorted by follow what was done."""
        follow_deadline(self)
        new = [task.due_at for task in self.new_items if task.is_open]
        due = (moment for moment in (self.items.find_earliest_due(), *new) if moment is not None)
        standing = {"due_at": min(due, default=NEVER)}
        if command in MOVES:
            standing["moved_at"] = self.now
        for name, moment in standing.items():
            if getattr(self.instance, name) != moment:
                setattr(self.instance, name, moment)
                self.changed_columns.add(name)

    def _save_items(self, command: TrailCommand) -> None:
        called_off: dict[str, list[WorkItem]] = {}
        others: dict[int, tuple[str, WorkItem]] = {}
        for activation, (before, item) in self.changed_items.items():
            if item.state == TaskState.CANCELLED:
                why = json.dumps([item.closing_code, item.closing_parameters], sort_keys=True)
                called_off.setdefault(why, []).append(item)
            else:
                others[activation] = (before, item)
        for before, ids, values in changed_alike(others):
            update_guarded(WorkItem, ids, before, values)
        for items in called_off.values():
            WorkItem.objects.filter(pk__in=[item.pk for item in items], is_open=True).update(
                state=TaskState.CANCELLED,
                is_open=False,
                in_queue=False,
                closing_code=items[0].closing_code,
                closing_parameters=items[0].closing_parameters,
            )
        insert_rows(self.new_items)
        changed = [("~", item) for _, item in self.changed_items.values()]
        created = [("+", item) for item in self.new_items]
        write_history([*changed, *created], by=self.actor, now=self.now, why=command)

    def _lapse_questions(self) -> None:
        """What the requester was asked is not needed any more where its task went on another way.
        No statement where no task was with the requester."""
        moved = [
            item.pk
            for before, item in self.changed_items.values()
            if before == TaskState.ASKED and item.state != TaskState.ASKED
        ]
        if moved:
            self.changes.notes.extend(lapse_requester_questions(moved, self.now))

    def _discard_drafts(self) -> None:
        """What somebody typed for tasks and cannot send any more. No statement where nobody keeps
        a draft."""
        actor_id = self.actor.pk if self.actor is not None else None
        changed = [item for _, item in self.changed_items.values() if item.pk in self.drafted]
        discard_overtaken_drafts(changed, self.drafted, actor_id=actor_id)

    def _save_merges(self) -> None:
        for before, merge in self.changed_merges.values():
            update_guarded(
                MergeRecord,
                [merge.pk],
                before,
                {column: getattr(merge, column) for column in MERGE_COLUMNS},
            )
        insert_rows(self.new_merges)


# -- opening one ------------------------------------------------------------------------------


def open_unit_of_work(
    *,
    actor: User | None,
    now: datetime,
    instance_id: int | None = None,
    work_item_id: int | None = None,
) -> UnitOfWork:
    """Lock a request (by its id, or by one of its tasks), then its open tasks. Two statements.

    Raises NotFound when there is no such request or task.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware datetime")
    if actor is not None and not actor.is_active:
        raise NotAllowed("Your account is not active.")
    instance = _lock_existing_request(instance_id, work_item_id)
    work = UnitOfWork(
        instance=instance,
        map=cached_map(instance.version_id),
        actor=actor,
        now=now,
        marking=instance.read_marking(),
    )
    _take_open_tasks(work)
    work.follow_names()
    return work


def _lock_existing_request(instance_id: int | None, work_item_id: int | None) -> WorkflowInstance:
    instance = lock_request(instance_id=instance_id, work_item_id=work_item_id)
    if instance is None:
        raise NotFound(
            "There is no such task; it may have been typed wrongly."
            if work_item_id is not None
            else "There is no such request; it may have been typed wrongly."
        )
    return instance


def _take_open_tasks(work: UnitOfWork) -> None:
    """Lock the open tasks, and keep what was read with them."""
    actor = work.actor
    locked = lock_open_tasks(work.instance, actor.pk if actor is not None else None, work.now)
    work.items = locked.items
    if actor is not None and locked.actor_roles is not None:
        work.roles[actor.pk] = locked.actor_roles
    work.renamed, work.added_as = locked.renamed, locked.added_as
    work.may_have_incident, work.stood_in_for = locked.has_incident, locked.stood_in_for
    drafted = (locked.items.find_by_id(pk) for pk in locked.drafted)
    work.drafted = {item.pk: DraftedTask.of_task(item) for item in drafted if item is not None}
    _align_clock(work, locked.recorded_at)


SKEW = timedelta(seconds=5)
"""So far apart the clocks of two machines may be without a word of it."""


def _align_clock(work: UnitOfWork, recorded_at: datetime | None) -> None:
    """A command is never earlier than what it follows: where this machine's clock is behind, the
    time of what is there holds, and the trail says by how much. A log tells its own times."""
    if work.instance.source in WorkflowInstance.PAST:
        return
    moments = [work.instance.started_at, work.instance.completed_at, recorded_at]
    last = max(moment for moment in moments if moment is not None)
    if last > work.now:
        if last - work.now > SKEW:
            work.changes.facts.clock_behind_seconds = round((last - work.now).total_seconds())
        work.now = last


def find_locked_task(work: UnitOfWork, work_item_id: int) -> WorkItem | None:
    """The open task with this id, from the rows that are locked."""
    return work.items.find_by_id(work_item_id)
