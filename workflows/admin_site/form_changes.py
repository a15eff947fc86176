"""What changed on an admin page since a person was shown it: which fields, from what to what, by
whom and when."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from django import forms
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext

Plain = Any
"""A value as JSON writes it."""
Row = tuple[str, dict[str, Plain]]
"""A row's name, and what its form shows."""
LONGEST_VALUE_TEXT = 200
HISTORY_ROWS_READ = 50
"""So many earlier states of a row are looked through for who changed it."""


@dataclass(frozen=True)
class FormSnapshot:
    """What a page's forms showed, and when."""

    at: datetime
    head: Row
    tables: Mapping[str, Mapping[str, Row]]

    def as_plain(self) -> dict[str, Any]:
        """To be carried by the form."""
        return {"at": self.at.isoformat(), "head": self.head, "tables": self.tables}

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> "FormSnapshot":
        """What the form carried."""
        tables = {
            prefix: {key: (row[0], row[1]) for key, row in rows.items()}
            for prefix, rows in data["tables"].items()
        }
        head = (data["head"][0], data["head"][1])
        return cls(at=datetime.fromisoformat(data["at"]), head=head, tables=tables)

    def rows(self) -> Iterator[Row]:
        """Every row of the page."""
        yield self.head
        for rows in self.tables.values():
            yield from rows.values()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that says something else now; or a row that is new or gone."""

    what: str
    field: str
    before: str
    after: str
    who: str
    when: datetime | None


def to_plain_value(value: Any) -> Plain:
    """A form's value as JSON writes it, the same whatever way it was read."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): to_plain_value(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | models.QuerySet):
        return [to_plain_value(part) for part in value]
    return str(value)


def changes_between(
    seen: FormSnapshot, now: FormSnapshot, context: Mapping[str, Any]
) -> list[FieldChange]:
    """What is not as it was, in the order of the page."""
    form = context["adminform"].form
    changes = list(_compare_fields(form, "", seen.head[1], now.head[1]))
    for inline in context.get("inline_admin_formsets", ()):
        formset = inline.formset
        before = seen.tables.get(formset.prefix, {})
        after = now.tables.get(formset.prefix, {})
        changes += _compare_rows(formset, before, after)
    return changes


def _compare_rows(
    formset: Any, before: Mapping[str, Row], after: Mapping[str, Row]
) -> Iterator[FieldChange]:
    kind = str(formset.model._meta.verbose_name)
    for form in formset.initial_forms:
        key = str(form.instance.pk)
        name = f"{kind} “{after[key][0]}”"
        if key in before:
            yield from _compare_fields(form, name, before[key][1], after[key][1])
        else:
            yield FieldChange(
                name, "", "", gettext("is new"), *_find_last_editor(form.instance, None)
            )
    for key, (title, _) in before.items():
        if key not in after:
            gone = formset.model(pk=key)
            yield FieldChange(
                f"{kind} “{title}”", "", "", gettext("was deleted"), *_find_last_editor(gone, None)
            )


def _compare_fields(
    form: Any, row_name: str, before: Mapping[str, Plain], after: Mapping[str, Plain]
) -> Iterator[FieldChange]:
    for name, value in after.items():
        if name in before and before[name] != value:
            form_field = form.fields[name]
            label = capfirst(form_field.label or name.replace("_", " "))
            words = (
                describe_field_value(form_field, before[name]),
                describe_field_value(form_field, value),
            )
            yield FieldChange(row_name, label, *words, *_find_last_editor(form.instance, name))


def describe_field_value(form_field: forms.Field, value: Plain) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return gettext("nothing said")
    if value == []:
        return gettext("none")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return _cut_text(", ".join(describe_field_value(form_field, part) for part in value))
    labels = {str(key): str(label) for key, label in getattr(form_field, "choices", None) or ()}
    return _cut_text(labels.get(str(value), str(value)))


def _cut_text(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE_TEXT else f"{text[:LONGEST_VALUE_TEXT]}…"


# -- by whom ----------------------------------------------------------------------------------


def _find_last_editor(row: models.Model, name: str | None) -> tuple[str, datetime | None]:
    """Who changed this field of the row last, and when; of the row, where no field is named."""
    history = getattr(type(row), "history", None)
    if history is None:
        return _find_editor_in_log(row)
    states = list(
        history.filter(**{row._meta.pk.attname: row.pk})
        .select_related("history_user")
        .order_by("-history_date", "-history_id")[:HISTORY_ROWS_READ]
    )
    if not states:
        return _find_editor_in_log(row)
    last = states[0]
    for newer, older in pairwise(states if name else ()):
        column = _history_column(newer, name or "")
        if column and getattr(newer, column) != getattr(older, column):
            last = newer
            break
    return str(last.history_user or gettext("the system")), last.history_date


def _history_column(state: Any, name: str) -> str:
    return next((f"{name}{end}" for end in ("_id", "") if hasattr(state, f"{name}{end}")), "")


def _find_editor_in_log(row: models.Model) -> tuple[str, datetime | None]:
    """For rows without a history: what the admin wrote down."""
    kind = ContentType.objects.get_for_model(row)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(row.pk))
    entry = entries.select_related("user").order_by("-action_time").first()
    return (str(entry.user), entry.action_time) if entry else (gettext("somebody"), None)
