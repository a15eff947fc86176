"""A table on a map: the row that holds sets fields and chooses the way."""

from typing import Any

import pytest

from tests.engine.driving import FIELDS, Run, approval, draw, end, join, parallel, task
from workflows.engine.format.definition import Definition, TableStep
from workflows.engine.routing import effects as fx
from workflows.engine.routing.bypassed_approvals import steps_ahead_of
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.reachable_steps import possible_links
from workflows.engine.routing.ways_ahead import find_likely_steps

TABLE_FIELDS: dict[str, Any] = FIELDS | {
    "level": {"type": "choice", "choices": ["lead", "board"]},
    "limit": {"type": "money", "currency": "EUR"},
    "count": {"type": "integer"},
}


def table(**said: Any) -> dict[str, Any]:
    """Small amounts go to the lead, others to the board; both are told so in a field."""
    return {
        "kind": "table",
        "inputs": ["amount", "urgent"],
        "outputs": ["level"],
        "rows": [
            {"when": {"amount": "< 5000"}, "set": {"level": "lead"}, "to": "lead"},
            {
                "when": {"amount": ">= 5000", "urgent": False},
                "set": {"level": "board"},
                "to": "board",
            },
        ],
        "otherwise": "rush",
    } | said


def drawn(**said: Any) -> Graph:
    steps = {
        "ask": task(send="who", _outputs=["amount"]),
        "who": table(**said),
        "lead": task(ok="done"),
        "board": task(ok="done", again="ask"),
        "rush": task(ok="done"),
        "done": end(),
    }
    return draw(steps, fields=TABLE_FIELDS)


def asked(amount: str | None, *, urgent: bool | None = False, **said: Any) -> Run:
    data = {"amount": amount, "urgent": urgent}
    return Run(drawn(**said), data=data).start().decide("ask", "send")


def test_the_row_that_holds_chooses_the_way_and_sets_its_fields() -> None:
    run = asked("4999.99")
    assert (run.where, run.data["level"]) == ("lead", "lead")
    run = asked("5000.00")
    assert (run.where, run.data["level"]) == ("board", "board")


def test_where_no_row_holds_the_table_goes_otherwise_and_empties_what_it_set() -> None:
    run = asked("5000.00", urgent=True)
    assert run.where == "rush"
    assert "level" not in run.data
    again = asked("5000.00").decide("board", "again").decide("ask", "send", writes={"urgent": True})
    assert (again.where, again.data["level"]) == ("rush", None)


def test_it_is_recorded_by_which_row_and_which_way() -> None:
    (taken,) = asked("5000.00").of(fx.RouteTaken)
    assert (taken.step, taken.route, taken.to, taken.rows) == ("who", "2", "board", (2,))
    (taken,) = asked("5000.00", urgent=True).of(fx.RouteTaken)
    assert (taken.route, taken.to, taken.rows) == ("otherwise", "rush", ())


def test_an_empty_field_is_taken_by_any_and_by_null_alone() -> None:
    assert asked(None).where == "rush"
    rows = [{"when": {"amount": "not(5)"}, "to": "lead"}, {"when": {"amount": None}, "to": "board"}]
    assert asked(None, rows=rows).where == "board"
    assert asked("6.00", rows=rows).where == "lead"
    assert asked(None, rows=[{"when": {"urgent": False}, "to": "lead"}]).where == "lead"


def test_without_a_row_and_without_otherwise_the_request_waits_on_an_incident() -> None:
    run = asked("5000.00", urgent=True, otherwise=None)
    (stuck,) = run.of(fx.ActivationStuck)
    assert (stuck.step, stuck.trouble.code) == ("who", "rule_failed")
    assert run.where == "who"


def test_a_value_that_is_none_of_its_field_never_counts_as_no_row() -> None:
    run = asked("a lot")
    assert run.of(fx.ActivationStuck)


