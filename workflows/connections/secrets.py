"""Credentials at rest: encrypted under a key made from SECRET_KEY, and masked in what is kept."""

import base64
import html
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, quote_plus

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext

MASK = "•••"
KEPT_ANSWER_BYTES = 2048
"""So many bytes of what the other side said are kept."""
SHORTEST = 4
"""A shorter secret would mask half of every text; none is taken."""
_ESCAPE = re.compile("%[0-9A-F]{2}")


class SecretUnreadable(Exception):
    """A credential was encrypted under another SECRET_KEY; it has to be entered again."""


def encrypt(text: str) -> str:
    """The text as ciphertext, under today's key."""
    return _fernet_of_keys(tuple(_configured_keys())).encrypt(text.encode()).decode()


def decrypt(ciphertext: str) -> str:
    """The text of a ciphertext. Raises SecretUnreadable where no key of ours opens it."""
    try:
        return _fernet_of_keys(tuple(_configured_keys())).decrypt(ciphertext.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable(
            gettext(
                "The secret cannot be read, because SECRET_KEY has changed since it was entered."
                " Enter it again, or add the old key to SECRET_KEY_FALLBACKS."
            )
        ) from None


def _configured_keys() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


@lru_cache(maxsize=8)
def _fernet_of_keys(secret_keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derive_key(key)) for key in secret_keys])


def _derive_key(key: str) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"handoff credentials")
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))


def mask_secrets(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets in any form in which they are sent, cut to what is kept."""
    return replace_secrets(text, secrets).encode()[:KEPT_ANSWER_BYTES].decode("utf-8", "ignore")


def replace_secrets(text: str, secrets: Iterable[str]) -> str:
    """The whole text without these secrets in any form in which they are sent."""
    forms = {
        form for secret in secrets if len(secret) >= SHORTEST for form in _transmitted_forms(secret)
    }
    # Longest first, so that no part of a longer form is left over.
    ordered = sorted(forms, key=len, reverse=True)
    for form in ordered:
        text = text.replace(form, MASK)
    return _strip_truncated_secret(text, ordered)


def _transmitted_forms(secret: str) -> set[str]:
    """A secret as it is, in base64, in an address, in JSON and in HTML."""
    plain = secret.encode()
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return {
        secret,
        *quoted,
        *(_ESCAPE.sub(lambda match: match[0].lower(), form) for form in quoted),
        base64.b64encode(plain).decode(),
        base64.urlsafe_b64encode(plain).decode(),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
    }


def _strip_truncated_secret(text: str, forms: Iterable[str]) -> str:
    """The text without the beginning of a secret at its very end, where an answer was cut."""
    longest = 0
    for form in forms:
        for length in range(min(len(form) - 1, len(text)), max(SHORTEST - 1, longest), -1):
            if text.endswith(form[:length]):
                longest = length
                break
    return text[: len(text) - longest] + MASK if longest else text
