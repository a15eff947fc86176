"""Drawing small maps in a few words, and driving the pure engine through them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.format.definition import Definition, HumanStep
from workflows.engine.routing.advance import Electorate, advance, no_electorate
from workflows.engine.routing.cancel_reasons import InstanceCancelled
from workflows.engine.routing.chains import FindChain, find_no_chain
from workflows.engine.routing.effects import (
    BlockOpened,
    Cancel,
    Decide,
    Effect,
    Event,
    JoinFired,
    Reopen,
    Start,
)
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking, Person
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated

FIELDS = {
    "amount": {"type": "money", "required": True},
    "urgent": {"type": "boolean", "required": True},
    "note": {"type": "text"},
    "paper": {"type": "document"},
}


def task(**outcomes: Any) -> dict[str, Any]:
    """A task of the role `crew` with these outcomes; `_x=…` sets the key x of the step."""
    more = {key[1:]: value for key, value in outcomes.items() if key.startswith("_")}
    ways = {key: way for key, way in outcomes.items() if not key.startswith("_")}
    return {"kind": "task", "role": "crew", "expected": "1h", "due": "1d", "outcomes": ways} | more


def approval(**outcomes: Any) -> dict[str, Any]:
    """An approval, written like `task`."""
    return {**task(**outcomes), "kind": "approval"}


def parallel(*branches: str | tuple[str, str], join: str = "j") -> dict[str, Any]:
    """A parallel step; a branch is a step's key, or a key and its condition."""
    listed = [{"to": b} if isinstance(b, str) else {"to": b[0], "when": b[1]} for b in branches]
    return {"kind": "parallel", "branches": listed, "join": join}


def join(to: str, wait_for: int | str = "all") -> dict[str, Any]:
    """A join."""
    return {"kind": "join", "wait_for": wait_for, "to": to}


def decision(otherwise: str, **rules: str) -> dict[str, Any]:
    """A decision; `target="condition"` are its rules."""
    listed = [{"when": when, "to": to} for to, when in rules.items()]
    return {"kind": "decision", "otherwise": otherwise} | ({"rules": listed} if listed else {})


def end(result: str = "done", **more: Any) -> dict[str, Any]:
    """An end."""
    return {"kind": "end", "result": result} | more


def draw(steps: Mapping[str, Any], **head: Any) -> Graph:
    """A map of these steps, started at the first, with everything else a map needs."""
    written = {
        "format": 1,
        "key": "drawn",
        "name": "Drawn for a test",
        "owner": "olga",
        "deputy": "dan",
        "roles": {"crew": {"groups": ["crew"]}, "staff": {"groups": ["staff"]}},
        "fields": FIELDS,
        "start": {"role": "staff", "fields": ["amount", "urgent"], "first": next(iter(steps))},
        "steps": dict(steps),
    } | head
    return Graph(Definition.model_validate(written))


@dataclass
class Run:
    """One request driven step by step; every position is checked as it is reached."""

    graph: Graph
    data: Mapping[str, Any] = field(default_factory=lambda: {"amount": "100.00", "urgent": False})
    electorate: Electorate = no_electorate
    marking: Marking = field(default_factory=Marking)
    events: list[Event] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    find_chain: FindChain = find_no_chain

    def __post_init__(self) -> None:
        self.given = dict(self.data)

    def apply(self, event: Event) -> list[Effect]:
        """Take an event in; the effects of this event."""
        moved = advance(
            *(self.graph, self.marking, self.data, event, self.electorate),
            find_chain=self.find_chain,
        )
        self.marking, self.data = moved.marking, moved.data
        self.events.append(event)
        self.effects += moved.effects
        return list(moved.effects)

    def start(self, by: Person | None = "rita", **facts: Any) -> "Run":
        """Start the request; `facts` is what the directory says of who asks (`department="IT"`)."""
        known = {f"requester.{name}": value for name, value in facts.items()}
        self.apply(Start(by, known))
        return self

    def decide(
        self, step: str, outcome: str, *, by: Person = "ann", writes: Any = None, seen: Any = None
    ) -> "Run":
        """Decide the first open activation of a step."""
        token = next(token for token in self.marking.tokens if token.step == step)
        self.apply(Decide(token.id, by, outcome, writes or {}, seen or {}))
        return self

    def follow(self, moves: Iterable[str]) -> "Run":
        """Decide one after another: 'step/outcome', or `cancel` or `reopen`."""
        for move in moves:
            step, _, outcome = move.partition("/")
            if outcome:
                self.decide(step, outcome)
            else:
                self.apply(
                    Cancel(InstanceCancelled("called off")) if step == "cancel" else Reopen()
                )
        return self

    @property
    def open(self) -> list[str]:
        """The steps that wait, by name."""
        return sorted(token.step for token in self.marking.tokens)

    @property
    def where(self) -> str:
        """The open steps in one line, or `= result`."""
        if self.marking.ended is None:
            return " ".join(self.open)
        return f"= {self.graph.definition.steps[self.marking.ended].result}"  # type: ignore[union-attr]

    def choices(self, step: str) -> list[str]:
        """The outcomes of a step whose condition holds now."""
        human = self.graph.human(step)
        assert isinstance(human, HumanStep)
        return [
            name for name, way in human.outcomes.items() if way.when is None or self.holds(way.when)
        ]

    def holds(self, condition: str) -> bool:
        """Whether an outcome is open; where that cannot be said, it is not."""
        try:
            return self.graph.rule(condition).holds(self.data)
        except RuleCannotBeEvaluated:
            return False

    def of(self, kind: type) -> list[Any]:
        """The effects of one kind so far."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def folded(self) -> tuple[Marking, Mapping[str, Any]]:
        """Where the same events lead, taken in once more from the beginning."""
        marking, data = Marking(), dict(self.given)
        for event in self.events:
            moved = advance(
                *(self.graph, marking, data, event, self.electorate), find_chain=self.find_chain
            )
            marking, data = moved.marking, dict(moved.data)
        return marking, data

    def firings(self) -> dict[int, int]:
        """How often the join of each running of a parallel step has fired."""
        counts = {split.block: 0 for split in self.of(BlockOpened)}
        for fired in self.of(JoinFired):
            counts[fired.block] += 1
        return counts


def block_map(wait_for: int | str = "all", *, whens: bool = False) -> Run:
    """Three branches, each with a way out, a join, and a step after it; started."""
    way_out = {"out": {"to": "redo", "exception": True}}
    branches = [("a", "urgent"), "b", "c"] if whens else ["a", "b", "c"]
    steps = {
        "p": parallel(*branches),
        **{key: approval(ok="j", more=key, **way_out, _outputs=["note"]) for key in "abc"},
        "j": join("after", wait_for),
        "after": task(ok="done"),
        "redo": task(ok="p", stop="gone"),
        "done": end(reopen="after"),
        "gone": end("gone"),
    }
    return Run(draw(steps)).start()


def nested_map() -> Run:
    """A block in a branch of another, with a way out of the inner one; started."""
    steps = {
        "p": parallel("q", "z"),
        "q": parallel("x", "y", join="k"),
        "x": task(ok="k", up="side", _outputs=["note"]),
        "y": task(ok="k", _outputs=["note"]),
        "k": join("j"),
        "side": task(ok="j"),
        "z": task(ok="j", _outputs=["note"]),
        "j": join("done"),
        "done": end(),
    }
    return Run(draw(steps)).start()
