"""Whatever stands in an address or a form, the answer is a page or a refusal, never an error.

Each value in each place of each page is the nightly run's. Before, the values are dealt out: a page
is opened a few times, each time with another value in each place, and the next page with others
again, so that each value comes to each name on many pages.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_user
from tests.rights.addresses import Address, addresses
from tests.rights.everything import read_out
from tests.workflows.admin_site import make_site
from workflows.people.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

ODD = (
    *("9" * 19, "-1", "\u0663", "nan", "1,2", "' OR 1=1 --"),
    *("9999-12-31", "0001-01-01T00:00:00+14:00", "_5F", "a" * 3000),
)
FEW = ("9" * 19, "\u0663", "9999-12-31T23:59:59Z", "0001-01-01")
NAMES = (
    *("since", "until", "asof", "before", "after", "whose", "state", "workflow", "limit"),
    *("cursor", "person", "reference", "command", "next", "q", "s", "page", "extended"),
    *("app_label", "model_name", "field_name", "term", "step", "table", "day", "version"),
    *("for", "due", "sort", "team", "requester", "amount_from", "amount_to", "task", "choose"),
)
LOOKUPS = (
    *("p", "o", "e", "_to_field", "id__exact", "id__in", "pk__range", "template__id__exact"),
    *("request__id__exact", "recorded_at__gte", "opened_at__lt", "run_after__lte"),
    *("created_at__year", "data__amount", "state__isnull", "assignee__password__startswith"),
)


@pytest.fixture
def root() -> Client:
    make_site()
    client = Client(raise_request_exception=False)
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


def at_something(address: Address) -> str:
    """The address with the first row of everything."""
    return address.at(**dict.fromkeys(address.holes, "1") | {"key": "purchase-approval"})


def sound(answer: Any, *asked: object) -> None:
    """No error of ours; what is refused is refused in words."""
    read_out(answer)
    path = answer.wsgi_request.path
    assert answer.status_code < 500 or path == "/readyz", asked  # which says how the machine is
    if answer.status_code == 400:
        assert len(getattr(answer, "content", b"x" * 30)) > 20, asked


ROUNDS = (0, 3, 6)
"""The first of the values that a page gets in each round, counted from the page's own."""


@pytest.mark.parametrize("first", ROUNDS)
def test_odd_values_in_a_path_are_the_name_of_nothing(root: Client, first: int) -> None:
    for number, address in enumerate(with_holes()):
        for hole, odd in dealt_out(ODD, address.holes, number + first).items():
            sound(root.get(path_with(address, hole, odd)), address, hole, odd)


@pytest.mark.slow
@pytest.mark.parametrize("odd", ODD)
def test_each_odd_value_in_a_path_is_the_name_of_nothing(root: Client, odd: str) -> None:
    for address in with_holes():
        for hole in address.holes:
            sound(root.get(path_with(address, hole, odd)), address, hole)


def path_with(address: Address, hole: str, odd: str) -> str:
    return address.at(**{name: odd if name == hole else "1" for name in address.holes})


def with_holes() -> list[Address]:
    return [address for address in addresses() if address.holes]


@pytest.mark.parametrize("round_number", range(len(FEW)))
def test_odd_values_in_a_query_break_no_page(root: Client, round_number: int) -> None:
    for number, address in enumerate(addresses()):
        if round_number == number % len(FEW) or not is_row_of_the_admin(address):
            query = dealt_out(ODD, NAMES, number + round_number)
            sound(root.get(at_something(address), query), address, query)


@pytest.mark.slow
@pytest.mark.parametrize("odd", ODD)
def test_each_odd_value_in_a_query_breaks_no_page(root: Client, odd: str) -> None:
    for address in addresses():
        sound(root.get(at_something(address), dict.fromkeys(NAMES, odd)), address)


def is_row_of_the_admin(address: Address) -> bool:
    """These are a third of all pages, all of one making, and read next to nothing of a query."""
    return address.template.startswith("/admin/") and bool(address.holes)


