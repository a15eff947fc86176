"""Drafts of decisions: what somebody typed on a task survives, for them alone, until it is over."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.tasks import delete_expired_rows
from tests.approvals.office import (
    ask,
    ask_approved,
    correct,
    correct_amount,
    decide,
    everything,
    opened,
    page_text,
    post,
    signed_in,
)
from tests.factories import NOW, open_task
from workflows.access.services.once_only_forms import FIELD, new_form_key
from workflows.execution.models import FormDraft, WorkflowInstance, WorkItem
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.execution.services.form_drafts import DRAFT_RETENTION
from workflows.people.models import User

pytestmark = pytest.mark.django_db

TYPED = {"f-cost_centre": "CC <b>7", "f-needed_by": "soon", "comment": "Half of a thought"}


@pytest.fixture
def request_(people: dict[str, User]) -> WorkflowInstance:
    """A request that stands at the budget check, which anybody in finance may take."""
    return ask_approved(people, needed_by="2026-03-01")


@pytest.fixture
def task(request_: WorkflowInstance) -> WorkItem:
    return open_task(request_, "budget_check")


def keep(client: Client, task: WorkItem, **typed: object) -> str:
    """Press 'Keep for later'; what the page says then."""
    sent = {**TYPED, "opened": opened(client, task), "save_draft": "1", **typed}
    answer = client.post(f"/tasks/{task.pk}/", sent, follow=True)
    assert answer.redirect_chain == [(f"/tasks/{task.pk}/", 302)]
    return answer.content.decode()


def test_a_draft_is_kept_unchecked_and_offered_again_with_its_time(
    people: dict[str, User], task: WorkItem
) -> None:
    client, before = signed_in(people["fred"]), everything()
    keep(client, task)
    assert everything() == before, "a draft decides nothing"
    page = page_text(client, task)
    assert "This is your draft of" in page
    assert 'value="CC &lt;b&gt;7"' in page
    assert 'value="soon"' in page
    assert ">Half of a thought</textarea>" in page
    assert 'class="error"' not in page
    assert "Throw this draft away" in page
    assert "has changed since" not in page


def test_the_button_to_keep_works_without_a_script_and_whatever_is_missing(
    people: dict[str, User], task: WorkItem
) -> None:
    page = page_text(signed_in(people["fred"]), task)
    [button] = re.findall(r"<button[^>]*save_draft[^>]*>Keep for later<", page)
    assert "formnovalidate" in button
    assert "Files are not kept." in page


def test_it_is_its_writers_alone_and_encrypted(people: dict[str, User], task: WorkItem) -> None:
    keep(signed_in(people["fred"]), task)
    assert "thought" not in FormDraft.objects.get().content
    for name in ("fay", "olivia", "omar", "sam"):
        client = signed_in(people[name])
        assert "Half of a thought" not in page_text(client, task), name
        client.post(f"/tasks/{task.pk}/draft/discard/")
    assert FormDraft.objects.count() == 1


def test_two_people_keep_a_draft_each(people: dict[str, User], task: WorkItem) -> None:
    for name in ("fred", "fay"):
        keep(signed_in(people[name]), task, comment=f"From {name}")
    assert FormDraft.objects.count() == 2
    assert "From fay" in page_text(signed_in(people["fay"]), task)


def test_only_what_was_changed_is_kept_so_the_rest_is_as_it_is_now(
    people: dict[str, User], request_: WorkflowInstance, task: WorkItem
) -> None:
    client = signed_in(people["fred"])
    keep(client, task, **{"f-cost_centre": ""})
    correct(request_, people["olivia"], cost_centre="CC9")
    page = page_text(client, task)
    assert 'value="CC9"' in page
    assert 'value="soon"' in page


def test_a_value_that_was_emptied_is_kept_as_empty(people: dict[str, User], task: WorkItem) -> None:
    client = signed_in(people["fred"])
    keep(client, task, **{"f-needed_by": "", "f-cost_centre": "", "comment": ""})
    assert 'value="2026-03-01"' not in page_text(client, task)


def test_after_the_request_changed_the_draft_says_so(people: dict[str, User]) -> None:
    review = open_task(ask(people["sam"]), "manager_review")
    client = signed_in(people["mia"])
    keep(client, review, comment="Fair price?")
    correct(review.request, people["olivia"], amount="1300.00")
    page = page_text(client, review)
    assert "Fair price?" in page
    assert "The request has changed since; look at it once more" in page


def test_a_refused_decision_is_kept_and_found_on_another_device(
    people: dict[str, User], task: WorkItem
) -> None:
    before = everything()
    assert post(signed_in(people["fred"]), task, "done", **TYPED).status_code == 422
    assert everything() == before
    assert ">Half of a thought</textarea>" in page_text(signed_in(people["fred"]), task)


def test_a_stale_decision_is_kept(people: dict[str, User]) -> None:
    task = open_task(ask(people["sam"]), "manager_review")
    client = signed_in(people["mia"])
    shown = opened(client, task)
    correct_amount(task.request, people["olivia"], "9000.00")
    before = everything()
    answer = post(client, task, "reject", opened=shown, comment="Half of a thought")
    assert answer.status_code == 409
    assert everything() == before
    page = page_text(signed_in(people["mia"]), task)
    assert ">Half of a thought</textarea>" in page
    assert "has changed since; look" not in page, "it was shown when the decision was refused"


def test_a_page_that_cannot_be_read_keeps_what_was_typed(
    people: dict[str, User], task: WorkItem
) -> None:
    client = signed_in(people["fred"])
    answer = post(client, task, "done", opened="made up", **TYPED)
    assert answer.status_code == 422
    assert 'value="CC &lt;b&gt;7"' in answer.content.decode()
    assert ">Half of a thought</textarea>" in page_text(client, task)


def test_a_decision_whose_session_ended_is_a_draft_on_every_device(
    people: dict[str, User], task: WorkItem
) -> None:
    shown = opened(signed_in(people["fred"]), task)
    sent = {**TYPED, "outcome": "done", "opened": shown, FIELD: new_form_key(people["fred"])}
    gone = Client()
    answer = gone.post(f"/tasks/{task.pk}/", sent)
    assert answer.url.startswith("/accounts/login/")
    assert ">Half of a thought</textarea>" in page_text(signed_in(people["fred"]), task)
    assert "Half of a thought" not in page_text(signed_in(people["fay"]), task)
    gone.force_login(people["fred"])
    assert "You had been signed out." in page_text(gone, task)


@pytest.mark.parametrize("who", ["stranger", "nobody", "made up"])
def test_without_a_session_nobody_makes_drafts_on_what_they_may_not_see(
    people: dict[str, User], task: WorkItem, who: str
) -> None:
    key = {"stranger": new_form_key(people["stranger"]), "made up": "1:x"}.get(who, "")
    Client().post(f"/tasks/{task.pk}/", {**TYPED, "outcome": "done", FIELD: key})
    assert not FormDraft.objects.exists()


def test_who_may_not_decide_keeps_nothing(people: dict[str, User], task: WorkItem) -> None:
    client, before = signed_in(people["sam"]), everything()
    answer = client.post(f"/tasks/{task.pk}/", {**TYPED, "save_draft": "1"})
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Nothing was kept" in text
    assert "Half of a thought" in text, "it is shown to be copied"
    assert not FormDraft.objects.exists()
    assert everything() == before
    assert signed_in(people["stranger"]).post(f"/tasks/{task.pk}/", TYPED).status_code == 404


def test_it_can_be_thrown_away_once(people: dict[str, User], task: WorkItem) -> None:
    client = signed_in(people["fred"])
    keep(client, task)
    for _ in range(2):
        answer = client.post(f"/tasks/{task.pk}/draft/discard/", follow=True)
        assert "The draft is gone." in answer.content.decode()
    assert not FormDraft.objects.exists()
    assert "Half of a thought" not in page_text(client, task)


def test_files_are_not_kept_and_it_says_so(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "return", comment="Which?")
    task, client = open_task(request, "revise"), signed_in(people["sam"])
    quote = SimpleUploadedFile("offer.pdf", b"offer")
    sent = {"f-amount": "1300", "f-quote": quote}
    assert "Files are not kept with it" in keep(client, task, **sent)
    page = page_text(client, task)
    assert "Choose your files again: offer.pdf." in page
    assert 'value="1300"' in page


def test_a_form_in_which_nothing_was_changed_is_no_draft_and_ends_an_older_one(
    people: dict[str, User], task: WorkItem
) -> None:
    client = signed_in(people["fred"])
    keep(client, task)
    same = {"f-cost_centre": "", "f-needed_by": "2026-03-01", "comment": ""}
    assert "Nothing was kept" in keep(client, task, **same)
    assert not FormDraft.objects.exists()


def test_a_refused_form_in_which_nothing_was_changed_ends_no_draft(
    people: dict[str, User], task: WorkItem
) -> None:
    client = signed_in(people["fred"])
    keep(client, task)
    assert post(client, task, "", comment="").status_code == 422
    assert FormDraft.objects.count() == 1


def test_what_is_far_too_long_is_not_kept(people: dict[str, User], task: WorkItem) -> None:
    assert "Nothing was kept" in keep(signed_in(people["fred"]), task, comment="x" * 300_000)
    assert not FormDraft.objects.exists()


# -- when it goes -----------------------------------------------------------------------------


def test_the_decision_ends_every_draft_of_its_task(people: dict[str, User], task: WorkItem) -> None:
    for name in ("fred", "fay"):
        keep(signed_in(people[name]), task)
    answer = post(signed_in(people["fred"]), task, "done", **{"f-cost_centre": "CC7"})
    assert answer.status_code == 302
    assert not FormDraft.objects.exists()


def test_a_vote_ends_the_voters_draft_alone(people: dict[str, User]) -> None:
    request = ask_approved(people, amount="20000.00")
    task = open_task(request, "finance_review")
    for name in ("fred", "fay"):
        keep(signed_in(people[name]), task)
    tasks.decide(task.pk, actor=people["fred"], outcome="approve", now=NOW)
    assert [draft.writer for draft in FormDraft.objects.all()] == [people["fay"]]


def test_a_cancelled_request_ends_its_drafts(people: dict[str, User], task: WorkItem) -> None:
    keep(signed_in(people["fred"]), task)
    requests.cancel(task.request_id, actor=people["olivia"], now=NOW, reason="Not now.")
    assert not FormDraft.objects.exists()


def test_put_into_other_hands_a_task_keeps_the_drafts_of_these_alone(
    people: dict[str, User], task: WorkItem
) -> None:
    for name in ("fred", "fay"):
        keep(signed_in(people[name]), task)
    tasks.claim(task.pk, actor=people["fay"], now=NOW)
    assert [draft.writer for draft in FormDraft.objects.all()] == [people["fay"]]
    tasks.release(task.pk, actor=people["fay"], now=NOW)
    assert FormDraft.objects.count() == 1, "who gives it back may take it again"
    tasks.reassign(
        task.pk, actor=people["olivia"], to=people["fred"], now=NOW, reason="Fay is busy."
    )
    assert not FormDraft.objects.exists()


def test_the_clock_ends_what_is_too_old_or_was_kept_in_the_moment_of_the_decision(
    people: dict[str, User], request_: WorkflowInstance, task: WorkItem
) -> None:
    for name in ("fred", "fay"):
        keep(signed_in(people[name]), task)
    long_ago = timezone.now() - DRAFT_RETENTION - timedelta(days=1)
    FormDraft.objects.filter(writer=people["fay"]).update(saved_at=long_ago)
    delete_expired_rows(timezone.now())
    assert [draft.writer for draft in FormDraft.objects.all()] == [people["fred"]]
    over = WorkItem.objects.get(request=request_, is_open=False)
    FormDraft.objects.update(work_item=over)
    delete_expired_rows(timezone.now())
    assert not FormDraft.objects.exists()


# -- what it costs ----------------------------------------------------------------------------


def test_a_draft_costs_no_statement_of_its_own(people: dict[str, User], task: WorkItem) -> None:
    client = signed_in(people["fred"])
    page_text(client, task)
    with CaptureQueriesContext(connection) as without:
        page_text(client, task)
    keep(signed_in(people["fred"]), task)
    page_text(client, task)
    with CaptureQueriesContext(connection) as with_draft:
        page_text(client, task)
    assert len(with_draft) == len(without)
