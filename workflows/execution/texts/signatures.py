"""Signatures in words: what one means, and by whom and how a decision was signed."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext, gettext_lazy

from workflows.trail.changes import SignatureRecord

_MEANINGS: Final[Mapping[str, Any]] = {
    "approval": gettext_lazy("approval"),
    "review": gettext_lazy("review"),
    "authorship": gettext_lazy("authorship"),
    "responsibility": gettext_lazy("responsibility"),
}


def meaning_text(meaning: str) -> str:
    """What a signature means, as people read it; a map's own words are as they are."""
    return str(_MEANINGS.get(meaning, meaning))


def signature_text(signature: SignatureRecord) -> str:
    """'Signed by Nora Novak as “approval”, with the password.'"""
    places = {"person": signature.name, "meaning": meaning_text(signature.meaning)}
    if signature.method == "password":
        return gettext("Signed by %(person)s as “%(meaning)s”, with the password.") % places
    return gettext("Signed by %(person)s as “%(meaning)s”, with the second factor.") % places
