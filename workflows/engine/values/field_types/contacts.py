"""Types of fields by which people and pages are reached: a mail address, a web address, a phone
number. Two ways of writing one address are one value."""

import re
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from workflows.engine.texts import text
from workflows.engine.values.field_types.base import (
    FIELD_TYPES,
    FieldSpec,
    ValueRefused,
    number_as_text,
    single_line,
)
from workflows.engine.values.field_types.texts import TextType

MAX_EMAIL: Final = 254
MAX_URL: Final = 2000
MAX_PHONE: Final = 40
LEAST_DIGITS: Final = 5
MOST_DIGITS: Final = 15
"""ITU-T E.164 gives no number more digits."""
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_LABEL: Final = re.compile(r"[^\W_](?:[^\W_]|-){0,62}")
_PHONE: Final = re.compile(r"\+?[0-9 ()/.\-\u00a0\u202f\u2011]+")


class EmailType(TextType):
    """A mail address."""

    name = "email"
    title = text("mail address")

    def clean(self, spec: FieldSpec, raw: object) -> str:
        """The address, its domain in small letters."""
        written = single_line(raw, MAX_EMAIL) or ""
        local, _, domain = written.rpartition("@")
        is_local = _LOCAL.fullmatch(local) and ".." not in f".{local}."
        if not is_local or not _is_domain(domain):
            raise ValueRefused("write one mail address, such as lena@example.com.")
        return f"{local}@{domain.lower()}"

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """A mail address."""
        return {"type": "string", "format": "email", "maxLength": MAX_EMAIL}


class UrlType(TextType):
    """The address of a page."""

    name = "url"
    title = text("web address")

    def clean(self, spec: FieldSpec, raw: object) -> str:
        """The address, its scheme and its host in small letters."""
        written = single_line(raw, MAX_URL) or ""
        try:
            parts = urlsplit(written)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            parts, host, port = urlsplit(""), "", None
        is_plain = not any(c.isspace() or not c.isprintable() for c in written)
        is_host = _is_domain(host) or re.fullmatch(
            r"[0-9.]+|[a-z0-9-]+|[0-9a-f:.]*:[0-9a-f:.]*", host
        )
        if (
            parts.scheme not in ("http", "https")
            or not is_host
            or not is_plain
            or "@" in parts.netloc
        ):
            raise ValueRefused("write a web address, such as https://example.com/page.")
        netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
        return urlunsplit(parts._replace(netloc=netloc))

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """A web address."""
        return {"type": "string", "format": "uri", "maxLength": MAX_URL}


class PhoneType(TextType):
    """A phone number."""

    name = "phone"
    title = text("phone number")

    def clean(self, spec: FieldSpec, raw: object) -> str:
        """Its digits, after a + where it begins with its country's."""
        written = single_line(number_as_text(raw), MAX_PHONE) or ""
        if not _PHONE.fullmatch(written):
            raise _no_phone()
        has_plus, digits = written.startswith("+"), re.sub(r"[^0-9]", "", written)
        is_abroad = has_plus or digits.startswith("00")
        if is_abroad:
            digits = re.sub(r"[^0-9]", "", written.replace("(0)", "", 1))[0 if has_plus else 2 :]
        if not LEAST_DIGITS <= len(digits) <= MOST_DIGITS or (is_abroad and digits[0] == "0"):
            raise _no_phone()
        return f"+{digits}" if is_abroad else digits

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """Digits, perhaps after a +."""
        return {"type": "string", "pattern": rf"^\+?[0-9]{{{LEAST_DIGITS},{MOST_DIGITS}}}$"}


def _no_phone() -> ValueRefused:
    return ValueRefused(
        "write a phone number of %(least)s to %(most)s digits, such as +49 30 1234567.",
        least=LEAST_DIGITS,
        most=MOST_DIGITS,
    )


def _is_domain(domain: str) -> bool:
    labels = domain.split(".")
    return (
        len(labels) > 1
        and len(domain) <= 253
        and all(_LABEL.fullmatch(label) and label[-1] != "-" for label in labels)
    )


EMAIL = FIELD_TYPES.register(EmailType.name, EmailType())
URL = FIELD_TYPES.register(UrlType.name, UrlType())
PHONE = FIELD_TYPES.register(PhoneType.name, PhoneType())
