"""Files that want to be more than a file: whatever is uploaded, its preview, its comparison and its
download run nothing, unpack nothing and cost little."""

import io
import re
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from pytest_django import Settings

from tests.approvals.office import ask, decide, open_office, signed_in
from tests.rights.everything import read_out
from workflows.documents.models import Document
from workflows.documents.queries.previews import (
    MAX_PREVIEW_BYTES,
    compare_texts,
    read_preview,
)
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User

pytestmark = pytest.mark.django_db

SCRIPT = b"<html><script>alert(1)</script></html>"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
MEGABYTE = 1024 * 1024


def zipped(member: str, content: bytes) -> bytes:
    """An archive of a few kilobytes that would become much more."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
    return out.getvalue()


def png(width: int, height: int) -> bytes:
    return PNG + struct.pack(">II", width, height) + b"\x08\x06\x00\x00\x00" + b"\x00" * 60


def jpeg(width: int, height: int) -> bytes:
    return (
        b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 10 + b"\xff\xff\xc0\x00\x11\x08"
    ) + struct.pack(">HH", height, width)


BOMB = zipped("word/document.xml", b"\x00" * (30 * MEGABYTE))
TEXT, PICTURE, PDF, NOTHING = "text", "picture", "pdf", "nothing"
FILES: Mapping[str, tuple[str, bytes, str]] = {
    "HTML that is called a PDF": ("a.pdf", SCRIPT, TEXT),
    "HTML that is called a picture": ("a.png", SCRIPT, TEXT),
    "HTML that is called text": ("a.txt", SCRIPT, TEXT),
    "HTML in UTF-7": ("a.txt", b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-", TEXT),
    "HTML in UTF-16": ("a.csv", SCRIPT.decode().encode("utf-16"), TEXT),
    "SVG": ("a.xml", b"<svg xmlns='x' onload='alert(1)'><script>alert(1)</script></svg>", TEXT),
    "a PDF that is HTML as well": ("a.xml", b"%PDF-1.7\n" + SCRIPT, PDF),
    "a PDF that begins as HTML": ("a.pdf", SCRIPT + b"\n%PDF-1.7\n", PDF),
    "a picture that is HTML as well": ("a.txt", png(10, 10) + SCRIPT, PICTURE),
    "a GIF that is a script as well": ("a.json", b"GIF89a/*\x00" + SCRIPT + b"*/=1", NOTHING),
    "an archive": ("a.zip", zipped("../../etc/passwd", b"x"), NOTHING),
    "a bomb that is called CSV": ("a.csv", BOMB, NOTHING),
    "a bomb that is called DOCX": ("a.docx", BOMB, NOTHING),
    "a PNG of 50,000 by 50,000": ("a.png", png(50_000, 50_000), NOTHING),
    "a JPEG of 65,535 by 65,535": ("a.jpg", jpeg(65_535, 65_535), NOTHING),
    "a GIF of 65,535 by 65,535": ("a.gif", b"GIF89a" + b"\xff" * 4 + b"\x00" * 9, NOTHING),
    "a WebP of 16,384 by 16,384": (
        "a.webp",
        b"RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f" + b"\xff" * 4,
        NOTHING,
    ),
    "a picture that does not say its size": ("a.jpg", b"\xff\xd8\xff\xe0\xff\xff", NOTHING),
    "a picture of a usual size": ("a.jpg", jpeg(4_000, 3_000), PICTURE),
    "one line of 50 MB": ("a.csv", b"=1," * (50 * MEGABYTE // 3), TEXT),
    "text with NUL": ("a.txt", b"one\x00two", NOTHING),
    "text with NUL far behind": ("a.txt", b"one\n" * 20_000 + b"\x00two", NOTHING),
    "text that turns what is read": ("a.txt", "pay \u202eeve\u202c \x7f".encode(), TEXT),
    "no charset that there is": ("a.txt", b"\xff\xfe\x00\xd8\x00", TEXT),
    "a wrong charset": ("a.csv", b"\x81\x8d\xc3\x28", TEXT),
}
MOST_SECONDS, MOST_MEMORY = 2.0, 8 * MEGABYTE


@pytest.fixture(autouse=True)
def _files_of_this_test_alone(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.MAX_UPLOAD_BYTES = 60 * MEGABYTE


@pytest.fixture
def people() -> dict[str, User]:
    return open_office()


def two_versions(people: dict[str, User], name: str, content: bytes) -> tuple[Document, Document]:
    """A harmless text, and the attack as the next version of the same document."""
    files = {"quote": ContentFile(b"price: 100\n", name="offer.txt")}
    request = ask(people["sam"], files=files)
    decide(request, "manager_review", people["mia"], "return", comment="Newer, please")
    bad = {"quote": ContentFile(content, name=name)}
    decide(request, "revise", people["sam"], "resubmit", comment="Here", files=bad)
    first, second = Document.objects.filter(request=request).order_by("version")
    return first, second


def test_files_that_want_to_be_more_are_shown_as_what_they_are(people: dict[str, User]) -> None:
    client = signed_in(people["mia"])
    for attack, (name, content, shown) in FILES.items():
        first, second = two_versions(people, name, content)
        cheaply_read(first, second, attack)
        page = client.get(f"/documents/{second.pk}/view/")
        compared = client.get(f"/documents/{first.pk}/compare/{second.pk}/")
        for answer in (page, compared):
            text = answer.content.decode()
            assert (answer.status_code, len(text) < 10 * MAX_PREVIEW_BYTES) == (200, True), attack
            assert not RUNS.search(text), attack
        text = page.content.decode()
        assert ('<pre class="filetext"' in text) is (shown == TEXT), attack
        is_sent = f'src="/documents/{second.pk}/content/"' in text
        assert is_sent is (shown in (PICTURE, PDF)), attack
        is_harmless(client, second, attack, is_sent=is_sent)


RUNS = re.compile(r"<script>alert|<svg[^>]+onload|[\x00\x7f\u202a-\u202e]")


def cheaply_read(first: Document, second: Document, attack: str) -> None:
    """Nothing is unpacked, and of a long file only the beginning is read."""
    began = time.process_time()
    tracemalloc.start()
    shown, other = read_preview(second).text, read_preview(first).text
    if shown and other:
        compare_texts(other, shown)
    most_memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - began < MOST_SECONDS, attack
    assert most_memory < MOST_MEMORY, attack


def is_harmless(client: Client, document: Document, attack: str, *, is_sent: bool) -> None:
    """What is sent as it is has a kind that runs nothing, and a policy that lets nothing run."""
    sent = client.get(f"/documents/{document.pk}/content/")
    given = client.get(f"/documents/{document.pk}/")
    assert (sent.status_code == 200) is is_sent, attack
    if is_sent:
        assert re.fullmatch(r"image/(png|jpeg|gif|webp)|application/pdf", sent["Content-Type"])
        assert sent["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in sent["Content-Security-Policy"]
        assert "allow-" not in sent["Content-Security-Policy"]
        read_out(sent)
    assert given["Content-Disposition"].startswith("attachment"), attack
    assert given["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"html|svg|xml$|script", given["Content-Type"]), attack
    read_out(given)


REFUSED = {
    "nothing": ("a.pdf", b""),
    "HTML by its name": ("a.html", PNG),
    "SVG by its name": ("a.svg", PNG),
    "a script by its name": ("a.js", PNG),
    "a program by its name": ("a.pdf.exe", PNG),
}


def test_what_runs_by_its_name_and_what_is_nothing_is_not_taken(people: dict[str, User]) -> None:
    client = signed_in(people["sam"])
    form = {"title": "x", "f-amount": "1", "f-region": "EU", "f-manager": "mia"}
    for attack, (name, content) in REFUSED.items():
        sent = {**form, "f-quote": ContentFile(content, name=name)}
        answer = client.post("/start/purchase-approval/", sent)
        assert answer.status_code == 422, attack
    assert not Document.objects.exists()
    assert not WorkflowInstance.objects.exists()


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "a\r\nX-Evil: 1.txt", 'a"; x="b.txt', "‮txt.exe"]
)
def test_a_name_of_a_file_leads_nowhere_and_ends_no_header(
    people: dict[str, User], name: str, tmp_path: Path
) -> None:
    files = {"quote": ContentFile(b"x", name="safe.txt")}
    request = ask(people["sam"], files=files)
    document = Document.objects.get(request=request)
    Document.objects.filter(pk=document.pk).update(name=name)
    answer = signed_in(people["sam"]).get(f"/documents/{document.pk}/")
    assert "X-Evil" not in answer.headers
    assert answer["Content-Disposition"].startswith("attachment;")
    assert not set(answer["Content-Disposition"]) & set("\r\n")
    read_out(answer)
    [stored] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert stored.is_relative_to(tmp_path / "documents")
