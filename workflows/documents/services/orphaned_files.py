"""Files that no document needs: what a full disk or a killed process left behind, and what comments
carried that were withdrawn. And the reverse: documents whose file is not there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import Q, QuerySet

from workflows.documents.models import Document

FOLDER = "documents"
YOUNG_FILE_AGE = timedelta(hours=24)
"""A file so young may belong to a command that goes on: its row is not there yet."""


@dataclass(slots=True)
class FileInspection:
    """What was found in the store of documents."""

    looked_at: int = 0
    young: int = 0
    orphans: list[str] = field(default_factory=list)
    orphan_bytes: int = 0
    missing: list[str] = field(default_factory=list)


def inspect_stored_files(*, now: datetime, young: timedelta = YOUNG_FILE_AGE) -> FileInspection:
    """Compare the stored files with the documents; nothing is changed."""
    inspection = FileInspection()
    document_files = _collect_document_files()
    on_disk = set(_iterate_stored_names())
    for name in sorted(on_disk - document_files):
        if now - default_storage.get_modified_time(name) < young:
            inspection.young += 1
        else:
            inspection.orphans.append(name)
            inspection.orphan_bytes += default_storage.size(name)
    inspection.looked_at = len(on_disk)
    documents = _needed_documents().exclude(file="").order_by("pk").select_related("request")
    inspection.missing = [
        f"{document.request.reference}: {document.name}, version {document.version}"
        for document in documents.iterator()
        if document.file.name not in on_disk and not default_storage.exists(str(document.file.name))
    ]
    return inspection


def delete_orphan_files(inspection: FileInspection) -> int:
    """Delete the orphans; how many. Each is asked for once more: it may have been named since."""
    count = 0
    for name in inspection.orphans:
        if not _is_named(name):
            default_storage.delete(name)
            count += 1
    return count


def _iterate_stored_names() -> Iterator[str]:
    if default_storage.exists(FOLDER):
        for name in default_storage.listdir(FOLDER)[1]:
            yield f"{FOLDER}/{name}"


def _needed_documents() -> QuerySet[Document]:
    """All but those of comments that were withdrawn: nobody is given them any more."""
    return Document.objects.exclude(_WITHDRAWN)


_WITHDRAWN = Q(comment__withdrawn_at__isnull=False)


def _former_files() -> QuerySet[Any]:
    """The kept versions of the documents' rows, those of withdrawn comments left out."""
    withdrawn = Document.objects.filter(_WITHDRAWN).values("pk")
    versions: QuerySet[Any] = Document.history.exclude(id__in=withdrawn)
    return versions


def _collect_document_files() -> set[str]:
    """Every name that a document has or had."""
    names = set(_needed_documents().values_list("file", flat=True))
    return names | set(_former_files().values_list("file", flat=True))


def _is_named(name: str) -> bool:
    is_former = _former_files().filter(file=name).exists()
    return is_former or _needed_documents().filter(file=name).exists()
