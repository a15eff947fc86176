"""One command's work on one request: what was locked, what follows, what is written.

A `Case` is opened at the start of a transaction and saved at its end; in between nothing is
written. Handlers of effects (`handlers.py`) only collect rows here, so that saving is a handful
of bulk statements whatever the map did.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from workflows.engine.definition import title
from workflows.engine.errors import NotAllowed, NotFound, WrongState
from workflows.engine.marking import Marking, Person
from workflows.models import (
    Incident,
    MergeRecord,
    OutboxMessage,
    TrailEvent,
    WorkflowInstance,
    WorkItem,
)
from workflows.permissions import people_in, roles_held
from workflows.services.fastsql import insert_rows, update_row
from workflows.services.history import write_history
from workflows.services.locks import lock_open_tasks, lock_request, merges
from workflows.services.maps import VersionMap, cached_map
from workflows.services.outbox import write_messages
from workflows.services.trail import record

MARKING_ONLY = frozenset({"marking"})


@dataclass(frozen=True, slots=True)
class Acting:
    """In which capacity the actor acts (a code of the trail's `CAPACITIES`), and by which role."""

    capacity: str = ""
    role: str = ""


NOBODY = Acting()


@dataclass
class Case:
    """A locked request with everything that a command reads and writes of it."""

    instance: WorkflowInstance
    map: VersionMap
    actor: User | None
    now: datetime
    marking: Marking
    items: dict[int, WorkItem] = field(default_factory=dict)
    merges: dict[int, MergeRecord] = field(default_factory=dict)
    new_items: list[WorkItem] = field(default_factory=list)
    new_merges: list[MergeRecord] = field(default_factory=list)
    new_incidents: list[Incident] = field(default_factory=list)
    new_messages: list[OutboxMessage] = field(default_factory=list)
    over_incidents: dict[int, str] = field(default_factory=dict)
    changed_items: dict[int, tuple[str, WorkItem]] = field(default_factory=dict)
    changed_merges: dict[int, tuple[str, MergeRecord]] = field(default_factory=dict)
    changed_columns: set[str] = field(default_factory=set)
    fresh: set[str] = field(default_factory=set)
    roles: dict[int, frozenset[int]] = field(default_factory=dict)
    renamed: bool = True
    state_before: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    acting: Acting = NOBODY

    def __post_init__(self) -> None:
        self.state_before = self.instance.state

    # -- reading ---------------------------------------------------------------------------

    def item(self, activation: int) -> WorkItem | None:
        """The task of an activation, if it is open or was just made."""
        known = self.items.get(activation)
        return known or next((i for i in self.new_items if i.activation == activation), None)

    @property
    def troubled(self) -> bool:
        """Whether the request may have an open incident (its open tasks were read with that;
        where it has none, nothing is known)."""
        return all(getattr(item, "troubled", False) for item in self.items.values())

    def merge(self, activation: int, before: Marking) -> MergeRecord:
        """The merge record of a block; one statement for all blocks that ran before."""
        made = next((m for m in self.new_merges if m.activation == activation), None)
        if made is not None:
            return made
        if activation not in self.merges:
            running = {block.id for block in before.blocks} | {activation}
            for row in merges(self.instance.pk, running):
                self.merges[row.activation] = row
        return self.merges[activation]

    def roles_of(self, person: User) -> frozenset[int]:
        """The roles of the map in whose lists a person is (ids); the actor's were read with the
        open tasks, others' cost one statement a person and command."""
        if person.pk not in self.roles:
            self.roles[person.pk] = roles_held(person, self.instance.version_id)
        return self.roles[person.pk]

    def electorate(self, step: str) -> frozenset[Person]:
        """Everyone in a step's role now, for `quorum: all`."""
        role = self.map.human(step).role
        definition = self.map.role_of(step)
        if role is None or definition is None or not definition.is_static:
            return frozenset()
        return frozenset(people_in([self.map.role_ids[role]]).values_list("pk", flat=True))

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

    def note(self, kind: str, what: Any) -> None:
        """Add a line to what the trail says of this command."""
        self.changes.setdefault(kind, []).append(what)

    def message(
        self,
        kind: str,
        *,
        activation: int | None = None,
        run_after: datetime | None = None,
        key: str | None = None,
        **payload: Any,
    ) -> None:
        """Write down, with all that this command writes, what is to be done after it.

        A request that was made from a log is history: nothing follows from it.
        """
        if self.instance.source not in WorkflowInstance.PAST:
            self.new_messages.append(
                OutboxMessage(
                    kind=kind,
                    request=self.instance,
                    activation=activation,
                    payload=payload,
                    key=key,
                    run_after=run_after or self.now,
                    created_at=self.now,
                )
            )

    # -- saving ----------------------------------------------------------------------------

    def save(self, command: str) -> None:
        """Write all that was collected."""
        self._save_instance(command)
        self._save_items(command)
        self._save_merges()
        insert_rows(self.new_incidents)
        write_messages(self.new_messages, now=self.now)
        for resolution in dict.fromkeys(self.over_incidents.values()):
            over = [a for a, how in self.over_incidents.items() if how == resolution]
            Incident.objects.filter(
                request=self.instance, activation__in=over, state=Incident.OPEN
            ).update(state=Incident.RESOLVED, resolved_at=self.now, resolution=resolution[:400])

    def create(self, command: str) -> None:
        """Write a request that did not exist before, with all that its start led to."""
        self.instance.marking = self.marking.to_json()
        insert_rows([self.instance])
        write_history([("+", self.instance)], by=self.actor, now=self.now, why=command)
        self.changed_columns.clear()
        self.state_before = self.instance.state
        self.save(command)

    def _save_instance(self, command: str) -> None:
        if self.instance.state != self.state_before:
            self.changed_columns |= {"state", "result", "completed_at"}
        if not self.changed_columns:
            return
        self.instance.marking = self.marking.to_json()
        values = {name: getattr(self.instance, name) for name in self.changed_columns}
        guarded(WorkflowInstance, self.instance.pk, self.state_before, values)
        if self.changed_columns - MARKING_ONLY:
            write_history([("~", self.instance)], by=self.actor, now=self.now, why=command)

    def _save_items(self, command: str) -> None:
        called_off: dict[str, list[WorkItem]] = {}
        for before, item in self.changed_items.values():
            if item.state == "cancelled":
                called_off.setdefault(item.cancel_reason, []).append(item)
            else:
                guarded(WorkItem, item.pk, before, {n: getattr(item, n) for n in ITEM_COLUMNS})
        for reason, items in called_off.items():
            WorkItem.objects.filter(pk__in=[item.pk for item in items], is_open=True).update(
                state="cancelled", is_open=False, in_queue=False, cancel_reason=reason
            )
        insert_rows(self.new_items)
        changed = [("~", item) for _, item in self.changed_items.values()]
        created = [("+", item) for item in self.new_items]
        write_history([*changed, *created], by=self.actor, now=self.now, why=command)

    def _save_merges(self) -> None:
        for before, merge in self.changed_merges.values():
            guarded(MergeRecord, merge.pk, before, {n: getattr(merge, n) for n in MERGE_COLUMNS})
        insert_rows(self.new_merges)


ITEM_COLUMNS = (
    "state",
    "is_open",
    "in_queue",
    "assignee_id",
    "votes",
    "enabled_at",
    "started_at",
    "completed_at",
    "paused_at",
    "paused_seconds",
    "paused_business_seconds",
    "waiting_seconds",
    "working_seconds",
    "lead_in_seconds",
    "waiting_business_seconds",
    "working_business_seconds",
    "outcome",
    "comment",
    "decided_by_id",
    "performer_name",
    "document_versions",
)
MERGE_COLUMNS = (
    "state",
    "arrivals",
    "not_needed",
    "conflicts",
    "resolution",
    "resolved_by_id",
    "reason",
    "closed_at",
)


def guarded(model: Any, pk: int, state: str, values: Mapping[str, Any]) -> None:
    """Change one row if it still stands in the state that it was read in, without re-reading it."""
    if update_row(model, pk, state, values) != 1:
        raise WrongState("This was changed by somebody else a moment ago; load the page again.")


# -- opening a case ---------------------------------------------------------------------------


def open_case(
    *,
    actor: User | None,
    now: datetime,
    instance_id: int | None = None,
    work_item_id: int | None = None,
) -> Case:
    """Lock a request (by its id, or by one of its tasks), then its open tasks. Two statements.

    Raises NotFound when there is no such request or task.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware datetime")
    if actor is not None and not actor.is_active:
        raise NotAllowed("Your account is not active.")
    instance = lock_request(instance_id=instance_id, work_item_id=work_item_id)
    if instance is None:
        what = "task" if work_item_id is not None else "request"
        raise NotFound(f"There is no such {what}; it may have been typed wrongly.")
    case = Case(
        instance=instance,
        map=cached_map(instance.version_id),
        actor=actor,
        now=now,
        marking=Marking.from_json(instance.marking),
    )
    for item in lock_open_tasks(instance, actor.pk if actor is not None else None):
        item.request = instance
        case.items[item.activation] = item
        if actor is not None:
            case.roles[actor.pk] = _ids(item.roles)  # type: ignore[attr-defined]
            case.renamed = bool(item.renamed)  # type: ignore[attr-defined]
    _keep_time(case)
    return case


def _ids(joined: str | None) -> frozenset[int]:
    return frozenset(int(part) for part in (joined or "").split(",") if part)


SKEW = timedelta(seconds=5)
"""So far apart the clocks of two machines may be without a word of it."""


def _keep_time(case: Case) -> None:
    """A command is never earlier than what it follows: where this machine's clock is behind, the
    time of what is there holds, and the trail says by how much. A log tells its own times."""
    if case.instance.source in WorkflowInstance.PAST:
        return
    known = [case.instance.started_at, case.instance.completed_at]
    known += [_aware(getattr(item, "told_at", None)) for item in case.items.values()]
    last = max(one for one in known if one is not None)
    if last > case.now:
        if last - case.now > SKEW:
            case.changes["clock_behind_seconds"] = round((last - case.now).total_seconds())
        case.now = last


def _aware(moment: datetime | str | None) -> datetime | None:
    """A moment that was read past Django: SQLite gives its text, which is in UTC."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def open_item(case: Case, work_item_id: int) -> WorkItem | None:
    """The open task with this id, from the rows that the case has locked."""
    return next((item for item in case.items.values() if item.pk == work_item_id), None)


def who_was_first(work_item_id: int) -> str:
    """A sentence about a task that is over: who did it and when, or why it was cancelled."""
    item = WorkItem.objects.select_related("step").get(pk=work_item_id)
    if item.state == "cancelled":
        return f"'{item.step}' is not needed any more: {item.cancel_reason}."
    when = f"{item.completed_at:%Y-%m-%d %H:%M:%S} UTC" if item.completed_at else "earlier"
    what = title(item.outcome, None)
    return f"{item.performer_name or 'Somebody'} was first: '{item.step}' → {what}, {when}."


def votes_of(item: WorkItem) -> list[dict[str, Any]]:
    """Every vote of a step that several people decide, in their order: by whom, what, when."""
    return [
        {name: vote[name] for name in ("by", "outcome", "comment")} | {"at": _moment(vote["at"])}
        for vote in item.votes
    ]


def _moment(at: datetime | str) -> str:
    """A vote that was just given has its time, one that was read from the row its text."""
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(at)
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def write_trail(
    case: Case,
    command: str,
    *,
    item: WorkItem | None = None,
    activation: int | None = None,
    step: str = "",
    from_state: str = "",
    outcome: str = "",
    comment: str = "",
    acted_for: str = "",
    seen: Mapping[str, Any] | None = None,
) -> TrailEvent:
    """The one function that writes the trail of a request: one row a command. In which capacity
    the actor acted is what the check found that let them (`case.acting`)."""
    instance = case.instance
    if item is not None:
        step, activation = case.map.step_keys[item.step_id], item.activation
    event = TrailEvent(
        recorded_at=case.now,
        request=instance,
        template_id=instance.template_id,
        workflow=case.map.graph.definition.key,
        version=case.map.number,
        reference=instance.reference,
        step=step,
        round=item.round if item is not None else None,
        activation=activation,
        work_item=item.pk if item is not None else None,
        command=command,
        actor=case.actor,
        actor_name=case.actor.get_username() if case.actor else "",
        acted_for=acted_for,
        role=case.acting.role,
        from_state=from_state,
        to_state=item.state if item is not None else instance.state,
        outcome=outcome,
        comment=comment,
        changes=case.changes,
        document_versions=item.document_versions if item is not None else {},
        capacity=case.acting.capacity,
        seen=seen or {},
        votes=votes_of(item) if item is not None and command == "decide" else [],
    )
    record([event])
    return event
