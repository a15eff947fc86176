"""The pages of a conversation: one line of time, safe text, nothing for strangers."""

import json
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from approvals.pages.conversation import PartKind, TextPart, split_comment_text
from tests.approvals.office import ask, decide, open_office, signed_in
from tests.factories import NOW, open_task
from workflows.conversation.models import Comment, Follow
from workflows.conversation.services.comments import withdraw_comment, write_comment
from workflows.documents.models import Document
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def page(client: Client, request: WorkflowInstance, query: str = "") -> str:
    answer = client.get(f"/requests/{request.reference}/{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def post(client: Client, request: WorkflowInstance, text: str, **values: object) -> object:
    address = f"/requests/{request.reference}/comment/"
    return client.post(address, {"comment": text, **values}, follow=True)


# -- what a text is made of -------------------------------------------------------------------


def plain(text: str) -> TextPart:
    return TextPart(PartKind.PLAIN, text)


def link(text: str) -> TextPart:
    return TextPart(PartKind.LINK, text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hello", [plain("Hello")]),
        ("see https://a.test/b?c=1.", [plain("see "), link("https://a.test/b?c=1"), plain(".")]),
        ("(http://a.test)", [plain("("), link("http://a.test"), plain(")")]),
        ("javascript:alert(1) data:text/html,x", [plain("javascript:alert(1) data:text/html,x")]),
        ('https://a.test/"onx=1', [link("https://a.test/"), plain('"onx=1')]),
        ("Ask @mia.", [plain("Ask "), TextPart(PartKind.MENTION, "Mia", "mia"), plain(".")]),
        ("Ask @MIA", [plain("Ask "), TextPart(PartKind.MENTION, "Mia", "mia")]),
        ("At @10 or x@mia", [plain("At @10 or x@mia")]),
        ("https://a.test/@mia", [link("https://a.test/@mia")]),
        ("", []),
    ],
)
def test_a_text_is_links_mentions_and_the_rest(text: str, parts: list[TextPart]) -> None:
    assert split_comment_text(text, {"mia": "Mia"}) == parts


# -- the line of time -------------------------------------------------------------------------


