"""What a person may not see they find at no address: text and amounts are planted in every place
that holds a value, and each kind of person reads every address of the site."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from tests.automation.driving import work_off
from tests.factories import NOW
from tests.rights.addresses import addresses
from tests.rights.hidden_values import (
    MAY_NOT_SEE,
    PLANTED,
    make_people,
    make_requests,
    paths,
)
from workflows.people.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]


@pytest.mark.parametrize("name", MAY_NOT_SEE)
def test_nobody_reads_at_any_address_what_they_may_not_see(name: str) -> None:
    people = make_people()
    make_requests(people)
    told = list(walk(people[name]))
    assert not told, "\n".join(told)


def test_whoever_may_see_it_finds_it() -> None:
    """The walk would find what it looks for."""
    people = make_people()
    made = make_requests(people)
    page = signed_in(people["ann"]).get(f"/requests/{made['new'].reference}/")
    assert PLANTED.search(page.content.decode())


def test_no_mail_tells_it_to_who_may_not_see_it() -> None:
    people = make_people()
    make_requests(people)
    work_off(NOW + timedelta(days=2))
    told = [letter for letter in mail.outbox if PLANTED.search(str(letter.message()))]
    assert mail.outbox
    assert {to for letter in told for to in letter.to} <= {"payroll@example.com"}


def signed_in(person: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(person)
    return client


def walk(person: User) -> Iterator[str]:
    """Read all addresses, and say where something planted came to light."""
    client = signed_in(person)
    for address in addresses():
        if address.template.startswith("/admin/") and not person.is_staff:
            continue  # one door for all who are not staff
        for path in paths(address):
            answer = client.get(path)
            text = body_of(answer)
            found = PLANTED.search(text)
            if answer.status_code == 500:
                yield f"{path}: an error of ours"
            if found is not None:
                yield f"{path} ({answer.status_code}): {text[max(0, found.start() - 90) :][:150]!r}"


def body_of(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    said = answer.headers.get("Location", "") + answer.headers.get("Content-Disposition", "")
    return said + content.decode(errors="replace")
