"""What the admin's columns are made of.

A link, a badge, a moment and the lines of a cell stand in every line of a list, hundreds of times a
page, so they are the only HTML in Python. All else is a template under `admin/workflows/includes/`.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.admin import display
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from workflows.language.formats import sortable_moment_text
from workflows.people.queries.person_names import recorded_name_of

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

NOTHING = "—"
"""What a column says where there is nothing to say."""


def render_link(address: str, text: object) -> SafeString:
    """A link."""
    return format_html('<a class="handoff-link" href="{}">{}</a>', address, text)


def render_state_badge(state: str, words: object) -> SafeString:
    """A state that is seen at a glance."""
    return format_html('<span class="handoff-badge is-{}">{}</span>', state, words)


def render_moment(when: datetime | None) -> SafeString:
    """A time to the minute, on one line."""
    return format_html('<span class="handoff-moment">{}</span>', format_local_minute(when))


def render_lines(lines: Iterable[object]) -> SafeString | str:
    """Lines of one cell; a dash where there is none."""
    return format_html_join("", "<div>{}</div>", ((line,) for line in lines)) or NOTHING


def format_local_minute(when: datetime | None) -> str:
    """A time to the minute, in the site's time zone."""
    return sortable_moment_text(when) if when else NOTHING


def moment_column(column: str, words: "_StrOrPromise") -> Callable[[Any], SafeString]:
    """A column of a list that shows a moment on one line."""

    @display(description=words, ordering=column)
    def moment_cell(row: Any) -> SafeString:
        return render_moment(getattr(row, column))

    return moment_cell


# -- what has a template ----------------------------------------------------------------------


def render_include(name: str, /, **context: object) -> SafeString:
    """One of the admin's own includes."""
    return render_to_string(f"admin/workflows/includes/{name}.html", context)


def render_bullets(items: Iterable[object], css_class: str = "handoff-list") -> SafeString:
    """A list with bullets."""
    return render_include("bullets", items=list(items), css_class=css_class)


def render_table(rows: Iterable[Sequence[object]], heads: Sequence[object] = ()) -> SafeString:
    """A table, with or without heads; nothing where it has no row."""
    return render_include("table", rows=[list(row) for row in rows], heads=heads)


def render_recorded_data(value: object) -> SafeString:
    """Recorded data, as it was written."""
    text = json.dumps(value, indent=1, ensure_ascii=False, default=str) if value else ""
    return render_preformatted_text(text)


def render_preformatted_text(text: str) -> SafeString:
    """Text in which spaces and line ends count; a dash where there is none."""
    return render_include("preformatted", text=text)


def text_column(attribute: str, words: "_StrOrPromise") -> Callable[[Any], str]:
    """A column, or a part of a page, with what a row says under an attribute that is no column of
    its table."""

    @display(description=words)
    def text_cell(row: Any) -> str:
        return str(getattr(row, attribute)) or NOTHING

    text_cell.__name__ = attribute
    return text_cell


def recorded_column(attribute: str, words: "_StrOrPromise") -> Callable[[Any], SafeString]:
    """A part of a page with what a row keeps as JSON; a dash where it keeps nothing."""

    @display(description=words)
    def recorded_cell(row: Any) -> SafeString:
        return render_recorded_data(getattr(row, attribute))

    recorded_cell.__name__ = f"{attribute}_kept"
    return recorded_cell


def person_column(relation: str, words: "_StrOrPromise", *, kept: str = "") -> Callable[[Any], str]:
    """A column, or a part of a page, with somebody's name as every other page says it. `kept` is
    the column with the login that the row keeps of them, where it keeps one."""

    @display(description=words, ordering=kept or relation)
    def person_cell(row: Any) -> str:
        login = getattr(row, kept) if kept else ""
        return recorded_name_of(getattr(row, relation), login) or NOTHING

    person_cell.__name__ = f"{relation}_name"
    return person_cell
