"""Made-up values are what their fields ask for, where there is such a value near."""

import copy
from typing import Any

import pytest

from tests.engine.audit_cases import SOUND
from workflows.engine.format.definition import Definition
from workflows.engine.rehearsal.clocks import to_moment
from workflows.engine.rehearsal.fitting import fit_value
from workflows.engine.routing.graph import Graph
from workflows.engine.timing.dates import local_day_of
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
