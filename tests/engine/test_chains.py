"""Branches through a chain of managers: up to the first for whom a rule holds."""

import json
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from tests.engine.driving import FIELDS, Run, approval, draw, end, join, task
from workflows.engine.format.branches import LEVELS
from workflows.engine.format.definition import Definition
from workflows.engine.format.explanations import explain_validation_error
from workflows.engine.format.files import read_definition, write_definition
from workflows.engine.routing import effects as fx
from workflows.engine.routing.chains import ChainQuestion, Superior, climb
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking, Person
from workflows.engine.routing.rows import label_of_row, with_chains
from workflows.engine.routing.separation import RowView, barred_people
from workflows.engine.routing.step_troubles import ChainInCircle, ChainTooShort, RuleFailed
from workflows.engine.routing.supposed_chains import SupposedChains
from workflows.engine.versions.comparison import compare_definitions
from workflows.engine.versions.map_relations import MapRelations
from workflows.engine.versions.move_planning import plan_move
from workflows.engine.versions.renaming import rename_steps
from workflows.engine.versions.step_mapping import StepMapping
from workflows.engine.versions.step_matching import propose_steps

CHAIN = {"chain_of": "requester", "until": "limit >= amount"}
TURNS = {"as": "approver", "to": "sign", "one_at_a_time": True, "stop_on": "refusal"}
MORE = {"to": "p", "exception": True}
BOSSES = {"rita": "lea", "lea": "mia", "mia": "max", "max": "vera"}
LIMITS = {"lea": "50", "mia": "1000", "max": "5000", "vera": "90000"}


def chain_map(each: Any = CHAIN, sign: Any = None, **more: Any) -> Graph:
    """A block whose one branch goes through managers."""
    return draw(
        {
            "p": {"kind": "parallel", "branches": [{"each": each, **TURNS}], "join": "j"},
            "sign": sign or approval(ok="j", no={"to": "j", "exception": True}, _role="approver"),
            "j": join("after"),
            "after": task(ok="done", more=MORE, _outputs=["amount"]),
            "done": end(),
        },
        fields={**FIELDS, "lead": {"type": "user"}},
        roles={
            "crew": {"groups": ["crew"]},
            "staff": {"groups": ["staff"]},
            "approver": {"field": "approver"},
        },
        **more,
    )


class Directory:
    """Who is above whom, as a test says it; it counts how often it is asked."""

    def __init__(self, graph: Graph, bosses: Any = BOSSES, limits: Any = LIMITS, **more: Any):
        self.graph, self.bosses, self.limits, self.more = graph, dict(bosses), dict(limits), more
        self.asked = 0

    def person(self, login: str) -> Superior:
        limit = Decimal(self.limits[login]) if login in self.limits else None
        return Superior(login, login, limit, **self.more.get(login, {}))

    def above(self, person: Person) -> Superior | None:
        boss = self.bosses.get(str(person))
        return self.person(boss) if boss else None

    def __call__(self, question: ChainQuestion) -> tuple[str, ...]:
        self.asked += 1
        chain = question.chain
        start = question.position.requester
        if chain.person_field:
            start = question.data.get(chain.person_field)
        elif chain.step_read:
            start = question.position.deciders.get(chain.step_read, ("",))[-1]
        starts = self.person(str(start)) if start else None
        return climb(self.graph, question, starts, self.above)


def started(graph: Graph, amount: str = "700.00", by: str = "rita", **more: Any) -> Run:
    directory = Directory(graph, **{k: more.pop(k) for k in ("bosses", "limits") if k in more})
    directory.more = more.pop("people", {})
    run = Run(graph, {"amount": amount, "urgent": False, **more}, find_chain=directory)
    return run.start(by)


def chain_of(run: Run) -> tuple[str, ...]:
    (found,) = run.marking.chains.values()
    return tuple(found)


def trouble(run: Run) -> Any:
    (stuck,) = run.of(fx.ActivationStuck)
    return stuck.trouble


def here(run: Run, step: str = "sign") -> Any:
    token = next(token for token in run.marking.tokens if token.step == step)
    return run.graph.data_at(step, token.rows, run.data, run.marking.chains)


