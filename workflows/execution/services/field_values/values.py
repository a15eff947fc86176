"""Raw input on its way into a request: values cleaned by field, files stored as documents."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.core.files import File
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.documents.models import Document, stored_under
from workflows.engine.authority.row_columns import ANYWHERE, field_at
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import FieldDef, display_title
from workflows.engine.values.field_types.base import FieldSpec, type_of_field
from workflows.engine.values.field_types.documents import (
    are_documents,
    file_count_refusal,
    max_files_of,
)
from workflows.engine.values.fields import clean_field_value, clean_unnamed_value
from workflows.execution.services.field_values.file_checks import check_upload
from workflows.people.models import User
from workflows.persistence.kept_text import validate_text
from workflows.persistence.row_history import attribute_history_to
from workflows.resources.queries.resources import find_offered_keys
from workflows.trail.changes import FileUploaded

if TYPE_CHECKING:
    from workflows.execution.services.unit_of_work import UnitOfWork


SentFiles = Mapping[str, File | Sequence[File]]
"""Uploads by field: a file, or those of a field that holds several."""
NOTHING: Final[Mapping[str, Any]] = {}


def clean_values(
    version_map: VersionMap,
    raw: Mapping[str, Any],
    known: Mapping[str, Any] = NOTHING,
    at: str = ANYWHERE,
) -> dict[str, Any]:
    """Raw values as the request keeps them, written `at` a step. Of a field of several documents
    they say which of its files (in `known`, the values of now) stay. Raises InvalidInput that
    names the field."""
    fields = version_map.graph.definition.all_fields
    cleaned = {}
    for key, value in raw.items():
        if key not in fields:
            raise InvalidInput("This workflow has no field '%(key)s'; leave it out.", key=key)
        spec = field_at(version_map.graph, key, at)
        if spec.value is not None:
            raise InvalidInput(
                "'%(field)s' is worked out by the map; leave it out.",
                field=display_title(key, spec.label),
            )
        cleaned[key] = _read_written_value(key, spec, value, known)
    _resolve_usernames(version_map, cleaned)
    _resolve_resources(version_map, cleaned)
    return cleaned


def _read_written_value(key: str, spec: FieldDef, raw: Any, known: Mapping[str, Any]) -> Any:
    """One raw value; nobody writes a file that was not uploaded there."""
    if not type_of_field(spec).holds_document or raw is None:
        return read_field_value(key, spec, raw)
    title = display_title(key, spec.label)
    if not type_of_field(spec).holds_several:
        raise InvalidInput("'%(field)s' is a document; upload a file for it.", field=title)
    files, present = read_field_value(key, spec, raw), known.get(key) or []
    if any(file not in present for file in files or ()):
        raise InvalidInput(
            "'%(field)s' holds documents; name those of its files that stay, and upload new ones.",
            field=title,
        )
    return files


def read_field_value(key: str, spec: FieldSpec, raw: Any) -> Any:
    """One raw value as the site reads it: dates count in its time zone. Raises InvalidInput."""
    return clean_field_value(key, spec, raw, zone=timezone.get_default_timezone())


def read_unnamed_value(spec: FieldSpec, raw: Any) -> Any:
    """The same for a field of a form, beside which it stands what is wrong. Raises ValueRefused."""
    return clean_unnamed_value(spec, raw, zone=timezone.get_default_timezone())


def _resolve_usernames(version_map: VersionMap, cleaned: dict[str, Any]) -> None:
    """Give each field of a person the username of an active one. Raises InvalidInput."""
    fields = version_map.graph.definition.all_fields
    named = {
        key: people
        for key, value in cleaned.items()
        if value and (people := type_of_field(fields[key]).people_in(fields[key], value))
    }
    if not named:
        return
    written = {name for people in named.values() for name in people}
    active = set(
        User.objects.filter(username__in=written, is_active=True).values_list("username", flat=True)
    )
    for key, people in named.items():
        field = fields[key]
        usernames = {name: _require_active(key, field, name, active) for name in people}
        cleaned[key] = type_of_field(field).with_people(field, cleaned[key], usernames)


def _require_active(key: str, field: FieldDef, written: str, active: Collection[str]) -> str:
    username = written if written in active else _find_username(written)
    if username is None:
        raise InvalidInput(
            "%(field)s: there is no active person '%(written)s'. Choose somebody from the list.",
            field=display_title(key, field.label),
            written=written,
        )
    return username


def _resolve_resources(version_map: VersionMap, cleaned: dict[str, Any]) -> None:
    """Give each field of a resource the key of one of its group that is in use. Raises
    InvalidInput."""
    fields = version_map.graph.definition.all_fields
    for key, value in cleaned.items():
        field = fields[key]
        if value is None or not type_of_field(field).names_resource:
            continue
        found = find_offered_keys(field.of or "", [value])
        if value not in found:
            raise InvalidInput(
                "%(field)s: there is no '%(written)s' in use among '%(group)s'. Choose one of the"
                " list.",
                field=display_title(key, field.label),
                written=value,
                group=field.of or "",
            )
        cleaned[key] = found[value]


def _find_username(written: str) -> str | None:
    """Another system may write a username in other letters, or know people by their mail: the
    one active person who is meant, if it is one."""
    called = Q(username__iexact=written) | Q(email__iexact=written)
    usernames = User.objects.filter(called, is_active=True).values_list("username", flat=True)[:2]
    return usernames[0] if len(usernames) == 1 else None


def require_reason(reason: str) -> str:
    """The reason, which commands that change a request's course must have."""
    reason = reason.strip()
    if not reason:
        raise InvalidInput("Give a reason; it is kept in the record.")
    return validate_text(gettext_noop("reason"), reason, 2000)


