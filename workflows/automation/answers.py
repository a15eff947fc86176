"""What the other side answered: its text in the charset that it is in, its JSON, and when it
wants to be asked again."""

import codecs
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final

from workflows.automation.caller import Answer
from workflows.engine.actions import ActionFailed
from workflows.services.secrets import hide

KEPT: Final = 4096
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
    {"idna", "mbcs", "oem", "palmos", "punycode", "raw-unicode-escape", "undefined",
     "unicode-escape", "utf-7"}
)  # fmt: skip
"""Codecs of Python's that nobody's answer is written in."""


def shown_text(body: bytes, answer: Answer | None = None) -> str:
    """The beginning of an answer to be read by people, whatever it is written in."""
    charset = "utf-8"
    if answer is not None:
        charset = _charset(answer) or "utf-8"
    try:
        text = body[: 4 * KEPT].decode(charset, "replace")
    except LookupError:
        text = body[:KEPT].decode("utf-8", "replace")
    return text[:KEPT].replace("\x00", "\ufffd")


def document(answer: Answer, shown: str, secrets: list[str]) -> Any:
    """The answer's JSON, without the secrets that it may repeat; its text where it does not say
    that it is JSON and is none; nothing where it has no body. Raises ActionFailed."""
    says_json = "json" in answer.headers.get("content-type", "").lower()
    body = hide(_text(answer, shown, strict=says_json), secrets)
    if not body.strip():
        return None
    try:
        # Numbers stay decimals on their way into fields, so no digit of an amount is lost.
        return json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        if not says_json:
            return body[:KEPT].replace("\x00", "\ufffd")
        raise ActionFailed(
            "answer_unreadable", "The answer is not the JSON that it says it is.",
            retry=True, status=answer.status, shown=shown,
        ) from None  # fmt: skip


def _no_number(text: str) -> Any:
    raise ValueError(text)


def _text(answer: Answer, shown: str, *, strict: bool) -> str:
    """The whole text; where it is `strict`, nothing in it may be a guess."""
    charset = _charset(answer) or "utf-8"
    try:
        return answer.body.decode(charset, "strict" if strict else "replace")
    except LookupError:
        if not strict:
            return answer.body.decode("utf-8", "replace")
        code = "charset_unknown"
        what = f"The answer says that it is written in '{charset[:40]}', which nobody here can read"
    except UnicodeDecodeError:
        code = "charset_wrong"
        what = f"The answer is not written in {charset}, which it has to be by what it says"
    raise ActionFailed(
        code, f"{what}; ask who runs the other side.", status=answer.status, shown=shown
    ) from None


def _charset(answer: Answer) -> str | None:
    """By the mark that the body begins with, else as the answer says, else as JSON may be; None
    where nothing tells."""
    for mark, name in _BOMS:
        if answer.body.startswith(mark):
            return name
    content_type = answer.headers.get("content-type", "")
    said = _CHARSET.search(content_type)
    if said is not None:
        return _known(said[1])
    return json.detect_encoding(answer.body) if "json" in content_type.lower() else None


def _known(name: str) -> str:
    """The name of a charset; one that is none stays, and is refused where it is used."""
    plain = name.lower().replace("_", "-")
    return f"{name} (no charset)" if plain in _NO_CHARSETS else name


# -- when to come again -----------------------------------------------------------------------


def wanted_wait(answer: Answer, now: datetime) -> float:
    """How many seconds the other side asks to be left alone, by `Retry-After`: a number of them,
    or a date. 0 where it does not say, or says it in the past."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return min(float(said[:12]), LONGEST_WAIT)
    until = _date(said)
    if until is None:
        return 0.0
    theirs = _date(answer.headers.get("date", ""))
    if theirs is not None and abs(theirs - now) < SKEW and until > theirs:
        now = theirs  # by the clock that the date was set by
    return min(max((until - now).total_seconds(), 0.0), LONGEST_WAIT)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text.strip())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
