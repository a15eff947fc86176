"""Every address and every operation of the API, by every kind of caller.

What is open to whom is derived from two declared tables: what each caller is (`CALLERS`), and what
each address asks for (`NEEDS`, and `MODELS` for the admin). An address of the URLconf or an
operation of the OpenAPI document without a row fails. A snapshot of the whole database before and
after shows that reading changes nothing, and that what is refused changes nothing.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models

from approvals.api.site import api
from tests.rights.addresses import Address, addresses
from tests.rights.everything import (
    AUDITS,
    AWAY,
    CALLERS,
    CHANGES,
    GIVES_LINKS,
    GUEST,
    HANDS_ON,
    HAS_IT,
    IS_ASKED,
    KNOWS,
    LOOKS,
    MANAGES,
    READS,
    SEES,
    SIGNED,
    STAFF,
    STARTS,
    SUPER,
    VIEWS,
    WORKS,
    Caller,
    Everything,
    caller,
    differences,
    make_everything,
    row_of,
    snapshot,
)
from workflows.admin_site.visibility import VisibleRowsMixin
from workflows.people.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

OPEN = "everybody"
BUTTON = "a button: nothing is shown at its address"
NOT_JUDGED = "opens by other rules, which have tests of their own"

NEEDS: dict[str, set[str] | str] = {
    # pages of people
    "approvals:inbox": {SIGNED},
    "approvals:inbox-news": NOT_JUDGED,  # 204 or 286, to guests too: test_desk.py
    "approvals:filter-save": BUTTON,
    "approvals:filter-rename": BUTTON,
    "approvals:filter-delete": BUTTON,
    "approvals:decide-chosen": BUTTON,  # shows what is chosen alone: test_bulk_decisions.py
    "approvals:people": NOT_JUDGED,  # for whom the form was made: test_people_boxes.py
    "approvals:resources": {SIGNED},
    "api-v1:resources": {READS},
    "api-v1:busy": {READS},
    "approvals:resource": {SIGNED},
    "approvals:resource-csv": {SIGNED},
    "approvals:hold-give-back": {SIGNED, SUPER},  # or whose it is: test_resource_pages.py
    "approvals:requests": {SIGNED},
    "approvals:requests-csv": {SIGNED},
    "approvals:request-columns": BUTTON,
    "approvals:start": {SIGNED},
    "approvals:tokens": {SIGNED},
    "approvals:token-revoke": BUTTON,
    "approvals:request": {SIGNED, SEES},
    "approvals:request-change": {SIGNED, MANAGES},
    "approvals:correct-values": {SIGNED, MANAGES},
    "approvals:status-link-make": BUTTON,
    "approvals:status-link-withdraw": BUTTON,
    "approvals:status": OPEN,  # to whoever has the link
    "approvals:comment-write": {SIGNED, SEES},
    "approvals:comment-edit": NOT_JUDGED,  # its writer's alone; tests/conversation
    "approvals:comment-withdraw": BUTTON,
    "approvals:mentionable-people": {SIGNED, SEES},
    "approvals:following": {SIGNED},
    "approvals:follow-request": BUTTON,
    "approvals:follow-workflow": BUTTON,
    "approvals:follow-team": BUTTON,
    "approvals:unfollow": BUTTON,
    "approvals:decide-by-link": OPEN,
    "approvals:public-form": OPEN,  # of a map that has one
    "approvals:confirm-form": OPEN,  # to whoever has the link
    "approvals:task": {SIGNED, SEES},
    "approvals:task-command": BUTTON,
    "approvals:task-draft-discard": BUTTON,
    "approvals:reassign": {SIGNED, HANDS_ON},
    "approvals:ask-opinion": {SIGNED, HAS_IT},
    "approvals:add-approver": {SIGNED, HANDS_ON},
    "approvals:ask-requester": {SIGNED, HAS_IT},
    "approvals:question": {SIGNED, SEES},
    "approvals:question-withdraw": BUTTON,
    "approvals:incident": {SIGNED, MANAGES},
    "approvals:incident-skip": {SIGNED, MANAGES},
    "approvals:incident-reroute": {SIGNED, MANAGES},
    "approvals:merge": {SIGNED, MANAGES},
    "approvals:start-form": {SIGNED, STARTS},
    "approvals:draft-discard": BUTTON,
    "approvals:away": {SIGNED},
    "approvals:absence": {SIGNED, AWAY},
    "approvals:absence-end": BUTTON,
    "approvals:handoffs": {SIGNED},
    "approvals:handoff": NOT_JUDGED,  # by teams and by request: test_handoffs.py
    "approvals:workflow-handoffs": NOT_JUDGED,
    "approvals:document": NOT_JUDGED,  # of another request than the others
    "approvals:document-page": NOT_JUDGED,
    "approvals:document-content": NOT_JUDGED,
    "approvals:documents-choose": NOT_JUDGED,
    "approvals:documents-compare": NOT_JUDGED,
    "account": {SIGNED},
    "account_notices": {SIGNED},
    "account_login": {GUEST},
    "account_logout": {SIGNED},
    "account_inactive": OPEN,
    "account_reauthenticate": {SIGNED},
    "account_change_password": {SIGNED},
    "account_set_password": BUTTON,  # for whom has none; leads to changing it
    "account_reset_password": OPEN,
    "account_reset_password_done": OPEN,
    "account_reset_password_from_key": OPEN,
    "account_reset_password_from_key_done": OPEN,
    "account_signup": BUTTON,  # nobody signs up
    "account_email": BUTTON,
    "account_email_verification_sent": BUTTON,
    "mfa_index": {SIGNED},
    "mfa_authenticate": BUTTON,  # these ask for a sign-in of just now
    "mfa_reauthenticate": BUTTON,
    "mfa_view_recovery_codes": BUTTON,
    "mfa_download_recovery_codes": BUTTON,
    "mfa_generate_recovery_codes": BUTTON,
    "mfa_activate_totp": BUTTON,
    "mfa_deactivate_totp": BUTTON,
    "healthz": OPEN,
    "readyz": NOT_JUDGED,  # says how the machine is, to everybody
    # the mirror
    "reporting:index": {SIGNED},
    "reporting:index_csv": {SIGNED},
    "reporting:reviews": {SIGNED},
    "reporting:reviews_csv": {SIGNED},
    "reporting:costs": NOT_JUDGED,
    "reporting:costs_csv": NOT_JUDGED,
    "reporting:audit_csv": {SIGNED, AUDITS},
    "reporting:trail": {SIGNED, LOOKS},
    "reporting:trail_csv": {SIGNED, LOOKS},
    "reporting:extensions": {SIGNED, LOOKS},
    "reporting:extensions_csv": {SIGNED, LOOKS},
    "reporting:health": {SIGNED, LOOKS},
    "reporting:health_csv": {SIGNED, LOOKS},
    "reporting:ownership": {SIGNED, LOOKS},
    "reporting:ownership_csv": {SIGNED, LOOKS},
    "reporting:health_json": NOT_JUDGED,  # takes tokens too
    "reporting:review": {SIGNED, AUDITS},
    "reporting:review_csv": {SIGNED, AUDITS},
    "reporting:review_begin": BUTTON,
    "reporting:review_close": BUTTON,
    "reporting:review_gather": BUTTON,
    "reporting:finding_decide": BUTTON,
    "reporting:report": {SIGNED, AUDITS},
    "reporting:log": {SIGNED, AUDITS},
    "reporting:people": NOT_JUDGED,  # records each look; asks for a permission of its own
    "reporting:refresh": BUTTON,
    "reporting:table_csv": {SIGNED, AUDITS},
    "reporting:old_report": BUTTON,  # these lead to where the report is now
    "reporting:old_log": BUTTON,
    "reporting:old_people": BUTTON,
    "reporting:old_table_csv": BUTTON,
    # the pages of a workflow
    "workflows:list": {SIGNED},
    "workflows:page": {SIGNED, AUDITS},
    "workflows:conformance": {SIGNED, AUDITS},
    "workflows:from-log": {SIGNED, CHANGES},
    "workflows:from-log-draft": BUTTON,
    "workflows:file": {SIGNED, AUDITS},
    "workflows:bpmn": {SIGNED, AUDITS},
    "workflows:rehearsal": {SIGNED, MANAGES},
    "workflows:load": BUTTON,
    "workflows:draft": BUTTON,
    "workflows:publish": BUTTON,
    "workflows:pause": {SIGNED, MANAGES},
    "workflows:resume": BUTTON,
    "workflows:retire": {SIGNED, MANAGES},
    # the admin's own pages
    "admin:index": {SIGNED, STAFF},
    "admin:search": {SIGNED, STAFF},
    "admin:autocomplete": BUTTON,
    "admin:jsi18n": {SIGNED, STAFF},
    "admin:login": NOT_JUDGED,
    "admin:logout": BUTTON,
    "admin:password_change": {SIGNED, STAFF},
    "admin:password_change_done": {SIGNED, STAFF},
    "admin:app_list": {SIGNED, STAFF, VIEWS},
    "admin:auth_user_password_change": {SIGNED, STAFF, SUPER},
    "admin:account_leaves": {SIGNED, STAFF, CHANGES},
    "admin:load_definition": {SIGNED, STAFF, CHANGES},
    "admin:begin_workflow": {SIGNED, STAFF, CHANGES},
    "admin:publish_version": BUTTON,
    "admin:draft_version": BUTTON,
    "admin:add_step": BUTTON,
    "admin:remove_step": BUTTON,
    "admin:put_table": BUTTON,
    "admin:table_csv": NOT_JUDGED,  # of a table, which no step there is: test_table_files.py
    "admin:table_dmn": NOT_JUDGED,
    "admin:version_stage": BUTTON,
    "admin:version_differences": {SIGNED, STAFF, VIEWS, SEES},
    "admin:move_requests": {SIGNED, STAFF, SUPER},
    "admin:put_back_requests": BUTTON,
    "admin:version_file": {SIGNED, STAFF, VIEWS, SEES},
    "admin:version_bpmn": {SIGNED, STAFF, VIEWS, SEES},
    "admin:dry_run_step": {SIGNED, STAFF, VIEWS, SEES},
    "admin:test_connection": BUTTON,
    "admin:connect_account": BUTTON,
    "admin:disconnect_account": BUTTON,
    "admin:connection_signed_in": BUTTON,  # takes only what a session began: test_oauth.py
    # the API
    "api-v1:api-root": BUTTON,
    "api-v1:openapi-json": OPEN,
    "api-v1:inbox": {READS},
    "api-v1:questions": {READS},
    "api-v1:instance": {READS, SEES},
    "api-v1:start_form": {READS, STARTS},
    "api-v1:task_form": {READS, SEES},
    "api-v1:comments": {READS, SEES},
    "api-v1:mentionable": {READS, SEES},
    "api-v1:document": NOT_JUDGED,  # of another request than the others: test_document_calls.py
    "api-v1:follows": {READS},
}
OF_ACCOUNTS = ("account", "mfa_", "socialaccount_", "openid_connect_")
"""Pages of the library that keeps accounts: they are opened here, and posted to in its tests."""

BODIES: dict[str, dict[str, Any]] = {
    "api-v1:start": {"workflow": "purchase-approval", "data": {"amount": "1.00"}},
    "api-v1:correlate": {
        "workflow": "purchase-approval",
        "message": "x",
        "correlation": {"region": "EU"},
    },
    "api-v1:message": {"message": "x"},
    "api-v1:correct_values": {"data": {"region": "US"}},
    "api-v1:signal": {"message": "x"},
    "api-v1:decide": {"outcome": "approve", "seen": "x"},
    "api-v1:comments": {"text": "Any news?"},
    "api-v1:edit_comment": {"text": "Any news?"},
    "api-v1:follows": {"workflow": "purchase-approval"},
    "api-v1:hook": {"amount": "1.00"},
    "api-v1:answer_question": {"answer": "Yes."},
    "approvals:question": {"answer": "Yes."},
}
BECAUSE = {"reason": "Because."}
FORM = BECAUSE | {
    "to": "approved",
    "outcome": "approve",
    "name": "x",
    "confirmed": "yes",
    "days": "30",
}
MAY_POST: dict[str, set[str]] = {
    "api-v1:start": {WORKS, STARTS},
    "api-v1:claim": {WORKS, SEES},
    "api-v1:start_work": {WORKS, SEES},
    "api-v1:pause": {WORKS, SEES},
    "api-v1:release": {WORKS, SEES},
    "api-v1:decide": {WORKS, SEES},
    "api-v1:extend_task": {WORKS, SEES},
    "api-v1:extend_request": {SIGNED, MANAGES},
    "api-v1:correct_values": {SIGNED, MANAGES},
    "api-v1:reassign": {WORKS, SEES},
    "api-v1:withdraw_vote": {WORKS, SEES},
    "api-v1:add_approver": {WORKS, SEES},
    "api-v1:ask_opinion": {WORKS, SEES},
    "api-v1:ask_requester": {WORKS, SEES},
    "api-v1:answer_question": {WORKS, IS_ASKED},
    "api-v1:withdraw_question": {WORKS, HANDS_ON},
    "api-v1:cancel": {SIGNED, SEES},
    "api-v1:suspend": {SIGNED, MANAGES},
    "api-v1:resume": {SIGNED, MANAGES},
    "api-v1:reopen": {SIGNED, MANAGES},
    "api-v1:comments": {WORKS, SEES},
    "api-v1:comment": {WORKS, SEES},
    "api-v1:edit_comment": {"who wrote it"},
    "api-v1:withdraw_comment": {"who wrote it"},
    "api-v1:follows": {WORKS, KNOWS},
    "api-v1:follow": {WORKS, KNOWS},
    "api-v1:unfollow": {"who follows"},
    "api-v1:message": {SIGNED, SEES},
    "api-v1:correlate": {SIGNED, SEES},
    "api-v1:signal": {SIGNED, SEES},
    "api-v1:hook": {"a signature"},
    "approvals:request-columns": {SIGNED},
    "approvals:token-revoke": {SIGNED, CHANGES},  # their own, or with that permission
    "approvals:task-command": {SIGNED, SEES},
    "approvals:absence-end": {SIGNED, AWAY},
    "approvals:decide-by-link": {"a page of its own"},
    "approvals:status-link-make": {SIGNED, GIVES_LINKS},
    "approvals:status-link-withdraw": {SIGNED, GIVES_LINKS},
    "approvals:comment-edit": {"who wrote it"},
    "approvals:comment-withdraw": {"who wrote it"},
    "approvals:hold-give-back": {SIGNED, SUPER},
    "approvals:follow-request": {SIGNED, SEES},
    "approvals:follow-workflow": {SIGNED, KNOWS},
    "approvals:follow-team": {"who is in it"},
    "approvals:unfollow": {"who follows"},
    "approvals:filter-save": {SIGNED},
    "approvals:filter-rename": {"whose it is"},
    "approvals:filter-delete": {"whose it is"},
    "approvals:question": {SIGNED, IS_ASKED},  # all who see the request read it
    "approvals:question-withdraw": {SIGNED, HANDS_ON},
    "reporting:review_begin": {SIGNED, MANAGES},
    "reporting:review_close": {SIGNED, MANAGES},
    "reporting:review_gather": {SIGNED, MANAGES},
    "reporting:finding_decide": {SIGNED, MANAGES},
    "reporting:refresh": {SIGNED, AUDITS},
    "workflows:from-log-draft": {SIGNED, CHANGES},
    "workflows:load": {SIGNED, MANAGES},
    "workflows:draft": {SIGNED, MANAGES},
    "workflows:publish": {SIGNED, MANAGES},
    "workflows:resume": {SIGNED, MANAGES},
    "admin:publish_version": {SUPER},
    "admin:draft_version": {SUPER},
    "admin:move_requests": {SUPER},
    "admin:put_back_requests": {SUPER},
    "admin:add_step": {SUPER},
    "admin:remove_step": {SUPER},
    "admin:put_table": {SUPER},
    "admin:version_stage": {SUPER},
    "admin:test_connection": {SUPER},
    "admin:connect_account": {SUPER},
    "admin:disconnect_account": {SUPER},
    "admin:account_leaves": {SIGNED, STAFF, CHANGES},
    "admin:logout": {SIGNED},
    "admin:autocomplete": {STAFF},
}
"""Who a POST may do something for; for all others it must be refused and change nothing."""

FIRST_CALLS = {"admin:logout", "approvals:confirm-form"}
"""They sign the caller out, or start what was filled in for whoever has the link: they are left for
tests of their own."""

API = {name.split(":")[1] for name in (*NEEDS, *MAY_POST) if name.startswith("api-v1:")}


# -- the tables cover everything --------------------------------------------------------------


def is_of_a_table(address: Address) -> bool:
    return _MODEL_PAGE.fullmatch(address.name) is not None


VERSION_PAGES = frozenset(
    f"admin:{name}"
    for name in (
        *("publish_version", "draft_version", "version_file", "version_bpmn"),
        *("version_differences", "move_requests", "put_back_requests"),
    )
)
_MODEL_PAGE = re.compile(
    r"admin:(?P<app>[a-z]+)_(?P<model>[a-z]+)_(?P<page>changelist|add|change|delete|history"
    r"|simple_history|permissions|permissions_manage_user|permissions_manage_group)"
)


def test_every_address_of_the_urlconf_has_a_row() -> None:
    names = [one.name for one in addresses() if not is_of_a_table(one)]
    known = NEEDS.keys() | MAY_POST.keys()
    unknown = [n for n in names if n not in known and not n.startswith(OF_ACCOUNTS[2:])]
    assert not unknown, "say in NEEDS what each of these asks for"
    gone = known - set(names) - {f"api-v1:{name}" for name in API}
    assert not gone, "these addresses are not there any more"


def test_every_operation_of_the_api_has_a_row() -> None:
    paths = api.get_openapi_schema()["paths"].values()
    operations = {one["operationId"] for path in paths for one in path.values()}
    known = {*API, "read"}
    assert operations <= known, "say in NEEDS or MAY_POST what each of these asks for"


def test_every_page_of_the_admin_says_whose_its_rows_are() -> None:
    for model, page in list(admin.site._registry.items()):
        if model._meta.app_label in ("workflows", "reporting", "auth"):
            assert isinstance(page, VisibleRowsMixin), model
            assert page.of_workflow is not None, model
            if _leads_to_a_workflow(model):
                assert page.of_workflow, f"{model} belongs to a workflow"


def _leads_to_a_workflow(model: type[models.Model]) -> bool:
    named = {"template", "request", "version", "step"}
    return any(one.name in named and one.is_relation for one in model._meta.concrete_fields)


# -- what is open to whom ---------------------------------------------------------------------


def asked_for(address: Address) -> set[str] | str:
    """What an address asks for, by the tables."""
    found = _MODEL_PAGE.fullmatch(address.name)
    if found is None:
        return NEEDS.get(address.name, BUTTON)
    page = admin.site.get_model_admin(apps.get_model(found["app"], found["model"]))
    if found["page"] == "changelist":
        return {SIGNED, STAFF, VIEWS}
    if found["page"] in ("change", "history", "simple_history"):
        return {SIGNED, STAFF, VIEWS, SEES} if page.of_workflow else {SIGNED, STAFF, VIEWS}
    if found["page"].startswith("permissions"):
        return {SUPER}
    return NOT_JUDGED  # add and delete: each page's own rule, refused to all who only look


def path_of(address: Address, there: Everything) -> str:
    """The address, filled in with rows that are there."""
    rows = dict(there.rows)
    found = _MODEL_PAGE.fullmatch(address.name)
    if found is not None:
        model = apps.get_model(found["app"], found["model"])
        row = row_of(model)
        rows |= {"object_id": row.pk, "row": row.pk, "object_pk": row.pk}
        if found["page"] == "simple_history":
            past = model.history.filter(id=row.pk).first() or model.history.first()
            rows |= {"row": past.id, "version": past.history_id}
    if address.name in VERSION_PAGES:
        rows["pk"] = rows["version"]
    if address.name == "approvals:decide-by-link":
        rows["token"] = rows["decision_token"]
    if address.name == "approvals:confirm-form":
        rows["token"] = rows["confirm_token"]
    if address.name == "approvals:public-form":
        rows["key"] = rows["public_key"]
    rows["pk"] = {
        "reporting:finding_decide": rows["finding"],
        "admin:test_connection": rows["connection"],
        "admin:connect_account": rows["connection"],
        "admin:disconnect_account": rows["connection"],
        "admin:dry_run_step": rows["step_row"],
        "admin:account_leaves": User.objects.get(username__in=("sam", "zqsam")).pk,
    }.get(address.name, rows["pk"])
    return address.at(**dict.fromkeys(address.holes, "x") | rows)


@pytest.fixture(params=CALLERS)
def who(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_each_address_is_open_to_whom_it_may_be_and_nothing_else_is_changed(who: str) -> None:
    there = make_everything()
    me = caller(who)
    mine = [one for one in addresses() if stands_before(me, one)]
    before = snapshot()
    wrong = [said for one in mine for said in read(me, one, path_of(one, there))]
    assert not wrong, wrong
    assert not differences(before, snapshot()), "reading wrote something"
    refused = [one for one in mine if not may_post(one, me)]
    wrong = [said for one in refused for said in push(me, one, path_of(one, there))]
    assert not wrong, wrong
    changed = differences(before, snapshot())
    assert not changed, (changed, [one.name for one in refused])


def stands_before(me: Caller, address: Address) -> bool:
    """Whether this caller tries the address. Programs open no page; and the admin has one door for
    all who are not staff, so three of them try it."""
    if address.template.startswith("/admin/"):
        return me.has_session and (STAFF in me.is_ or me.name in NOT_STAFF)
    return me.has_session or address.template.startswith("/api/")


KEPT_BY_NOBODY = "private, no-store"
NOT_STAFF = ("anonymous", "outsider", "owner")


def read(me: Caller, address: Address, path: str) -> Iterator[tuple[str, int, str]]:
    """Open an address, and say where that went otherwise than the tables say."""
    if address.name == "reporting:people":  # each look is recorded
        return
    answer, need = me.get(path), asked_for(address)
    if answer.status_code == 500:
        yield address.name, 500, "an error of ours"
    if GUEST not in me.is_ and answer.headers.get("Cache-Control") != KEPT_BY_NOBODY:
        yield address.name, answer.status_code, "may be kept on the way"
    if need == OPEN:
        need = set()
    if not isinstance(need, set):
        return
    may = need <= me.is_
    if (answer.status_code == 200) is not may:
        yield address.name, answer.status_code, "should open" if may else "should be refused"


def push(me: Caller, address: Address, path: str) -> Iterator[tuple[str, int, str]]:
    """Post to an address that must refuse it, and say where it did not."""
    plain = BECAUSE if address.name.startswith("api-v1:") else FORM
    answer = me.post(path, BODIES.get(address.name, plain))
    if answer.status_code in (200, 201, 500) and not _shows_a_form(address):
        yield address.name, answer.status_code, "should be refused"


def may_post(address: Address, me: Caller) -> bool:
    """Whether a POST here may do something for this caller: those are not made."""
    if address.name in FIRST_CALLS or address.name.startswith(OF_ACCOUNTS):
        return True
    if address.template.startswith("/api/v1/work-items/"):  # one of them is called as a start is
        return {WORKS, SEES} <= me.is_
    if address.name in MAY_POST:
        return MAY_POST[address.name] <= me.is_ or SUPER in me.is_
    need = asked_for(address)
    if is_of_a_table(address):
        return bool({CHANGES, SUPER} & me.is_)
    return isinstance(need, set) and need <= me.is_


def _shows_a_form(address: Address) -> bool:
    """Pages that answer a POST as they answer a GET: the sign-in, a list, the API's document."""
    return address.name in ("login", "admin:login", "api-v1:openapi-json") or is_of_a_table(address)


def test_figures_by_person_whose_every_look_is_recorded_are_kept_by_nobody() -> None:
    there = make_everything()
    [address] = [one for one in addresses() if one.name == "reporting:people"]
    answer = caller("superuser").get(path_of(address, there))
    assert answer.headers["Cache-Control"] == KEPT_BY_NOBODY
