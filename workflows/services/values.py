"""Raw input on its way into a request: values cleaned by field, files stored as documents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files import File
from django.db.models import Max, Q
from django.utils import timezone

from workflows.engine.definition import title
from workflows.engine.errors import InvalidInput
from workflows.engine.fields import FieldSpec, clean
from workflows.models import Document
from workflows.models.documents import stored_under
from workflows.services.history import in_the_name_of
from workflows.services.maps import VersionMap

if TYPE_CHECKING:
    from workflows.services.case import Case


def clean_values(version_map: VersionMap, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Raw values as the request keeps them. Raises InvalidInput that names the field."""
    fields = version_map.graph.definition.fields
    cleaned = {}
    for key, value in raw.items():
        spec = fields.get(key)
        if spec is None:
            raise InvalidInput(f"This workflow has no field '{key}'; leave it out.")
        if spec.type == "document" and value is not None:
            raise InvalidInput(f"'{title(key, spec.label)}' is a document; upload a file for it.")
        cleaned[key] = read_value(key, spec, value)
    _name_people(version_map, cleaned)
    return cleaned


def read_value(key: str, spec: FieldSpec, raw: Any) -> Any:
    """One raw value as the site reads it: dates count in its time zone. Raises InvalidInput."""
    return clean(key, spec, raw, zone=timezone.get_default_timezone())


def _name_people(version_map: VersionMap, cleaned: dict[str, Any]) -> None:
    """Give each field of a person the username of an active one. Raises InvalidInput."""
    fields = version_map.graph.definition.fields
    named = {key: value for key, value in cleaned.items() if fields[key].type == "user" and value}
    if not named:
        return
    active = set(
        User.objects.filter(username__in=named.values(), is_active=True).values_list(
            "username", flat=True
        )
    )
    for key, written in named.items():
        username = written if written in active else _the_one_called(written)
        if username is None:
            raise InvalidInput(
                f"{title(key, fields[key].label)}: there is no active person '{written}'."
                " Choose somebody from the list."
            )
        cleaned[key] = username


def _the_one_called(written: str) -> str | None:
    """Another system may write a username in other letters, or know people by their mail: the
    one active person who is meant, if it is one."""
    called = Q(username__iexact=written) | Q(email__iexact=written)
    found = User.objects.filter(called, is_active=True).values_list("username", flat=True)[:2]
    return found[0] if len(found) == 1 else None


def reason_given(reason: str) -> str:
    """The reason, which commands that change a request's course must have."""
    reason = reason.strip()
    if not reason:
        raise InvalidInput("Give a reason; it is kept in the record.")
    return kept_text("reason", reason, 2000)


def kept_text(what: str, text: str, longest: int) -> str:
    """The text, if every database and every file can keep it: no NUL, no half surrogate pair."""
    if len(text) > longest:
        raise InvalidInput(f"The {what} is too long; {longest:,} characters are enough.")
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidInput(f"The {what} has a character that cannot be kept; type it again.")
    return text


@dataclass
class Uploads:
    """Files on their way into a request, and the values that name them."""

    case: Case
    documents: list[Document] = field(default_factory=list)
    stored: list[Document] = field(default_factory=list)

    @property
    def values(self) -> dict[str, Any]:
        """What the request's data will say of the files."""
        return {document.field: document.value() for document in self.documents}

    def save(self) -> None:
        """Write the files and their rows; called once the command is allowed."""
        for document in self.documents:
            document.request = self.case.instance
            upload = document.file.file
            document.file = stored_under(document, document.name)  # type: ignore[assignment]
            self.stored.append(document)  # before anything is written, which may fail half-way
            document.file.name = document.file.storage.save(document.file.name or "", upload)
            document.save()
            self.case.note(
                "uploaded",
                {
                    "field": document.field,
                    "version": document.version,
                    "sha256": document.sha256,
                },
            )


@contextmanager
def store_files(case: Case, files: Mapping[str, File]) -> Iterator[Uploads]:
    """Prepare uploads as new document versions; if the command fails no file stays behind."""
    uploads = Uploads(case)
    for key, file in files.items():
        uploads.documents.append(_document(case, key, file))
    try:
        yield uploads
    except BaseException:
        for document in uploads.stored:
            document.file.delete(save=False)
        raise


def _document(case: Case, key: str, file: File) -> Document:
    spec = case.map.graph.definition.fields.get(key)
    if spec is None or spec.type != "document":
        raise InvalidInput(f"This workflow has no document field '{key}'; leave the file out.")
    if not file.size:
        raise InvalidInput(f"'{title(key, spec.label)}': the file is empty; choose another one.")
    if file.size > settings.UPLOAD_MAX_MB * 1024 * 1024:
        raise InvalidInput(
            f"'{title(key, spec.label)}': the file is larger than {settings.UPLOAD_MAX_MB} MB;"
            " choose a smaller one."
        )
    name = PurePath(str(file.name or "").replace("\\", "/")).name or "file"
    ending = PurePath(name).suffix.lower().lstrip(".")
    if ending and settings.UPLOAD_TYPES and ending not in settings.UPLOAD_TYPES:
        raise InvalidInput(
            f"'{title(key, spec.label)}': files of the kind '.{ending[:20]}' are not taken here;"
            f" choose one of: {', '.join(sorted(settings.UPLOAD_TYPES))}."
        )
    document = Document(
        field=key,
        version=_next_version(case, key),
        name="".join(c for c in name if c.isprintable())[-255:],
        file=file,
        size=file.size,
        sha256=_digest(file),
        uploaded_by=case.actor,
        uploaded_at=case.now,
    )
    in_the_name_of(document, case.actor, case.now)
    return document


def _next_version(case: Case, key: str) -> int:
    """One more than there ever was, also where the request went back to an older version."""
    if case.instance.pk is None:
        return 1
    there = Document.objects.filter(request=case.instance, field=key)
    return int(there.aggregate(last=Max("version"))["last"] or 0) + 1


def _digest(file: File) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
