"""Strangers learn nothing, not even that something exists: what is there and what is not are
answered alike, by the same status and the same words."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from tests.rights.addresses import Address, addresses
from tests.rights.everything import (
    NAMES,
    Caller,
    Everything,
    caller,
    differences,
    make_everything,
    snapshot,
)
from tests.rights.test_matrix import BECAUSE, BODIES, FORM, path_of
from workflows.access.services import tokens
from workflows.access.services.rights_trail import suppress_fact_recording
from workflows.people.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

STRANGERS = ("outsider", "approver elsewhere", "watcher", "anonymous", "token of an outsider")
"""People for whom the request does not exist, and a program."""
OF_A_REQUEST = {
    *("reference", "task_id", "incident_id", "merge_id", "document_id", "other_id", "comment_id"),
    *("question_id", "link_id", "absence_id", "follow_id", "token_id", "token"),
}
OF_A_WORKFLOW = {"key", "workflow", "pk"}
NOTHING = {"reference": "PA-99999", "token": "0.x", "key": "no-such", "workflow": "no-such"}
NO_SUCH_ROW = 99_999_999
KEYS = {
    *("approvals:decide-by-link", "approvals:status"),  # whoever has the address may open it
    *("approvals:public-form", "approvals:confirm-form"),  # and these without an account
}
"""Addresses that answer by other rules, which have tests of their own."""


def held_by(address: Address) -> set[str]:
    return set(address.holes) & (OF_A_REQUEST | OF_A_WORKFLOW)


def missing_path(address: Address, there: Everything) -> str:
    """The same address, of something that is not there."""
    nothing = {hole: NOTHING.get(hole, NO_SUCH_ROW) for hole in held_by(address)}
    return path_of(address, Everything(there.site, there.rows | nothing))


def told(answer: Any, path: str) -> tuple[int, str, str]:
    """What an answer tells, without the address that was asked for and without form keys."""
    body = b"" if answer.streaming else answer.content
    place = OWN_WORDS.sub("…", answer.headers.get("Location", ""))
    text = OF_THIS_PAGE.sub("", body.decode())
    for written in (path, quote(path), quote(path, safe="")):
        text = text.replace(written, "…")
    return answer.status_code, place, " ".join(OWN_WORDS.sub("…", text).split())


OF_THIS_PAGE = re.compile(
    r'name="(?:csrfmiddlewaretoken|once)" value="[^"]+"|<div class="messages".*?</div>', re.DOTALL
)
"""Form keys, and what the call before it left to be said."""
OWN_WORDS = re.compile(r"PA-\d+|purchase-approval|no-such|(?<=/)\d+(?=/)")
"""What the caller wrote into the address, or leads back there by."""


def first_difference(one: str, other: str) -> str:
    at = next((i for i, pair in enumerate(zip(one, other, strict=False)) if len(set(pair)) > 1), 0)
    return f"{one[at - 40 : at + 60]!r} / {other[at - 40 : at + 60]!r}"


def test_what_is_there_and_what_is_not_are_answered_alike() -> None:
    there = make_everything()
    apart = []
    for name in STRANGERS:
        me = stranger(name)
        before = snapshot()
        for address in addresses():
            if held_by(address) and address.name not in KEYS and is_tried(me, address):
                apart += told_apart(me, address, there)
        assert not differences(before, snapshot()), name
    assert not apart, "\n".join(apart)


def told_apart(me: Caller, address: Address, there: Everything) -> Iterator[str]:
    """How the answers for what is there differ from those for what is not."""
    paths = path_of(address, there), missing_path(address, there)
    form = BODIES.get(address.name, BECAUSE if address.name.startswith("api") else FORM)
    for how in ("GET", "POST"):
        one, other = (
            told(me.get(path) if how == "GET" else me.post(path, form), path) for path in paths
        )
        if one != other:
            text = first_difference(one[2], other[2])
            yield f"{me.name} {how} {address.name} {one[:2]} {other[:2]} {text}"


def is_tried(me: Caller, address: Address) -> bool:
    if address.template.startswith("/admin/"):
        return False  # one door for all who are not staff; what staff see is in the matrix
    return me.has_session or address.template.startswith("/api/")


def stranger(name: str) -> Caller:
    """A person; or a program of somebody who has nothing to do with the request."""
    if not name.startswith("token"):
        return caller(name)
    user = User.objects.get(username=NAMES["outsider"])
    with suppress_fact_recording():
        text = tokens.make_token(
            user=user, name="n", scopes=["work"], expires_at=None, by=user, now=timezone.now()
        )[1]
    return Caller(name, Client(), {"Authorization": f"Bearer {text}"})


def test_lists_searches_and_people_name_nothing_of_what_is_not_theirs() -> None:
    """By search, filters, following, mentions and lists of people."""
    there = make_everything()
    row = there.site.waiting
    strangers = ("outsider", "watcher", "former stand-in", "another role", "approver elsewhere")
    for name in strangers:
        me = caller(name)
        for path in (
            f"/?q={row.reference}",
            f"/requests/?whose=all&state=any&q={row.reference}",
            f"/requests/?whose=all&state=any&q={row.title}&workflow={row.template.key}",
            f"/requests/{row.reference}/people/?q=s",
            f"/inbox/decide/?task={there.rows['task_id']}",
            "/handoffs/",
            "/workflows/",
            "/start/",
            "/reports/",
        ):
            answer = me.get(path)
            assert answer.status_code in (200, 404), (name, path)
            body = answer.content.decode().replace(f'value="{row.reference}"', "")
            body = re.sub(r"[?&](amp;)?q=[^\"&]*", "", body)
            assert f"/requests/{row.reference}/" not in body, (name, path)
            assert not re.search(rf"\b{row.reference}\b", body), (name, path)