def dealt_out(values: Sequence[str], names: Sequence[str], first: int) -> dict[str, str]:
    """One of the values to each name, beginning with another for each `first`."""
    return {name: values[(first + at) % len(values)] for at, name in enumerate(names)}


NAIVE = pytest.mark.filterwarnings(
    "ignore:DateTimeField .* received a naive datetime:RuntimeWarning"
)


@NAIVE
def test_odd_lookups_break_no_list_of_the_admin(root: Client) -> None:
    for number, path in enumerate(lists_of_the_admin()):
        for name, odd in dealt_out(FEW, LOOKUPS, number).items():
            sound(root.get(path, {name: odd}), path, name, odd)


@NAIVE
@pytest.mark.slow
@pytest.mark.parametrize("odd", FEW)
def test_each_odd_lookup_breaks_no_list_of_the_admin(root: Client, odd: str) -> None:
    for path in lists_of_the_admin():
        for name in LOOKUPS:
            sound(root.get(path, {name: odd}), path, name)


def lists_of_the_admin() -> list[str]:
    return [address.template for address in addresses() if address.name.endswith("changelist")]


def test_a_form_with_odd_values_is_refused_and_not_an_error(root: Client) -> None:
    for address in addresses():
        path = at_something(address)
        for odd in ("9" * 30, "9999-12-31"):
            given = dict.fromkeys((*NAMES, "action", "_selected_action", "index", "to"), odd)
            sound(root.post(path, given), address, odd)


@pytest.mark.parametrize("path", ["/requests/", "/admin/workflows/user/", "/api/v1/inbox"])
@pytest.mark.parametrize("query", ["q=%00", "q=%FF%FE", "%00=1", "q=" + "9" * 5000, "q=%ED%A0%80"])
def test_what_no_database_keeps_is_refused_at_the_door(root: Client, path: str, query: str) -> None:
    answer = root.get(f"{path}?{query}")
    assert answer.status_code == 400
    assert "What was sent" in answer.content.decode()


@pytest.mark.parametrize("path", ["/requests/\0/", "/admin/workflows/user/\0/change/"])
def test_a_path_that_is_no_text_is_refused_in_words(root: Client, path: str) -> None:
    answer = root.get("/", PATH_INFO=path)
    assert answer.status_code == 400
    assert "What was sent" in answer.content.decode()


def test_a_path_that_is_no_utf_8_is_the_name_of_nothing(root: Client) -> None:
    assert root.get("/requests/", PATH_INFO="/requests/\xff/").status_code == 404


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "latin-1", "no-such", "idna"])
def test_a_form_in_another_encoding_is_refused(root: Client, charset: str) -> None:
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    for path in ("/accounts/login/", "/start/purchase-approval/", "/admin/auth/group/add/"):
        answer = root.generic("POST", path, b"title=+AGE-&name=x", content_type=kind)
        assert answer.status_code == 400, path
        assert not User.objects.filter(username="x").exists()


@pytest.mark.parametrize("body", ["title=%00", "title=%FF", "%00=x"])
def test_a_form_with_what_is_no_text_is_refused(root: Client, body: str) -> None:
    kind = "application/x-www-form-urlencoded"
    for path in ("/start/purchase-approval/", "/admin/auth/group/add/"):
        answer = root.generic("POST", path, body.encode(), content_type=kind)
        assert answer.status_code == 400, path


def test_a_cookie_that_spells_a_nul_is_no_cookie(root: Client) -> None:
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "a" * 20
    answer = client.get("/", headers={"Cookie": r'sessionid="aaaaaaaaaaaa\000aaaaaaaa"'})
    assert answer.status_code == 302
    assert "/login/" in answer.headers["Location"]


def test_a_form_may_say_that_it_is_utf_8(root: Client) -> None:
    kind = "application/x-www-form-urlencoded; charset=UTF-8"
    answer = root.post("/admin/auth/group/add/", "name=caf%C3%A9", content_type=kind)
    assert answer.status_code == 302
