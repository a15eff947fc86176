"""Rules that ask who asked, and what was decided so far."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.engine.driving import FIELDS, Run, approval, decision, draw, end, join, parallel, task
from workflows.engine.audit import AnyPeople, audit_definition
from workflows.engine.bpmn.reading import read_bpmn
from workflows.engine.bpmn.writing import write_bpmn
from workflows.engine.conformance.known_values import RuleReader
from workflows.engine.conformance.rule_answers import questions_of_map
from workflows.engine.dmn.reading import read_dmn
from workflows.engine.dmn.writing import write_dmn
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import read_definition, write_definition
from workflows.engine.format.person_facts import REQUESTER_FACTS
from workflows.engine.routing.effects import Expire
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.known_facts import asked_facts, asks_of_requester, with_facts
from workflows.engine.routing.marking import Marking
from workflows.engine.routing.reachable_steps import evaluate_condition
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated, RuleProblem, compile_expression
from workflows.engine.rules.fact_names import rename_in_rule
from workflows.engine.versions.move_planning import plan_move
from workflows.engine.versions.renaming import rename_steps
from workflows.engine.versions.step_mapping import StepMapping


def asking(rule: str, **more: Any) -> Graph:
    """A look that may be repeated, then a choice by this rule."""
    return draw(
        {
            "in": approval(ok="which", **{"send-back": {"to": "look-2", "exception": True}}),
            "look-2": task(done="in", _expires={"after": "9d", "to": "in", "exception": True}),
            "which": decision("plain", special=rule),
            "special": task(ok="done"),
            "plain": task(ok="done"),
            "done": end(),
        },
        fields={**FIELDS, "site": {"type": "text"}},
        **more,
    )


def where(rule: str, moves: tuple[str, ...] = (), **facts: Any) -> str:
    run = Run(asking(rule)).start(**facts)
    return run.follow([*moves, "in/ok"]).open[0]


KNOWN: dict[str, Any] = {
    "department": "IT",
    "approval_limit": "500.00",
    "groups": ["crew", "board"],
    "manager": "lea",
}


@pytest.mark.parametrize(
    ("rule", "known", "unknown"),
    [
        ("requester.department == 'IT'", True, False),
        ("requester.department != 'IT'", False, True),
        ("not (requester.department == 'IT')", False, True),
        ("requester.department in ['IT', 'HR']", True, False),
        ("'I' in requester.department", True, False),
        ("requester.department == null", False, True),
        ("requester.approval_limit >= amount", True, False),
        ("requester.approval_limit * 2 > amount + 1", True, False),
        ("requester.approval_limit < amount", False, False),
        ("requester.approval_limit + 1 != amount", True, True),
        ("'board' in requester.groups", True, False),
        ("requester.manager == 'lea'", True, False),
        ("requester.place == 'Oslo'", False, False),
        ("urgent or requester.cost_centre == '4711'", False, False),
    ],
)
def test_who_asked_is_known_or_a_comparison_with_it_does_not_hold(
    rule: str, known: bool, unknown: bool
) -> None:
    assert where(rule, **KNOWN) == ("special" if known else "plain")
    assert where(rule) == ("special" if unknown else "plain")


BACK = ("in/send-back", "look-2/done")


@pytest.mark.parametrize(
    ("rule", "moves", "holds"),
    [
        ("outcome_of.look-2 == null", (), True),
        ("outcome_of.look-2 == 'done'", (), False),
        ("outcome_of.look-2 != 'done'", (), True),
        ("outcome_of.look-2 == 'done'", BACK, True),
        ("outcome_of.in == 'ok'", BACK, True),
        ("count_of.in.send-back > 1", BACK, False),
        ("count_of.in.send-back > 1", BACK * 2, True),
        ("count_of.in.send-back-1 > 0", BACK * 2, True),
        ("count_of.in.send-back == 0 and count_of.in.ok == 1", (), True),
        ("count_of.in.ok * 50 < amount", (), True),
    ],
)
def test_what_was_decided_is_counted_and_the_last_of_it_is_known(
    rule: str, moves: tuple[str, ...], holds: bool
) -> None:
    assert where(rule, moves) == ("special" if holds else "plain")


def test_an_expiry_is_an_outcome_of_its_own() -> None:
    graph = asking("outcome_of.look-2 == 'expired' and count_of.look-2.expired == 1")
    run = Run(graph).start().follow(["in/send-back"])
    run.apply(Expire(run.marking.tokens[0].id))
    assert run.follow(["in/ok"]).open == ["special"]


def test_a_vote_that_is_not_enough_decides_nothing() -> None:
    graph = draw(
        {
            "vote": approval(ok="again", _quorum=2),
            "again": task(ok={"to": "done", "when": "count_of.vote.ok == 1"}, no="vote"),
            "done": end(),
        }
    )
    run = Run(graph).start().decide("vote", "ok", by="ann")
    assert run.marking.facts == {}
    run.decide("vote", "ok", by="ben")
    assert run.marking.facts == {"count_of.vote.ok": 1}


def test_nothing_is_kept_that_no_rule_asks() -> None:
    run = Run(asking("amount > 5")).start().follow(["in/ok"])
    assert run.marking.facts == {}
    assert "facts" not in run.marking.to_json()


def test_a_marking_with_facts_comes_back_from_json() -> None:
    graph = asking("requester.department == 'IT' and count_of.in.ok > 0")
    marking = Run(graph).start(**KNOWN).follow(["in/ok"]).marking
    assert marking.facts == {
        **{f"requester.{name}": value for name, value in KNOWN.items()},
        "count_of.in.ok": 1,
    }
    assert Marking.from_json(marking.to_json()) == marking


def test_in_a_branch_for_each_row_the_rows_own_decision_is_asked() -> None:
    columns = {"item": {"type": "text", "required": True}}
    graph = draw(
        {
            "each": {
                "kind": "parallel",
                "branches": [{"each": "lines", "to": "check"}],
                "join": "j",
            },
            "check": approval(ok="which", no="which"),
            "which": decision("j", mend="outcome_of.check == 'no'"),
            "mend": task(ok="j"),
            "j": join("after"),
            "after": decision("done", more="count_of.check.no > 0"),
            "more": task(ok="done"),
            "done": end(),
        },
        fields={**FIELDS, "lines": {"type": "list", "columns": columns}},
        start={"role": "staff", "fields": ["amount", "urgent", "lines"], "first": "each"},
    )
    rows = [{"item": "a"}, {"item": "b"}]
    run = Run(graph, {"amount": "1.00", "urgent": False, "lines": rows}).start()
    run.decide("check", "no", by="ann").decide("check", "ok", by="ben")
    assert run.open == ["mend"]
    assert run.follow(["mend/ok"]).open == ["more"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("requester.floor == 'x'", "Nothing is known of a requester under `requester.floor`"),
        ("outcome_of.inn == 'ok'", "did you mean in?"),
        ("outcome_of.which == 'ok'", "there is no step 'which'"),
        ("count_of.in.no > 1", "'in' has no outcome 'no'; write one of ok, send-back"),
        ("outcome_of.in == 'no'", "'no' is not one of its choices; write one of ok, send-back"),
        ("requester.department > 3", "compares a text with a number"),
        ("requester.approval_limit == 'a lot'", "compares a number with a text"),
        ("count_of.in.ok == 'once'", "compares a number with a text"),
        ("outcome_of.in", "is a text, not a condition"),
        ("requester.groups == 'crew'", "compares a list with a text"),
        ("outcome_of.in = 'ok'", "write == to compare"),
    ],
)
def test_what_is_wrong_is_said(rule: str, said: str) -> None:
    with pytest.raises(RuleProblem) as problem:
        asking("urgent").rule(rule)
    assert said in str(problem.value)
    found = audit_definition(asking(rule).definition, AnyPeople())
    assert [f.code for f in found if f.severity == "error"] == ["rule_wrong"]


def test_a_sum_that_needs_what_is_not_known_waits_on_somebody() -> None:
    fields = asking("urgent").definition.rule_fields("requester.approval_limit")
    expression = compile_expression("requester.approval_limit * 2", fields)
    assert str(expression.value({"requester.approval_limit": "5.00"})) == "10.00"
    with pytest.raises(RuleCannotBeEvaluated):
        expression.value({})


def test_a_field_that_is_called_so_is_a_field() -> None:
    graph = draw(
        {
            "p": {"kind": "parallel", "branches": [{"each": "lines", "as": "requester", "to": "a",
                "when": "requester.department == 'x'"}], "join": "j"},
            "a": task(ok="j"),
            "j": join("done"),
            "done": end(),
        },
        fields={
            **FIELDS,
            "lines": {"type": "list", "columns": {"department": {"type": "text"}}},
        },
    )  # fmt: skip
    assert graph.rule("requester.department == 'x'").fields == {"requester.department"}


def test_a_form_asks_no_facts() -> None:
    fields = {**FIELDS, "note": {"type": "text", "when": "requester.department == 'IT'"}}
    graph = asking("urgent")
    written = graph.definition.dump() | {"fields": fields}
    found = audit_definition(Definition.model_validate(written), AnyPeople())
    assert "condition_wrong" in [finding.code for finding in found]
    fields = {**FIELDS, "twice": {"type": "number", "value": "requester.approval_limit * 2"}}
    written = graph.definition.dump() | {"fields": fields}
    found = audit_definition(Definition.model_validate(written), AnyPeople())
    assert "value_wrong" in [finding.code for finding in found]


def test_what_cannot_have_been_decided_is_found() -> None:
    found = audit_definition(asking("outcome_of.plain == 'ok'").definition, AnyPeople())
    assert [f.code for f in found if f.code == "decided_too_late"] == ["decided_too_late"]
    sound = audit_definition(asking("outcome_of.look-2 == 'done'").definition, AnyPeople())
    assert not [f.code for f in sound if f.code == "decided_too_late"]


def table(**more: Any) -> Graph:
    inputs = ["requester.department", "outcome_of.in", "count_of.in.send-back"]
    rows = [
        {"when": {"requester.department": "IT", "count_of.in.send-back": "> 0"}, "to": "special"},
        {"when": {"outcome_of.in": "ok, send-back"}, "to": "plain"},
    ]
    steps = asking("urgent").definition.dump()["steps"]
    steps["which"] = {
        "kind": "table",
        "inputs": inputs,
        "hit": "first",
        "rows": rows,
        "otherwise": "plain",
        **more,
    }
    return draw(steps)


def test_a_table_asks_facts_and_comes_back_from_files() -> None:
    graph = table()
    assert not [f for f in audit_definition(graph.definition, AnyPeople()) if f.severity == "error"]
    assert Run(graph).start(department="IT").follow([*BACK, "in/ok"]).open == ["special"]
    assert Run(graph).start(department="HR").follow([*BACK, "in/ok"]).open == ["plain"]
    assert Run(graph).start().follow(["in/ok"]).open == ["plain"]
    definition = graph.definition
    assert read_definition(write_definition(definition), name="x.yaml") == definition
    written = write_dmn(definition, "which")
    back = read_dmn(written.encode(), definition, "which", name="table.dmn")
    assert back["inputs"] == definition.dump()["steps"]["which"]["inputs"]
    wrong = table(inputs=["requester.floor"], rows=[{"to": "plain"}])
    assert "input_unknown" in [f.code for f in audit_definition(wrong.definition, AnyPeople())]


def test_rules_that_ask_facts_come_back_from_bpmn() -> None:
    definition = asking("requester.department == 'IT' and count_of.in.send-back > 1").definition
    back = read_bpmn(write_bpmn(definition).encode(), name="map.bpmn")
    assert back.definition.steps["which"] == definition.steps["which"]


def test_only_what_some_rule_asks_is_asked_of_the_directory() -> None:
    graph = asking("requester.department == 'IT' or 'requester.place' == 'x'")
    assert asks_of_requester(graph) == {"requester.department"}
    assert asked_facts(table()) == set(table().definition.steps["which"].inputs or ())  # type: ignore[union-attr]


def test_a_forecast_leaves_open_what_is_not_known_or_may_be_decided_anew() -> None:
    graph = asking("requester.department == 'IT' and amount > 5")
    rule = "requester.department == 'IT' and amount > 5"
    data = {"amount": "10.00"}
    assert evaluate_condition(graph, rule, data, frozenset()) is None
    known = with_facts(graph, "which", (), data, {"requester.department": "HR"})
    assert evaluate_condition(graph, rule, known, frozenset()) is False
    graph = asking("outcome_of.in == 'ok'")
    known = with_facts(graph, "which", (), data, {"outcome_of.in": "send-back"})
    assert evaluate_condition(graph, "outcome_of.in == 'ok'", known, frozenset()) is None


def test_rules_follow_when_steps_and_outcomes_are_called_otherwise() -> None:
    rule = "outcome_of.in == 'ok' and count_of.in.ok > 1 and note == 'outcome_of.in' or urgent"
    assert rename_in_rule(rule, {"in": "first-look"}) == rule.replace(
        "outcome_of.in ==", "outcome_of.first-look =="
    ).replace("count_of.in.", "count_of.first-look.")
    assert rename_in_rule(rule, {}, {("in", "ok"): "yes"}) == rule.replace(
        "== 'ok'", "== 'yes'"
    ).replace("in.ok", "in.yes")
    listed = "outcome_of.in in ['ok', \"send-back\"]"
    assert rename_in_rule(listed, {}, {("in", "send-back"): "back"}) == (
        "outcome_of.in in ['ok', \"back\"]"
    )


def test_facts_go_along_to_another_version_under_the_steps_new_names() -> None:
    rule = "requester.department == 'IT' and count_of.in.ok > 0 and outcome_of.look-2 == null"
    old = asking(rule)
    steps = StepMapping({key: ("first" if key == "in" else key,) for key in old.steps})
    new = Graph(rename_steps(old.definition, steps))
    assert new.definition.dump()["steps"]["which"]["rules"][0]["when"] == rule.replace(
        "of.in", "of.first"
    )
    run = Run(old).start(department="IT").follow(["in/ok"])
    assert run.open == ["special"]
    plan = plan_move(old, new, steps, run.marking, run.data, run.electorate)
    assert plan.marking is not None
    assert plan.marking.facts == {"requester.department": "IT", "count_of.first.ok": 1}


def test_a_log_does_not_know_who_asked() -> None:
    graph = asking("requester.department == 'IT'")
    reader = RuleReader(graph)
    assert reader.truths({}) == (None,) * len(questions_of_map(graph))


def test_a_branch_may_ask_who_asked() -> None:
    graph = draw(
        {
            "p": parallel(("a", "requester.place == 'Oslo'"), "b"),
            "a": task(ok="j"),
            "b": task(ok="j"),
            "j": join("done"),
            "done": end(),
        }
    )
    assert Run(graph).start(place="Oslo").open == ["a", "b"]
    assert Run(graph).start().open == ["b"]


def test_the_page_names_every_fact_of_a_requester() -> None:
    page = (Path(__file__).parents[2] / "docs" / "definition.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(requester\.\w+)` \|", page, re.MULTILINE)
    assert sorted(named) == sorted(REQUESTER_FACTS)
