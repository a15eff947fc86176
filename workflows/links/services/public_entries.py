"""What people without an account fill in: kept until confirmed by mail, started, forgotten."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_noop

from workflows.connections.secrets import encrypt
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.engine.errors import InvalidInput, WrongState
from workflows.engine.format.public_forms import public_fields, public_form_of
from workflows.engine.texts import ReaderMoment
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.field_values.file_checks import check_upload
from workflows.execution.services.field_values.values import (
    SentFiles,
    files_sent,
    require_number_of_files,
)
from workflows.execution.services.instances import require_not_paused, start_on_version
from workflows.links.models import ENTRY_FILES, PublicEntry, PublicEntryFile
from workflows.links.queries.public_entries import find_public_version
from workflows.links.services.decision_links import USED
from workflows.links.services.status_links import make_status_link
from workflows.outbox.choices import PublicMailSubject
from workflows.outbox.payloads import PublicMailPayload
from workflows.outbox.services.messages import enqueue_message

KEPT_FOR = timedelta(hours=48)
"""So long a form waits to be confirmed."""
MAILS_AN_HOUR = 3
"""So many forms an hour are kept for one mail address, that nobody floods somebody else's."""
SHARE = 4
"""One workflow's forms take at most one part of so many of the site's room."""
FOLLOWED_DAYS = 365
RUN_OUT = gettext_noop("This link ran out on %(moment)s. Fill in the form again.")


class TooManyEntries(WrongState):
    """Too many forms wait to be confirmed; no more are kept for now."""


@transaction.atomic
def keep_public_entry(
    version: TemplateVersion,
    *,
    address: str,
    content: str,
    files: SentFiles,
    language: str,
    now: datetime,
) -> PublicEntry | None:
    """Keep a form until it is confirmed, and write to the address; nothing starts yet.

    None, and no mail, where enough was kept for this address within the hour: the sender is told
    the same either way. Raises TooManyEntries, WorkflowPaused, InvalidInput.
    """
    require_not_paused(version)
    _require_room(version, now)
    names = _checked_names(version, files)
    digest = salted_hmac("handoff.public-entry", address.lower(), algorithm="sha256").hexdigest()
    lately = PublicEntry.objects.filter(address_digest=digest, made_at__gt=now - timedelta(hours=1))
    if lately.count() >= MAILS_AN_HOUR:
        return None
    entry = PublicEntry.objects.create(
        template=version.template,
        address=encrypt(address),
        address_digest=digest,
        content=encrypt(content),
        language=language,
        made_at=now,
        expires_at=now + KEPT_FOR,
    )
    _store_files(entry, files, names)
    _write_to(entry, PublicMailSubject.CONFIRM, now)
    return entry


