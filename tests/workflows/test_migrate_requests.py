"""The command: a dry run, a file of steps, moving, and putting back; fifty requests at once."""

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.factories import make_user
from tests.workflows.moves import (
    WAY,
    agrees,
    hiring,
    hiring_later,
    rows_of,
)
from tests.workflows.support import Flow, again, begin, nothing_changed, person, publish
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import work_items as tasks

pytestmark = pytest.mark.django_db

WAYS = [*(WAY[:length] for length in range(len(WAY) + 1)), ("screen/no/ann",)]
"""A request at each place of the map, and one that is over."""


def run(*arguments: str) -> tuple[int, dict[str, Any]]:
    """The command's exit code and what it prints as JSON."""
    out = io.StringIO()
    try:
        call_command("migrate_requests", "hiring", *arguments, "--json", stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def go(flow: Flow, way: tuple[str, ...]) -> Flow:
    for one in way:
        step, outcome, by = one.split("/")
        comment = {"comment": "No."} if outcome == "no" else {}
        flow.decide(step, outcome, by, **comment)
    return flow


def many(count: int) -> list[Flow]:
    """So many requests, one after another at each place of the map; some are begun with."""
    flows = [begin(hiring(), helper="bob")]
    flows += [again("hiring", helper="bob") for _ in range(count - 1)]
    for number, flow in enumerate(flows):
        go(flow, WAYS[number % len(WAYS)])
        open_task = flow.request.work_items.open().filter(step__key__in=("screen", "desk")).first()
        if number % 2 == 0 and open_task is not None:
            tasks.claim(open_task.pk, actor=person("ann"), now=flow.later())
    publish(hiring_later())
    return flows


def verdicts(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {row["reference"]: (row["verdict"], row["code"]) for row in found["requests"]}


def test_a_dry_run_says_what_becomes_of_each_running_request_and_changes_nothing() -> None:
    many(9)
    with nothing_changed():
        code, found = run("--to", "2")
    assert code == 1
    assert (found["moves"], found["stays"], found["needs_person"]) == (6, 0, 2)
    assert len(found["requests"]) == 8  # one is over
    line = next(row for row in found["requests"] if row["code"] == "step_split")
    assert line["verdict"] == "needs_person"
    assert "Talk one and Talk two" in line["reason"]
    assert found["steps"]["1"]["screen"] == "sifting"
    assert found["steps"]["1"]["talk"] == ["talk_one", "talk_two"]


def test_a_file_of_steps_says_what_nobody_could_guess(tmp_path: Path) -> None:
    many(9)
    file = tmp_path / "steps.yaml"
    file.write_text("talk: talk_two\npapers:\n")
    code, found = run("--to", "2", "--steps", str(file))
    assert (code, found["moves"], found["needs_person"]) == (1, 7, 1)
    assert found["steps"]["1"]["talk"] == "talk_two"


@pytest.mark.parametrize(
    ("arguments", "written", "words"),
    [
        (("--to", "9"), "", "no version 9"),
        (("--to", "2", "--as", "nobody"), "", "no person"),
        (("--to", "2", "--steps", "{file}"), "talk: nowhere", "nowhere"),
        (("--to", "2", "--steps", "{file}"), "nowhere: talk_one", "nowhere"),
        (("--to", "2", "--steps", "{file}"), "- a list", "keys of steps"),
        (("--to", "2", "--steps", "{file}"), "a: [", "line 2"),
        (("--to", "2", "--steps", "/no/such/file"), "", "file"),
        (("--to", "2", "--apply", "--as", "ann"), "", "owner or deputy"),
    ],
)
def test_bad_input_is_one_line_and_code_2(
    arguments: tuple[str, ...], written: str, words: str, tmp_path: Path
) -> None:
    many(2)
    file = tmp_path / "steps.yaml"
    file.write_text(written)
    with nothing_changed(), pytest.raises(CommandError, match=words) as refused:
        call_command(
            "migrate_requests", "hiring", *(a.format(file=file) for a in arguments), "--json"
        )
    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)


def test_what_is_applied_is_what_the_dry_run_said_and_undone_is_as_it_was() -> None:
    flows = many(50)
    make_user("olga")
    before = {flow.request.pk: rows_of(flow.request) for flow in flows}
    _, foreseen = run("--to", "2")
    code, applied = run("--to", "2", "--apply", "--as", "olga", "--reason", "A year later.")
    assert code == 1
    assert verdicts(applied) == verdicts(foreseen)
    counts = Counter(row["code"] for row in applied["requests"])
    assert set(counts) == {
        *("step_renamed", "step_split", "into_block", "same_steps", "step_removed")
    }
    moved = {row["reference"] for row in applied["requests"] if row["verdict"] == "moves"}
    for flow in flows:
        request = flow.refresh()
        assert agrees(request)
        assert (request.version.number == 2) == (request.reference in moved)
        if request.reference not in moved:
            assert rows_of(request) == before[request.pk]
    code, again_applied = run("--to", "2", "--apply")
    assert again_applied["moves"] == 0
    assert again_applied["stays"] == len(moved)
    code, back = run("--to", "2", "--undo", "--as", "olga")
    assert (code, back["put_back"], back["refused"]) == (0, len(moved), 0)
    for flow in flows:
        assert rows_of(flow.request) == before[flow.request.pk]
        assert agrees(flow.request)


def test_in_words_it_says_how_many_and_why() -> None:
    many(9)
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("migrate_requests", "hiring", "--to", "2", stdout=out)
    assert "6 would move, 0 stay, 2 need a person" in out.getvalue()
    assert WorkflowInstance.objects.filter(version__number=2).count() == 0
