"""Files of forms that could not be taken, kept until the form is sent again or has run out."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Sum

from workflows.documents.models import UPLOAD_FILES, KeptUpload

KEPT_FOR: Final = timedelta(hours=24)
"""So long a file waits for its form."""
ROOM: Final = 10
"""What waits for one person, and for all without an account together, has the room of so many of
the largest files."""


@transaction.atomic
def keep_upload(
    sender_id: int | None, file: File, *, name: str, now: datetime
) -> KeptUpload | None:
    """Keep a file until its form comes again; None where as much waits as there is room for."""
    waiting = KeptUpload.objects.filter(sender=sender_id).aggregate(size=Sum("size"))["size"] or 0
    if waiting + file.size > ROOM * settings.UPLOAD_MAX_MB * 1024 * 1024:
        return None
    upload = KeptUpload(sender_id=sender_id, file_name=name, size=file.size, kept_at=now)
    file.seek(0)
    upload.file.save(name, file, save=False)
    file.seek(0)
    try:
        upload.save()
    except BaseException:
        upload.file.delete(save=False)
        raise
    return upload


def find_kept_uploads(
    sender_id: int | None, names: Collection[str], *, now: datetime
) -> Mapping[str, KeptUpload]:
    """Those of these that this person sent and that still wait, by their names. One statement, or
    none."""
    if not names:
        return {}
    rows = KeptUpload.objects.filter(
        sender=sender_id, name__in=list(names), kept_at__gt=now - KEPT_FOR
    )
    return {row.name: row for row in rows if default_storage.exists(row.file.name or "")}


def forget_uploads(sender_id: int | None, names: Collection[str]) -> None:
    """Delete those of these that this person sent: their form was taken."""
    for row in KeptUpload.objects.filter(sender=sender_id, name__in=list(names)):
        _delete(row)


def forget_old_uploads(now: datetime) -> int:
    """Delete what waited too long, and files that no row names; how many rows there were."""
    rows = list(KeptUpload.objects.filter(kept_at__lte=now - KEPT_FOR))
    for row in rows:
        _delete(row)
    _delete_strays(now)
    return len(rows)


def _delete(row: KeptUpload) -> None:
    """From the disk first: a row that is still there lets the clock try again."""
    with suppress(OSError):
        row.file.delete(save=False)
        row.delete()


def _delete_strays(now: datetime) -> None:
    """What a killed process left behind. A young file may be being kept just now."""
    if not default_storage.exists(UPLOAD_FILES):
        return
    named = set(KeptUpload.objects.values_list("file", flat=True))
    for file_name in default_storage.listdir(UPLOAD_FILES)[1]:
        name = f"{UPLOAD_FILES}/{file_name}"
        if name not in named and now - default_storage.get_modified_time(name) > KEPT_FOR:
            default_storage.delete(name)
