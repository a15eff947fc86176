"""Forms for people without an account: which workflows have one, and what was filled in."""

from datetime import datetime

from workflows.connections.secrets import SecretUnreadable, decrypt
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.definitions.queries.published_versions import get_published_version
from workflows.engine.errors import HandoffError, NotFound
from workflows.engine.format.public_forms import public_form_of
from workflows.execution.models import WorkflowInstance
from workflows.links.models import PublicEntry, StatusLink
from workflows.links.queries.addresses import CONFIRM_SALT, read_signed_name


def find_public_version(workflow: str) -> TemplateVersion:
    """The published version whose form is open to everybody. Raises NotFound in the same words
    whatever there is instead: strangers learn of no other workflow."""
    try:
        version = get_published_version(workflow)
    except HandoffError:
        version = None
    if version is not None:
        definition = get_version_map(version).graph.definition
        if public_form_of(definition) is not None:
            return version
    raise NotFound("There is no such form.")


def find_public_entry(token: str, now: datetime) -> PublicEntry | None:
    """What this address confirms, or has confirmed; None once it has run out. One statement,
    whatever the text is."""
    rows = PublicEntry.objects.select_related("template", "request")
    found = rows.filter(name=read_signed_name(token, CONFIRM_SALT), expires_at__gt=now)
    return found.first()


def find_link_of_entry(entry: PublicEntry, now: datetime) -> StatusLink | None:
    """The link by which whoever filled it in follows their request; None once it shows nothing."""
    links = StatusLink.objects.filter(request=entry.request, made_by=None)
    return links.filter(withdrawn_at=None, expires_at__gt=now).order_by("pk").first()


def address_of_entry(entry: PublicEntry) -> str:
    """The mail address; nothing where it cannot be read any more."""
    try:
        return decrypt(entry.address)
    except SecretUnreadable:
        return ""


def address_behind(instance: WorkflowInstance) -> str:
    """The confirmed address of who asked for a request by a public form; nothing for others."""
    if instance.source != WorkflowInstance.PUBLIC_FORM:
        return ""
    entry = PublicEntry.objects.filter(request=instance).first()
    return address_of_entry(entry) if entry is not None else ""
