"""Every form of the everyday pages is taken once: two clicks, or a second tab, do one thing.

All addresses are walked. Each that takes a form stands in `ONCE`, with what makes it do something,
or in `HARMLESS`, with why it may come twice.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from reporting.discovery.page_survey import seal_survey
from reporting.reviews.models import Finding, Review
from tests.approvals.test_incidents_pages import place_order_in_vain
from tests.factories import open_task, start_request
from tests.rights.addresses import Address, addresses
from tests.rights.everything import Everything, differences, make_everything, snapshot
from tests.rights.test_matrix import path_of
from tests.workflows.admin_site import decide
from workflows.access.models import IdempotentReply
from workflows.access.services.once_only_forms import FIELD, new_form_key
from workflows.conversation.services.comments import write_comment
from workflows.definitions.lifecycle import pausing
from workflows.definitions.lifecycle import retirement as retiring
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.discovery.survey import LogSurvey
from workflows.execution.services.form_drafts import save_form_draft
from workflows.people.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

EVERYDAY = ("approvals:", "reporting:", "workflows:", "account", "mfa_")

REPLIES = IdempotentReply._meta.label
WHY = {"reason": "Because."}


def nothing_before(there: Everything) -> Mapping[str, Any]:
    """Everything is there already."""
    return {}


@dataclass(frozen=True, slots=True)
class Sending:
    """Who sends a form, and what stands in it beside its hidden fields; what was done before."""

    username: str
    values: dict[str, Any] = field(default_factory=dict)
    before: Callable[[Everything], Mapping[str, Any]] = nothing_before
    holes: dict[str, str] = field(default_factory=dict)


def keep_drafts(there: Everything) -> Mapping[str, Any]:
    """A draft of a start form, and one of a decision."""
    now, task = timezone.now(), open_task(there.site.waiting, "manager_review")
    save_form_draft(user("sam").pk, there.site.waiting.template, "x", now=now)
    save_form_draft(user("mia").pk, task, "x", now=now)
    return {}


def comment(there: Everything) -> Mapping[str, Any]:
    """A comment of the requester."""
    row = write_comment(there.site.waiting.pk, actor=user("sam"), text="Well?", now=timezone.now())
    return {"comment_id": row.pk}


def pause(there: Everything) -> Mapping[str, Any]:
    """The workflow is paused."""
    template = WorkflowTemplate.objects.get(key=there.rows["key"])
    pausing.pause_workflow(
        template, reason="Audit.", running=pausing.GO_ON, actor=user("olivia"), now=timezone.now()
    )
    return {}


def finance_task(there: Everything) -> Mapping[str, Any]:
    """A task that two people could have."""
    request = start_request(there.site.published, amount="6000.00")
    decide(request, "manager_review", "mia", "approve")
    return {"task_id": open_task(request, "security_review").pk}


def failed_order(there: Everything) -> Mapping[str, Any]:
    """An automation that has given up."""
    return {"incident_id": place_order_in_vain(user("sam"), user("mia")).pk}


def decided_review(there: Everything) -> Mapping[str, Any]:
    """A review of which nothing is left to decide."""
    Finding.objects.all().delete()
    return {}


def no_review(there: Everything) -> Mapping[str, Any]:
    """No review is open."""
    Finding.objects.all().delete()
    Review.objects.all().delete()
    return {}


def user(username: str) -> User:
    return User.objects.get(username=username)


def day(days: int) -> str:
    return f"{timezone.localdate() + timedelta(days=days):%Y-%m-%d}"


START = {"title": "Two desks", "f-amount": "10.00", "f-region": "EU", "f-manager": "mia"}
AWAY = {"first_day": day(20), "last_day": day(22), "deputy": "omar", "where": "every"}

ONCE: dict[str, Sending] = {
    "approvals:task": Sending("mia", {"outcome": "approve"}),
    "approvals:task-command": Sending("mia", holes={"command": "start"}),
    "approvals:task-draft-discard": Sending("mia", before=keep_drafts),
    "approvals:reassign": Sending("olivia", {"to": "fred", **WHY}, before=finance_task),
    "approvals:add-approver": Sending("mia", {"to": "max", **WHY}),
    "approvals:ask-opinion": Sending("mia", {"first": "max", "question": "Fair?"}),
    "approvals:ask-requester": Sending("mia", {"question": "Which?"}),
    "approvals:question": Sending("ida", {"answer": "Yes."}),
    "approvals:question-withdraw": Sending("mia"),
    "approvals:decide-chosen": Sending("mia", {"outcome": "approve"}),
    "approvals:filter-save": Sending("sam", {"name": "Late", "due": "late"}),
    "approvals:filter-rename": Sending("fred", {"name": "Overdue"}),
    "approvals:filter-delete": Sending("fred"),
    "approvals:request-change": Sending("olivia", WHY),
    "approvals:correct-values": Sending("olivia", {"f-region": "US", **WHY}),
    "approvals:hold-give-back": Sending("fred", WHY),
    "approvals:status-link-make": Sending("sam", {"days": "30"}),
    "approvals:status-link-withdraw": Sending("sam"),
    "approvals:comment-write": Sending("sam", {"comment": "Any news?"}),
    "approvals:comment-edit": Sending("sam", {"comment": "Any news?"}, before=comment),
    "approvals:comment-withdraw": Sending("sam", before=comment),
    "approvals:follow-request": Sending("sam"),
    "approvals:follow-workflow": Sending("olivia"),
    "approvals:follow-team": Sending("fay"),
    "approvals:unfollow": Sending("fred"),
    "approvals:incident": Sending("olivia", {"f-manager": "mia", **WHY}),
    "approvals:incident-skip": Sending("olivia", {"f-po_number": "7", **WHY}, before=failed_order),
    "approvals:incident-reroute": Sending("olivia", {"to": "rejected", **WHY}),
    "approvals:merge": Sending("olivia", {"choice-terms": "other", "other-terms": "9", **WHY}),
    "approvals:start-form": Sending("sam", START),
    "approvals:draft-discard": Sending("sam", before=keep_drafts),
    "approvals:away": Sending("sam", AWAY),
    "approvals:absence": Sending("mia", AWAY),
    "approvals:absence-end": Sending("mia"),
    "approvals:tokens": Sending("sam", {"name": "script", "scopes": ["read"]}),
    "approvals:token-revoke": Sending("root"),
    "reporting:review_close": Sending("olivia", before=decided_review),
    "reporting:review_gather": Sending("olivia"),
    "reporting:review_begin": Sending("olivia", before=no_review),
    "reporting:finding_decide": Sending("olivia", {"verdict": "keep", **WHY}),
    "workflows:pause": Sending("olivia", {"running": pausing.GO_ON, **WHY}),
    "workflows:resume": Sending("olivia", {"running": pausing.RESUME, **WHY}, before=pause),
    "workflows:retire": Sending("olivia", {"running": retiring.FINISH, **WHY}),
    "workflows:from-log-draft": Sending(
        "root",
        {"survey": seal_survey(LogSurvey({("a", "b"): 3})), "keep": "80", "name": "X", "key": "x"},
    ),
    "workflows:draft": Sending("olivia"),
    "workflows:publish": Sending("olivia"),
}
"""Forms of which the second one is led to what the first one made, and does nothing: from the same
page, and from one that was open beside it."""

LEADS_ON = "leads to another page and does nothing"
HARMLESS: dict[str, str] = {
    "approvals:request-columns": "a choice: the same again is the same",
    "approvals:public-form": "starts nothing; each waits for its own mail to be confirmed",
    "approvals:confirm-form": "its link is used up by the first: test_public_forms.py",
    "approvals:decide-by-link": "its link is used up by the first: test_mail_decisions.py",
    "reporting:refresh": "works out the same figures from the same rows",
    "workflows:conformance": "reads a log, and writes nothing",
    "workflows:from-log": "reads a log, and writes nothing",
    "workflows:load": "the same file again gives the same draft",
    "account": "a choice: the same again is the same",
    "account_notices": "a choice: the same again is the same",
    "account_login": "who is signed in is led on",
    "account_logout": "who is signed out is led to sign in",
    "account_signup": LEADS_ON,
    "account_email": LEADS_ON,
    "account_email_verification_sent": LEADS_ON,
    "account_set_password": "for whom has none; the second is led to changing it",
    "account_change_password": "asks for the password until now, which the first has changed",
    "account_reset_password": "another mail with another link, as often as its limit allows",
    "account_reset_password_from_key": "its link is used up by the first",
    "account_reauthenticate": "who is who they say is it twice",
    "mfa_authenticate": "a code is taken once",
    "mfa_reauthenticate": "a code is taken once",
    "mfa_activate_totp": "what is on already is left as it is",
    "mfa_deactivate_totp": "what is off already is left as it is",
    "mfa_generate_recovery_codes": "the codes of the answer that is seen are the good ones",
    "mfa_download_recovery_codes": "reads them",
}


def everyday_addresses() -> list[Address]:
    return [address for address in addresses() if address.name.startswith(EVERYDAY)]


def takes_forms(path: str) -> bool:
    """Whether something is there for a POST; where nothing is, 405 or a way on says so. Some sign
    their caller out, so each has a new one."""
    client = Client(raise_request_exception=False)
    client.force_login(user("root"))
    with transaction.atomic():
        answer = client.post(path, {})
        transaction.set_rollback(True)
    return answer.status_code not in (301, 405)


def test_every_address_that_takes_a_form_is_once_only_or_says_why_it_may_come_twice() -> None:
    there = make_everything()
    found = {a.name for a in everyday_addresses() if takes_forms(path_of(a, there))}
    known = ONCE.keys() | HARMLESS.keys()
    unknown = sorted(found - known)
    assert not unknown, f"say of each that it is once-only, or why it need not be: {unknown}"
    assert sorted(known - found) == [], "these take no form any more"


def test_a_form_that_comes_again_does_nothing_and_is_led_where_the_first_was() -> None:
    there = make_everything()
    untouched = snapshot()
    wrong = []
    for address in everyday_addresses():
        if address.name in ONCE:
            with transaction.atomic():
                wrong += [(address.name, *fault) for fault in send_twice(address, there, untouched)]
                transaction.set_rollback(True)
    assert not wrong, "\n".join(map(str, wrong))


def _number_of_draft(address: Address, there: Everything) -> dict[str, int]:
    return {"number": there.site.draft.number} if address.name == "workflows:publish" else {}


def hidden_fields(client: Client, name: str, path: str, there: Everything) -> dict[str, Any]:
    """What the form's page put into it."""
    if name == "approvals:decide-chosen":
        path = f"{path}?task={there.rows['task_id']}&choose=approve"
    if name == "workflows:retire":  # how many are under way stands on the page that asks once more
        text = client.post(path, ONCE[name].values).content.decode()
    else:
        text = client.get(path).content.decode()
    inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text)
    hidden = {key: value for key, value in inputs if key.startswith(("opened", "under_way"))}
    return hidden | {"task": there.rows["task_id"]}