def test_defaults_are_the_results_where_no_row_holds() -> None:
    run = asked("5000.00", urgent=True, defaults={"level": "board"})
    assert (run.where, run.data["level"]) == ("rush", "board")
    run = asked("5000.00", urgent=True, defaults={"level": "board"}, otherwise=None, to="board")
    assert (run.where, run.data["level"]) == ("board", "board")


def test_of_a_unique_table_one_row_may_hold() -> None:
    rows = [{"when": {"amount": "< 5000"}, "to": "lead"}, {"when": {"amount": "< 9"}, "to": "rush"}]
    assert asked("10.00", rows=rows).where == "lead"
    run = asked("5.00", rows=rows)
    assert "Rows 1 and 2" in str(run.of(fx.ActivationStuck)[0].trouble.parameters)
    assert asked("5.00", rows=rows, hit="first").where == "lead"


def test_what_rows_say_is_collected() -> None:
    rows = [
        {"when": {"amount": "> 10"}, "set": {"limit": 100, "count": 1}},
        {"when": {"amount": "> 100"}, "set": {"limit": "50.50", "count": 3}},
        {"when": {"amount": "> 1000"}, "set": {"limit": 7}},
    ]
    said = {
        "rows": rows,
        "hit": "collect",
        "outputs": ["limit", "count"],
        "otherwise": None,
        "to": "lead",
    }
    collect = {"limit": "sum", "count": "count"}
    run = asked("500.00", **said, collect=collect)
    assert (run.data["limit"], run.data["count"], run.where) == ("150.50", 2, "lead")
    run = asked("500.00", **said, collect={"limit": "min", "count": "max"})
    assert (run.data["limit"], run.data["count"]) == ("50.50", 3)
    run = asked("1.00", **said, collect=collect)
    assert (run.data.get("limit"), run.data["count"], run.where) == (None, 0, "lead")
    taken = asked("500.00", **said, collect=collect).of(fx.RouteTaken)[0]
    assert taken.rows == (1, 2)


def test_a_sum_that_no_field_can_hold_is_an_incident() -> None:
    rows = [{"set": {"limit": 900_000_000_000_000}}, {"set": {"limit": 900_000_000_000_000}}]
    run = asked(
        "1.00",
        rows=rows,
        hit="collect",
        outputs=["limit"],
        collect={"limit": "sum"},
        otherwise=None,
        to="lead",
    )
    assert run.of(fx.ActivationStuck)


def test_a_branch_writes_what_its_table_sets() -> None:
    steps = {
        "p": parallel("who", "beside"),
        "who": table(
            rows=[{"set": {"level": "lead"}, "to": "lead"}], inputs=["amount"], otherwise=None
        ),
        "lead": task(ok="j"),
        "beside": task(ok="j", _outputs=["level"]),
        "j": join("done"),
        "done": end(),
    }
    run = Run(draw(steps, fields=TABLE_FIELDS)).start()
    run.decide("lead", "ok").decide("beside", "ok", writes={"level": "board"})
    (conflict,) = run.of(fx.MergeConflicted)
    assert conflict.fields == {"level": {"0": "lead", "1": "board"}}


def test_an_approval_is_asked_again_when_a_table_changes_what_it_showed() -> None:
    steps = {
        "look": approval(ok="raise", _inputs=["level"]),
        "raise": table(
            rows=[{"set": {"level": "board"}, "to": "pay"}], inputs=["amount"], otherwise=None
        ),
        "pay": task(ok="done"),
        "done": end(),
    }
    data = {"amount": "1.00", "urgent": False, "level": "lead"}
    run = Run(draw(steps, fields=TABLE_FIELDS), data=data).start().decide("look", "ok")
    assert run.where == "look"
    assert [effect.step for effect in run.of(fx.ApprovalAskedAgain)] == ["look"]
    assert run.decide("look", "ok").where == "pay"
    assert run.folded() == (run.marking, run.data)


