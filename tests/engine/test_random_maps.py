"""Properties of the engine and the audit over random maps, people, data and decisions.

`HANDOFF_MAPS` says how many maps each property is tried on.
"""

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from tests.engine.driving import Run
from tests.engine.random_maps import all_maps, damaged_maps
from workflows.engine.audit import AnyPeople, audit_definition
from workflows.engine.conformance.rule_answers import rules_of_map, table_of_rule
from workflows.engine.format.definition import Definition, HumanStep, RoleDef
from workflows.engine.format.files import read_definition, write_definition
from workflows.engine.routing import effects as fx
from workflows.engine.routing.advance import barred_people
from workflows.engine.routing.chains import ChainQuestion
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking, Token
from workflows.engine.routing.mutable_marking import lists_in_use
from workflows.engine.routing.rows import have_gone, slot_key
from workflows.engine.routing.separation import RowView
from workflows.engine.routing.step_troubles import StepFailed
from workflows.engine.routing.void_approvals import changed_since
from workflows.engine.values.fields import canonical_field_value

MAPS = int(os.environ.get("HANDOFF_MAPS", "100"))
many = settings(
    max_examples=MAPS,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ],
)
seeds = st.integers(0, 2**32)
EVERYBODY = ("p1", "p2", "p3", "p4", "p5")


@dataclass
class Company:
    """Random people in random groups, who decide at random."""

    random: Random

    def __post_init__(self) -> None:
        sizes = {"staff": 3, "crew": self.random.randint(1, 4), "board": self.random.randint(0, 2)}
        self.groups = {
            group: frozenset(self.random.sample(EVERYBODY, size)) for group, size in sizes.items()
        }

    def data(self) -> dict[str, Any]:
        """What a request starts with."""
        return {
            "amount": self.random.choice(["100.00", "900.00"]),
            "urgent": self.random.random() < 0.5,
            "site": self.random.choice(["Oslo", "Lyon"]),
            "note": self.random.choice([None, "x", "y"]),
            "boss": self.random.choice([None, *EVERYBODY]),
        }

    def facts(self) -> dict[str, Any]:
        """What the directory says of who asks; of some it says nothing."""
        said = {
            "department": self.random.choice(["IT", "HR", None]),
            "approval_limit": self.random.choice(["50.00", "900.00", None]),
            "groups": self.random.choice([["crew"], ["staff", "board"], None]),
        }
        return {name: value for name, value in said.items() if value is not None}

    def lists(self) -> dict[str, Any]:
        """Rows and people to go through, seldom many."""
        count = self.random.choice([0, 1, 2, 2, 3, 50])
        people = self.random.sample(EVERYBODY, self.random.randint(0, 4))
        return {"lines": [self.row() for _ in range(count)], "people": people}

    def row(self) -> dict[str, Any]:
        """A row; of what it need not say it says some."""
        row = {"item": "thing", "net": self.random.choice(["100.00", "900.00"])}
        said = {"good": self.random.random() < 0.5, "who": self.random.choice(EVERYBODY)}
        return row | {key: value for key, value in said.items() if self.random.random() < 0.5}

    def writes(self, run: Run, step: HumanStep) -> dict[str, Any]:
        """What a decision gives to the step's outputs; no list through which branches go."""
        made = self.data() | self.lists()
        row = self.row()
        held = lists_in_use(run.graph, run.marking.blocks)
        return {
            key: made[key] if key in made else row.get(key.partition(".")[2])
            for key in step.outputs or []
            if self.random.random() < 0.7 and key not in held
        }

    def in_role(self, run: Run, role: RoleDef, token: Token | None = None) -> frozenset[str]:
        """The people of a role in this request, and in the row that a token is about."""
        if role.person_field:
            data = run.data if token is None else at(run, token)
            return frozenset({data.get(role.person_field)} - {None})
        if role.is_requester:
            return frozenset({str(run.marking.requester)})
        groups = (self.groups[group] for group in role.groups)
        return frozenset(role.users).union(*groups)

    def able(self, run: Run, token: Token) -> dict[str, frozenset[str]]:
        """Per outcome that is open now, who may choose it."""
        step = run.graph.human(token.step)
        roles = run.graph.definition.roles
        view = RowView(run.graph, token.step, token.rows)
        kept_out = barred_people(step, run.marking, view) | set(token.votes)
        result = {}
        for name, way in step.outcomes.items():
            if way.when is None or run.holds(way.when):
                role = roles[way.role or step.role or ""]
                people = self.in_role(run, role, token)
                result[name] = frozenset(p for p in people if p not in kept_out)
        return result


