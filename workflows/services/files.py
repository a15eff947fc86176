"""Files that no document names: what a full disk or a killed process left behind. And the reverse:
documents whose file is not there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.files.storage import default_storage

from workflows.models import Document

FOLDER = "documents"
YOUNG = timedelta(hours=24)
"""A file so young may belong to a command that goes on: its row is not there yet."""


@dataclass(slots=True)
class Files:
    """What was found in the store of documents."""

    looked_at: int = 0
    young: int = 0
    orphans: list[str] = field(default_factory=list)
    orphan_bytes: int = 0
    missing: list[str] = field(default_factory=list)


def look(*, now: datetime, young: timedelta = YOUNG) -> Files:
    """Compare the stored files with the documents; nothing is changed."""
    found = Files()
    named = _named()
    on_disk = set(_stored())
    for name in sorted(on_disk - named):
        if now - default_storage.get_modified_time(name) < young:
            found.young += 1
        else:
            found.orphans.append(name)
            found.orphan_bytes += default_storage.size(name)
    found.looked_at = len(on_disk)
    kept = Document.objects.exclude(file="").order_by("pk").select_related("request")
    found.missing = [
        f"{one.request.reference}: {one.name}, version {one.version}"
        for one in kept.iterator()
        if one.file.name not in on_disk and not default_storage.exists(str(one.file.name))
    ]
    return found


def clean(found: Files) -> int:
    """Delete the orphans; how many. Each is asked for once more: it may have been named since."""
    count = 0
    for name in found.orphans:
        if not _is_named(name):
            default_storage.delete(name)
            count += 1
    return count


def _stored() -> Iterator[str]:
    if default_storage.exists(FOLDER):
        for name in default_storage.listdir(FOLDER)[1]:
            yield f"{FOLDER}/{name}"


def _named() -> set[str]:
    """Every name that a document has or had."""
    names = set(Document.objects.values_list("file", flat=True))
    return names | set(Document.history.values_list("file", flat=True))  # type: ignore[attr-defined]


def _is_named(name: str) -> bool:
    then = Document.history.filter(file=name)  # type: ignore[attr-defined]
    return Document.objects.filter(file=name).exists() or then.exists()
