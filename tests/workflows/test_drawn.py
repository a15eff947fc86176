"""The maps of these tests are maps that could be published."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.workflows import drawn
from tests.workflows.support import make_people
from workflows.engine.audit import audit_definition
from workflows.engine.format.definition import Definition
from workflows.people.queries.directory import SitePeople

MAPS = [drawn.sequential, drawn.branches, drawn.nested, drawn.rules, drawn.states, drawn.quorum]


@pytest.mark.django_db
@pytest.mark.parametrize("make", MAPS)
def test_the_audit_finds_no_error_in_the_maps_of_these_tests(
    make: Callable[[], dict[str, Any]],
) -> None:
    make_people()
    findings = audit_definition(Definition.model_validate(make()), SitePeople())
    assert not [finding for finding in findings if finding.severity == "error"]
