"""What lists of the admin make once, and not anew for each of their rows.

Unfold builds the headers of a list again for every row (their text labels the row's cells on a
telephone), with a widget's template and two dozen addresses each time; and it renders the box that
selects a row through that template, too. Both are the same in all rows but for the row's key.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache, wraps
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from unfold.admin import checkbox
from unfold.templatetags import unfold_list

Headers = Callable[[Any], Iterable[dict[str, Any]]]
KEY_PLACE = "THE-KEY"
"""Stands in the rendered box where a row's key goes."""


def keep_list_headers() -> None:
    """Let Unfold's lists make their headers once a page. Called once, when the site starts."""
    unfold_list.result_headers = _made_once_a_list(unfold_list.result_headers)


def _made_once_a_list(make_headers: Headers) -> Headers:
    @wraps(make_headers)
    def list_headers(change_list: Any) -> list[dict[str, Any]]:
        attributes: dict[str, Any] = vars(change_list)
        if "handoff_headers" not in attributes:
            attributes["handoff_headers"] = list(make_headers(change_list))
        headers: list[dict[str, Any]] = attributes["handoff_headers"]
        return headers

    return list_headers


def render_row_checkbox(key: object) -> SafeString:
    """The box that selects a row for an action, as Unfold renders it."""
    before, after = _checkbox_around_key(get_language())
    return format_html("{}{}{}", before, key, after)


@lru_cache(maxsize=64)
def _checkbox_around_key(_language: str | None) -> tuple[SafeString, SafeString]:
    """The box's markup before and after its key; its label is in the reader's language."""
    before, after = checkbox.render(ACTION_CHECKBOX_NAME, KEY_PLACE).split(KEY_PLACE)
    return mark_safe(before), mark_safe(after)  # noqa: S308
