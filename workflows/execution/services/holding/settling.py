"""What a request holds of resources follows what happens to it.

The engine's effects say what a step wants; here it is given or refused. A person is refused in
words, and nothing is written; a step that was reached by itself waits on an incident.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import display_title
from workflows.engine.routing import effects as fx
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.holds import (
    BookingWish,
    HoldKey,
    SpendingWish,
    Wish,
    WishUnclear,
    fields_behind_hold,
    holding_steps,
    is_place_of,
    purposes_of,
    read_wish,
)
from workflows.engine.routing.rows import read_rows
from workflows.engine.routing.step_troubles import HoldUnclear, StepTrouble
from workflows.engine.values.resource_amounts import amount_of_units
from workflows.execution.messages import describe_trouble
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.resources.choices import LIVE_STATES, HoldState
from workflows.resources.models import Hold
from workflows.resources.services.hold_desk import HoldDesk, open_desk
from workflows.trail import changes as notes

HoldEffect = fx.HoldsAsked | fx.HoldsRequired | fx.HoldsConfirmed | fx.HoldsGivenBack
CHANGED, NOT_WANTED, MOVED = "changed", "not_wanted", "moved"
RESTRICTED: Final = "restricted"
"""Why nothing can be held, where the fields that say why are only for some."""


def settle_holds(
    work: UnitOfWork, event: fx.Event, effects: Iterable[fx.Effect]
) -> Mapping[int, StepTrouble]:
    """Give and take what the effects of an event say of resources; the activations that cannot go
    on for want of one, and why. Raises InvalidInput where a person must be told at once.

    No statement on maps that hold nothing, nor for a request that is history.
    """
    is_past = work.instance.source in WorkflowInstance.PAST
    if is_past or isinstance(event, fx.Hinder) or not holding_steps(work.map.graph):
        return {}
    asked = [effect for effect in effects if isinstance(effect, HoldEffect)]
    settlement = _Settlement(work, _live_holds(work), isinstance(event, fx.Retry))
    settlement.read_wishes(asked)
    if not (asked or settlement.wishes):
        return {}
    settlement.open()
    for effect in asked:
        _HANDLERS[type(effect)](settlement, effect)
    settlement.follow_values()
    return settlement.hindered


def move_holds(
    work: UnitOfWork,
    before: Graph,
    target_of: Callable[[str], str | None],
    effects: Iterable[fx.Effect],
) -> None:
    """What a request holds goes with it to another version of its map: it is held by the step that
    the step is there. Where that holds nothing it is given back, unless it is confirmed; what the
    request comes to by the move is asked. Raises InvalidInput where work that goes on by itself
    could not have it."""
    is_past = work.instance.source in WorkflowInstance.PAST
    if is_past or not (holding_steps(before) or holding_steps(work.map.graph)):
        return
    settlement = _Settlement(work, _live_holds(work), is_retry=False)
    asked = [effect for effect in effects if isinstance(effect, HoldEffect)]
    lost = _rename_holds(settlement, target_of)
    settlement.read_wishes(asked)
    settlement.open()
    for key in lost:
        settlement.release(key, MOVED)
    for effect in asked:
        _HANDLERS[type(effect)](settlement, effect)
    for trouble in settlement.hindered.values():
        raise InvalidInput(describe_trouble(trouble))


def _rename_holds(
    settlement: "_Settlement", target_of: Callable[[str], str | None]
) -> list[HoldKey]:
    """Give holds the keys of their steps of now; those are left that no step holds any more."""
    graph, lost = settlement.work.map.graph, []
    steps = holding_steps(graph)
    for key, hold in list(settlement.live.items()):
        target = target_of(key.step)
        step = steps.get(target or "")
        fits = step is not None and key.purpose in purposes_of(step)
        if target is None or not fits or not is_place_of(graph, target, key.place):
            lost += [key] if hold.state == HoldState.HELD else []
        elif target != key.step:
            Hold.objects.filter(pk=hold.pk).update(step_key=target)
            hold.step_key = target
            settlement.live[replace(key, step=target)] = settlement.live.pop(key)
    return lost


def _live_holds(work: UnitOfWork) -> dict[HoldKey, Hold]:
    if work.instance.pk is None:
        return {}
    rows = Hold.objects.filter(request=work.instance.pk, state__in=LIVE_STATES)
    return {
        HoldKey(hold.step_key, hold.place, hold.purpose): hold  # type: ignore[arg-type]
        for hold in rows.select_related("resource")
    }


@dataclass(slots=True)
class _Settlement:
    """One event's settlement with the resources."""

    work: UnitOfWork
    live: dict[HoldKey, Hold]
    is_retry: bool
    wishes: dict[HoldKey, Wish | WishUnclear | None] = field(default_factory=dict)
    hindered: dict[int, StepTrouble] = field(default_factory=dict)
    desk: HoldDesk = field(init=False)
    done: set[HoldKey] = field(default_factory=set)

    def read_wishes(self, asked: Sequence[HoldEffect]) -> None:
        """What steps want with the values of now: those that are asked, and those that hold
        something whose values changed."""
        for effect in asked:
            if isinstance(effect, fx.HoldsAsked | fx.HoldsRequired):
                for key in self.keys_of(effect):
                    self._read(key)
        for key in self.live:
            if key not in self.wishes and self._is_about_changes(key):
                self._read(key)

    def keys_of(self, effect: fx.HoldsAsked | fx.HoldsRequired) -> Iterator[HoldKey]:
        """The holds that an effect is about."""
        for purpose in purposes_of(self.work.map.graph[effect.step]):
            yield HoldKey(effect.step, effect.place, purpose)

    def _is_about_changes(self, key: HoldKey) -> bool:
        graph = self.work.map.graph
        return not self.work.fresh.isdisjoint(fields_behind_hold(graph, key.step, key.purpose))

    def _read(self, key: HoldKey) -> None:
        try:
            self.wishes[key] = read_wish(self.work.map.graph, key, self.work.instance.data)
        except WishUnclear as unclear:
            self.wishes[key] = unclear

    def open(self) -> None:
        """Lock what it is about."""
        wishes = self.wishes.values()
        clear = [wish for wish in wishes if isinstance(wish, BookingWish | SpendingWish)]
        live = list(self.live.values())
        self.desk = open_desk(clear, live, self.work.hold_changes, self.work.now)

    # -- one by one ------------------------------------------------------------------------

    def ask(self, effect: fx.HoldsAsked) -> None:
        """A step was reached. People may choose otherwise; what goes on by itself must wait."""
        is_human = self.work.map.graph.is_human(effect.step)
        for key in self.keys_of(effect):
            trouble = self.take(key)
            if trouble is None:
                continue
            if self.is_retry:
                raise self.refusal(key, trouble)
            self.work.lacking.append(self.refusal(key, trouble))
            recorded = self.without_restricted(key, trouble)
            if not is_human:
                self.hindered.setdefault(effect.activation, recorded)
            self.note_lack(effect, recorded, hinders=not is_human)

    def refusal(self, key: HoldKey, trouble: StepTrouble) -> InvalidInput:
        """What the actor is told, as far as they may see the fields that say it."""
        work = self.work
        hidden = hidden_fields(work.actor, work.instance, work.map) if work.actor else ()
        graph = work.map.graph
        if not fields_behind_hold(graph, key.step, key.purpose).isdisjoint(hidden):
            trouble = self.without_restricted(key, trouble)
        return InvalidInput(describe_trouble(trouble))

    def without_restricted(self, key: HoldKey, trouble: StepTrouble) -> StepTrouble:
        """What incidents and the trail say, which others read: nothing of fields that are only for
        some."""
        graph = self.work.map.graph
        behind = fields_behind_hold(graph, key.step, key.purpose)
        names = sorted(behind & self.work.map.restricted_fields.keys())
        is_about_fields = isinstance(trouble, HoldUnclear) and trouble.fields
        if not names or is_about_fields:
            return trouble
        return HoldUnclear(graph.title(key.step), RESTRICTED, self.labels_of(names))

    def labels_of(self, names: Iterable[str]) -> list[str]:
        """What fields are called."""
        fields = self.work.map.graph.definition.all_fields
        return [display_title(name, fields[name].label) for name in names]

    def note_lack(self, effect: fx.HoldsAsked, trouble: StepTrouble, *, hinders: bool) -> None:
        """The trail says what could not be had."""
        self.work.note(
            notes.HoldRefused(
                activation=effect.activation,
                step=effect.step,
                code=trouble.code,
                parameters=trouble.parameters,
                hinders=hinders,
            )
        )

    def require(self, effect: fx.HoldsRequired) -> None:
        """A person leaves the step by a usual way: then it is held, or they are refused."""
        for key in self.keys_of(effect):
            self._require(key)

    def _require(self, key: HoldKey) -> None:
        trouble = self.take(key)
        if trouble is not None:
            raise self.refusal(key, trouble)

    def confirm(self, effect: fx.HoldsConfirmed) -> None:
        """What the step holds stays."""
        for key, hold in self.live.items():
            if _is_meant(key, effect) and hold.state == HoldState.HELD:
                self.desk.confirm(hold)
                self.work.note(notes.HoldConfirmed(**self.facts_of(hold)))

    def give_back(self, effect: fx.HoldsGivenBack) -> None:
        """What nobody confirmed is free again."""
        for key, hold in list(self.live.items()):
            if (effect.step is None or _is_meant(key, effect)) and hold.state == HoldState.HELD:
                self.release(key, effect.why)

    def follow_values(self) -> None:
        """What is held follows the values by which it was asked for, also where nothing moves."""
        keys = [key for key in self.wishes if key not in self.done and key in self.live]
        for key in keys:
            wish = self.wishes[key]
            if not isinstance(wish, WishUnclear):
                self.desk.let_go(self.live[key], wish)
        for key in keys:
            self._require(key)

    def take(self, key: HoldKey) -> StepTrouble | None:
        """Hold what a step wants now in place of what it held; why not, if it cannot be."""
        self.done.add(key)
        wish, before = self.wishes[key], self.live.get(key)
        title = self.work.map.graph.title(key.step)
        if isinstance(wish, WishUnclear):
            return HoldUnclear(title, wish.why, self.labels_of(wish.fields))
        if wish is None:
            if before is not None:
                self.release(key, NOT_WANTED)
            return None
        state = before.state if before is not None else None
        taken = self.desk.take(self.work.instance, key, wish, title, before)
        if isinstance(taken, StepTrouble):
            return taken
        if taken is not before:
            self._record(taken, before, state)
        self.live[key] = taken
        return None

    def _record(self, hold: Hold, before: Hold | None, state: str | None) -> None:
        """The trail says what is held now; where something confirmed was changed, that is too."""
        if before is not None:
            self._note_release(before, CHANGED)
        self.work.note(_taken_note(hold, self.facts_of(hold)))
        if state == HoldState.CONFIRMED:
            self.desk.confirm(hold)

    def release(self, key: HoldKey, why: str) -> None:
        """What a step holds is free again."""
        hold = self.live.pop(key)
        self.desk.give_back(hold, why)
        self._note_release(hold, why)

    def _note_release(self, hold: Hold, why: str) -> None:
        self.work.note(notes.HoldReturned(**self.facts_of(hold), why=why))

    def facts_of(self, hold: Hold) -> dict[str, Any]:
        """What every note of a hold says."""
        return facts_of_hold(self.work.map.graph, hold)


