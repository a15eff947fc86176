"""Files that were chosen for a form which came back with errors: they go with it the next time."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from approvals.forms.field_forms import DeclaredForm
from approvals.forms.files_box import KEPT, LEAVE, kept_as, mark_kept
from workflows.documents.services.kept_uploads import (
    find_kept_uploads,
    forget_uploads,
    keep_upload,
)
from workflows.engine.errors import InvalidInput
from workflows.execution.services.field_values.file_checks import (
    check_upload,
    file_refusal,
    shown_file_name,
)
from workflows.execution.services.field_values.values import files_sent
from workflows.people.models import User

MOST_KEPT = 200
"""So many names of kept files a form may say."""


def take_kept_uploads(request: HttpRequest, data: QueryDict | None = None) -> None:
    """Put the files that the form (or `data`, which it opens with) names as chosen before among
    those that came with it, in front of what was chosen now. One statement where it names some."""
    typed = request.POST if request.method == "POST" else data
    if typed is None:
        return
    named = {
        name.removesuffix(f"-{KEPT}"): texts
        for name, texts in typed.lists()
        if name.endswith(f"-{KEPT}")
    }
    names = [text for texts in named.values() for text in texts][:MOST_KEPT]
    found = find_kept_uploads(_sender(request), names, now=timezone.now())
    for field_name, texts in named.items():
        kept = []
        for row in (found[text] for text in dict.fromkeys(texts) if text in found):
            stored = row.file.storage.open(row.file.name or "")
            file = UploadedFile(stored, row.file_name, "", row.size)
            mark_kept(file, row.name)
            kept.append(file)
        if kept:  # closed with the request, like those that came with it
            request.FILES.setlist(field_name, [*kept, *request.FILES.getlist(field_name)])


def keep_uploads(request: HttpRequest, form: DeclaredForm) -> list[str]:
    """Keep what was chosen in a form that is shown again; the names of what could not be kept and
    has to be chosen again. What its field does not take is not kept: where the form says so beside
    the field, it is not named here."""
    lost: list[str] = []
    if not form.is_bound:
        return lost
    kept_fields = {form.add_prefix(key): key for key in form.document_keys}
    for field_name in [*request.FILES]:
        key = kept_fields.get(field_name)
        for file in request.FILES.getlist(field_name):
            is_kept = kept_as(file) or (key is not None and _keep(request, form, key, file))
            if not is_kept and not _says_why(form, key, file):
                lost.append(shown_file_name(file))
    return lost


def _says_why(form: DeclaredForm, key: str | None, file: UploadedFile) -> bool:
    """Whether the form says beside its field that this file is not taken."""
    is_refused = key is not None and file_refusal(form.definition.fields[key], file) is not None
    return is_refused and key in form.errors


def _keep(request: HttpRequest, form: DeclaredForm, key: str, file: UploadedFile) -> bool:
    with suppress(InvalidInput):
        name = check_upload(key, form.definition.fields[key], file)
        row = keep_upload(_sender(request), file, name=name, now=timezone.now())
        if row is not None:
            mark_kept(file, row.name)
            return True
    return False


def kept_pairs(request: HttpRequest) -> list[tuple[str, str]]:
    """The files of this form that wait for it, as it names them when it is sent again."""
    return [
        (f"{field_name}-{KEPT}", kept_as(file))
        for field_name, files in request.FILES.lists()
        for file in files
        if kept_as(file) and kept_as(file) not in request.POST.getlist(f"{field_name}-{LEAVE}")
    ]


def without_kept(request: HttpRequest, names: Sequence[str]) -> list[str]:
    """Those of these file names that have to be chosen again, as no such file waits."""
    waiting = Counter(
        str(file.name) for _, files in request.FILES.lists() for file in files if kept_as(file)
    )
    return list((Counter(names) - waiting).elements())


def release_uploads(request: HttpRequest, form: DeclaredForm) -> None:
    """Forget what was kept for a form: it was taken."""
    names = {kept_as(file) for sent in form.uploads().values() for file in files_sent(sent)}
    names |= {
        text
        for name, texts in request.POST.lists()
        if name.endswith(f"-{KEPT}")
        for text in texts[:MOST_KEPT]
    }
    if names - {""}:
        forget_uploads(_sender(request), names - {""})


def _sender(request: HttpRequest) -> int | None:
    return request.user.pk if isinstance(request.user, User) else None
