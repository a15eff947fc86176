"""Comments: whoever may see a request may say something, and nobody else learns of it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from tests.approvals.office import ask, ask_approved, decide
from tests.factories import NOW, let
from tests.workflows.support import refused, stored_files
from workflows.access.conditions import VIEW
from workflows.access.services.tokens import make_service_account
from workflows.conversation.models import Comment
from workflows.conversation.services.comments import (
    LONGEST_COMMENT,
    TIME_TO_CHANGE,
    edit_comment,
    withdraw_comment,
    write_comment,
)
from workflows.documents.models import Document
from workflows.documents.queries.instance_documents import documents_of, find_visible_document
from workflows.documents.services.orphaned_files import delete_orphan_files, inspect_stored_files
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.field_values.values import MOST_FILES
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.people.models import User
from workflows.trail.choices import TrailCapacity
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


def last_row() -> TrailEvent:
    return TrailEvent.objects.latest("id")


def say(request: WorkflowInstance, by: User, text: str = "Any news?", **more: object) -> Comment:
    return write_comment(request.pk, actor=by, text=text, now=LATER, **more)  # type: ignore[arg-type]


def test_a_comment_is_one_row_and_one_row_of_the_trail(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    rows = TrailEvent.objects.count()
    comment = say(request, people["mia"], "  Why two?\r\nOne would do. ")
    row = last_row()
    assert comment.text == "Why two?\nOne would do."
    assert (comment.writer, comment.written_at) == (people["mia"], LATER)
    assert TrailEvent.objects.count() == rows + 1
    assert (row.command, row.comment, row.actor) == ("comment", comment.text, people["mia"])
    assert (row.from_state, row.to_state) == ("running", "running")
    assert row.changes["comment"] == [{"comment": comment.pk, "mentioned": [], "given_sight": []}]


def test_the_trail_says_as_what_somebody_spoke(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    for name, capacity in (
        ("sam", TrailCapacity.REQUESTER),
        ("olivia", TrailCapacity.OWNER),
        ("omar", TrailCapacity.DEPUTY),
        ("mia", ""),
    ):
        say(request, people[name])
        assert last_row().capacity == capacity


@pytest.mark.parametrize("name", ["stranger", "sue", "lena"])
def test_who_may_not_see_a_request_cannot_comment_on_it(people: dict[str, User], name: str) -> None:
    request = ask(people["sam"])
    with refused(NotFound):
        say(request, people[name])
    with refused(NotFound):
        write_comment(request.pk + 99, actor=people["sam"], text="Hello", now=LATER)


def test_commenting_gives_no_sight_for_later(people: dict[str, User]) -> None:
    request = ask_approved(people)
    say(request, people["lena"], "Which budget?")  # legal has it in its queue
    decide(request, "legal_review", people["leo"], "approve", data={"cost_centre": "1"})
    visible = WorkflowInstance.objects.visible_to(people["lena"])
    assert not visible.filter(pk=request.pk).exists()
    with refused(NotFound):
        edit_comment(Comment.objects.get().pk, actor=people["lena"], text="!", now=LATER)


def test_a_request_that_is_over_can_be_talked_about(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "reject", comment="No.")
    say(request, people["sam"], "Why?")
    assert (last_row().from_state, last_row().to_state) == ("completed", "completed")


def test_comments_do_not_move_a_request(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    say(request, people["mia"])
    decide(request, "manager_review", people["mia"], "approve", now=LATER)
    say(request, people["sam"])
    request.refresh_from_db()
    marking, data = rebuild_from_trail(request)
    assert marking.to_json() == request.marking
    assert data == request.data


def test_a_comment_of_a_program_is_in_its_name(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    root = User.objects.create(username="root", is_superuser=True)
    robot = make_service_account(username="robot", purpose="Asks.", owner=root, by=root, now=NOW)
    let(robot.user, VIEW, request.template)
    say(request, robot.user, "Checked.")
    assert last_row().actor_name == "robot"


# -- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" \n ", "Write something"),
        ("x" * (LONGEST_COMMENT + 1), "4,000"),
        ("a\x00b", "cannot be kept"),
        ("\ud800", "cannot be kept"),
    ],
)
def test_what_is_no_text_is_refused(people: dict[str, User], text: str, words: str) -> None:
    request = ask(people["sam"])
    with refused(InvalidInput, words):
        say(request, people["sam"], text)


def test_a_closed_account_says_nothing(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    people["sam"].is_active = False
    with refused(NotAllowed):
        say(request, people["sam"])


# -- changing ---------------------------------------------------------------------------------


def test_a_writer_edits_and_the_trail_keeps_both(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    comment = say(request, people["sam"], "Pleas hurry.")
    within = LATER + TIME_TO_CHANGE
    edit_comment(comment.pk, actor=people["sam"], text="Please hurry.", now=within)
    comment.refresh_from_db()
    assert (comment.text, comment.edited_at) == ("Please hurry.", within)
    said = TrailEvent.objects.filter(command__in=("comment", "edit_comment")).order_by("id")
    assert [row.comment for row in said] == ["Pleas hurry.", "Please hurry."]
    assert {row.changes["comment"][0]["comment"] for row in said} == {comment.pk}


def test_the_same_words_once_more_write_nothing(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    comment = say(request, people["sam"])
    rows = TrailEvent.objects.count()
    edit_comment(comment.pk, actor=people["sam"], text="Any news?", now=LATER)
    comment.refresh_from_db()
    assert comment.edited_at is None
    assert TrailEvent.objects.count() == rows


def test_a_withdrawn_comment_says_nothing_and_the_trail_keeps_it(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    comment = say(request, people["sam"], "My salary is 1.", files=[file("pay.txt")])
    [document] = Document.objects.all()
    withdraw_comment(comment.pk, actor=people["sam"], now=LATER)
    comment.refresh_from_db()
    assert (comment.text, comment.withdrawn_at) == ("", LATER)
    assert find_visible_document(people["sam"], document.pk) is None
    assert last_row().command == "withdraw_comment"
    assert TrailEvent.objects.get(command="comment").comment == "My salary is 1."
    with refused(WrongState, "withdrawn"):
        edit_comment(comment.pk, actor=people["sam"], text="Hello", now=LATER)


def test_after_a_quarter_of_an_hour_it_stands(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    comment = say(request, people["sam"])
    late = LATER + TIME_TO_CHANGE + timedelta(seconds=1)
    with refused(WrongState, "15 minutes"):
        edit_comment(comment.pk, actor=people["sam"], text="Hello", now=late)
    with refused(WrongState, "15 minutes"):
        withdraw_comment(comment.pk, actor=people["sam"], now=late)


def test_nobody_changes_what_another_said(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    comment = say(request, people["sam"])
    for name in ("mia", "olivia"):
        with refused(NotAllowed, "Only who wrote"):
            edit_comment(comment.pk, actor=people[name], text="Hello", now=LATER)
        with refused(NotAllowed, "Only who wrote"):
            withdraw_comment(comment.pk, actor=people[name], now=LATER)
    with refused(NotFound):
        edit_comment(comment.pk, actor=people["stranger"], text="Hello", now=LATER)


# -- files ------------------------------------------------------------------------------------


def file(name: str = "offer.txt", text: str = "offer") -> ContentFile:
    return ContentFile(text.encode(), name=name)


def test_a_comment_carries_files_by_the_rules_of_documents(people: dict[str, User]) -> None:
    request = ask(people["sam"], files={"quote": file("quote.txt")})
    say(request, people["sam"], files=[file("a.txt"), file("../b.txt")])
    say(request, people["mia"], files=[file("c.txt")])
    carried = Document.objects.filter(field="").order_by("version")
    assert [(row.name, row.version) for row in carried] == [
        ("a.txt", 1),
        ("b.txt", 2),
        ("c.txt", 3),
    ]
    assert [row.name for row in documents_of(request)] == ["quote.txt"]
    assert find_visible_document(people["mia"], carried[0].pk) == carried[0]
    assert find_visible_document(people["stranger"], carried[0].pk) is None
    uploaded = last_row().changes["uploaded"]
    assert uploaded == [{"field": "", "version": 3, "sha256": carried[2].sha256}]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [("x.exe", "x", "not taken"), ("x.svg", "<svg/>", "not taken"), ("x.txt", "", "empty")],
)
def test_a_file_that_is_not_taken_leaves_nothing(
    people: dict[str, User], name: str, text: str, words: str
) -> None:
    request = ask(people["sam"])
    with refused(InvalidInput, words):
        say(request, people["sam"], files=[file(), file(name, text)])


def test_too_many_files_are_refused(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    with refused(InvalidInput, str(MOST_FILES)):
        say(request, people["sam"], files=[file()] * (MOST_FILES + 1))


def test_no_file_stays_of_a_comment_that_fails(
    people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    request, before = ask(people["sam"]), stored_files()

    def fail(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("workflows.conversation.services.comments._record", fail)
    with pytest.raises(OSError):
        say(request, people["sam"], files=[file()])
    assert stored_files() == before


def test_the_files_of_a_withdrawn_comment_are_cleaned_and_no_others(
    people: dict[str, User], settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    request = ask(people["sam"])
    kept, gone = (
        say(request, people["sam"], files=[ContentFile(name.encode(), f"{name}.txt")])
        for name in ("kept", "gone")
    )
    later = timezone.now() + timedelta(days=2)
    assert inspect_stored_files(now=later).orphans == []
    withdraw_comment(gone.pk, actor=people["sam"], now=LATER)
    found = inspect_stored_files(now=later)
    assert found.orphans == [gone.documents.get().file.name]
    assert delete_orphan_files(found) == 1
    assert [f"documents/{name}" for name in stored_files()] == [kept.documents.get().file.name]
    again = inspect_stored_files(now=later)
    assert (again.orphans, again.missing) == ([], [])