@pytest.mark.parametrize(
    ("amount", "people"),
    [
        ("50.00", ("lea",)),
        ("50.01", ("lea", "mia")),
        ("1000.00", ("lea", "mia")),
        ("90000.00", ("lea", "mia", "max", "vera")),
    ],
)
def test_managers_are_asked_up_to_the_first_whose_limit_covers_it(
    amount: str, people: tuple[str, ...]
) -> None:
    run = started(chain_map(), amount)
    assert chain_of(run) == people
    (found,) = run.of(fx.ChainFound)
    assert (found.step, found.people, found.until) == ("p", people, "limit >= amount")
    for number, person in enumerate(people):
        assert run.open == ["sign"]
        (token,) = run.marking.tokens
        assert token.rows == (number,)
        assert here(run)["approver"] == person
        run.decide("sign", "ok", by=person)
    assert run.where == "after"


def test_a_refusal_stops_the_chain() -> None:
    run = started(chain_map(), "5000.00")
    assert chain_of(run) == ("lea", "mia", "max")
    run.decide("sign", "ok", by="lea").decide("sign", "no", by="mia")
    assert run.where == "after"
    (fired,) = run.of(fx.JoinFired)
    assert len(fired.cancelled) == 1


def test_the_chain_is_found_once_and_kept_whatever_becomes_of_the_directory() -> None:
    run = started(chain_map())
    directory: Any = run.find_chain
    directory.bosses = {}
    run.decide("sign", "ok", by="lea")
    assert here(run)["approver"] == "mia"
    assert directory.asked == 1
    kept = json.loads(json.dumps(run.marking.to_json()))
    assert Marking.from_json(kept) == run.marking
    run.find_chain = lambda question: ("lea", "mia")
    assert run.folded() == (run.marking, run.data)


def test_a_block_that_begins_again_asks_for_its_chain_again() -> None:
    run = started(chain_map(), "10.00").decide("sign", "ok", by="lea")
    run.decide("after", "more", writes={"amount": "5000.00"})
    assert chain_of(run) == ("lea", "mia", "max")
    assert run.open == ["sign"]


def test_a_marking_without_chains_is_written_as_before() -> None:
    assert "chains" not in Marking().to_json()
    assert Marking.from_json({}).chains == {}


def test_who_has_left_and_who_asked_are_stepped_over() -> None:
    run = started(chain_map(), "10.00", people={"lea": {"is_active": False}})
    assert chain_of(run) == ("mia",)
    run = started(chain_map({**CHAIN, "chain_of": "field:lead"}), "600.00", by="mia", lead="rita")
    assert chain_of(run) == ("lea", "max")


def test_a_chain_starts_from_a_field_or_from_who_decided_a_step() -> None:
    run = started(chain_map({**CHAIN, "chain_of": "field:lead"}), lead="mia")
    assert chain_of(run) == ("max",)
    graph = chain_map({**CHAIN, "chain_of": "look"})
    steps = {
        "look": task(ok="p"),
        **{k: s.model_dump(by_alias=True, exclude_unset=True) for k, s in graph.steps.items()},
    }
    head = graph.definition.dump() | {"steps": steps}
    head["start"]["first"] = "look"
    run = started(Graph(Definition.model_validate(head))).decide("look", "ok", by="lea")
    assert chain_of(run) == ("mia",)


def test_what_the_rule_knows_of_a_manager() -> None:
    def up_to(until: str, **people: Any) -> tuple[str, ...]:
        return chain_of(started(chain_map({**CHAIN, "until": until}), people=people))

    assert up_to("level >= 2") == ("lea", "mia")
    assert up_to("department == 'Board'", max={"department": "Board"}) == ("lea", "mia", "max")
    assert up_to("place == 'Bonn' or level == 4", mia={"place": "Bonn"}) == ("lea", "mia")
    assert up_to("cost_centre != null", mia={"cost_centre": "7"}) == ("lea", "mia")
    assert up_to("limit != null and limit >= amount * 2") == ("lea", "mia", "max")


def test_of_whom_the_directory_says_no_limit_the_rule_does_not_hold() -> None:
    assert chain_of(started(chain_map(), "10.00", limits={"max": "100"})) == ("lea", "mia", "max")


