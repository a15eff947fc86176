"""Where a request must stand by its trail alone: the record is checked against itself.

Each row of the trail is one command; folding the rows through the same pure `advance` that wrote
them must give the marking and the data of the request's row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import VersionMap, cached_map
from workflows.engine.format.quorums import people_for_share, quorum_share
from workflows.engine.routing.advance import Electorate, PeopleNamed, advance
from workflows.engine.routing.cancel_reasons import InstanceCancelled
from workflows.engine.routing.chains import ChainNotFound, ChainQuestion, FindChain
from workflows.engine.routing.effects import (
    AddApprover,
    Cancel,
    CorrectValues,
    Decide,
    Event,
    Expire,
    Fail,
    Finish,
    Hinder,
    Reopen,
    Reroute,
    ResolveMerge,
    Retry,
    Start,
    TakeBack,
)
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.known_facts import with_known
from workflows.engine.routing.marking import Marking, Person
from workflows.engine.routing.mutable_marking import identify_by_login
from workflows.engine.routing.step_troubles import StepTrouble
from workflows.engine.versions.move_planning import plan_move
from workflows.engine.versions.step_mapping import mapping_from_json
from workflows.execution.facts import INCIDENT_FACTS
from workflows.execution.models import WorkflowInstance
from workflows.trail.changes import (
    ApproverJoined,
    ChainFound,
    HoldRefused,
    IncidentOpened,
    StepOpened,
    TaskMoved,
    VersionChanged,
    read_changes,
)
from workflows.trail.choices import TrailCommand
from workflows.trail.models import TrailEvent


def rebuild_from_trail(instance: WorkflowInstance) -> tuple[Marking, dict[str, Any]]:
    """The marking and the data that this request's trail leads to. One statement, and one for each
    time that it was moved to another version.

    A request that was brought in from a log has no commands to fold: its marking is empty.
    """
    asks_again = instance.source not in WorkflowInstance.PAST
    fold = _TrailFold(cached_map(instance.version_id), asks_again)
    for row in TrailEvent.objects.filter(request=instance).order_by("pk"):
        fold.take(row)
    return fold.marking, fold.data


@dataclass
class _TrailFold:
    """A request between two rows of its trail."""

    map: VersionMap
    asks_again: bool
    marking: Marking = field(default_factory=Marking)
    data: dict[str, Any] = field(default_factory=dict)
    before_moves: list[tuple[VersionMap, Marking, dict[str, Any]]] = field(default_factory=list)

    def take(self, row: TrailEvent) -> None:
        """Take in what one row says."""
        writes = read_changes(row).facts.given or {}
        event_of = _EVENTS.get(row.command)
        if event_of is not None and not self._is_about_people(row):
            if row.command == TrailCommand.START:
                self.data = dict(writes)
                self.map = self._map_numbered(row.version)
            self._apply(event_of(row, writes), row)
            self._hinder(row)
        elif row.command in (TrailCommand.SET_VALUES, TrailCommand.RETRY):
            self._apply(CorrectValues(writes, row.actor_id), row)
        elif row.command == TrailCommand.CHANGE_VERSION:
            self._change_version(row)
        elif row.command == TrailCommand.PUT_BACK:
            self.map, self.marking, self.data = self.before_moves.pop()
        else:
            self.data = {**self.data, **writes}

    def _apply(
        self, event: Event, row: TrailEvent, people_named: PeopleNamed | None = None
    ) -> None:
        electorate = _recorded_electorate(row, self.map.graph)
        moved = advance(
            *(self.map.graph, self.marking, self.data, event, electorate),
            asks_again=self.asks_again,
            people_named=people_named or _recorded_names(row),
            find_chain=_recorded_chains(row),
        )
        self.marking, self.data = moved.marking, dict(moved.data)

    def _hinder(self, row: TrailEvent) -> None:
        """Steps that the command came to, and that could not have what they book or spend."""
        for refused in read_changes(row).notes_of(HoldRefused):
            if refused.hinders:
                trouble = INCIDENT_FACTS.parse(refused.code, refused.parameters)
                self._apply(Hinder(refused.activation, trouble), row, identify_by_login)

    def _change_version(self, row: TrailEvent) -> None:
        """Move by what the row says of the steps, as the command did."""
        (change,) = read_changes(row).notes_of(VersionChanged)
        target = self._map_numbered(change.to)
        plan = plan_move(
            self.map.graph,
            target.graph,
            mapping_from_json(change.steps),
            self.marking,
            self.data,
            _recorded_electorate(row, target.graph),
            mover=row.actor_id,
            asks_again=self.asks_again,
        )
        assert plan.marking is not None, f"trail row {row.pk}: {plan.reason.code}"
        self.before_moves.append((self.map, self.marking, self.data))
        self.map, self.marking = target, with_known(plan.marking, _recorded_known(row))
        self.data = target.graph.worked_out.completed(self.data)

    def _map_numbered(self, number: int | None) -> VersionMap:
        """The map of a version of the request's workflow by its number."""
        if number is None or number == self.map.number:
            return self.map
        versions = TemplateVersion.objects.filter(template=self.map.template_id, number=number)
        return cached_map(versions.values_list("pk", flat=True).get())

    def _is_about_people(self, row: TrailEvent) -> bool:
        """A step that only lacked people does not move when somebody is there again."""
        token = self.marking.token(row.activation) if row.activation is not None else None
        return row.command == TrailCommand.RETRY and token is not None and token.stuck is None


