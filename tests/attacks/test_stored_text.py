"""What people write is text: planted wherever people write, it is markup on no page and a formula
in no spreadsheet."""

import csv
import io
import re
from typing import Any

import pytest
import yaml
from django.apps import apps
from django.core.files.base import ContentFile
from django.db import DatabaseError, models, transaction
from django.utils import timezone

from tests.approvals.office import PURCHASE, ask, decide, open_office, signed_in
from tests.attacks.crawling import crawl
from tests.factories import NOW, make_group, make_user, open_task
from workflows.conversation.services.comments import write_comment
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.execution.services.questions import answer_question, ask_opinions, ask_requester
from workflows.links.queries.addresses import decision_link_token, status_link_token
from workflows.links.services.decision_links import make_decision_link
from workflows.links.services.status_links import make_status_link
from workflows.notices.choices import AddressChannel
from workflows.notices.models import NoticeAddress
from workflows.people.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

EVIL = "=\"'><img src=x onerror=alert(1)>"
RAW = re.compile(r"<img src=x|onerror=alert\(1\)[^&]*>|\"'>|href=\"javascript:")
FIRST = ("/", "/requests/?whose=all&state=any", "/start/", "/workflows/", "/handoffs/", "/reports/")
MORE = ("/reports/trail/", "/reports/health/", "/following/", "/away/", "/tokens/", "/accounts/")
WRITTEN = {
    *("name", "title", "label", "text", "question", "answer", "reason", "comment", "purpose"),
    *("note", "instructions", "help", "first_name", "last_name", "description", "called"),
    *("requester_name", "decision", "department", "place", "summary", "maker_name"),
}
"""Columns that hold what somebody wrote; what a database guards is planted through a service."""


def evil_office() -> dict[str, User]:
    """The office with a map all of whose words are evil."""
    data = yaml.safe_load(PURCHASE)
    for field in data["fields"].values():
        field |= {"label": EVIL, "help": EVIL}
    data["fields"]["amount"]["public"] = data["fields"]["reason"]["public"] = True
    for step in data["steps"].values():
        step |= {"name": EVIL, "instructions": EVIL} if "role" in step else {}
    data["steps"]["manager_review"]["outcomes"]["return"]["label"] = EVIL
    people = open_office(**data | {"name": EVIL, "purpose": EVIL, "status_link_names": True})
    for person in people.values():
        person.first_name = person.last_name = EVIL
        person.save()
    people["root"] = make_user("root", is_staff=True, is_superuser=True, first_name=EVIL)
    people["root"].groups.add(make_group(EVIL), make_group("finance"))
    return people


def evil_request(people: dict[str, User], **more: Any) -> WorkflowInstance:
    files = {"quote": ContentFile(b"x", name=f"{EVIL}.csv")}
    return ask(people["sam"], title=EVIL, files=files, reason=EVIL, **more)


def write_everywhere(people: dict[str, User]) -> list[str]:
    """Requests in each state, and evil words wherever somebody may write; the links' pages."""
    now, waiting, over = timezone.now(), evil_request(people), evil_request(people)
    decide(over, "manager_review", people["mia"], "reject", comment=EVIL)
    back, conflict = evil_request(people), evil_request(people)
    decide(back, "manager_review", people["mia"], "return", comment=EVIL)
    decide(conflict, "manager_review", people["mia"], "approve", comment=EVIL)
    for step, by, outcome in (
        ("legal_review", "lena", "approve"),
        ("budget_check", "fred", "done"),
    ):
        decide(conflict, step, people[by], outcome, data={"cost_centre": EVIL + by})
    held = evil_request(people)
    requests.suspend(held.pk, actor=people["olivia"], reason=EVIL, now=NOW)
    write_comment(waiting.pk, actor=people["mia"], text=f"@sam {EVIL}", now=now)
    task = open_task(waiting, "manager_review")
    [asked] = ask_opinions(
        task.pk, actor=people["mia"], people=[people["fay"]], question=EVIL, now=now
    )
    answer_question(asked.pk, actor=people["fay"], answer=EVIL, now=now)
    other = open_task(evil_request(people), "manager_review")
    ask_requester(other.pk, actor=people["mia"], question=EVIL, now=now)
    NoticeAddress.objects.create(
        team=make_group(EVIL), channel=AddressChannel.MAIL, mail="a@example.com"
    )
    link = make_decision_link(task, people["mia"], now)
    assert link is not None
    status = make_status_link(waiting, by=people["sam"], now=now)
    plant()
    return [f"/decide/{decision_link_token(link)}", f"/status/{status_link_token(status)}"]


def plant() -> None:
    """Evil words in every column that holds words and lets itself be written."""
    for model in (*apps.get_app_config("workflows").get_models(), User):
        for field in model._meta.concrete_fields:
            if type(field) in (models.CharField, models.TextField) and _may_be_planted(field):
                try:
                    with transaction.atomic():
                        model._base_manager.update(**{field.name: EVIL})
                except DatabaseError:
                    continue


def _may_be_planted(field: Any) -> bool:
    short = field.max_length is not None and field.max_length < len(EVIL)
    return field.name in WRITTEN and not (short or field.unique or field.choices)


def risky_cells(text: str) -> list[str]:
    """Cells that a spreadsheet would run: numbers may be below nothing."""
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    risky = [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    return [cell for cell in risky if not re.fullmatch(r"-[\d.]+", cell)]


def body_of(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(content.decode(errors="replace"))


def test_nothing_that_people_write_is_markup_on_a_page_or_a_formula_in_a_file() -> None:
    people = evil_office()
    links = write_everywhere(people)
    pages, files, found = 0, 0, []
    for name in ("root", "sam", "mia", "olivia"):
        more = ("/admin/",) if name == "root" else tuple(links)
        for path, answer in crawl(signed_in(people[name]), *FIRST, *MORE, *more):
            kind, body = answer.get("Content-Type", ""), body_of(answer)
            assert answer.status_code != 500, path
            if kind.startswith("text/html"):
                pages += "&lt;img src=x" in body
                found += [(name, path, hit[0]) for hit in RAW.finditer(body)]
            elif kind.startswith("text/csv") and not path.startswith("/documents/"):
                files += EVIL.replace('"', '""') in body
                found += [(name, path, cell) for cell in risky_cells(body)]
    assert not found, found[:20]
    assert (pages, files) > (60, 5)