def test_work_behind_a_table_waits_for_an_approval_before_it_that_is_asked_again() -> None:
    steps = {
        "look": approval(ok="who"),
        "who": table(),
        "lead": task(ok="done"),
        "board": task(ok="done"),
        "rush": task(ok="done"),
        "done": end(),
    }
    graph = draw(steps, fields=TABLE_FIELDS)
    assert steps_ahead_of(graph, "look") == {"who", "lead", "board", "rush", "done"}
    run = Run(graph).start().decide("look", "ok")
    assert run.where == "lead"
    run.apply(fx.CorrectValues({"amount": "100.01"}, "olga"))
    assert run.where == "look"
    assert run.decide("look", "ok").where == "lead"


def test_what_can_come_follows_the_values_that_are_known() -> None:
    graph = drawn()
    data = {"amount": "10.00", "urgent": False}

    def ways(changing: set[str]) -> list[str]:
        return [link.to for link in possible_links(graph, "who", data, frozenset(changing))]

    assert ways(set()) == ["lead"]
    assert ways({"urgent"}) == ["lead", "rush"] or ways({"urgent"}) == ["lead"]
    assert ways({"amount"}) == ["lead", "board", "rush"]
    assert find_likely_steps(graph, ["lead"], data) == {"done"}


def test_a_sure_row_of_a_first_table_rules_out_what_stands_behind_it() -> None:
    rows = [
        {"when": {"amount": "> 100"}, "to": "lead"},
        {"when": {"urgent": True}, "to": "rush"},
        {"to": "board"},
    ]
    graph = drawn(rows=rows, hit="first", otherwise=None)
    data = {"amount": "500.00", "urgent": False}
    likely = [link.to for link in possible_links(graph, "who", data, frozenset({"urgent"}))]
    assert likely == ["lead"]
    data = {"amount": "5.00", "urgent": False}
    likely = [link.to for link in possible_links(graph, "who", data, frozenset({"urgent"}))]
    assert likely == ["rush", "board"]


@pytest.mark.parametrize("said", [{}, {"hit": "first", "exceptions": ["rush"]}])
def test_a_table_is_written_back_as_it_was_read(said: dict[str, Any]) -> None:
    definition = drawn(**said).definition
    step = definition.dump()["steps"]["who"]
    assert step == {key: value for key, value in table(**said).items() if value is not None}
    assert Definition.model_validate(definition.dump()) == definition
    assert isinstance(definition.steps["who"], TableStep)


def test_ways_of_rows_to_one_step_are_one() -> None:
    rows = [
        {"when": {"amount": "< 5"}, "to": "lead", "note": "small change"},
        {"when": {"amount": "[5..10)"}, "to": "board"},
        {"when": {"amount": ">= 10"}, "to": "board"},
    ]
    links = [link for link in drawn(rows=rows, exceptions=["rush"]).links if link.source == "who"]
    assert [(link.kind, link.name, link.to, link.route.label) for link in links] == [
        ("row", "1", "lead", "small change"),
        ("row", "2", "board", "2, 3"),
        ("otherwise", "otherwise", "rush", None),
    ]
    assert [link.to for link in links if link.route.exception] == ["rush"]


def test_choices_of_rows_are_collected_as_a_list() -> None:
    rows = [
        {"when": {"amount": "> 10"}, "set": {"checks": ["legal"]}},
        {"when": {"amount": "> 100"}, "set": {"checks": "security, legal"}},
    ]
    fields = TABLE_FIELDS | {"checks": {"type": "choices", "choices": ["legal", "security"]}}
    said = {"rows": rows, "hit": "collect", "outputs": ["checks"], "collect": {"checks": "list"}}
    steps = {
        "who": table(**said, otherwise=None, to="lead"),
        "lead": task(ok="done"),
        "done": end(),
    }
    run = Run(draw(steps, fields=fields), data={"amount": "500.00", "urgent": False}).start()
    assert run.data["checks"] == ["legal", "security"]
