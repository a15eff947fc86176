"""`load_demo`: when it does nothing, when it refuses, and what it prints."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from pytest_django import Settings

from tests.factories import NOW, load_map, make_user
from workflows.definitions.models import WorkflowTemplate
from workflows.definitions.queries.compiled_versions import forget_maps
from workflows.demo.company import PASSWORD
from workflows.demo.load import load_demo
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

SMALL = ("--volume", "0.01")


def test_it_loads_into_an_empty_site_and_says_what_is_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("load_demo", "--if-empty", "--json", *SMALL)

    said = json.loads(capsys.readouterr().out)
    assert said["workflows"] == WorkflowTemplate.objects.count() == 8
    assert said["requests"] == WorkflowInstance.objects.count()

    call_command("load_demo", "--logins", "--json")
    logins = json.loads(capsys.readouterr().out)
    assert {one["username"] for one in logins} == set(
        User.objects.values_list("username", flat=True)
    )
    assert all(one["password"] == PASSWORD and one["sees"] for one in logins)

    with pytest.raises(CommandError, match="already"):
        call_command("load_demo", *SMALL)


def test_the_same_seed_at_the_same_moment_gives_the_same_past() -> None:
    assert _past(seed=3) == _past(seed=3)


def _past(*, seed: int) -> list[tuple[object, ...]]:
    """What the trail of a small demo says; the demo is gone afterwards."""
    with transaction.atomic():
        load_demo(now=NOW, seed=seed, volume=0.01)
        rows = TrailEvent.objects.order_by("id")
        told = list(rows.values_list("recorded_at", "command", "step", "actor_name", "outcome"))
        transaction.set_rollback(True)
    forget_maps()
    return told


def test_if_empty_does_nothing_where_a_workflow_is() -> None:
    load_map()

    call_command("load_demo", "--if-empty")
    assert not User.objects.exists()


def test_it_refuses_a_site_where_one_of_its_people_is(db: None) -> None:
    make_user("nora")

    with pytest.raises(CommandError, match="'nora' already"):
        call_command("load_demo")
    assert User.objects.count() == 1


def test_a_public_password_does_not_get_into_production(settings: Settings) -> None:
    settings.EMBEDDED = False

    with pytest.raises(CommandError, match="production") as refused:
        call_command("load_demo")
    assert refused.value.returncode == 2
    assert not User.objects.exists()


def test_production_can_be_forced(settings: Settings) -> None:
    settings.EMBEDDED = False

    call_command("load_demo", "--force", *SMALL)
    assert WorkflowTemplate.objects.exists()


@pytest.mark.parametrize("volume", ["0", "-1", "nan", "1000"])
def test_a_volume_that_makes_no_sense_is_refused(volume: str) -> None:
    with pytest.raises(CommandError, match="--volume"):
        call_command("load_demo", "--volume", volume)


def test_where_the_demo_is_not_loaded_no_login_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("load_demo", "--logins")

    assert PASSWORD not in capsys.readouterr().out
