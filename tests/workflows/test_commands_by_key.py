"""What commands say they take, a KEY or a KEY|FILE, what they take, and what they say of others."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.factories import publish_map, purchase_people
from tests.workflows.test_commands import PURCHASE, Run, run

__all__ = ["run"]
OWN = ("workflows", "reporting", "approvals")
REST = {
    "conformance": ["LOG"],
    "import_dmn": ["FILE", "--as", "omar"],
    "import_log": ["LOG"],
    "migrate_requests": ["--to", "1"],
    "replay_log": ["LOG"],
    "send_signal": ["MESSAGE", "--as", "omar"],
    "simulate": ["--history", "--since=2026-01-01", "--until=2026-02-01", "--out=OUT"],
}
"""What a command wants besides."""


def commands_with(taken: str) -> Iterator[str]:
    for name, app in sorted(get_commands().items()):
        if app not in OWN:
            continue
        parser = load_command_class(app, name).create_parser("manage.py", name)
        places: list[argparse.Action] = parser._get_positional_actions()
        if any(place.metavar == taken for place in places):
            yield name


def argv(command: str, source: str, folder: Path) -> list[str]:
    log = folder / "log.csv"
    log.write_text("case_id,activity,resource,end\n1,start,ann,2026-01-01T10:00:00Z\n")
    stand_ins = {"LOG": str(log), "--out=OUT": f"--out={folder}/out", "FILE": PURCHASE}
    rest = [stand_ins.get(part, part) for part in REST.get(command, ())]
    return [command, *rest, source] if command == "import_dmn" else [command, source, *rest]


BY_KEY = [*commands_with("KEY")]
BY_EITHER = [*commands_with("KEY|FILE")]


def test_commands_by_key_and_by_either_are_all_tried_here() -> None:
    assert {"export_bpmn", "export_dmn", "dump_workflow", "review"} <= {*BY_KEY}
    assert {"audit_map", "conformance", "rehearse", "simulate"} <= {*BY_EITHER}


@pytest.mark.parametrize("command", BY_KEY)
def test_a_command_that_takes_a_key_speaks_of_no_other_file(
    run: Run, tmp_path: Path, command: str
) -> None:
    purchase_people()
    answer = run(*argv(command, "nothing-here", tmp_path))
    assert answer.code == 2
    assert "There is no workflow 'nothing-here'; check its key." in answer.err
    assert "nor a file" not in answer.err


@pytest.mark.parametrize("command", BY_KEY)
def test_a_command_that_takes_a_key_says_of_a_file_what_to_do(
    run: Run, tmp_path: Path, command: str
) -> None:
    purchase_people()
    answer = run(*argv(command, PURCHASE, tmp_path))
    assert answer.code == 2
    assert "is a file, and here a workflow is named by its key" in answer.err


@pytest.mark.parametrize("command", [one for one in BY_EITHER if one != "import_log"])
def test_a_command_that_takes_either_says_that_it_is_neither(
    run: Run, tmp_path: Path, command: str
) -> None:
    """A log is brought in, or learnt from, under a key that there is not yet too."""
    answer = run(*argv(command, "nothing-here", tmp_path))
    assert answer.code == 2
    assert "There is no workflow 'nothing-here', nor a file of that name" in answer.err


@pytest.mark.parametrize("command", BY_EITHER)
def test_a_command_that_takes_either_takes_the_file_of_a_map(
    run: Run, tmp_path: Path, command: str
) -> None:
    purchase_people()
    publish_map()
    answer = run(*argv(command, PURCHASE, tmp_path))
    assert "There is no workflow" not in answer.err
    assert "by its key" not in answer.err


@pytest.mark.parametrize("command", ["conformance", "rehearse"])
def test_the_past_of_a_files_workflow_is_found(run: Run, tmp_path: Path, command: str) -> None:
    purchase_people()
    publish_map()
    answer = run(command, PURCHASE, "--history")
    assert "There is no workflow" not in answer.err
