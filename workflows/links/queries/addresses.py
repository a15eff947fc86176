"""The addresses of links: a row's name, signed by this site, so that no other text opens one.

A signature is made with the site's secret key whenever an address is written. So a link can be
shown and sent again, and neither the database nor the outbox, the trail or a log holds one.
"""

from django.conf import settings
from django.core.signing import BadSignature, Signer

from workflows.links.models import DecisionLink, PublicEntry, StatusLink

STATUS_SALT = "handoff.status-link"
DECISION_SALT = "handoff.decision-link"
CONFIRM_SALT = "handoff.public-entry"


def _signer(salt: str) -> Signer:
    return Signer(salt=salt, sep=".")


def read_signed_name(token: str, salt: str) -> str:
    """The name of the link that an address ends in; nothing for what this site did not sign."""
    try:
        return _signer(salt).unsign(token)
    except BadSignature:
        return ""


def status_link_token(link: StatusLink) -> str:
    """What the link's address ends in."""
    return _signer(STATUS_SALT).sign(link.name)


def status_link_address(link: StatusLink) -> str:
    """The whole address, for whom it is shown or sent to."""
    return f"{settings.SITE_URL}/status/{status_link_token(link)}"


def decision_link_token(link: DecisionLink) -> str:
    """What the address of a link to decide by ends in."""
    return _signer(DECISION_SALT).sign(link.name)


def decision_link_address(link: DecisionLink) -> str:
    """The whole address, for the mail to the link's person and nobody else."""
    return f"{settings.SITE_URL}/decide/{decision_link_token(link)}"


def confirm_token(entry: PublicEntry) -> str:
    """What the address ends in by which a public form is confirmed."""
    return _signer(CONFIRM_SALT).sign(entry.name)


def confirm_address(entry: PublicEntry) -> str:
    """The whole address, for the mail to whoever filled it in and nobody else."""
    return f"{settings.SITE_URL}/confirm/{confirm_token(entry)}"


def public_form_address(workflow: str) -> str:
    """Where people without an account find the form of this workflow."""
    return f"{settings.SITE_URL}/public/{workflow}/"
