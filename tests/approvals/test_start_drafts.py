"""Drafts of start forms, and starting one like another: nothing typed is lost, nothing is sent."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tests.approvals.office import ask, signed_in
from workflows.access.services.once_only_forms import FIELD, new_form_key
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import FormDraft, WorkflowInstance
from workflows.execution.services.form_drafts import DRAFT_RETENTION, save_form_draft
from workflows.people.models import User

pytestmark = pytest.mark.django_db

START = "/start/purchase-approval/"
TYPED = {"title": "Two desks", "f-reason": "Desks <b>", "f-amount": "not yet known"}


def save_draft(client: Client, **typed: object) -> str:
    answer = client.post(START, {**TYPED, **typed, "save_draft": "1"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/start/"
    return answer.content.decode()


def form_page(client: Client, query: str = "") -> str:
    answer = client.get(START + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_draft_is_kept_unchecked_and_offered_again(people: dict[str, User]) -> None:
    client = signed_in(people["sam"])
    text = save_draft(client)
    assert "Kept as a draft; nothing was sent." in text
    assert "Your drafts" in text
    assert not WorkflowInstance.objects.exists()
    page = form_page(client)
    assert "This is your draft of" in page
    assert 'value="Two desks"' in page
    assert "Desks &lt;b&gt;" in page
    assert 'value="not yet known"' in page
    assert 'class="error"' not in page


def test_a_draft_is_its_writers_alone_and_encrypted(people: dict[str, User]) -> None:
    save_draft(signed_in(people["sam"]))
    assert "desks" not in FormDraft.objects.get().content.lower()
    other = signed_in(people["sue"])
    assert "Two desks" not in form_page(other)
    assert "Your drafts" not in other.get("/start/").content.decode()


def test_there_is_one_draft_a_workflow_and_it_can_be_thrown_away(people: dict[str, User]) -> None:
    client = signed_in(people["sam"])
    save_draft(client)
    save_draft(client, title="Three desks")
    assert FormDraft.objects.count() == 1
    assert 'value="Three desks"' in form_page(client)
    signed_in(people["sue"]).post(f"{START}discard/")
    assert FormDraft.objects.count() == 1
    assert "The draft is gone." in client.post(f"{START}discard/", follow=True).content.decode()
    assert not FormDraft.objects.exists()


def test_files_are_not_kept_and_it_says_so(people: dict[str, User]) -> None:
    client = signed_in(people["sam"])
    file = SimpleUploadedFile("offer.pdf", b"offer")
    assert "Files are not kept with it" in save_draft(client, **{"f-quote": file})
    assert "Choose your files again: offer.pdf." in form_page(client)


def test_an_empty_form_makes_no_draft(people: dict[str, User]) -> None:
    client = signed_in(people["sam"])
    answer = client.post(START, {"save_draft": "1"}, follow=True)
    assert "Nothing was kept" in answer.content.decode()
    assert not FormDraft.objects.exists()


def test_a_refused_start_stays_as_a_draft_until_it_is_sent(people: dict[str, User]) -> None:
    client = signed_in(people["sam"])
    assert client.post(START, TYPED).status_code == 422
    assert 'value="Two desks"' in form_page(client)
    good = {"title": "Two desks", "f-amount": "1200", "f-region": "EU", "f-manager": "mia"}
    assert client.post(START, good).status_code == 302
    assert not FormDraft.objects.exists()


def test_a_form_whose_session_ended_is_a_draft_on_every_device(people: dict[str, User]) -> None:
    key = {FIELD: new_form_key(people["sam"])}
    answer = Client().post(START, {**TYPED, **key})
    assert answer.status_code == 302
    assert 'value="Two desks"' in form_page(signed_in(people["sam"]))
    assert "Two desks" not in form_page(signed_in(people["sue"]))


def test_nobody_makes_drafts_for_others(people: dict[str, User]) -> None:
    Client().post(START, TYPED)
    Client().post(START, {**TYPED, FIELD: "1:made-up"})
    assert not FormDraft.objects.exists()


def test_old_drafts_go(people: dict[str, User]) -> None:
    template = WorkflowTemplate.objects.get(key="purchase-approval")
    long_ago = timezone.now() - DRAFT_RETENTION - timedelta(days=1)
    save_form_draft(people["sam"].pk, template, "x", now=long_ago)
    save_form_draft(people["sue"].pk, template, "x", now=timezone.now())
    save_form_draft(people["sam"].pk, template, "y", now=timezone.now())
    assert sorted(FormDraft.objects.values_list("content", flat=True)) == ["x", "y"]


# -- one like this ----------------------------------------------------------------------------


def test_one_like_another_takes_its_values_but_no_documents(people: dict[str, User]) -> None:
    request = ask(
        people["sam"], reason="Too slow", files={"quote": ContentFile(b"x", name="offer.pdf")}
    )
    client = signed_in(people["sam"])
    link = f"{START}?like={request.reference}"
    assert link in client.get(f"/requests/{request.reference}/").content.decode()
    page = form_page(client, f"?like={request.reference}")
    assert f"Filled in as {request.reference} is now." in page
    assert "Too slow" in page
    assert 'value="1200.00"' in page
    assert f'value="{request.title}"' in page
    assert "offer.pdf" not in page
    assert WorkflowInstance.objects.count() == 1


def test_a_request_that_is_not_mine_to_see_cannot_be_copied(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    for reference in (request.reference, "PA-99999"):
        assert signed_in(people["sue"]).get(f"{START}?like={reference}").status_code == 404
