"""What people without an account are written. Of what was typed it says nothing: the address may
be somebody else's."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from workflows.links.models import PublicEntry
from workflows.links.queries.addresses import confirm_address, status_link_address
from workflows.links.queries.public_entries import find_link_of_entry
from workflows.outbox.choices import PublicMailSubject


@dataclass(frozen=True, slots=True)
class PublicLetter:
    """A mail as text."""

    subject: str
    text: str


def compose_public_letter(
    entry: PublicEntry, about: PublicMailSubject, now: datetime
) -> PublicLetter | None:
    """The mail, in the language of the moment; None where there is nothing to say any more."""
    if about == PublicMailSubject.CONFIRM:
        return _confirming_letter(entry, now)
    return _following_letter(entry, about, now)


def _confirming_letter(entry: PublicEntry, now: datetime) -> PublicLetter | None:
    if entry.used_at is not None or entry.expires_at <= now:
        return None
    places = {"workflow": entry.template.name, "moment": _moment(entry.expires_at)}
    return PublicLetter(
        gettext("Confirm your request: %(workflow)s") % places,
        _paragraphs(
            gettext(
                "Somebody, we think you, filled in the form “%(workflow)s” and gave this mail"
                " address."
            )
            % places,
            gettext("Open this page and press the button there; then your request starts:"),
            confirm_address(entry),
            gettext(
                "The link works once, until %(moment)s. If it was not you, do nothing: nothing"
                " starts, and what was filled in is deleted."
            )
            % places,
        ),
    )


def _following_letter(
    entry: PublicEntry, about: PublicMailSubject, now: datetime
) -> PublicLetter | None:
    if entry.request is None:
        return None
    places = {"workflow": entry.template.name, "reference": entry.request.reference}
    if about == PublicMailSubject.STARTED:
        subject = gettext("Your request has started: %(reference)s, %(workflow)s") % places
        sentence = gettext("Your request “%(workflow)s” has started. It is %(reference)s.") % places
    else:
        subject = gettext("Your request is over: %(reference)s, %(workflow)s") % places
        sentence = gettext("Your request %(reference)s (“%(workflow)s”) is over.") % places
    link = find_link_of_entry(entry, now)
    follow = () if link is None else (_follow_words(about), status_link_address(link))
    return PublicLetter(subject, _paragraphs(sentence, *follow))


def _follow_words(about: PublicMailSubject) -> str:
    if about == PublicMailSubject.STARTED:
        return gettext(
            "Here you see where it is, without signing in. Whoever has this address can see it:"
        )
    return gettext("Here you see what became of it:")


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")
