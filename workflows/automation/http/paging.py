"""Answers that come in pages: each names the next, up to a bound, and all are one answer then.

A next page is asked for with the same headers, so it has to be at the same place: scheme, host and
port. One that leads elsewhere, or round, is refused and nothing of it is kept.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from workflows.automation.http.addresses import BadAddress, read_address
from workflows.automation.http.client import HttpAnswer, HttpCall
from workflows.engine.format.actions import ActionFailed
from workflows.engine.texts import text
from workflows.engine.values.json_paths import PathProblem, find_single_value

BY_LINK: Final = "link"
"""`next` where the header `Link` names the next page (RFC 8288), and no path."""
PAGES: Final = 20
MOST_ITEMS: Final = 10_000

_LINK: Final = re.compile(r"<([^<>]*)>((?:\s*;\s*[^;,\"]+(?:\"[^\"]*\")?)*)")
_NEXT: Final = re.compile(r";\s*rel\s*=\s*\"?(?:[^\";]*\s)?next(?:\s[^\";]*)?(?:\"|;|$)", re.I)

ReadPage = Callable[[HttpCall], tuple[HttpAnswer, Any]]
"""Makes a call, and gives its answer and the document in it. Raises ActionFailed."""


def read_all_pages(call: HttpCall, pages: Mapping[str, Any], read_page: ReadPage) -> Any:
    """The first page's document with the items of all pages in it. Raises ActionFailed and
    PathProblem."""
    end = time.monotonic() + call.timeout
    answer, joined = read_page(call)
    items = _items_of(joined, pages)
    seen = {call.url}
    document = joined
    for _ in range(int(pages.get("max", PAGES)) - 1):
        following = _next_address(call, answer, document, pages)
        if following is None:
            return joined
        if following in seen:
            raise ActionFailed("pages_go_round", text("The next page is one that came before."))
        seen.add(following)
        call = replace(call, url=following, timeout=_time_left(end))
        answer, document = read_page(call)
        items.extend(_items_of(document, pages))
        if len(items) > MOST_ITEMS:
            raise _too_many()
    if _next_address(call, answer, document, pages) is not None:
        raise _too_many()
    return joined


def _items_of(document: Any, pages: Mapping[str, Any]) -> list[Any]:
    items = find_single_value(document, str(pages["items"]))
    if not isinstance(items, list):
        raise PathProblem(
            "output_missing", text("The answer has no list at %(path)s.", path=pages["items"])
        )
    return items


def _next_address(
    call: HttpCall, answer: HttpAnswer, document: Any, pages: Mapping[str, Any]
) -> str | None:
    """The next page's address; None after the last one. Raises ActionFailed."""
    said = _said_next(answer, document, str(pages["next"]))
    if said is None:
        return None
    try:
        here, there = read_address(call.url), read_address(said, base=call.url)
    except BadAddress as bad:
        raise ActionFailed("bad_address", str(bad)) from None
    if here.origin != there.origin:
        raise ActionFailed(
            "page_elsewhere",
            text(
                "The next page is at %(host)s, and credentials go to %(own_host)s alone.",
                host=there.host_header,
                own_host=here.host_header,
            ),
        )
    return there.url


def _said_next(answer: HttpAnswer, document: Any, where: str) -> str | None:
    if where == BY_LINK:
        return _linked_next(answer.headers.get("link", ""))
    try:
        said = find_single_value(document, where)
    except PathProblem as problem:
        if problem.code != "output_missing":
            raise
        return None
    if said is None or said is False or said == "":
        return None
    if not isinstance(said, str):
        raise PathProblem("output_unfit", text("The next page's address is no text."))
    return said


def _linked_next(header: str) -> str | None:
    for match in _LINK.finditer(header[:8000]):
        if _NEXT.search(match[2]):
            return match[1]
    return None


def _time_left(end: float) -> float:
    """Seconds for the next page: all pages together have the time of the call."""
    seconds = end - time.monotonic()
    if seconds <= 0:
        raise ActionFailed(
            "timed_out", text("The time was over before all pages had come."), retry=True
        )
    return seconds


def _too_many() -> ActionFailed:
    return ActionFailed(
        "too_many_pages", text("There are more pages than are taken; ask for less of it.")
    )
