"""What would be with one thing changed, beside what is."""

from datetime import UTC

import pytest

from tests.engine.rehearsal.planted import MONDAY, changed
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition
from workflows.engine.rehearsal.comparing import rehearse_alternatives
from workflows.engine.rehearsal.rehearsing import rehearse
from workflows.engine.rehearsal.supposing import Site, suppose_scenario
from workflows.engine.rehearsal.what_if import (
    read_change,
    read_changes,
    write_change,
)
from workflows.engine.routing.graph import Graph
from workflows.engine.timing.working_time import calendar_named

BUSY = {"requests_per_week": 100, "people": {"finance": 3, "legal": 3, "staff": 9}}


def compare(written, *changes, runs=100):
    definition = Definition.model_validate(written)
    calendar = calendar_named(None, UTC)
    scenario = suppose_scenario(definition, Site(calendar=calendar), starts_at=MONDAY)
    graph = Graph(definition)
    today = rehearse(graph, scenario, calendar=calendar, runs=runs)
    others = rehearse_alternatives(
        graph, scenario, [read_changes(each) for each in changes], calendar=calendar, runs=runs
    )
    return today, others


def waited(rehearsal, step):
    return next(each.waiting_total_s for each in rehearsal.figures.steps if each.step == step)


@pytest.mark.parametrize(
    "written",
    [
        "person:finance:2",
        "without:look",
        "parallel:a,b",
        "threshold:size:10000:2.5",
        "volume:2",
        "automate:law",
    ],
)
def test_a_change_is_written_as_it_is_read(written):
    assert write_change(read_change(written)) == written


@pytest.mark.parametrize(
    "written",
    [
        "",
        "person",
        "person:",
        "person:finance:0",
        "person:finance:x",
        "volume:0",
        "volume:-1",
        "volume:nan",
        "parallel:a",
        "threshold:size:1",
        "threshold:size:1:x",
        "without:",
        "fire:ann",
        "without:a:b",
    ],
)
def test_what_is_no_change_is_refused_with_what_to_write(written):
    with pytest.raises(InvalidInput, match="is no change; write person:ROLE"):
        read_change(written)


def test_more_people_shorten_the_queue_and_more_requests_lengthen_it():
    today, (more_people, more_requests) = compare(
        changed(rehearse=BUSY), "person:finance:3", "volume:2"
    )
    assert waited(more_people.rehearsal, "safety") < waited(today, "safety")
    assert waited(more_requests.rehearsal, "safety") > waited(today, "safety")


def test_a_step_that_is_left_out_is_skipped_and_its_target_takes_its_place():
    _, (other,) = compare(changed(steps__safety__not_by=["requester", "money"]), "without:money")
    steps = other.definition.steps
    assert "money" not in steps
    assert steps["size"].rules[0].to == "checks"
    assert steps["safety"].not_by == ["requester"]
    assert not other.rehearsal.findings or other.rehearsal.findings[0].kind != "never_ends"


def test_a_threshold_that_is_moved_sends_fewer_requests_along_the_way():
    def came(rehearsal):
        return sum("money" in run.visited for run in rehearsal.runs)

    written = changed(steps__size__rules=[{"when": "amount > 500", "to": "money"}])
    today, (other,) = compare(written, "threshold:size:500:90000")
    assert other.definition.steps["size"].rules[0].when == "amount > 90000"
    assert came(other.rehearsal) < came(today)


def test_a_sequence_made_parallel_is_quicker():
    written = changed(
        steps__size__otherwise="money",
        steps__size__rules=None,
        steps__money={
            "kind": "task",
            "role": "finance",
            "expected": "3d",
            "outcomes": {"done": "second"},
        },
        steps__second={
            "kind": "task",
            "role": "legal",
            "expected": "3d",
            "outcomes": {"done": "approved"},
        },
    )
    today, (other,) = compare(written, "parallel:money,second")
    assert other.rehearsal.figures.duration.median_s < today.figures.duration.median_s
    assert other.definition.steps["size"].otherwise == "money_at_once"


def test_an_automation_in_a_persons_place_is_quicker_and_falls_back_on_them():
    today, (other,) = compare(changed(), "automate:look", runs=200)
    assert waited(other.rehearsal, "look_by_hand") < waited(today, "look")
    assert other.rehearsal.figures.duration.median_s < today.figures.duration.median_s


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("person:lead", "no role 'lead' of groups"),
        ("without:size", "no approval or task"),
        ("threshold:size:7:8", "No rule of 'size' speaks of 7"),
        ("threshold:nowhere:7:8", "No rule"),
        ("parallel:look,law", "does not follow"),
        ("automate:approved", "no approval or task"),
    ],
)
def test_a_change_that_cannot_be_is_refused_in_words(written, why):
    with pytest.raises(InvalidInput, match=why):
        compare(changed(), written, runs=1)


def test_changes_can_be_made_together():
    _, (other,) = compare(changed(), "person:finance+volume:2", runs=5)
    assert [change.kind for change in other.changes] == ["person", "volume"]