def _require_room(version: TemplateVersion, now: datetime) -> None:
    waiting = PublicEntry.objects.filter(used_at=None, expires_at__gt=now)
    most = settings.PUBLIC_FORMS_PENDING
    of_workflow = waiting.filter(template=version.template_id).count()
    if of_workflow >= max(1, most // SHARE) or waiting.count() >= most:
        raise TooManyEntries(
            "Too many forms wait to be confirmed at the moment. Nothing was kept; please come back"
            " later."
        )


def _checked_names(version: TemplateVersion, files: SentFiles) -> dict[str, list[str]]:
    """The files' names; they are asked now what they are asked when the request starts."""
    definition = get_version_map(version).graph.definition
    asked = public_fields(definition)
    extra = [key for key in files if key not in asked]
    if extra:
        raise InvalidInput(
            "The start form does not ask for %(extra)s; leave it out.", extra=", ".join(extra)
        )
    names: dict[str, list[str]] = {}
    for key, sent in files.items():
        spec = definition.fields[key]
        require_number_of_files(key, spec, files_sent(sent))
        names[key] = [check_upload(key, spec, file) for file in files_sent(sent)]
    return names


def _store_files(entry: PublicEntry, files: SentFiles, names: Mapping[str, Sequence[str]]) -> None:
    """Write the files with their rows; none stays behind of a failure."""
    stored: list[PublicEntryFile] = []
    try:
        for key, sent in files.items():
            for name, file in zip(names[key], files_sent(sent), strict=True):
                row = PublicEntryFile(entry=entry, field=key, name=name)
                row.file.save(name, file, save=False)
                stored.append(row)
                row.save()
    except BaseException:
        for row in stored:
            row.file.delete(save=False)
        raise


def _write_to(entry: PublicEntry, about: PublicMailSubject, now: datetime) -> None:
    payload = PublicMailPayload(entry=entry.pk, about=about)
    enqueue_message(payload, now=now, key=f"public-{about}-{entry.pk}")


# -- confirming -------------------------------------------------------------------------------


def require_open(entry: PublicEntry, now: datetime) -> None:
    """Raises WrongState, with a sentence, where the link starts nothing (any more)."""
    if entry.used_at is not None:
        raise WrongState(USED, moment=ReaderMoment(entry.used_at))
    if entry.expires_at <= now:
        raise WrongState(RUN_OUT, moment=ReaderMoment(entry.expires_at))


def confirm_public_entry(
    entry_id: int,
    *,
    read_on: TemplateVersion,
    data: Mapping[str, Any],
    files: SentFiles,
    title: str,
    now: datetime,
) -> WorkflowInstance:
    """Start the request of a form, once, in nobody's name; its sender is sent the link to follow
    it by.

    `read_on` is the version on whose form the values were read. Raises what starting raises, and
    WrongState or InvalidInput where the link or the version is another by now; then nothing is
    written.
    """
    with transaction.atomic():
        # Locked, so that of two who press it at once the second finds it used.
        rows = PublicEntry.objects.select_for_update(of=("self",)).select_related("template")
        entry = rows.filter(pk=entry_id).first()
        if entry is None:
            raise WrongState("This form has run out. Fill it in again.")
        require_open(entry, now)
        version = find_public_version(entry.template.key)
        if version.pk != read_on.pk:
            raise InvalidInput("The form has just been changed. Look at it once more and send it.")
        instance = start_on_version(
            version,
            actor=None,
            now=now,
            data=_public_values(version, data),
            files=files,
            title=title,
            source=WorkflowInstance.PUBLIC_FORM,
        )
        entry.request, entry.used_at, entry.content = instance, now, ""
        entry.save(update_fields=["request", "used_at", "content"])
        make_status_link(instance, by=None, days=FOLLOWED_DAYS, now=now)
        _write_to(entry, PublicMailSubject.STARTED, now)
        transaction.on_commit(lambda: _delete_files_of(entry))
    return instance


def _public_values(version: TemplateVersion, data: Mapping[str, Any]) -> dict[str, Any]:
    """What a stranger may give, and what the map gives; nothing else."""
    definition = get_version_map(version).graph.definition
    trigger, asked = public_form_of(definition), public_fields(definition)
    extra = [key for key in data if key not in asked]
    if extra:
        raise InvalidInput(
            "The start form does not ask for %(extra)s; leave it out.", extra=", ".join(extra)
        )
    return {**data, **((trigger.data if trigger else None) or {})}


# -- afterwards -------------------------------------------------------------------------------


def tell_of_public_end(instance: WorkflowInstance, now: datetime) -> None:
    """Write to whoever asked for a request by a public form that it is over; each time that it
    is."""
    entry = PublicEntry.objects.filter(request=instance).first()
    if entry is not None:
        enqueue_message(PublicMailPayload(entry=entry.pk, about=PublicMailSubject.ENDED), now=now)


def forget_public_entries(now: datetime) -> int:
    """Delete forms that nobody confirmed in time, with their files, and files that a confirmed one
    has left, or one that was never kept; how many forms there were."""
    for entry in PublicEntry.objects.filter(used_at__isnull=False, files__isnull=False).distinct():
        _delete_files_of(entry)
    forgotten = 0
    for entry_id in PublicEntry.objects.filter(used_at=None, expires_at__lte=now).values_list(
        "pk", flat=True
    ):
        forgotten += _forget_entry(entry_id)
    _delete_strays(now)
    return forgotten


def _delete_strays(now: datetime) -> None:
    """Files that no form names: a process that is killed while it keeps one leaves such. A young
    one may belong to a form that is being kept just now."""
    if not default_storage.exists(ENTRY_FILES):
        return
    named = set(PublicEntryFile.objects.values_list("file", flat=True))
    for file_name in default_storage.listdir(ENTRY_FILES)[1]:
        name = f"{ENTRY_FILES}/{file_name}"
        if name not in named and now - default_storage.get_modified_time(name) > KEPT_FOR:
            default_storage.delete(name)


@transaction.atomic
def _forget_entry(entry_id: int) -> int:
    entry = PublicEntry.objects.select_for_update().filter(pk=entry_id, used_at=None).first()
    if entry is None:
        return 0
    _delete_files_of(entry)
    entry.delete()
    return 1


def _delete_files_of(entry: PublicEntry) -> None:
    """From the disk first: a row that is still there lets the clock try again."""
    for row in entry.files.all():
        with suppress(OSError):
            row.file.delete(save=False)
            row.delete()