MOST_FILES: Final = 10
"""So many files a comment or an answer carries."""


@dataclass
class Uploads:
    """Files on their way into a request, and the values that name them."""

    work: UnitOfWork
    note: str = ""
    documents: list[Document] = field(default_factory=list)
    stored: list[Document] = field(default_factory=list)
    staying: dict[str, list[Any]] = field(default_factory=dict)
    """Of fields of several files those that stay beside the new ones."""

    @property
    def values(self) -> dict[str, Any]:
        """What the request's data will say of the files of its fields."""
        values: dict[str, Any] = {key: [*files] for key, files in self.staying.items()}
        for document in self.documents:
            if document.field in values:
                values[document.field].append(document.value())
            else:
                values[document.field] = document.value()
        return values

    def save(self) -> None:
        """Write the files and their rows; called once the command is allowed."""
        for document in self.documents:
            document.request, document.note = self.work.instance, self.note
            upload = document.file.file
            document.file = stored_under(document, document.name)
            self.stored.append(document)  # before anything is written, which may fail half-way
            document.file.name = document.file.storage.save(document.file.name or "", upload)
            document.save()
            self.work.note(
                FileUploaded(field=document.field, version=document.version, sha256=document.sha256)
            )


@contextmanager
def store_files(
    work: UnitOfWork, files: SentFiles, note: str = "", writes: Mapping[str, Any] = NOTHING
) -> Iterator[Uploads]:
    """Prepare uploads as new document versions, with what was said as they were put in; if the
    command fails no file stays behind. Where `writes` do not say which files of a field of several
    stay, all do."""
    uploads = Uploads(work, note)
    for key, sent in files.items():
        _prepare_files(uploads, key, files_sent(sent), writes)
    for key, staying in writes.items():
        if key not in files and are_documents(staying):
            _require_file_count(key, work.map.graph.definition.fields[key], len(staying))
    with remove_files_of_failure(uploads):
        yield uploads


def files_sent(sent: File | Sequence[File]) -> Sequence[File]:
    """The files that were sent for a field."""
    return sent if isinstance(sent, list | tuple) else [sent]  # type: ignore[list-item]


def _prepare_files(
    uploads: Uploads, key: str, files: Sequence[File], writes: Mapping[str, Any]
) -> None:
    work, spec = uploads.work, _document_field(uploads.work, key)
    require_number_of_files(key, spec, files)
    if type_of_field(spec).holds_several:
        known = writes[key] if key in writes else work.instance.data.get(key)
        uploads.staying[key] = list(known or ())
        _require_file_count(key, spec, len(uploads.staying[key]) + len(files))
    for number, file in enumerate(files):
        document = build_document(work, key, spec, file)
        document.version += number
        uploads.documents.append(document)


def require_number_of_files(key: str, spec: FieldDef, files: Sequence[File]) -> None:
    """Raises InvalidInput where more files were sent than the field takes at once."""
    if len(files) != 1 and not type_of_field(spec).holds_several:
        raise InvalidInput(
            "'%(field)s' takes one file; %(count)s came.",
            field=display_title(key, spec.label),
            count=len(files),
        )
    if len(files) > max_files_of(spec) and type_of_field(spec).holds_several:
        _require_file_count(key, spec, len(files))


def _require_file_count(key: str, spec: FieldDef, count: int) -> None:
    refused = file_count_refusal(spec, count)
    if refused is not None:
        raise InvalidInput(
            "%(label)s: %(refused)s", label=display_title(key, spec.label), refused=refused
        )


@contextmanager
def prepare_carried_files(
    work: UnitOfWork, files: Sequence[File], too_many: str
) -> Iterator[Uploads]:
    """The files as documents that belong to no field, numbered on; nothing stays of a failure.
    `too_many` is what is said (with `%(most)s`) where they are."""
    if len(files) > MOST_FILES:
        raise InvalidInput(too_many, most=MOST_FILES)
    uploads = Uploads(work)
    spec = FieldDef(type="document", label=gettext("Files"))
    for number, file in enumerate(files):
        document = build_document(work, "", spec, file)
        document.version += number
        uploads.documents.append(document)
    with remove_files_of_failure(uploads):
        yield uploads


@contextmanager
def remove_files_of_failure(uploads: Uploads) -> Iterator[None]:
    """If what is done inside fails, what was stored of these uploads is deleted again."""
    try:
        yield
    except BaseException:
        for document in uploads.stored:
            document.file.delete(save=False)
        raise


def build_document(work: UnitOfWork, key: str, spec: FieldDef, file: File) -> Document:
    """A new version of a document field ('' for what a comment carries), not written yet. Raises
    InvalidInput for a file of a size or kind that is not taken."""
    name = check_upload(key, spec, file)
    document = Document(
        field=key,
        version=_next_version(work, key),
        name=name,
        file=file,
        size=file.size,
        sha256=_file_digest(file),
        uploaded_by=work.actor,
        uploaded_at=work.now,
    )
    attribute_history_to(document, work.actor, work.now)
    return document


def _document_field(work: UnitOfWork, key: str) -> FieldDef:
    spec = work.map.graph.definition.fields.get(key)
    if spec is None or not type_of_field(spec).holds_document:
        raise InvalidInput(
            "This workflow has no document field '%(key)s'; leave the file out.", key=key
        )
    return spec


def _next_version(work: UnitOfWork, key: str) -> int:
    """One more than there ever was, also where the request went back to an older version."""
    if work.instance.pk is None:
        return 1
    earlier_versions = Document.objects.filter(request=work.instance, field=key)
    return int(earlier_versions.aggregate(last=Max("version"))["last"] or 0) + 1


def _file_digest(file: File) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
