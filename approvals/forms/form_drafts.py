"""Drafts of forms as pages keep and offer them: what was typed, unchecked, for its writer alone.

Neither secrets nor files are kept; of files it is said that they have to be chosen again, unless
they wait for their form. Of a
decision only what its writer changed is kept, and never which button they pressed.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext

from approvals.forms.field_forms import DeclaredForm
from approvals.forms.files_box import KEPT, kept_as
from approvals.ui.responses import submit_and_redirect
from approvals.ui.typed_text import (
    MAX_KEPT_LENGTH,
    forget_typed_form,
    sent_file_names,
    typed_pairs,
)
from workflows.access.services.once_only_forms import FormSubmission
from workflows.connections.secrets import SecretUnreadable, decrypt, encrypt
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import FormDraft, WorkItem
from workflows.execution.services.form_drafts import discard_form_draft, save_form_draft
from workflows.people.models import User

COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class DraftContent:
    """What a draft says: fields by their names in the form, the names of files that were chosen
    with it, and the digest of what its writer had in front of them."""

    fields: Sequence[tuple[str, str]] = ()
    files: Sequence[str] = ()
    seen: str = ""

    @classmethod
    def of_draft(cls, draft: FormDraft) -> "DraftContent":
        """What was kept. A draft that cannot be read any more is empty."""
        try:
            return cls(**json.loads(decrypt(draft.content)))
        except (SecretUnreadable, ValueError):
            return cls()

    def encrypted(self) -> str:
        """The same as it is kept; nothing where it is too long to be."""
        text = json.dumps(asdict(self))
        return encrypt(text) if len(text) <= MAX_KEPT_LENGTH else ""

    @property
    def data(self) -> QueryDict:
        """What a form is filled in with."""
        data = QueryDict(mutable=True)
        for name, text in self.fields:
            data.appendlist(name, text)
        return data


def keep_start_form(
    request: HttpRequest,
    writer_id: int,
    template: WorkflowTemplate,
    kept: Sequence[tuple[str, str]] = (),
) -> FormDraft | None:
    """Keep the form of this request as the writer's draft, with the names of the files that wait
    for it (`kept`); None where it is empty or too long."""
    fields = [pair for pair in typed_pairs(request) if not pair[0].endswith(f"-{KEPT}")]
    fields += kept
    if not any(text.strip() for _, text in fields):
        return None
    return _keep(request, writer_id, template, DraftContent(fields, sent_file_names(request)))


def keep_task_form(
    request: HttpRequest,
    writer_id: int,
    task: WorkItem,
    form: DeclaredForm,
    kept: Sequence[tuple[str, str]] = (),
    *,
    seen: str,
) -> FormDraft | None:
    """Keep what the writer changed in the form of a decision, and their comment; None where that
    is nothing, or too much. `kept` are the files that wait for the form, and `seen` is the digest
    of what they have in front of them."""
    fields = [*form.changed_texts(), *kept]
    if comment := request.POST.get(COMMENT, "").strip():
        fields.append((COMMENT, comment))
    if not fields:
        return None
    return _keep(request, writer_id, task, DraftContent(fields, sent_file_names(request), seen))


def _keep(
    request: HttpRequest,
    writer_id: int,
    subject: WorkflowTemplate | WorkItem,
    content: DraftContent,
) -> FormDraft | None:
    text = content.encrypted()
    if not text:
        return None
    if request.user.is_authenticated:  # what was kept over a sign-in is older than this
        forget_typed_form(request)
    return save_form_draft(writer_id, subject, text, now=timezone.now())


def announce_draft(request: HttpRequest, draft: FormDraft | None, *, nothing_kept: str) -> None:
    """Say that a draft was kept on its writer's wish, or why not (`nothing_kept`)."""
    if draft is None:
        messages.warning(request, nothing_kept)
    elif any(not kept_as(file) for _, files in request.FILES.lists() for file in files):
        messages.success(
            request,
            gettext("Kept as a draft. Files are not kept with it; choose them again later."),
        )
    else:
        messages.success(request, gettext("Kept as a draft; nothing was sent."))


def throw_draft_away(
    request: HttpRequest, subject: WorkflowTemplate | WorkItem | None, *, leads_to: str
) -> HttpResponse:
    """The sender's draft goes, and with it what was kept of the form over a new sign-in. Of what is
    not there it says the same: nobody learns by this what there is."""
    user = request.user
    assert isinstance(user, User)

    def discard_draft() -> FormSubmission:
        if subject is not None:
            discard_form_draft(user.pk, subject)
        return FormSubmission(leads_to, gettext("The draft is gone."))

    return submit_and_redirect(request, discard_draft)