def test_decisions_and_comments_stand_in_one_line_of_time(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    for hours, text in ((1, "First words."), (3, "Last words.")):
        now = NOW + timedelta(hours=hours)
        write_comment(request.pk, actor=people["sam"], text=text, now=now)
    decide(
        *(request, "manager_review", people["mia"], "approve"),
        comment="Decided words.",
        now=NOW + timedelta(hours=2),
    )
    for text in (
        page(signed_in(people["olivia"]), request),
        signed_in(people["fred"])
        .get(f"/tasks/{open_task(request, 'budget_check').pk}/")
        .content.decode(),
    ):
        places = [text.index(f"{word} words.") for word in ("First", "Decided", "Last")]
        assert places == sorted(places)


def test_the_page_of_a_past_moment_has_the_comments_of_then(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    for hours, text in ((1, "First words."), (3, "Last words.")):
        now = NOW + timedelta(hours=hours)
        write_comment(request.pk, actor=people["sam"], text=text, now=now)
    text = page(signed_in(people["mia"]), request, "?asof=2026-03-02T11:00")
    assert "First words." in text
    assert "Last words." not in text
    assert "Change or withdraw" not in text


HOSTILE = '<script>alert(1)</script> <img src=x onerror=alert(1)> https://a.test/"><svg/onload=1>'


def test_no_text_and_no_file_name_becomes_markup(people: dict[str, User]) -> None:
    people["mia"].first_name = "<b>Mia</b>"
    people["mia"].save()
    request = ask(people["sam"])
    sam = signed_in(people["sam"])
    upload = SimpleUploadedFile("<img src=x onerror=1>.txt", b"x")
    post(sam, request, f"{HOSTILE} @mia", files=[upload])
    [comment] = Comment.objects.all()
    task = open_task(request, "manager_review")
    mia = signed_in(people["mia"])
    for text in (
        page(sam, request),
        mia.get(f"/tasks/{task.pk}/").content.decode(),
        page(sam, request, "people/"),
        page(sam, request, f"?asof={timezone.now():%Y-%m-%dT%H:%M:%S.%fZ}"),
        sam.get(f"/comments/{comment.pk}/edit/").content.decode(),
    ):
        for tag in ("<script>alert", "<img src=x", "<svg/onload", "<b>Mia"):
            assert tag not in text


# -- writing ----------------------------------------------------------------------------------


def test_a_comment_with_a_file_is_written_and_shown(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    sam = signed_in(people["sam"])
    upload = SimpleUploadedFile("offer.txt", b"offer")
    answer = post(sam, request, "Here it is, @mia.", files=[upload])
    [comment], [document] = Comment.objects.all(), Document.objects.all()
    text = answer.content.decode()  # type: ignore[attr-defined]
    assert f'id="comment-{comment.pk}"' in text
    assert "15 minutes" in text
    assert f'href="/documents/{document.pk}/view/"' in text
    assert '<strong class="mention" title="@mia">@Mia Lopez</strong>' in text
    assert b"".join(sam.get(f"/documents/{document.pk}/")) == b"offer"
    assert "offer.txt" in sam.get(f"/documents/{document.pk}/view/").content.decode()
    for path in ("", "view/", "content/"):
        address = f"/documents/{document.pk}/{path}"
        assert signed_in(people["stranger"]).get(address).status_code == 404
    withdraw_comment(comment.pk, actor=people["sam"], now=timezone.now())
    for path in ("", "view/"):
        assert sam.get(f"/documents/{document.pk}/{path}").status_code == 404


def test_from_a_tasks_page_one_comes_back_to_it(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    task = open_task(request, "manager_review")
    answer = post(signed_in(people["mia"]), request, "Why two?", task=task.pk)
    path, _ = answer.redirect_chain[-1]  # type: ignore[attr-defined]
    assert path.startswith(f"/tasks/{task.pk}/#comment-")
    assert open_task(request, "manager_review").pk == task.pk


def test_a_form_sent_twice_makes_one_comment(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    sam = signed_in(people["sam"])
    form = sam.get(f"/requests/{request.reference}/comment/").content.decode()
    [key] = re.findall(r'name="once" value="([^"]+)"', form)
    for _ in range(2):
        post(sam, request, "Any news?", once=key)
    assert Comment.objects.count() == 1


def test_what_is_refused_is_shown_again_with_what_was_typed(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    answer = post(signed_in(people["sam"]), request, "Ask @stranger about it")
    text = answer.content.decode()  # type: ignore[attr-defined]
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert "“@stranger” is the login of nobody who may see" in text
    assert ">Ask @stranger about it</textarea>" in text
    assert not Comment.objects.exists()


def test_sight_is_offered_where_the_map_allows_it(people: dict[str, User]) -> None:
    sam = signed_in(people["sam"])
    assert "gives_sight" not in page(sam, ask(people["sam"]))
    open_office(mentions_give_sight=True)
    request = ask(people["sam"])
    assert 'name="gives_sight"' in page(sam, request)
    post(sam, request, "Look, @stranger", gives_sight="yes")
    assert "Look, " in page(signed_in(people["stranger"]), request)


# -- changing ---------------------------------------------------------------------------------


def test_a_writer_changes_and_withdraws_on_a_page(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    sam, mia = signed_in(people["sam"]), signed_in(people["mia"])
    post(sam, request, "Pleas hurry.")
    [comment] = Comment.objects.all()
    address = f"/comments/{comment.pk}"
    assert f'href="{address}/edit/"' in page(sam, request)
    assert f'href="{address}/edit/"' not in page(mia, request)
    assert mia.get(f"{address}/edit/").status_code == 403
    assert mia.post(f"{address}/withdraw/").status_code == 403
    assert sam.get(f"{address}/edit/").status_code == 200
    sam.post(f"{address}/edit/", {"comment": "Please hurry."})
    text = page(mia, request)
    assert "Please hurry." in text
    assert "edited on" in text
    assert sam.get(f"{address}/withdraw/").status_code == 302
    assert "Please hurry." in page(mia, request)
    sam.post(f"{address}/withdraw/")
    text = page(mia, request)
    assert "Please hurry." not in text
    assert "withdrawn on" in text


# -- whom one may mention ---------------------------------------------------------------------


def test_the_picker_offers_those_who_may_see_the_request(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    sam = signed_in(people["sam"])
    answer = sam.get(f"/requests/{request.reference}/people/", {"q": "o", "format": "json"})
    assert json.loads(answer.content) == {
        "people": [
            {"login": "olivia", "name": "Olivia Grant"},
            {"login": "omar", "name": "Omar Haddad"},
            {"login": "sam", "name": "Sam Okafor"},
        ]
    }
    assert "<code>@mia</code>" in page(sam, request, "people/")
    assert "Nobody of this name" in page(sam, request, "people/?q=nora")


@pytest.mark.parametrize(
    "path", ["comment/", "people/", "people/?format=json", "follow/", "no-such-course/"]
)
def test_strangers_learn_nothing_by_any_address(people: dict[str, User], path: str) -> None:
    request = ask(people["sam"])
    stranger = signed_in(people["stranger"])
    there = stranger.post(f"/requests/{request.reference}/{path}", {"comment": "x"})
    gone = stranger.post(f"/requests/PA-{request.pk + 99}/{path}", {"comment": "x"})
    assert there.status_code == gone.status_code
    assert not Comment.objects.exists()
    assert not Follow.objects.exists()


# -- following --------------------------------------------------------------------------------


def test_a_request_is_followed_and_left_on_its_page(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    mia = signed_in(people["mia"])
    assert "Nobody follows this request." in page(mia, request)
    mia.post(f"/requests/{request.reference}/follow/")
    [follow] = Follow.objects.all()
    assert "Followed by Mia Lopez." in page(signed_in(people["sam"]), request)
    answer = mia.post(f"/following/{follow.pk}/end/", {"on_request": "yes"})
    assert answer.headers["Location"] == f"/requests/{request.reference}/"
    assert not Follow.objects.exists()


def test_workflows_and_teams_are_followed_on_a_page_of_their_own(people: dict[str, User]) -> None:
    request, sue = ask(people["sam"]), signed_in(people["sue"])
    text = sue.get("/following/").content.decode()
    assert 'Follow<span class="hidden"> staff<' in text
    assert 'Follow<span class="hidden"> Purchase approval<' in text
    sue.post("/following/workflow/purchase-approval/")
    [team] = people["sue"].groups.all()
    sue.post(f"/following/team/{team.pk}/")
    text = sue.get("/following/").content.decode()
    assert "all of Purchase approval" in text
    assert "all that comes to the team staff" in text
    assert 'Follow<span class="hidden"> staff<' not in text
    assert "Sue" not in page(signed_in(people["sam"]), request)  # she may not see it
    for follow in Follow.objects.all():
        sue.post(f"/following/{follow.pk}/end/")
    assert not Follow.objects.exists()


def test_what_one_may_not_see_any_more_is_named_without_its_title(
    people: dict[str, User],
) -> None:
    request = ask(people["sam"], title="Secret plan")
    Follow.objects.create(person=people["stranger"], request=request, since=NOW)
    text = signed_in(people["stranger"]).get("/following/").content.decode()
    assert request.reference in text
    assert "Secret plan" not in text