def _require_activation(row: TrailEvent) -> int:
    assert row.activation is not None, f"trail row {row.pk} names no activation"
    return row.activation


def _asking_person(row: TrailEvent) -> Person | None:
    requester = read_changes(row).facts.requester
    return row.actor_id if requester is None else requester


def _recorded_known(row: TrailEvent) -> Mapping[str, Any]:
    """What rules could ask from then on, beside the values."""
    return read_changes(row).facts.known or {}


def _recorded_failure(row: TrailEvent) -> StepTrouble:
    failed = read_changes(row).facts.failed
    assert failed is not None, f"trail row {row.pk} names no failure"
    return INCIDENT_FACTS.from_json(failed)


def _decide_event(row: TrailEvent, writes: Mapping[str, Any]) -> Event:
    assert row.actor_id is not None, f"trail row {row.pk} names nobody"
    return Decide(
        _require_activation(row),
        row.actor_id,
        row.outcome,
        writes,
        row.document_versions,
        read_changes(row).facts.acted_for,
        tuple(read_changes(row).facts.vote_roles or ()),
    )


def _take_back_event(row: TrailEvent) -> Event:
    assert row.actor_id is not None, f"trail row {row.pk} names nobody"
    acted_for = read_changes(row).facts.acted_for
    if acted_for is None:
        return TakeBack(_require_activation(row), row.actor_id)
    return TakeBack(_require_activation(row), acted_for, row.actor_id)


def _add_approver_event(row: TrailEvent) -> Event:
    (note,) = read_changes(row).notes_of(ApproverJoined)
    return AddApprover(_require_activation(row), note.person_id, note.instead_of_id)


_EVENTS: Mapping[str, Callable[[TrailEvent, Mapping[str, Any]], Event]] = {
    TrailCommand.START: lambda row, values: Start(_asking_person(row), _recorded_known(row)),
    TrailCommand.DECIDE: _decide_event,
    TrailCommand.WITHDRAW_VOTE: lambda row, values: _take_back_event(row),
    TrailCommand.ADD_APPROVER: lambda row, values: _add_approver_event(row),
    TrailCommand.CANCEL: lambda row, values: Cancel(
        InstanceCancelled(row.comment, read_changes(row).facts.cause)
    ),
    TrailCommand.REOPEN: lambda row, values: Reopen(),
    TrailCommand.RESOLVE_MERGE: lambda row, values: ResolveMerge(
        _require_activation(row), values, row.actor_id
    ),
    TrailCommand.RETRY: lambda row, values: Retry(_require_activation(row), values, row.actor_id),
    TrailCommand.EXPIRE: lambda row, values: Expire(_require_activation(row)),
    TrailCommand.FINISH: lambda row, values: Finish(_require_activation(row), row.outcome, values),
    TrailCommand.SKIP: lambda row, values: Finish(
        _require_activation(row), row.outcome, values, row.actor_id
    ),
    TrailCommand.FAIL: lambda row, values: Fail(_require_activation(row), _recorded_failure(row)),
    TrailCommand.REROUTE: lambda row, values: Reroute(
        _require_activation(row), row.outcome, row.actor_id
    ),
}
"""The commands that move a request; all others leave it where it stands."""


def _recorded_names(row: TrailEvent) -> PeopleNamed:
    """Whom fields meant that keep somebody from a step."""
    named = read_changes(row).facts.kept_apart or {}
    return lambda field, logins: named.get(field, ())


def _recorded_chains(row: TrailEvent) -> FindChain:
    """The managers who were found then; where none were, why not, as the incident says."""
    found: dict[str, list[ChainFound]] = {}
    for chain in read_changes(row).notes_of(ChainFound):
        found.setdefault(chain.key, []).append(chain)
    failed = list(read_changes(row).notes_of(IncidentOpened))

    def find(question: ChainQuestion) -> tuple[str, ...]:
        if found.get(question.key):
            return tuple(found[question.key].pop(0).people)
        of_step = next((note for note in failed if note.step == question.step), None)
        assert of_step is not None, f"trail row {row.pk} says nothing of a chain that was asked for"
        failed.remove(of_step)
        raise ChainNotFound(INCIDENT_FACTS.parse(of_step.code, of_step.parameters))

    return find


def _recorded_electorate(row: TrailEvent, graph: Graph) -> Electorate:
    """As many people as there were then: only their number counts, and the trail has kept it. Of
    a share, as many as make it so many."""
    changes = read_changes(row)
    needed = {moved.step: moved.needed for moved in changes.notes_of(TaskMoved)}
    needed |= {opening.step: opening.needed for opening in changes.notes_of(StepOpened)}

    def members(step: str) -> frozenset[Person]:
        count, share = needed.get(step, 0), quorum_share(graph.human(step).quorum)
        people = people_for_share(share, count) if share is not None and count else count
        return frozenset(f"member {number}" for number in range(people))

    return members
