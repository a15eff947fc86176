"""A public form that is confirmed by several clicks at the same moment starts one request."""

import pytest
from django.test import Client
from django.utils import timezone

from tests.approvals.test_public_forms import publish
from tests.workflows.support import only_on_postgres
from tests.workflows.test_races import together
from workflows.connections.secrets import encrypt
from workflows.definitions.models import TemplateVersion
from workflows.execution.models import WorkflowInstance
from workflows.links.models import PublicEntry, StatusLink
from workflows.links.queries.addresses import confirm_token
from workflows.links.services.public_entries import KEPT_FOR

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True), only_on_postgres]

ROUNDS, CLICKS = 5, 6


def test_of_several_clicks_at_once_one_starts_the_request_and_the_others_are_led_to_it() -> None:
    publish()
    template = TemplateVersion.objects.get(template__key="complaint").template
    now = timezone.now()
    with together(CLICKS) as run:
        for turn in range(ROUNDS):
            entry = PublicEntry.objects.create(
                template=template,
                address=encrypt("maria@outside.example"),
                address_digest="x",
                content=encrypt('[["title", "Rain"], ["f-what", "The roof leaks"]]'),
                language="en",
                made_at=now,
                expires_at=now + KEPT_FOR,
            )
            path = f"/confirm/{confirm_token(entry)}"
            codes = run([lambda path=path: Client().post(path).status_code] * CLICKS)
            assert sorted(codes) == [200] * (CLICKS - 1) + [302]
            assert WorkflowInstance.objects.count() == turn + 1
            assert StatusLink.objects.count() == turn + 1
