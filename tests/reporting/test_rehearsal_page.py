"""The page on which those who manage a workflow rehearse a version of it."""

import pytest
import yaml
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.engine.rehearsal.planted import SOUND, changed
from tests.factories import make_user
from workflows.definitions.models import TemplateVersion
from workflows.definitions.services.publishing import load_definition
from workflows.engine.format.files import read_definition
from workflows.people.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga() -> User:
    make_user("dan")
    return make_user("olga")


def load(written: object) -> TemplateVersion:
    definition = read_definition(yaml.safe_dump(written, sort_keys=False), name="map")
    return load_definition(definition, actor=None, now=timezone.now())[0]


def address(version: TemplateVersion) -> str:
    return reverse("workflows:rehearsal", args=[version.template.key, version.number])


def page(client: Client, version: TemplateVersion, **query: object) -> str:
    return client.get(address(version), query).content.decode()


def test_a_sound_draft_says_that_nothing_went_wrong(client: Client, olga: User) -> None:
    client.force_login(olga)
    shown = page(client, load(SOUND))
    assert "Nothing went wrong." in shown
    assert "Nine of ten take at most" in shown


def test_a_finding_leads_to_a_run_that_is_stepped_through(client: Client, olga: User) -> None:
    client.force_login(olga)
    version = load(changed(steps__order__on_error=None))
    shown = page(client, version)
    assert "Fails, with no way on: Order" in shown
    run = shown.split("run=")[1].split("#")[0]
    first = page(client, version, run=run)
    assert f"Run {run}, moment by moment" in first
    assert 'aria-current="true"' in first
    assert f"run={run}&amp;moment=2#example" in first
    assert f"run={run}&amp;moment=1#example" in page(client, version, run=run, moment=2)


def test_changes_stand_beside_today(client: Client, olga: User) -> None:
    client.force_login(olga)
    shown = page(
        client,
        load(SOUND),
        runs=20,
        seed=3,
        person="finance",
        without="money",
        volume="2",
        threshold="size:10000",
        limit="500",
    )
    for words in (
        "One more in Finance",
        "Without “Money”",
        "Twice as many requests",
        "500 instead of 10000",
    ):
        assert words in shown


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"runs": 100_000}, "less than or equal to 300"),
        ({"runs": 20, "seed": 1, "threshold": "size:10000"}, "Choose a limit"),
        ({"runs": 20, "seed": 1, "limit": "many"}, "Write a number such as"),
        ({"runs": 20, "seed": 1, "without": "nowhere"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_is_said_at_its_box(client: Client, olga: User, query, said) -> None:
    client.force_login(olga)
    shown = page(client, load(SOUND), **query)
    assert said in shown
    assert "What to expect" not in shown


def test_odd_places_show_the_page(client: Client, olga: User) -> None:
    client.force_login(olga)
    version = load(SOUND)
    for run, moment in (("x", "y"), ("99999999999", "-1"), ("1", "9999"), ("٣", "1")):
        assert client.get(address(version), {"run": run, "moment": moment}).status_code == 200


def test_a_draft_without_a_first_step_says_what_is_missing(client: Client, olga: User) -> None:
    client.force_login(olga)
    assert "has no first step" in page(client, load(changed(start__first=None)))


def test_only_those_who_manage_it_rehearse_it(client: Client, olga: User) -> None:
    version = load(SOUND)
    assert client.get(address(version)).status_code == 302
    client.force_login(make_user("eve"))
    assert client.get(address(version)).status_code == 404
    client.force_login(olga)
    assert client.post(address(version)).status_code == 405


def test_the_page_asks_little_of_the_database(
    client: Client, olga: User, django_assert_max_num_queries
) -> None:
    client.force_login(olga)
    version = load(SOUND)
    with django_assert_max_num_queries(24):
        client.get(address(version))
