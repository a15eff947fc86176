"""A log that says that a task's time was up is replayed: it goes its way, by nobody."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reporting.replay.activity_mapping import read_mapping
from tests.automation.driving import work_off
from tests.reporting.replaying import SMALL, Replay, day, reason_of
from tests.workflows.support import Flow
from tests.workflows.test_directory_roles import rebuilt
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.people.models import User

pytestmark = pytest.mark.django_db

UNTIL_FILE = (
    f"c1,start,sam,{day(2)}",
    f"c1,ask/send,sam,{day(2, 10)}",
    f"c1,check/agree,berta,{day(3)}",
    f"c1,look,lea,{day(4)}",
)


def expiring() -> dict[str, Any]:
    """The small map, whose last task expires into a drop."""
    written = deepcopy(SMALL)
    written["key"] = "leave-in-time"
    written["steps"]["file"]["expires"] = {"after": "5d", "to": "dropped", "exception": True}
    return written


@pytest.fixture
def source(tmp_path: Path) -> str:
    place = tmp_path / "expiring.json"
    place.write_text(json.dumps(expiring()))
    return str(place)


def test_a_task_whose_time_was_up_goes_its_way_when_the_log_says_so(
    replay: Replay, source: str
) -> None:
    outcome = replay(*UNTIL_FILE, f"c1,file/expired,,{day(5)}", source=source)

    request = WorkflowInstance.objects.get()
    assert outcome.refused == []
    assert (outcome.decisions, request.result) == (3, "dropped")
    item = WorkItem.objects.get(step__key="file")
    assert (item.outcome, item.decided_by, item.performer_name) == ("expired", None, "")
    assert item.completed_at == datetime(2026, 3, 5, 9, tzinfo=UTC)
    row = request.trail.get(command="expire")
    assert (row.actor, row.changes["cause"]) == (None, {"code": "shown_by_log"})
    rebuilt(Flow(request))
    work_off(item.completed_at + timedelta(days=30))
    assert request.trail.filter(command="expire").count() == 1


def test_whoever_the_row_names_is_let_do_nothing_by_it(replay: Replay, source: str) -> None:
    replay(*UNTIL_FILE, f"c1,file/expired,robot,{day(5)}", source=source)

    assert not User.objects.filter(username="robot").exists()


def test_a_step_that_does_not_expire_by_its_map_refuses_the_row(replay: Replay) -> None:
    reason = reason_of(replay(*UNTIL_FILE, f"c1,file/expired,,{day(5)}"))

    assert "'expired' is no outcome of it; write one of: file/filed." in reason


def test_a_task_that_is_not_open_refuses_the_row(replay: Replay, source: str) -> None:
    reason = reason_of(replay(*UNTIL_FILE[:2], f"c1,file/expired,,{day(5)}", source=source))

    assert "cannot be reached" in reason


def test_a_mapping_may_say_that_an_activity_is_an_expiry(
    replay: Replay, source: str, tmp_path: Path
) -> None:
    mapping = "Timed out: {step: file, outcome: expired}"
    outcome = replay(*UNTIL_FILE, f"c1,Timed out,,{day(5)}", source=source, mapping=mapping)
    assert outcome.ended == {"dropped": 1}

    place = tmp_path / "wrong.yaml"
    place.write_text("Timed out: {step: look, outcome: expired}")
    with pytest.raises(InvalidInput, match="has no outcome 'expired'"):
        read_mapping(place, Definition.model_validate(expiring()))
