"""A decision table to be read: what whoever keeps it, or checks it, sees of a version in use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext

from workflows.definitions.admin.field_boxes.table_cells import NOTE, SET, TO, WHEN, cells_of_row
from workflows.definitions.models import Step
from workflows.engine.format.definition import display_title
from workflows.engine.rules.fact_names import fact_words

MOST_ROWS: Final = 200
"""So many rows a page shows; the file has all of them."""
ANY: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableView:
    """The headings of a table, its rows below them, and how many rows are left out."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    left_out: int


def build_table_view(step: Step) -> TableView:
    """The table of a step, by the labels of its fields and the titles of its steps."""
    config: Mapping[str, Any] = step.config or {}
    rows = config.get("rows") or []
    labels = field_labels(step)
    titles = dict(step.version.steps.values_list("key", "name"))
    names = [*(f"{WHEN}{key}" for key in step.inputs or ())]
    names += [f"{SET}{key}" for key in step.outputs or ()]
    names += [TO, NOTE] if config.get("hit") != "collect" else [NOTE]
    return TableView(
        headings=[table_heading(name, labels) for name in names],
        rows=[_texts(cells_of_row(row), names, titles) for row in rows[:MOST_ROWS]],
        left_out=max(0, len(rows) - MOST_ROWS),
    )


def field_labels(step: Step) -> dict[str, str | None]:
    """What the fields of the step's map are called, by their keys. One statement."""
    return dict(step.version.fields.values_list("key", "label"))


def table_heading(name: str, labels: Mapping[str, str | None]) -> str:
    """What stands above a column: the field's label, `= label` where a row gives it a value."""
    part, _, key = name.partition(".")
    if not key:
        return gettext("leads to") if part == TO else gettext("note")
    label = key if fact_words(key) else display_title(key, labels.get(key))
    return label if name.startswith(WHEN) else f"= {label}"


def _texts(
    cells: Mapping[str, str], names: Sequence[str], titles: Mapping[str, str | None]
) -> list[str]:
    texts = []
    for name in names:
        text = cells.get(name, "")
        if name == TO and text:
            text = display_title(text, titles.get(text))
        texts.append(text or (ANY if name.startswith(WHEN) else ""))
    return texts