def at(run: Run, token: Token) -> Mapping[str, Any]:
    """The request's values as a token sees them."""
    return run.graph.data_at(token.step, token.rows, run.data, run.marking.chains)


def some_managers(question: ChainQuestion) -> tuple[str, ...]:
    """Two or three of everybody, by the request's own values alone."""
    others = [name for name in EVERYBODY if name != question.position.requester]
    return tuple(others[: 2 + bool(question.data.get("urgent"))])


def started(definition: Definition, random: Random) -> tuple[Run, Company]:
    company = Company(random)

    def electorate(step: str) -> frozenset[str]:
        role = run.graph.definition.roles[run.graph.human(step).role or ""]
        return company.in_role(run, role)

    lists = company.lists() if "lines" in definition.fields else {}
    run = Run(Graph(definition), company.data() | lists, electorate, find_chain=some_managers)
    run.start(by=random.choice(EVERYBODY), **company.facts())
    return run, company


def one_move(run: Run, company: Company) -> bool:
    """Let somebody do something, at random; False where nobody can: all wait on incidents."""
    moves: list[fx.Event] = []
    if run.marking.ended:
        end = run.graph[run.marking.ended]
        if getattr(end, "reopen", None):
            moves.append(fx.Reopen())
    for block in run.marking.blocks:
        if block.conflict:
            (fields,) = [e.fields for e in run.of(fx.MergeConflicted)[-1:]]
            values = {k: company.random.choice(list(v.values())) for k, v in fields.items()}
            moves.append(fx.ResolveMerge(block.id, values))
    for token in run.marking.tokens:
        if token.stuck:
            moves.append(fx.Retry(token.id, {"note": "z"}))
            moves += [fx.Reroute(token.id, to) for to in run.graph.ways_out(token.step)]
        if not run.graph.is_human(token.step):
            if run.graph[token.step].kind in ("automation", "wait"):
                moves.append(fx.Finish(token.id, "done", {"note": company.data()["note"]}))
                moves.append(fx.Fail(token.id, StepFailed("broken", "It broke.")))
            continue
        for outcome, people in company.able(run, token).items():
            for person in sorted(people):
                writes = company.writes(run, run.graph.human(token.step))
                moves.append(fx.Decide(token.id, person, outcome, writes))
        if getattr(run.graph[token.step], "expires", None):
            moves.append(fx.Expire(token.id))
    if moves:
        run.apply(company.random.choice(moves))
    return bool(moves)


def check_position(run: Run, company: Company) -> None:
    """What holds of every position of every request on a map without errors."""
    marking, graph = run.marking, run.graph
    assert Marking.from_json(json.loads(json.dumps(marking.to_json()))) == marking
    fired = Counter(effect.block for effect in run.of(fx.JoinFired))
    assert all(times == 1 for times in fired.values()), "a join fired twice"
    left = {effect.block for effect in run.of(fx.BlockLeft)}
    running = {block.id for block in marking.blocks}
    splits = {effect.block for effect in run.of(fx.BlockOpened)}
    assert splits == set(fired) | left | running
    assert not set(fired) & (left | running)
    if marking.ended:
        assert not marking.tokens
        assert not marking.blocks
    else:
        assert marking.tokens or any(block.conflict for block in marking.blocks), "a deadlock"
    asked_again = [slot_key(token.step, token.rows) for token in marking.tokens if token.again]
    assert len(asked_again) == len(set(asked_again)), "asked again twice at once"
    assert asked_again or not marking.parked, "parked for nothing"
    for token in marking.tokens:
        if token.again:  # it is asked beside the way, and sees what changed
            assert token.block is None
            slot = slot_key(token.step, token.rows)
            assert changed_since(marking, at(run, token), slot) or token.votes
            continue
        assert stands_in(marking, token.block) == list(graph.chain[token.step]), "out of its block"
        scopes = graph.row_scopes[token.step]
        assert len(token.rows) == len(scopes), "without its row"
        assert not have_gone(scopes, token.rows, run.data), "about no row"
        if not token.stuck and graph.is_human(token.step):
            assert company.able(run, token), f"{token.step} has no outcome to choose"
    for block in marking.blocks:
        working = [
            part.branch
            for part in (*marking.tokens, *marking.blocks, *marking.parked)
            if part.block == block.id
        ]
        over = {*block.arrived, *block.pending, *block.dropped}
        missing = [] if block.conflict else sorted(set(block.waits_for) - over)
        assert set(block.pending) <= set(block.waits_for)
        assert sorted(b for b in working if b is not None) == missing, "a branch was lost"


