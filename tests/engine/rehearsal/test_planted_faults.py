"""A map with one planted fault names that fault first; a sound map names none."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.engine.rehearsal.planted import MONDAY, PLANTED, SOUND, rehearse_map
from workflows.engine.format.files import read_definition
from workflows.engine.rehearsal.findings import KINDS
from workflows.engine.rehearsal.rehearsing import rehearse
from workflows.engine.rehearsal.supposing import Site, suppose_scenario
from workflows.engine.routing.graph import Graph
from workflows.engine.timing.working_time import calendar_named

HOME = Path(__file__).parents[3]
SOUND_MAPS = [
    HOME / "bench" / "purchase.yaml",
    *(
        HOME / "workflows" / "demo" / "maps" / f"{name}.yaml"
        for name in (
            "access_review",
            "equipment_request",
            "it_incident",
            "purchase_approval",
            "travel_declaration",
        )
    ),
]
CASES = [
    pytest.param(kind, step, written, id=f"{kind}-{number}")
    for kind, cases in PLANTED.items()
    for number, (step, written) in enumerate(cases, start=1)
]


def test_every_kind_of_finding_is_planted():
    assert set(PLANTED) == set(KINDS)


@pytest.mark.parametrize(("kind", "step", "written"), CASES)
def test_a_planted_fault_is_named_first(kind, step, written):
    found = rehearse_map(written, runs=30 if kind == "never_ends" else 100).findings
    assert (found[0].kind, found[0].step) == (kind, step)


@pytest.mark.parametrize(("kind", "step", "written"), CASES)
def test_a_finding_says_what_goes_wrong_and_how_to_mend_it(kind, step, written):
    first = rehearse_map(written, runs=20 if kind == "never_ends" else 60).findings[0]
    assert "%(" not in str(first.message) + str(first.remedy)
    assert str(first.message).endswith(".")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_sound_map_names_nothing(seed):
    assert rehearse_map(SOUND, seed=seed).findings == ()


@pytest.mark.parametrize("path", SOUND_MAPS, ids=lambda path: path.stem)
def test_the_sound_maps_of_the_demo_name_nothing(path):
    definition = read_definition(path.read_bytes(), name=path.name)
    calendar = calendar_named(definition.calendar, UTC)
    scenario = suppose_scenario(definition, Site(calendar=calendar), starts_at=MONDAY, seed=5)
    assert rehearse(Graph(definition), scenario, calendar=calendar, runs=100).findings == ()


def test_branches_that_write_one_field_are_named_where_the_audit_warns_of_them():
    written = (HOME / "tests" / "maps" / "purchase.yaml").read_bytes()
    definition = read_definition(written, name="purchase.yaml")
    calendar = calendar_named(definition.calendar, UTC)
    starts_at = datetime(2026, 3, 2, tzinfo=UTC)
    scenario = suppose_scenario(definition, Site(calendar=calendar), starts_at=starts_at)
    found = rehearse(Graph(definition), scenario, calendar=calendar, runs=100).findings
    assert [(each.kind, each.step) for each in found] == [("merge_conflict", "checks_done")]
