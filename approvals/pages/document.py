"""What the page of a document shows: the version, a preview, the other versions, who decided."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, pgettext

from approvals.pages.decisions import EarlierDecision, describe_decisions, voter_usernames
from workflows.definitions.queries.compiled_versions import VersionMap, cached_map
from workflows.documents.models import Document
from workflows.documents.queries.instance_documents import (
    find_visible_document,
    versions_of_document,
)
from workflows.documents.queries.previews import (
    Preview,
    TextDifference,
    compare_texts,
    read_preview,
)
from workflows.engine.errors import NotFound
from workflows.engine.format.definition import display_title
from workflows.engine.values.field_types.documents import names_version
from workflows.execution.queries.instance_record import decided_tasks_of
from workflows.people.models import User
from workflows.people.queries.person_names import full_names_of


@dataclass(frozen=True, slots=True)
class DocumentVersion:
    """One version with the decisions that had it in view."""

    document: Document
    decisions: Sequence[EarlierDecision]


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """One version of a document. `versions` are all of them, the newest first; `preview` has no
    kind where nothing can be shown."""

    document: Document
    label: str
    preview: Preview
    versions: Sequence[DocumentVersion]

    @property
    def newest(self) -> Document:
        """The newest version."""
        return self.versions[0].document

    @property
    def is_newest(self) -> bool:
        """Whether this is it."""
        return self.document.pk == self.newest.pk


@dataclass(frozen=True, slots=True)
class DocumentComparison:
    """Two versions of a document side by side. `difference` is None where one of them is no
    text."""

    before: Document
    after: Document
    label: str
    difference: TextDifference | None

    @property
    def is_same_file(self) -> bool:
        """Whether both are the same, byte by byte."""
        return self.before.sha256 == self.after.sha256


def require_visible_document(user: User, document_id: int) -> Document:
    """The document. Raises NotFound where there is none, or where it is not theirs to see."""
    document = find_visible_document(user, document_id)
    if document is None:
        raise NotFound("There is no such document, or it is not yours to see.")
    return document


def document_page(user: User, document_id: int) -> DocumentPage:
    """The page of one version. Raises NotFound."""
    document = require_visible_document(user, document_id)
    version_map = cached_map(document.request.version_id)
    decided = decided_tasks_of(document.request)
    names, versions = full_names_of(voter_usernames(decided)), []
    for version in versions_of_document(document):
        seen_by = [
            task
            for task in decided
            if names_version(task.document_versions.get(document.field), version.version)
        ]
        versions.append(DocumentVersion(version, describe_decisions(version_map, seen_by, names)))
    label = _field_label(version_map, document)
    return DocumentPage(document, label, read_preview(document), versions)


def document_comparison(user: User, document_id: int, other_id: int) -> DocumentComparison:
    """Two versions of one document, the older first. Raises NotFound."""
    first = require_visible_document(user, document_id)
    second = require_visible_document(user, other_id)
    is_versioned = first.field and not first.is_one_of_several
    if not is_versioned or (first.request_id, first.field) != (second.request_id, second.field):
        raise NotFound("These are not two versions of one document.")
    before, after = sorted((first, second), key=lambda document: document.version)
    label = _field_label(cached_map(first.request.version_id), first)
    return DocumentComparison(before, after, label, _text_difference(before, after))


def _text_difference(before: Document, after: Document) -> TextDifference | None:
    old_text, new_text = read_preview(before).text, read_preview(after).text
    if old_text is None or new_text is None:
        return None
    return compare_texts(old_text, new_text)


def _field_label(version_map: VersionMap, document: Document) -> str:
    if document.question_id is not None:
        return pgettext("what a file belongs to", "Answer")
    if not document.field:
        return gettext("Comment")
    field = version_map.graph.definition.fields.get(document.field)
    return display_title(document.field, field.label if field else None)
