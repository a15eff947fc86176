"""What the other side answered: its text in the charset that it is in, its JSON, and when it
wants to be asked again."""

import codecs
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final

from workflows.automation.http.client import HttpAnswer
from workflows.connections.secrets import replace_secrets
from workflows.engine.format.actions import ActionFailed
from workflows.engine.texts import text

EXCERPT_LENGTH: Final = 4096
"""So many characters of an answer are kept to be read."""
SKEW: Final = timedelta(days=1)
"""A clock of the other side that differs more is not believed."""
LONGEST_WAIT: Final = 86_400.0
"""Seconds; who asks to be left alone for longer is asked again after so long at most."""

_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([^\s"';,]+)""", re.IGNORECASE)
_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_CHARSETS: Final = frozenset(
    {
        "idna",
        "mbcs",
        "oem",
        "palmos",
        "punycode",
        "raw-unicode-escape",
        "undefined",
        "unicode-escape",
        "utf-7",
    }
)
"""Codecs of Python's that nobody's answer is written in."""


def readable_excerpt(body: bytes, answer: HttpAnswer | None = None) -> str:
    """The beginning of an answer to be read by people, whatever it is written in."""
    charset = "utf-8"
    if answer is not None:
        charset = _detect_charset(answer) or "utf-8"
    try:
        text = body[: 4 * EXCERPT_LENGTH].decode(charset, "replace")
    except LookupError:
        text = body[:EXCERPT_LENGTH].decode("utf-8", "replace")
    return text[:EXCERPT_LENGTH].replace("\x00", "\ufffd")


def parse_answer_body(answer: HttpAnswer, excerpt: str, secrets: list[str]) -> Any:
    """The answer's JSON, without the secrets that it may repeat; its text where it does not say
    that it is JSON and is none; nothing where it has no body. Raises ActionFailed."""
    says_json = "json" in answer.headers.get("content-type", "").lower()
    body = replace_secrets(_decode_text(answer, excerpt, strict=says_json), secrets)
    if not body.strip():
        return None
    try:
        # Numbers stay decimals on their way into fields, so no digit of an amount is lost.
        return json.loads(body, parse_float=Decimal, parse_constant=_reject_constant)
    except (ValueError, RecursionError):
        if not says_json:
            return body[:EXCERPT_LENGTH].replace("\x00", "\ufffd")
        raise ActionFailed(
            "answer_unreadable",
            text("The answer is not the JSON that it says it is."),
            retry=True,
            status=answer.status,
            answer_text=excerpt,
        ) from None


def _reject_constant(text: str) -> Any:
    raise ValueError(text)


def _decode_text(answer: HttpAnswer, excerpt: str, *, strict: bool) -> str:
    """The whole text; where it is `strict`, nothing in it may be a guess."""
    charset = _detect_charset(answer) or "utf-8"
    try:
        return answer.body.decode(charset, "strict" if strict else "replace")
    except LookupError:
        if not strict:
            return answer.body.decode("utf-8", "replace")
        code = "charset_unknown"
        problem = text(
            "The answer says that it is written in '%(charset)s', which nobody here can read",
            charset=charset[:40],
        )
    except UnicodeDecodeError:
        code = "charset_wrong"
        problem = text(
            "The answer is not written in %(charset)s, which it has to be by what it says",
            charset=charset,
        )
    raise ActionFailed(
        code,
        text("%(problem)s; ask who runs the other side.", problem=problem),
        status=answer.status,
        answer_text=excerpt,
    ) from None


def _detect_charset(answer: HttpAnswer) -> str | None:
    """By the mark that the body begins with, else as the answer says, else as JSON may be; None
    where nothing tells."""
    for mark, name in _BOMS:
        if answer.body.startswith(mark):
            return name
    content_type = answer.headers.get("content-type", "")
    match = _CHARSET.search(content_type)
    if match is not None:
        return _checked_charset(match[1])
    return json.detect_encoding(answer.body) if "json" in content_type.lower() else None


def _checked_charset(name: str) -> str:
    """The name of a charset; one that is none stays, and is refused where it is used."""
    plain = name.lower().replace("_", "-")
    return f"{name} (no charset)" if plain in _NO_CHARSETS else name


# -- when to come again -----------------------------------------------------------------------


def requested_wait(answer: HttpAnswer, now: datetime) -> float:
    """How many seconds the other side asks to be left alone, by `Retry-After`: a number of them,
    or a date. 0 where it does not say, or says it in the past."""
    header = answer.headers.get("retry-after", "").strip()
    if header.isascii() and header.isdigit():
        return min(float(header[:12]), LONGEST_WAIT)
    until = _parse_http_date(header)
    if until is None:
        return 0.0
    server_date = _parse_http_date(answer.headers.get("date", ""))
    if server_date is not None and abs(server_date - now) < SKEW and until > server_date:
        now = server_date  # by the clock that the date was set by
    return min(max((until - now).total_seconds(), 0.0), LONGEST_WAIT)


def _parse_http_date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text.strip())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)