def words_of(answer: Any) -> str:
    """What the middle of a page says."""
    main = answer.content.decode().partition("<main")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))[:400]


def rows_of(address: Address, there: Everything) -> dict[str, Any]:
    """What fills in the form's address, once what has to be there before is."""
    sending = ONCE[address.name]
    rows = {**there.rows, **sending.holes, **_number_of_draft(address, there)}
    return rows | dict(sending.before(there))


def tab_of(client: Client, address: Address, path: str, there: Everything) -> dict[str, Any]:
    """What a page with this form sends, that is opened now."""
    sending = ONCE[address.name]
    return {
        **hidden_fields(client, address.name, path, there),
        **sending.values,
        FIELD: new_form_key(user(sending.username)),
    }


def send_twice(
    address: Address, there: Everything, untouched: dict[str, list[Any]]
) -> list[tuple[Any, ...]]:
    """What was wrong with a form that was sent twice from one page, and then from another that was
    open beside it."""
    path = path_of(address, Everything(there.site, rows_of(address, there)))
    client = Client(raise_request_exception=False)
    client.force_login(user(ONCE[address.name].username))
    tab, second_tab = (tab_of(client, address, path, there) for _ in range(2))
    if ONCE[address.name].before is not nothing_before:
        untouched = snapshot()
    first = client.post(path, tab)
    done = snapshot()
    if not differences(untouched, done):
        return [("the first did nothing", first.status_code, words_of(first))]
    wrong: list[tuple[Any, ...]] = []
    for which, sent in (("the same page", tab), ("the second tab", second_tab)):
        second = client.post(path, sent)
        # That what is asked for is so already is an answer, which is kept, and no change.
        changed = [table for table in differences(done, snapshot()) if table != REPLIES]
        if changed:
            wrong.append((which, "did something", changed))
        if where_it_led(first) != where_it_led(second):
            wrong.append((which, "was led elsewhere", second.status_code, words_of(second)))
    return wrong


def where_it_led(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.headers.get("Location")