def test_nobody_far_enough_up_is_an_incident_that_can_be_cleared() -> None:
    run = started(chain_map(), "90001.00")
    said = trouble(run)
    assert isinstance(said, ChainTooShort)
    assert (said.why, said.starts) == ("top", "rita")
    assert said.people == ["lea", "mia", "max", "vera"]
    (token,) = run.marking.tokens
    assert (token.step, token.stuck, run.marking.blocks) == ("p", "chain_too_short", ())
    assert run.marking.chains == {}
    run.apply(fx.Retry(token.id))
    assert run.open == ["p"]
    directory: Any = run.find_chain
    directory.limits["vera"] = "100000"
    (token,) = run.marking.tokens
    run.apply(fx.Retry(token.id, actor="olga"))
    assert chain_of(run) == ("lea", "mia", "max", "vera")
    assert run.open == ["sign"]
    assert run.marking.rounds["p"] == 1


def test_a_chain_is_as_long_as_its_levels_at_most() -> None:
    run = started(chain_map({**CHAIN, "levels": 2}), "5000.00")
    assert (trouble(run).why, trouble(run).levels) == ("levels", 2)
    bosses = {"rita": "m1", **{f"m{n}": f"m{n + 1}" for n in range(1, 50)}}
    run = started(chain_map(), bosses=bosses)
    assert (trouble(run).why, len(trouble(run).people)) == ("levels", LEVELS)


def test_a_circle_in_the_directory_is_named_and_ends_the_climb() -> None:
    run = started(chain_map(), "90000.00", bosses={**BOSSES, "max": "lea"})
    assert trouble(run) == ChainInCircle("P", ["lea", "mia", "max", "lea"])
    run = started(chain_map(), "90000.00", bosses={"rita": "rita"})
    assert trouble(run) == ChainInCircle("P", ["rita", "rita"])


def test_nobody_to_start_from_and_a_value_that_is_empty_are_incidents() -> None:
    run = started(chain_map({**CHAIN, "chain_of": "field:lead"}))
    assert trouble(run).why == "nobody"
    run = Run(chain_map(), {"urgent": False})
    run.find_chain = Directory(run.graph)
    assert isinstance(trouble(run.start()), RuleFailed)
    run = started(chain_map({**CHAIN, "until": "limit >= amuont"}))
    assert isinstance(trouble(run), RuleFailed)


def test_only_those_are_asked_for_whom_the_branchs_own_condition_holds() -> None:
    graph = chain_map()
    written = graph.definition.dump()
    written["steps"]["p"]["branches"][0]["when"] = "approver != 'lea'"
    run = started(Graph(Definition.model_validate(written)), "5000.00")
    assert here(run)["approver"] == "mia"


def test_separation_of_duties_is_about_the_person_of_the_branch() -> None:
    graph = chain_map(sign=approval(ok="j", _role="approver", _not_by=["requester", "sign"]))
    run = started(graph, "5000.00").decide("sign", "ok", by="lea")
    view = RowView(graph, "sign", (1,))
    assert barred_people(graph.human("sign"), run.marking, view) == {"rita"}


def test_a_task_is_labelled_with_its_manager() -> None:
    run = started(chain_map())
    scopes, data = run.graph.row_scopes["sign"], with_chains(run.data, run.marking.chains)
    assert label_of_row(run.graph.definition, scopes, (1,), data) == "mia"


def test_in_a_branch_for_each_row_each_row_has_a_chain_of_its_own() -> None:
    columns = {"item": {"type": "text"}, "net": {"type": "money", "required": True}}
    each = {"chain_of": "requester", "until": "limit >= row.net"}
    graph = draw(
        {
            "o": {"kind": "parallel", "branches": [{"each": "lines", "to": "p"}], "join": "k"},
            "p": {"kind": "parallel", "branches": [{"each": each, **TURNS}], "join": "j"},
            "sign": approval(ok="j"),
            "j": join("k"),
            "k": join("done"),
            "done": end(),
        },
        fields={**FIELDS, "lines": {"type": "list", "columns": columns}},
    )
    run = started(graph, lines=[{"item": "a", "net": "10"}, {"item": "b", "net": "900"}])
    assert dict(run.marking.chains) == {"p#0@0": ("lea",), "p#0@1": ("lea", "mia")}
    assert sorted(token.rows for token in run.marking.tokens) == [(0, 0), (1, 0)]
    scopes, data = graph.row_scopes["sign"], with_chains(run.data, run.marking.chains)
    assert label_of_row(graph.definition, scopes, (1, 1), data) == "2: b / mia"
    run.decide("sign", "ok", by="lea").decide("sign", "ok", by="lea").decide("sign", "ok", by="mia")
    assert run.where == "= done"


