"""The command `verify_audit`: what it says, and how it ends."""

import pytest
from django.core.management import get_commands
from django.utils import timezone

from tests.emptying import lift
from tests.factories import publish_map, start_request
from tests.workflows import tampering
from tests.workflows.test_commands import Run, run
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.trail.models import TrailEvent
from workflows.trail.seal_models import TrailHead
from workflows.trail.services.sealing import end_of_chain, seal_all

__all__ = ["run"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def head() -> str:
    """A sealed trail, and its head as a mail gives it."""
    now = timezone.now()
    start_request(publish_map(), now=now)
    seal_all(timezone.now)
    position, hash_ = end_of_chain()
    return str(TrailHead(date=now.date(), position=position, hash=hash_))


def test_a_whole_trail_ends_with_0_and_says_what_was_not_compared(run: Run, head: str) -> None:
    answer = run("verify_audit")
    assert (answer.code, answer.err) == (0, "")
    assert "3 rows of the trail fit their seals" in answer.out
    assert "No head from outside was compared" in answer.out
    answer = run("verify_audit", "--head", head)
    assert answer.code == 0
    assert "No head" not in answer.out


def test_a_changed_row_ends_with_1_and_is_named(run: Run, head: str) -> None:
    lift()
    row = tampering.event_at(2)
    tampering.run("UPDATE workflows_trailevent SET comment = 'x' WHERE id = %s", row)
    answer = run("verify_audit")
    assert (answer.code, answer.err) == (1, "")
    assert f"Row {row} (publish), at place 2 of the chain, does not fit its seal" in answer.out


def test_json_names_every_broken_row_with_all(run: Run, head: str) -> None:
    lift()
    for position in (1, 3):
        row = tampering.event_at(position)
        tampering.run("UPDATE workflows_trailevent SET comment = 'x' WHERE id = %s", row)
    first = run("verify_audit", "--json")
    assert first.code == 1
    assert [one["position"] for one in first.json["broken"]] == [1]
    every = run("verify_audit", "--json", "--all").json
    assert (every["ok"], every["found"]) == (False, 2)
    last = TrailEvent.objects.get(pk=row)
    assert every["broken"][1] | {"text": ""} == {
        "kind": "changed",
        "position": 3,
        "event": row,
        "reference": last.reference,
        "text": "",
    }


def test_a_trail_that_was_cut_off_is_found_by_the_head_alone(run: Run, head: str) -> None:
    request = WorkflowInstance.objects.get()
    requests.suspend(request.pk, actor=None, reason="Wait.", now=timezone.now())
    seal_all(timezone.now)
    position, hash_ = end_of_chain()
    later = str(TrailHead(date=timezone.now().date(), position=position, hash=hash_))
    lift()
    tampering.run("DELETE FROM workflows_trailseal WHERE position = %s", position)
    tampering.run("DELETE FROM workflows_trailevent WHERE command = 'suspend'")
    assert run("verify_audit", "--head", head).code == 0
    answer = run("verify_audit", "--head", later)
    assert answer.code == 1
    assert "its end was cut off, or an older backup was restored" in answer.out


def test_a_head_of_another_chain_is_found(run: Run, head: str) -> None:
    other = f"{head[:-1]}{'0' if head[-1] != '0' else '1'}"
    answer = run("verify_audit", "--head", other, "--json")
    assert answer.code == 1
    assert answer.json["broken"][0]["kind"] == "head_differs"
    assert answer.json["heads"] == {"checked": 1, "from_outside": 1}


@pytest.mark.parametrize("arguments", [("--head", "x"), ("--head",), ("--since", "x")])
def test_bad_input_ends_with_2_in_one_line(run: Run, arguments: tuple[str, ...]) -> None:
    answer = run("verify_audit", *arguments)
    assert answer.code == 2
    assert (answer.out, answer.err.count("\n")) == ("", 1)


def test_an_empty_trail_is_well(run: Run) -> None:
    assert "verify_audit" in get_commands()
    answer = run("verify_audit", "--json")
    assert (answer.code, answer.json["sealed"], answer.json["ok"]) == (0, 0, True)
