"""The form of people without an account: what is typed, who sends it, and how it is kept.

No account vouches for the sender. A field that people do not see, and the moment at which the page
was opened (signed, so that nobody writes another), keep the plainest programs away; what keeps
everybody in bounds is counted in the view and in the service.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy

from approvals.forms.field_forms import DeclaredForm, TitleForm
from approvals.forms.files_box import KEPT, LEAVE, mark_kept
from approvals.ui.typed_text import MAX_KEPT_LENGTH
from workflows.connections.secrets import SecretUnreadable, decrypt
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.engine.authority.row_columns import AT_START
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import display_title
from workflows.engine.format.public_forms import public_fields
from workflows.engine.texts import grouped
from workflows.execution.services.field_values.default_values import default_values
from workflows.links.models import PublicEntry

SALT = "handoff.public-form"
SOONEST = timedelta(seconds=2)
"""Nobody reads a form and fills it in within this."""
LATEST = timedelta(hours=24)
TITLE = "title"
FIELD_PREFIX = "f-"


class SenderForm(forms.Form):
    """Who fills in the form, and a field that only programs see."""

    use_required_attribute = False
    mail = forms.EmailField(
        max_length=254,
        label=gettext_lazy("Your mail address"),
        help_text=gettext_lazy(
            "A mail goes there with a link. Your request starts when you have opened it and pressed"
            " the button there."
        ),
        error_messages={
            "required": gettext_lazy("Write your mail address."),
            "invalid": gettext_lazy("Write a mail address, such as maria@example.com."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


def opening_stamp(workflow: str, now: datetime) -> str:
    """When the form was opened, so that nobody can say another moment."""
    return signing.dumps([workflow, int(now.timestamp())], salt=SALT)


def read_stamp(stamp: str, workflow: str, now: datetime) -> datetime | None:
    """When the form was opened; None for what this site did not sign, or long ago."""
    try:
        of_workflow, seconds = signing.loads(stamp, salt=SALT)
        opened = datetime.fromtimestamp(int(seconds), UTC)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return opened if of_workflow == workflow and opened > now - LATEST else None


def public_form(
    version: TemplateVersion, now: datetime, data: QueryDict | None = None, files: Any = None
) -> DeclaredForm:
    """The fields that a stranger is asked for, on the form of this version."""
    version_map = get_version_map(version)
    definition = version_map.graph.definition
    keys = public_fields(definition)
    form = DeclaredForm(definition, keys, data, files, at=AT_START)
    if data is None:
        form.fill_in_values(default_values(version_map, keys, None, now))
    return form


# -- kept until it is confirmed ---------------------------------------------------------------


def pack_form(request: HttpRequest) -> str:
    """What was typed, as it is kept. Raises InvalidInput where it is far too long."""
    pairs = [
        (name, value)
        for name, values in request.POST.lists()
        if name == TITLE or name.startswith(FIELD_PREFIX)
        for value in values
    ]
    text = json.dumps(pairs)
    if len(text) > MAX_KEPT_LENGTH:
        raise InvalidInput(
            "The form is too long; %(length)s characters are enough for all of it.",
            length=grouped(MAX_KEPT_LENGTH),
        )
    return text


def unpack_form(entry: PublicEntry) -> QueryDict:
    """What was typed, as a form is filled in with it; nothing where it cannot be read any more."""
    data = QueryDict(mutable=True)
    try:
        pairs = json.loads(decrypt(entry.content))
    except (SecretUnreadable, ValueError):
        pairs = []
    for name, text in pairs:
        data.appendlist(name, text)
    return data


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Something that was filled in and that the form does not ask for any more."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class EntryForm:
    """A kept form on the version of now: as it was filled in, or as it was sent again."""

    title: TitleForm
    fields: DeclaredForm
    kept_names: list[str]
    left_over: list[LeftOver]

    @classmethod
    def read(
        cls, entry: PublicEntry, version: TemplateVersion, request: HttpRequest, now: datetime
    ) -> "EntryForm":
        """The form, checked. A file that is sent again takes the place of the kept one; of several
        files it is one more. What was taken out on the page stays out, however often it comes
        back."""
        kept = unpack_form(entry)
        is_sent_again = request.method == "POST" and TITLE in request.POST
        data = request.POST if is_sent_again else kept
        files, names = _kept_files(entry, data if is_sent_again else None)
        if request.method == "POST":
            for name, sent in request.FILES.lists():
                files.setlist(name, [*files.getlist(name), *sent])
        fields = public_form(version, now, data, files)
        return cls(TitleForm(data), fields, names, list(_left_over(kept, fields)))

    def is_valid(self) -> bool:
        """Whether it can be started as it is; what is wrong stands beside each field."""
        return self.title.is_valid() & self.fields.is_valid()


def _kept_files(
    entry: PublicEntry, sent: QueryDict | None
) -> tuple[MultiValueDict[str, UploadedFile], list[str]]:
    """The files that were kept with the form; of one sent again those that it still names."""
    files: MultiValueDict[str, UploadedFile] = MultiValueDict()
    names = []
    for row in entry.files.all():
        field_name, kept_as = f"{FIELD_PREFIX}{row.field}", f"entry-{row.pk}"
        is_wanted = sent is None or _still_names(sent, field_name, kept_as)
        if is_wanted and row.file.storage.exists(row.file.name or ""):
            with row.file.open("rb") as stored:  # as large as an upload may be; none stays open
                file = SimpleUploadedFile(row.name, stored.read())
            mark_kept(file, kept_as, is_sent=True)
            files.appendlist(field_name, file)
            names.append(row.name)
    return files, names


def _still_names(sent: QueryDict, field_name: str, kept_as: str) -> bool:
    """Whether a form that was sent again names a kept file, and does not take it out."""
    is_named = kept_as in sent.getlist(f"{field_name}-{KEPT}")
    return is_named and kept_as not in sent.getlist(f"{field_name}-{LEAVE}")


def _left_over(kept: QueryDict, fields: DeclaredForm) -> Iterator[LeftOver]:
    for name, texts in kept.lists():
        key = name.removeprefix(FIELD_PREFIX)
        is_asked = any(key == known or key.startswith(f"{known}-") for known in fields.fields)
        text = ", ".join(text for text in texts if text.strip())
        if name != TITLE and not is_asked and text:
            yield LeftOver(display_title(key, None), text)
