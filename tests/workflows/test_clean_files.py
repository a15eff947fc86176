"""Files that no document names are found, shown, and deleted only when told to."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from tests.automation.driving import plain
from tests.engine.driving import task
from tests.factories import NOW, load_map
from tests.workflows.drawn import NO, STOP
from tests.workflows.support import make_people, paper, person, stored_files
from workflows.definitions.services import publishing as definitions
from workflows.documents.models import Document
from workflows.execution.services import instances as requests
from workflows.management.base import ManagementRefusal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def orphan(hours: float = 30) -> str:
    name = default_storage.save("documents/left-behind", ContentFile(b"half a fi"))
    then = (timezone.now() - timedelta(hours=hours)).timestamp()
    os.utime(default_storage.path(name), (then, then))
    return name


def asked(file: ContentFile) -> None:
    data = plain("papers", {"one": task(ok="done", no=NO, stop=STOP)})
    definitions.publish(load_map(data).pk, actor=None, now=NOW)
    requests.start(
        "papers", actor=person("rita"), now=NOW, data={"amount": "5.00"}, files={"paper": file}
    )


def document() -> Document:
    make_people()
    asked(paper())
    kept = Document.objects.get()
    then = (timezone.now() - timedelta(days=9)).timestamp()
    os.utime(default_storage.path(str(kept.file.name)), (then, then))
    return kept


def run(capsys: Any, *arguments: str) -> tuple[int, dict[str, Any]]:
    code = 0
    try:
        call_command("clean_files", "--json", *arguments)
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, json.loads(capsys.readouterr().out)


def test_nothing_is_deleted_without_being_told_to(capsys: Any) -> None:
    document()
    name = orphan()
    before = stored_files()
    code, said = run(capsys)
    assert (code, said["orphans"], said["deleted"]) == (1, [name], 0)
    assert said["orphan_bytes"] == 9
    assert stored_files() == before


def test_what_no_document_names_is_deleted_and_the_rest_stays(capsys: Any) -> None:
    kept = document()
    orphan()
    code, said = run(capsys, "--apply")
    assert (code, said["deleted"]) == (0, 1)
    assert [f"documents/{name}" for name in stored_files()] == [kept.file.name]
    assert run(capsys)[0] == 0


def test_a_young_file_may_belong_to_a_command_that_goes_on(capsys: Any) -> None:
    orphan(hours=2)
    code, said = run(capsys, "--apply")
    assert (code, said["young"], said["deleted"]) == (0, 1, 0)
    assert run(capsys, "--apply", "--hours", "1")[1]["deleted"] == 1


def test_a_document_whose_file_is_gone_is_named(capsys: Any) -> None:
    kept = document()
    default_storage.delete(str(kept.file.name))
    code, said = run(capsys, "--apply")
    assert code == 1
    assert said["missing"] == [f"{kept.request.reference}: {kept.name}, version 1"]


class Full(ContentFile):
    """A file that can be read once; when it is written, the disk is full half-way."""

    reads = 0

    def chunks(self, chunk_size: int | None = None) -> Any:
        self.reads += 1
        yield b"some of it"
        if self.reads > 1:
            raise OSError(28, "No space left on device")


def test_a_disk_that_is_full_leaves_no_half_file() -> None:
    make_people()
    with pytest.raises(OSError, match="No space"):
        asked(Full(b"all of it", name="paper.txt"))
    assert stored_files() == []
    assert not Document.objects.exists()


@pytest.mark.parametrize("hours", ["0", "-1", "nan"])
def test_hours_that_make_no_sense_are_refused(hours: str) -> None:
    with pytest.raises(ManagementRefusal):
        call_command("clean_files", "--hours", hours)