def stands_in(marking: Marking, number: int | None) -> list[str]:
    """The parallel steps around a token, outermost first, as the marking says."""
    steps: list[str] = []
    while number is not None:
        block = marking.block(number)
        assert block is not None, "a token in a block that is over"
        steps.insert(0, block.step)
        number = block.block
    return steps


def turned_round(value: Any) -> Any:
    """JSON as a database may give it back: the same, with the keys in another order."""
    if isinstance(value, dict):
        return {key: turned_round(value[key]) for key in sorted(value, reverse=True)}
    return [turned_round(part) for part in value] if isinstance(value, list) else value


def play(definition: Definition, seed: int, moves: int = 40, *, turn_keys: bool = False) -> Run:
    """One request from its start, with every position checked; `turn_keys` keeps the position as
    a database would that does not keep the order of keys."""
    random = Random(seed)
    run, company = started(definition, random)
    check_position(run, company)
    for _ in range(moves):
        if turn_keys:
            run.marking = Marking.from_json(turned_round(run.marking.to_json()))
        if not one_move(run, company):
            break
        check_position(run, company)
    return run


def errors_of(definition: Definition) -> list[str]:
    return [
        f"{f.code} {f.step}"
        for f in audit_definition(definition, AnyPeople())
        if f.severity == "error"
    ]


@given(all_maps, seeds)
@many
def test_every_run_of_a_sound_map_ends_or_waits_on_somebody(
    data: dict[str, Any], seed: int
) -> None:
    definition = Definition.model_validate(data)
    for number in range(3):
        run = play(definition, seed + number)
        event("ended" if run.marking.ended else "waits")


@given(all_maps)
@many
def test_the_audit_finds_no_error_in_a_map_that_is_sound_by_construction(
    data: dict[str, Any],
) -> None:
    found = errors_of(Definition.model_validate(data))
    assert [line for line in found if not line.startswith("exceptions_too_few")] == []


@given(all_maps, seeds)
@many
def test_the_same_events_lead_to_the_same_position_and_data(
    data: dict[str, Any], seed: int
) -> None:
    run = play(Definition.model_validate(data), seed)
    assert run.folded() == (run.marking, run.data)


@given(all_maps, seeds)
@many
def test_the_order_in_which_a_database_gives_keys_back_leads_nowhere_else(
    data: dict[str, Any], seed: int
) -> None:
    run = play(Definition.model_validate(data), seed, turn_keys=True)
    assert run.folded() == (run.marking, run.data)


def check_types(run: Run) -> None:
    """What every rule reads is a field that the audit knows, of the type that it says."""
    fields = run.graph.definition.all_fields
    for rule in rules_of_map(run.graph):
        if table_of_rule(rule) is None:
            assert run.graph.rule(rule).fields <= fields.keys(), rule
    for key, value in run.data.items():
        assert canonical_field_value(fields[key], value) == value, (key, value)


@given(all_maps, seeds)
@many
def test_no_rule_reads_a_value_that_the_audit_has_not_typed(
    data: dict[str, Any], seed: int
) -> None:
    random = Random(seed)
    run, company = started(Definition.model_validate(data), random)
    check_types(run)
    while len(run.events) < 20 and one_move(run, company):
        check_types(run)


@given(all_maps)
@many
def test_a_random_map_that_is_written_and_read_is_the_same(data: dict[str, Any]) -> None:
    definition = Definition.model_validate(data)
    assert read_definition(write_definition(definition), name="random.yaml") == definition


@given(damaged_maps(), seeds)
@many
def test_what_the_audit_passes_never_deadlocks(definition: Definition | None, seed: int) -> None:
    assume(definition is not None)
    assert definition is not None
    wrong = errors_of(definition)
    event("refused" if wrong else "passed")
    if not wrong:
        for number in range(4):
            play(definition, seed + number)
