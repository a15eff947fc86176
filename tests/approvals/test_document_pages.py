"""Documents in a page: what is shown, what is compared, and that nothing in them ever runs."""

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from pytest_django import Settings

from tests.approvals.office import ask, decide, signed_in
from workflows.documents.models import Document
from workflows.documents.queries.previews import MAX_COMPARED_LINES, MAX_PREVIEW_BYTES
from workflows.people.models import User

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
PDF = b"%PDF-1.7\n\x00\x01 1 0 obj"
SCRIPT = b"<html><script>alert(1)</script></html>"


@pytest.fixture(autouse=True)
def _files_of_this_test_alone(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def uploaded(people: dict[str, User], name: str, content: bytes) -> Document:
    request = ask(people["sam"], files={"quote": ContentFile(content, name=name)})
    return Document.objects.get(request=request)


def page_text(person: User, document: Document) -> str:
    answer = signed_in(person).get(f"/documents/{document.pk}/view/")
    assert answer.status_code == 200
    return answer.content.decode()


def two_versions(people: dict[str, User], first: bytes, second: bytes) -> tuple[Document, Document]:
    document = uploaded(people, "offer.txt", first)
    request = document.request
    decide(request, "manager_review", people["mia"], "return", comment="Newer, please")
    decide(
        request,
        "revise",
        people["sam"],
        "resubmit",
        comment="The price is mended",
        files={"quote": ContentFile(second, name="offer-2.txt")},
    )
    newer = Document.objects.get(request=request, version=2)
    return document, newer


@pytest.mark.parametrize(
    ("name", "content", "tag", "kind"),
    [
        ("a.png", PNG, "<img", "image/png"),
        ("a.pdf", PDF, "<iframe", "application/pdf"),
        ("a.txt", PNG, "<img", "image/png"),
    ],
)
def test_pdf_and_pictures_are_shown_in_place_by_their_bytes(
    people: dict[str, User], name: str, content: bytes, tag: str, kind: str
) -> None:
    document = uploaded(people, name, content)
    text = page_text(people["sam"], document)
    assert f'{tag} src="/documents/{document.pk}/content/"' in text
    assert " sandbox" not in text  # with it on the frame too, Chromium shows no PDF
    answer = signed_in(people["sam"]).get(f"/documents/{document.pk}/content/")
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script" not in policy
    answer.close()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", SCRIPT),
        ("a.pdf", SCRIPT),
        ("a.txt", b'<?xml version="1.0"?><svg xmlns="x" onload="alert(1)"/>'),
        ("a.csv", b'=HYPERLINK("http://x","y")'),
    ],
)
def test_html_and_svg_are_text_whatever_they_are_called(
    people: dict[str, User], name: str, content: bytes
) -> None:
    document = uploaded(people, name, content)
    text = page_text(people["sam"], document)
    assert "<script>alert" not in text
    assert "<svg" not in text
    assert '<pre class="filetext"' in text
    assert signed_in(people["sam"]).get(f"/documents/{document.pk}/content/").status_code == 404


def test_what_is_neither_is_only_downloaded(people: dict[str, User]) -> None:
    document = uploaded(people, "a.zip", b"PK\x03\x04\x00\x00\x01")
    text = page_text(people["sam"], document)
    assert "cannot be shown" in text
    assert f'href="/documents/{document.pk}/" download' in text


@pytest.mark.parametrize(
    ("content", "words", "charset"),
    [
        ("Grüße".encode(), "Grüße", "utf-8"),
        ("Grüße".encode("utf-8-sig"), "Grüße", "utf-8"),
        ("Grüße €".encode("windows-1252"), "Grüße €", "windows-1252"),
        ("Grüße".encode("utf-16"), "Grüße", "utf-16"),
        (b"\x81\x8d", "", "latin-1"),
        (b"\xc3", "Ã", "windows-1252"),
    ],
)
def test_text_is_read_in_its_charset(
    people: dict[str, User], content: bytes, words: str, charset: str
) -> None:
    text = page_text(people["sam"], uploaded(people, "a.txt", content))
    assert words in text
    assert f"Read as {charset}." in text


def test_only_the_beginning_of_a_long_text_is_shown(people: dict[str, User]) -> None:
    content = "é".encode() * MAX_PREVIEW_BYTES
    text = page_text(people["sam"], uploaded(people, "a.txt", b"x" + content))
    assert "This is the beginning only" in text
    assert text.count("é") == MAX_PREVIEW_BYTES // 2 - 1


def test_documents_are_for_those_who_may_see_the_request(people: dict[str, User]) -> None:
    document = uploaded(people, "a.txt", b"one")
    for page in ("view/", "content/", f"compare/?with={document.pk}", f"compare/{document.pk}/"):
        for name in ("stranger", "sue"):
            answer = signed_in(people[name]).get(f"/documents/{document.pk}/{page}", follow=True)
            assert answer.status_code == 404, (page, name)


def test_the_page_says_who_put_in_each_version_and_who_decided_on_it(
    people: dict[str, User],
) -> None:
    first, second = two_versions(people, b"one", b"two")
    text = page_text(people["sam"], first)
    assert "This is not the newest version" in text
    assert "The price is mended" in text
    assert f"/documents/{first.pk}/compare/{second.pk}/" in text
    assert "Manager review: " in text
    assert "not the newest" not in page_text(people["sam"], second)


def test_two_versions_are_compared_line_by_line(people: dict[str, User]) -> None:
    first, second = two_versions(people, b"price: 100\n<b>x</b>\n", b"price: 90\r\n<b>x</b>\r\n")
    for one, other in ((first, second), (second, first)):
        answer = signed_in(people["sam"]).get(f"/documents/{one.pk}/compare/{other.pk}/")
        text = answer.content.decode()
        assert '<del><span class="sign">−</span>price: 100</del>' in text
        assert '<ins><span class="sign">+</span>price: 90</ins>' in text
        assert "&lt;b&gt;x" in text
        assert first.sha256 in text
        assert "offer-2.txt" in text


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"one", b"one", "the same file, byte by byte"),
        (b"one\n", b"one\r\n", "The texts are the same"),
        (PNG, b"one", "Only texts are compared"),
        (b"one", b"x\n" * (MAX_COMPARED_LINES + 1), "too long to be compared"),
    ],
)
def test_what_cannot_be_compared_says_so(
    people: dict[str, User], before: bytes, after: bytes, words: str
) -> None:
    first, second = two_versions(people, before, after)
    answer = signed_in(people["sam"]).get(
        f"/documents/{first.pk}/compare/?with={second.pk}", follow=True
    )
    assert words in answer.content.decode()


def test_documents_of_two_requests_are_not_compared(people: dict[str, User]) -> None:
    first, second = uploaded(people, "a.txt", b"one"), uploaded(people, "b.txt", b"two")
    client = signed_in(people["sam"])
    assert client.get(f"/documents/{first.pk}/compare/{second.pk}/").status_code == 404
    assert client.get(f"/documents/{first.pk}/compare/?with=x").status_code == 404
