"""Whoever comes by a link to an address that only a button calls is led to where the button is:
so comes who had to sign in again after pressing it."""

import pytest
from django.test import Client

from tests.rights.addresses import addresses
from tests.rights.everything import make_everything, read_out
from tests.rights.test_matrix import path_of
from workflows.people.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

OF_OTHERS = ("/api/", "/admin/")
"""The API answers by methods; the admin's own buttons are forms of its pages."""


def test_no_page_of_ours_answers_a_link_by_refusing_its_method() -> None:
    there = make_everything()
    client = Client()
    client.force_login(User.objects.filter(is_superuser=True, is_active=True)[0])
    refused = []
    for address in addresses():
        if not address.template.startswith(OF_OTHERS):
            answer = client.get(path_of(address, there))
            read_out(answer)
            refused += [address.name] * (answer.status_code == 405)
    assert refused == []
