"""One line of time on a request's page: everything that happened, in its order, by whom and why."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.base import ContentFile

from approvals.pages import timeline
from tests.approvals.office import ask, decide, signed_in
from tests.factories import NOW, open_task
from workflows.conversation.services.comments import write_comment
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances, questions
from workflows.execution.services import work_items as tasks
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def hours(number: int) -> Any:
    return NOW + timedelta(hours=number)


def full_life(people: dict[str, User]) -> WorkflowInstance:
    """A request to which one of each happened, an hour apart."""
    mia, sam, olivia = people["mia"], people["sam"], people["olivia"]
    request = ask(sam, files={"quote": ContentFile(b"offer", "offer.txt")})
    task = open_task(request, "manager_review")
    write_comment(request.pk, actor=sam, text="It is urgent.", now=hours(1))
    question = questions.ask_requester(task.pk, actor=mia, question="Which ones?", now=hours(2))
    questions.answer_question(question.pk, actor=sam, answer="Thin ones.", now=hours(3))
    decide(request, "manager_review", mia, "return", comment="Too dear.", now=hours(4))
    instances.suspend(request.pk, actor=olivia, reason="Year's end.", now=hours(5))
    instances.resume(request.pk, actor=olivia, reason="New budget.", now=hours(6))
    decide(request, "revise", sam, "resubmit", now=hours(7))
    decide(request, "manager_review", mia, "approve", now=hours(8))
    legal = open_task(request, "legal_review")
    tasks.reassign(
        legal.pk, actor=people["lena"], to=people["leo"], reason="I am full.", now=hours(9)
    )
    decide(request, "budget_check", people["fay"], "done", now=hours(10))
    decide(request, "legal_review", people["leo"], "approve", now=hours(11))
    return request


IN_ORDER = (
    "Sam Okafor started the request.",
    "Sam Okafor put in:",
    "It is urgent.",
    "Which ones?",
    "Thin ones.",
    "Too dear.",
    "Olivia Grant suspended the request.",
    "Year's end.",
    "Olivia Grant let the request go on.",
    "Resubmit",
    "(round 2): Approve",
    "Lena Novak gave “Legal review” to Leo Martin.",
    "I am full.",
    "Fay Chen",
    "Legal review : Approve",
    "Merge at “Checks done”",
    "The request is done: Approved.",
)


def text_of(answer: Any) -> str:
    """What a page says, without its tags."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split()))


def history(text: str) -> str:
    return text[text.index("What happened") :]


def test_everything_that_happened_stands_in_one_line_in_its_order(people: dict[str, User]) -> None:
    request = full_life(people)
    answer = signed_in(people["sam"]).get(f"/requests/{request.reference}/")
    said = history(text_of(answer))
    places = [said.find(words) for words in IN_ORDER]
    assert -1 not in places, IN_ORDER[places.index(-1)]
    assert places == sorted(places)
    assert answer.content.decode().count('class="timeline"') == 1


def test_the_past_has_only_what_had_happened_by_then(people: dict[str, User]) -> None:
    request = full_life(people)
    then = f"{hours(2) + timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}"
    answer = signed_in(people["sam"]).get(f"/requests/{request.reference}/?asof={then}")
    said = text_of(answer)
    assert "It is urgent." in said
    assert "Which ones?" in said
    assert "Thin ones." not in said
    assert "Olivia Grant suspended" not in said
    assert "Take the question" not in said


def test_a_long_line_is_parted_and_nothing_is_lost_or_doubled(
    people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "MOST_ENTRIES", 4)
    request = ask(people["sam"])
    for number in range(11):
        write_comment(request.pk, actor=people["sam"], text=f"Say {number}.", now=hours(number))
    client, address, seen = signed_in(people["sam"]), f"/requests/{request.reference}/", []
    while address:
        body = client.get(address).content.decode()
        seen = re.findall(r"Say (\d+)\.", body) + seen
        found = re.search(r'href="([^"]+\?until=[^"]+)#history"', body)
        address = found[1] if found else ""
        assert len(seen) < 30
    assert seen == [str(number) for number in range(11)]
    for text, status in (("never", 422), ("9999-01-01", 422), ("2026-03-02", 200)):
        answer = client.get(f"/requests/{request.reference}/", {"until": text})
        assert answer.status_code == status, text
    other = signed_in(people["stranger"]).get(f"/requests/{request.reference}/?until=2026-03-02")
    assert other.status_code == 404
