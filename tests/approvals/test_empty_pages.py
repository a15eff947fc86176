"""A newcomer with nothing is told on every page why it is empty, and what to do next."""

import re

import pytest
from django.test import Client

from tests.factories import make_user, publish_map

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

PAGES = (
    *("/", "/requests/", "/start/", "/handoffs/", "/following/"),
    *("/workflows/", "/reports/", "/reports/reviews/", "/reports/costs/"),
)
NEXT = re.compile(r"<a [^>]*href=|\bask\b", re.IGNORECASE)
"""A link to where it goes on, or whom to ask."""


@pytest.fixture
def newcomer() -> Client:
    """Somebody in no group, on a site where others work."""
    publish_map()
    client = Client()
    client.force_login(make_user("newcomer"))
    return client


def empty_sections(text: str) -> list[str]:
    return re.findall(r'<section class="card empty">(.*?)</section>', text, re.DOTALL)


@pytest.mark.parametrize("path", PAGES)
def test_an_empty_page_says_what_to_do_next(newcomer: Client, path: str) -> None:
    answer = newcomer.get(path)
    assert answer.status_code == 200
    [section] = empty_sections(answer.content.decode())
    assert NEXT.search(section), section


def test_pages_that_only_ask_hold_their_form(newcomer: Client) -> None:
    for path in ("/away/", "/tokens/", "/accounts/notices/"):
        assert re.search(r'<form method="post"', newcomer.get(path).content.decode()), path
