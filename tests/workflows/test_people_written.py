"""A person is found by how other systems write them, if one alone can be meant."""

import pytest

from tests.factories import NOW, make_user, publish_map, start_request
from tests.workflows.support import everything, refused
from workflows.engine.errors import InvalidInput
from workflows.execution.services import instances as requests

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "written", ["mia", "Mia", "MIA", " mia ", "mia@example.org", "Mia@Example.org"]
)
def test_a_username_in_other_letters_or_a_mail_address_names_its_person(written: str) -> None:
    version = publish_map()
    mia = make_user("mia")
    mia.email = "mia@example.org"
    mia.save()
    assert start_request(version, manager=written).data["manager"] == "mia"


def test_the_exact_username_is_meant_before_any_other() -> None:
    version = publish_map()
    make_user("Mia")
    assert start_request(version, manager="Mia").data["manager"] == "Mia"
    assert start_request(version, manager="mia").data["manager"] == "mia"


@pytest.mark.parametrize("written", ["MIA", "two@example.org", "gone", "gone@example.org", "%"])
def test_where_two_or_none_can_be_meant_nobody_is(written: str) -> None:
    version = publish_map()
    make_user("Mia")
    make_user("one", email="two@example.org")
    make_user("two", email="two@example.org")
    make_user("gone", email="gone@example.org", is_active=False)
    before = everything()
    with refused(InvalidInput, "no active person"):
        requests.start_on_version(
            version,
            actor=make_user("sam"),
            now=NOW,
            data={"amount": "1", "region": "EU", "manager": written},
        )
    assert everything() == before
