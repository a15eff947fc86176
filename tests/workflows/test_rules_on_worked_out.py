"""Rules of fields and outcomes that read a worked-out field: asked of what is being written."""

from typing import Any

import pytest
from django.core.files.base import ContentFile

from tests.factories import NOW, make_user, open_task, publish_map
from tests.workflows.support import nothing_changed
from workflows.documents.models import Document
from workflows.engine.errors import InvalidInput
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.people.models import User

pytestmark = pytest.mark.django_db

MAP: dict[str, Any] = {
    "format": 1,
    "key": "journey",
    "name": "Journey",
    "owner": "olivia",
    "deputy": "omar",
    "roles": {"staff": {"groups": ["staff"]}},
    "fields": {
        "lines": {"type": "list", "columns": {"net": {"type": "integer"}}},
        "total": {"type": "integer", "value": "sum(lines.net)"},
        "why": {"type": "text", "required": {"when": "total > 50"}},
        "offer": {"type": "document", "when": "total > 90"},
    },
    "start": {"role": "staff", "fields": ["lines", "why", "offer"], "first": "mend"},
    "steps": {
        "mend": {
            "kind": "task", "role": "staff", "expected": "1h", "due": "1d",
            "outputs": ["lines", "why"],
            "outcomes": {
                "small": {"to": "paid", "when": "total <= 50"},
                "large": "seen",
                "stop": {"to": "stopped", "exception": True},
                "drop": {"to": "stopped", "exception": True},
            },
        },
        "paid": {"kind": "end", "result": "paid"},
        "seen": {"kind": "end", "result": "seen"},
        "stopped": {"kind": "end", "result": "stopped"},
    },
}  # fmt: skip


@pytest.fixture
def sam() -> User:
    publish_map(MAP)
    return make_user("sam", groups=["staff"])


def start(sam: User, *nets: int, **given: Any) -> WorkflowInstance:
    files = given.pop("files", None)
    data = {"lines": [{"net": net} for net in nets], **given}
    return requests.start("journey", actor=sam, now=NOW, data=data, files=files)


def decide(request: WorkflowInstance, sam: User, outcome: str, **data: Any) -> None:
    tasks.decide(open_task(request, "mend").pk, actor=sam, outcome=outcome, now=NOW, data=data)
    request.refresh_from_db()


def test_a_start_is_asked_for_what_its_sum_makes_required(sam: User) -> None:
    with nothing_changed(), pytest.raises(InvalidInput, match="Fill in Why"):
        start(sam, 30, 21)
    assert start(sam, 30, 20).data["total"] == 50
    assert start(sam, 30, 21, why="Far away.").data["total"] == 51


def test_a_file_is_kept_where_the_sum_of_the_same_start_asks_for_it(sam: User) -> None:
    offer = ContentFile(b"one", name="offer.txt")
    request = start(sam, 91, why="Far away.", files={"offer": offer})
    assert request.data["offer"]["name"] == "offer.txt"
    assert Document.objects.filter(request=request).count() == 1


def test_a_decision_is_asked_for_what_its_own_sum_makes_required(sam: User) -> None:
    request = start(sam, 10)
    with nothing_changed(), pytest.raises(InvalidInput, match="Why"):
        decide(request, sam, "large", lines=[{"net": 60}])
    decide(request, sam, "large", lines=[{"net": 60}], why="Far away.")
    assert request.result == "seen"


def test_an_outcome_is_chosen_by_the_sum_that_its_decision_makes(sam: User) -> None:
    request = start(sam, 10)
    with nothing_changed(), pytest.raises(InvalidInput, match="total <= 50"):
        decide(request, sam, "small", lines=[{"net": 60}], why="Far away.")
    large = start(sam, 60, why="Far away.")
    decide(large, sam, "small", lines=[{"net": 40}])
    assert large.result == "paid"
