"""The trail's commands are one list: what is written is on it, and what is on it is written."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from tests.reading_source import tree_of
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import FACT_TYPES, PauseBegun, StartSkipped, read_fact
from workflows.trail.models import TrailEvent
from workflows.trail.services.recording import write_fact

ROOT = Path(__file__).parents[2]


def trees() -> list[ast.Module]:
    """The product's code."""
    return [
        tree_of(path)
        for folder in ("config", "workflows", "approvals", "reporting")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "migrations" not in path.parts and path.name != "fact_changes.py"
    ]


def writers() -> dict[str, set[int]]:
    """Functions that take a command to write: their names, and at which places it stands."""
    places: dict[str, set[int]] = {}
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                for place, argument in enumerate(node.args.args):
                    if argument.annotation and ast.unparse(argument.annotation) == "TrailCommand":
                        places.setdefault(node.name, set()).add(place)
    return places


def calls() -> Iterator[ast.Call]:
    """Every call in the product's code."""
    return (node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_no_command_is_written_as_a_bare_string() -> None:
    known = writers()
    assert {"write_trail", "write_fact", "write_instance_fact", "_save_command"} <= set(known)
    bare = []
    for call in calls():
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        name = call.func.id if isinstance(call.func, ast.Name) else name
        arguments = [call.args[place] for place in known.get(name, ()) if place < len(call.args)]
        if name in known or name == "TrailEvent":
            named = ("command", "trail_command")
            arguments += [word.value for word in call.keywords if word.arg in named]
        bare += [ast.unparse(call) for value in arguments if isinstance(value, ast.Constant)]
    assert bare == []


def test_every_command_on_the_list_is_written_somewhere() -> None:
    compared = {
        id(part)
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        for part in ast.walk(node)
    }
    written = {
        node.attr
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "TrailCommand"
        and id(node) not in compared
    }
    assert written - {"values", "choices"} == set(TrailCommand.names)


@pytest.mark.django_db
def test_a_command_that_the_trail_does_not_know_is_refused_and_writes_nothing() -> None:
    with pytest.raises(ValueError, match="made_up"):
        write_fact("made_up", actor=None, now=timezone.now())
    with pytest.raises(ValueError, match="made_up"):
        TrailEvent(command="made_up", recorded_at=timezone.now()).save()
    with pytest.raises(ValueError, match="made_up"):
        TrailEvent.objects.bulk_create([TrailEvent(command="made_up", recorded_at=timezone.now())])
    assert not TrailEvent.objects.exists()


@pytest.mark.django_db
def test_what_a_row_without_a_request_says_is_typed_and_read_back() -> None:
    fact = PauseBegun(reason="Stocktaking.", running="go_on", suspended=0)
    row = write_fact(TrailCommand.PAUSE_WORKFLOW, actor=None, now=timezone.now(), fact=fact)
    row.refresh_from_db()
    assert row.changes == {"reason": "Stocktaking.", "running": "go_on", "suspended": 0}
    assert read_fact(row) == fact
    with pytest.raises(AssertionError, match="pause_workflow"):
        write_fact(
            TrailCommand.PAUSE_WORKFLOW,
            actor=None,
            now=timezone.now(),
            fact=StartSkipped(planned="2026-01-01", code="x"),
        )


def test_every_type_of_fact_belongs_to_a_command_that_the_trail_knows() -> None:
    assert set(FACT_TYPES) <= set(TrailCommand.values)