def test_a_moved_request_keeps_the_chains_that_were_found_under_the_steps_new_name() -> None:
    old = chain_map()
    run = started(old).decide("sign", "ok", by="lea").decide("sign", "ok", by="mia")
    text = json.dumps(old.definition.dump()).replace('"p"', '"managers"')
    new = Graph(Definition.model_validate(json.loads(text)))
    steps = StepMapping({key: ("managers" if key == "p" else key,) for key in old.steps})
    relations = MapRelations(old, new, steps)
    assert relations.renamed_record(run.marking).chains == {"managers#0": ("lea", "mia")}
    plan = plan_move(old, new, steps, run.marking, run.data, run.electorate)
    assert plan.marking is not None
    assert plan.marking.chains == {"managers#0": ("lea", "mia")}


def test_a_request_is_not_put_into_a_block_beside_managers_who_were_never_found() -> None:
    new = chain_map()
    written = new.definition.dump()
    written["steps"]["p"]["branches"].append({"to": "beside"})
    written["steps"]["beside"] = task(ok="j")
    new = Graph(Definition.model_validate(written))
    old = draw({"beside": task(ok="done"), "done": end()}, fields=new.definition.dump()["fields"])
    run = started(old)
    steps = propose_steps(old.definition, new.definition)
    plan = plan_move(old, new, steps, run.marking, run.data, run.electorate)
    assert plan.marking is None
    assert plan.reason.code == "rule_unclear"


def test_a_chain_from_a_steps_decider_follows_the_steps_name() -> None:
    old = chain_map({**CHAIN, "chain_of": "sign"}).definition
    steps = StepMapping({key: ("signed" if key == "sign" else key,) for key in old.steps})
    branch = rename_steps(old, steps).dump()["steps"]["p"]["branches"][0]
    assert (branch["to"], branch["each"]["chain_of"]) == ("signed", "signed")


def test_a_chain_is_compared_as_what_its_branch_says() -> None:
    old, new = chain_map().definition, chain_map({**CHAIN, "levels": 3}).definition
    (difference,) = compare_definitions(old, new, propose_steps(old, new))
    assert (difference.part, difference.before, difference.after) == (
        *("each", CHAIN),
        {**CHAIN, "levels": 3},
    )


def test_in_a_rehearsal_there_are_as_many_managers_as_the_rule_says_or_a_few() -> None:
    graph = chain_map()
    position = Marking(requester="rita")
    chains, lengths = SupposedChains(graph, Random(1)), set[int]()
    for _ in range(50):
        chain = next(graph.definition.row_scopes()).chain
        assert chain is not None
        data = {"amount": "5.00", "urgent": False}
        lengths.add(len(chains.find(ChainQuestion("p#0", "p", chain, data, position))))
    assert lengths == {1, 2, 3}
    chain = next(chain_map({**CHAIN, "until": "level >= 5"}).definition.row_scopes()).chain
    assert chain is not None
    assert len(chains.find(ChainQuestion("p#0", "p", chain, {}, position))) == 5


@pytest.mark.parametrize(
    ("each", "words"),
    [
        ({"chain_of": "requester"}, ["each.until", "missing"]),
        ({"chain_of": "requester", "until": "level > 1", "levels": 30}, ["each.levels", "20"]),
        ({"chain_of": "requester", "until": "level > 1", "level": 3}, ["did you mean 'levels'"]),
        ({"chain_of": "a b", "until": "level > 1"}, ["each.chain_of"]),
        (5, ["each"]),
    ],
)
def test_what_cannot_be_read_is_named(each: Any, words: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        chain_map(each)
    said = str(explain_validation_error(caught.value))
    assert all(word in said for word in words), said


def test_a_file_with_a_chain_is_loaded_and_dumped_alike() -> None:
    written = chain_map({**CHAIN, "levels": 3}).definition.dump()
    assert Definition.model_validate(written).dump() == written
    again = write_definition(Definition.model_validate(written))
    assert read_definition(again, name="chain.yaml").dump() == written
