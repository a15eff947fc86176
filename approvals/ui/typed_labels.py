"""What the fields of a form are called. The page says so along with its form: where that cannot be
shown any more, because the task is over, the map has changed or the session has ended, what was
typed is still headed by the words under which it was typed.

What a page says of its own fields is trusted as little as the texts in them: both are only shown.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop

from workflows.access.services.once_only_forms import LABELS
from workflows.engine.format.definition import display_title

KNOWN_LABELS: Final = (
    *(gettext_noop("Comment"), gettext_noop("Outcome"), gettext_noop("Reason")),
    *(gettext_noop("Title"), gettext_noop("To")),
)
"""What fields of our own forms are called whose page does not say it."""
FIELD_OF_MAP: Final = re.compile(r"(f-[a-z0-9_.]+)(?:-(\d+))?(?:-([a-z0-9_]+))?")
"""A field of a map (of a row in its branch with a dot), in a table with the row and the column; or
a part of its control."""
PARTS: Final = frozenset(("rows", "add", "remove", "take", "asked", "kept", "leave", "means", "of"))
"""What a control sends besides what somebody typed."""


def labels_input(labels: Mapping[str, str]) -> SafeString:
    """The part of a form that says what its fields are called, by their names."""
    return format_html('<input type="hidden" name="{}" value="{}">', LABELS, json.dumps(labels))


def read_labels(sent: Iterable[str]) -> dict[str, str]:
    """What the parts of a form say; nothing of one that cannot be read."""
    labels: dict[str, str] = {}
    for text in sent:
        try:
            said = json.loads(text)
        except ValueError:
            continue
        if isinstance(said, dict):
            labels |= {name: label for name, label in said.items() if isinstance(label, str)}
    return labels


def heading_of(name: str, labels: Mapping[str, str]) -> str:
    """Under which words something was typed; nothing for what the page put there itself."""
    if name in labels:
        return labels[name]
    found = FIELD_OF_MAP.fullmatch(name)
    if found is None:
        words = display_title(name, None)
        return gettext(words) if words in KNOWN_LABELS else words
    field_name, number, part = found.groups()
    title = labels.get(field_name) or display_title(field_name.removeprefix("f-"), None)
    if number is None:
        return "" if part in PARTS else title
    if part is None:
        return title
    column = labels.get(f"{field_name}-{part}") or display_title(part, None)
    places = {"field": title, "row": int(number) + 1, "column": column}
    return gettext("%(field)s, row %(row)s: %(column)s") % places


def shown_text(name: str, text: str, labels: Mapping[str, str]) -> str:
    """What was typed or pressed, a button by its words."""
    return labels.get(button_name(name, text), text)


def button_name(name: str, value: str) -> str:
    """What a button that says this of a field is called among the labels."""
    return f"{name}={value}"
