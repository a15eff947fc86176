"""Made-up values are what their fields ask for, where there is such a value near."""

import copy
from datetime import UTC
from random import Random
from typing import Any

import pytest

from tests.engine.audit_cases import SOUND
from tests.engine.rehearsal.planted import MONDAY, changed, rehearse_map
from workflows.engine.format.definition import Definition
from workflows.engine.rehearsal.clocks import to_moment
from workflows.engine.rehearsal.conditions import Conditions
from workflows.engine.rehearsal.fitting import fit_value
from workflows.engine.rehearsal.supposing import Site, suppose_scenario
from workflows.engine.rehearsal.values import ValueMaker, Writer
from workflows.engine.routing.graph import Graph
from workflows.engine.timing.dates import local_day_of
from workflows.engine.timing.working_time import calendar_named
from workflows.engine.values.constraints import refused_values

MOMENT = 1_782_900_000
"""A morning in July 2026."""


@pytest.mark.parametrize(
    ("said", "drawn"),
    [
        ({"type": "integer", "min": 1, "max": 30}, 5000),
        ({"type": "money", "currency": "EUR", "max": "amount"}, "90000.00"),
        ({"type": "date", "min": "today + 5d"}, "2020-01-01"),
        ({"type": "datetime", "min": "today + 5d"}, "2020-01-01T00:00:00Z"),
        ({"type": "text", "pattern": "[A-Z]{2}-[0-9]{4}"}, "Text 7"),
        ({"type": "text", "max_length": 3}, "Text 7"),
        ({"type": "text"}, "Text 7"),
    ],
)
def test_a_value_that_a_field_would_refuse_is_brought_near(
    said: dict[str, Any], drawn: Any
) -> None:
    data = copy.deepcopy(SOUND)
    data["fields"]["note"] = said
    graph = Graph(Definition.model_validate(data))
    known = {"amount": "500.00"}

    found = fit_value(graph, "note", drawn, known, MOMENT)

    fields, today = graph.definition.fields, local_day_of(to_moment(MOMENT), graph.zone)
    assert [*refused_values(fields, known | {"note": found}, ["note"], today=today)] == []


LINES = {
    "type": "list",
    "required": True,
    "min_rows": 1,
    "max_rows": 9,
    "columns": {
        "points": {"type": "integer", "required": True, "min": 0, "max": 10},
        "weight": {"type": "number", "required": True, "min": 0, "max": 1},
        "from": {"type": "date", "required": True, "min": "today + 30d"},
        "until": {"type": "date", "required": True, "min": "from"},
        "code": {"type": "text", "required": True, "pattern": "[A-Z]-[0-9]{2}"},
        "worth": {"type": "number", "value": "points * weight", "round": 2},
    },
}


def test_rows_are_made_up_of_what_their_columns_take() -> None:
    graph = Graph(
        Definition.model_validate(
            changed(fields__lines=LINES, start__fields=["amount", "region", "lead", "lines"])
        )
    )
    scenario = suppose_scenario(
        graph.definition, Site(calendar=calendar_named(None, UTC)), starts_at=MONDAY
    )
    maker = ValueMaker(graph, scenario, Conditions(graph, MONDAY.date()))
    moment = int(MONDAY.timestamp())
    writer = Writer(run=1, moment=moment, requester="sam", data={}, wanted={})
    drawn = [maker.fill(["lines"], writer, Random(seed))["lines"] for seed in range(50)]
    today = local_day_of(to_moment(moment), graph.zone)
    for rows in drawn:
        data = {"lines": rows}
        assert [*refused_values(graph.definition.fields, data, ["lines"], today=today)] == []
    points = {row["points"] for rows in drawn for row in rows}
    assert len(points) > 5, "not only the ends of what is taken"


def test_a_condition_on_a_sum_of_bounded_columns_is_not_said_never_to_hold() -> None:
    sized = {"kind": "decision", "rules": [{"when": "score >= 2 and score < 9", "to": "size"}]}
    found = rehearse_map(
        changed(
            fields__lines=LINES,
            fields__score={"type": "number", "value": "sum(lines.worth)"},
            start__fields=["amount", "region", "lead", "wanted_on", "lines"],
            steps__sized=sized | {"otherwise": "size"},
            steps__look__outcomes__approve="sized",
        )
    ).findings
    assert [each for each in found if each.step == "sized"] == []