def facts_of_hold(graph: Graph, hold: Hold) -> dict[str, Any]:
    """What every note of the trail says of a hold, with the fields behind it: whoever may not see
    those is not shown the rest."""
    return {
        "step": hold.step_key,
        "resource": hold.resource.key,
        "purpose": hold.purpose,
        "fields": sorted(fields_behind_hold(graph, hold.step_key, hold.purpose)),
    }


def _is_meant(key: HoldKey, effect: fx.HoldsConfirmed | fx.HoldsGivenBack) -> bool:
    """Whether an effect speaks of a hold: of its step, and of rows around it."""
    if key.step != effect.step:
        return False
    return read_rows(key.place)[: len(rows := read_rows(effect.place))] == rows


def _taken_note(hold: Hold, said: Mapping[str, Any]) -> notes.HoldTaken:
    starts, ends, currency = hold.starts_at, hold.ends_at, hold.resource.currency
    return notes.HoldTaken(
        **said,
        starts=starts.isoformat() if starts is not None else None,
        ends=ends.isoformat() if ends is not None else None,
        count=hold.count if starts is not None else None,
        amount=str(amount_of_units(hold.units, currency)) if hold.units is not None else None,
        currency=currency or None,
    )


_HANDLERS: Mapping[type, Callable[[_Settlement, Any], None]] = {
    fx.HoldsAsked: _Settlement.ask,
    fx.HoldsRequired: _Settlement.require,
    fx.HoldsConfirmed: _Settlement.confirm,
    fx.HoldsGivenBack: _Settlement.give_back,
}
