"""What cannot be asked for: text that no database keeps and no page means is refused at the door.

A NUL, bytes that are no UTF-8 and a form in another encoding come from no browser of ours. They
are answered with 400 and a sentence before any view sees them, alike for pages, admin and API.
What a view makes of numbers and days that are out of all bounds is caught behind it.
"""

import logging
import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote_to_bytes

from django.core.paginator import InvalidPage
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from approvals.api.problems import problem_response
from approvals.ui.responses import API_PREFIX

log = logging.getLogger(__name__)

FORM_CONTENT_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
UTF_8 = ("", "utf-8", "utf8")
LONGEST_NUMBER = 2000
"""So many digits in a row are no number of ours; Python takes its time over them."""
_DIGITS = re.compile(rb"[0-9]{%d}" % LONGEST_NUMBER)

NUL = gettext_lazy(
    "What was sent has a character in it (NUL) that cannot be kept; take it out and try again."
)
BYTES = gettext_lazy("What was sent is not UTF-8; write it in UTF-8 and send it again.")
CHARSET = gettext_lazy("Forms are read in UTF-8 only; send it without another charset.")
NUMBER = gettext_lazy(
    "What was sent has a number in it that is far too long; shorten it and try again."
)
BOUNDS = gettext_lazy(
    "What was sent has a number or a day in it that is out of all bounds; correct it."
)


class MalformedRequestMiddleware:
    """Middleware around all views."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        drop_malformed_cookies(request)
        why = find_address_error(request) or find_charset_error(request)
        return bad_request_response(request, why) if why else self.get_response(request)

    def process_view(self, request: HttpRequest, *view: object) -> HttpResponse | None:
        """Forms are looked at when nothing else has refused the request unread."""
        if request.method != "POST" or request.content_type not in FORM_CONTENT_TYPES:
            return None
        why = find_text_error(
            text for name, values in request.POST.lists() for text in (name, *values)
        )
        if not why and request.content_type == FORM_CONTENT_TYPES[0]:
            why = _find_byte_error(unquote_to_bytes(request.body))
        return bad_request_response(request, why) if why else None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A number or a day past what Python or the database can hold is the asker's mistake.

        It is logged all the same: where the bounds are asked before, nothing comes here.
        """
        if not isinstance(error, OverflowError | DataError | InvalidPage):
            return None
        log.warning("Out of bounds at %s: %s", request.path, error, exc_info=error)
        return bad_request_response(request, str(BOUNDS))


def bad_request_response(request: HttpRequest, why: str) -> HttpResponse:
    """400, as a page or as a problem document."""
    if request.path.startswith(API_PREFIX):
        return problem_response(request, 400, why)
    return render(request, "400.html", {"why": why}, status=400)


def find_address_error(request: HttpRequest) -> str:
    """What is wrong with the path or the query, in a sentence."""
    query = unquote_to_bytes(request.META.get("QUERY_STRING", ""))
    # Django quotes again what is no UTF-8 in a path, so that it is the name of nothing.
    return _find_byte_error(request.path_info.encode()) or _find_byte_error(query)


def _find_byte_error(content: bytes) -> str:
    if b"\x00" in content:
        return str(NUL)
    if _DIGITS.search(content):
        return str(NUMBER)
    try:
        content.decode()
    except UnicodeDecodeError:
        return str(BYTES)
    return ""


def drop_malformed_cookies(request: HttpRequest) -> None:
    """Cookies may spell a NUL in octal. None of ours has one, so such a one was never set."""
    for name, value in list(request.COOKIES.items()):
        if find_text_error((name, value)):
            del request.COOKIES[name]


def find_charset_error(request: HttpRequest) -> str:
    """What is wrong with the encoding in which a form says that it is written."""
    charset = (request.content_params or {}).get("charset", "").strip().lower()
    return str(CHARSET) if charset not in UTF_8 else ""


def find_text_error(texts: Iterable[str]) -> str:
    """What is wrong with a form's names and values: NUL, or bytes that were no UTF-8."""
    for text in texts:
        if "\x00" in text:
            return str(NUL)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            return str(BYTES)
    return ""
