"""No page, mail or answer shows a sentence that a translator cannot reach.

The catalogue is one of brackets (`tests/language/pseudo.py`), the data of the site has no Latin
letters (`tests/language/site.py`): Latin outside of brackets is an unmarked sentence. Its report
names, for each, where in the tree it probably stands.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from tests.language.checking import check, sentences_of
from tests.language.pseudo import unmarked
from tests.language.site import CALLERS
from tests.rights.addresses import Address, addresses
from tests.rights.everything import Everything, read_out
from tests.rights.test_matrix import BUTTON, asked_for, path_of
from workflows.automation.services.delivery import deliver_due
from workflows.people.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

SIGN_OUT = ("account_logout", "admin:logout")
FORM = {"reason": "Επειδή.", "comment": "Επειδή.", "to": "zqapproved", "outcome": "zqagree"}


def open_all(login: str, site: Everything, *, post: bool) -> Iterator[tuple[str, str]]:
    """Open (or post to) each address as this person: where, and an unmarked sentence there."""
    client = Client(raise_request_exception=False)
    if login:
        client.force_login(User.objects.get(username=login))
    for address in addresses():
        if address.name in SIGN_OUT or address.name == "api-v1:openapi-json":
            continue
        path = path_of(address, site)
        answer = _call(client, address, path, post=post)
        read_out(answer)
        assert answer.status_code != 500, path
        for sentence in sentences_of(answer):
            yield path, sentence


def _call(client: Client, address: Address, path: str, *, post: bool) -> Any:
    if not post:
        return client.get(path)
    kind = {"content_type": "application/json"} if path.startswith("/api/") else {}
    return client.post(path, {} if "admin:" in address.name else FORM, **kind)


NOT_SHOWN = {
    "approvals:inbox-news",  # says nothing while nothing has changed
    "approvals:documents-choose",  # leads on to the comparison
    "approvals:people",  # answers a box that carries a signed question
    "readyz",  # neither worker nor clock runs beside the tests
}
"""Addresses of pages that answer otherwise here."""


def test_somebody_is_shown_each_page_that_the_walk_opens(site: Everything) -> None:
    """A walk over refusals reads nothing of the pages: each opens for somebody at least."""
    unopened = {
        address.name: path_of(address, site)
        for address in addresses()
        if address.name not in SIGN_OUT
        and not address.template.startswith(("/api/", "/admin/"))
        and asked_for(address) != BUTTON
    }
    for login in ("zqroot", *CALLERS, ""):
        client = Client(raise_request_exception=False)
        if login:
            client.force_login(User.objects.get(username=login))
        for name, path in list(unopened.items()):
            answer = client.get(path)
            read_out(answer)
            if answer.status_code == 200:
                del unopened[name]
    assert set(unopened) == NOT_SHOWN


@pytest.mark.parametrize("login", ["", *CALLERS])
def test_no_page_has_a_sentence_that_is_not_marked(site: Everything, login: str) -> None:
    check(open_all(login, site, post=False))


@pytest.mark.parametrize("login", ["", *CALLERS])
def test_no_answer_to_a_form_has_a_sentence_that_is_not_marked(
    site: Everything, login: str
) -> None:
    check(open_all(login, site, post=True))


def test_no_mail_has_a_sentence_that_is_not_marked(site: Everything) -> None:
    deliver_due(timezone.now)
    assert mail.outbox, "the site writes mails"
    check(
        (f"mail: {message.subject}", sentence)
        for message in mail.outbox
        for text in (message.subject, str(message.body))
        if (sentence := unmarked(text))
    )
