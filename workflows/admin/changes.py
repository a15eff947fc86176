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

Plain = Any
"""A value as JSON writes it."""
Row = tuple[str, dict[str, Plain]]
"""A row's name, and what its form shows."""
LONGEST = 200
HISTORY = 50
"""So many earlier states of a row are looked through for who changed it."""


@dataclass(frozen=True)
class Shown:
    """What a page's forms showed, and when."""

    at: datetime
    head: Row
    tables: Mapping[str, Mapping[str, Row]]

    def as_plain(self) -> dict[str, Any]:
        """To be carried by the form."""
        return {"at": self.at.isoformat(), "head": self.head, "tables": self.tables}

    @classmethod
    def from_plain(cls, said: Mapping[str, Any]) -> "Shown":
        """What the form carried."""
        tables = {
            prefix: {key: (row[0], row[1]) for key, row in rows.items()}
            for prefix, rows in said["tables"].items()
        }
        head = (said["head"][0], said["head"][1])
        return cls(at=datetime.fromisoformat(said["at"]), head=head, tables=tables)

    def rows(self) -> Iterator[Row]:
        """Every row of the page."""
        yield self.head
        for rows in self.tables.values():
            yield from rows.values()


@dataclass(frozen=True, slots=True)
class Change:
    """One field that says something else now; or a row that is new or gone."""

    what: str
    field: str
    before: str
    after: str
    who: str
    when: datetime | None


def plain(value: Any) -> Plain:
    """A form's value as JSON writes it, the same whatever way it was read."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | models.QuerySet):
        return [plain(part) for part in value]
    return str(value)


def changes_between(seen: Shown, now: Shown, context: Mapping[str, Any]) -> list[Change]:
    """What is not as it was, in the order of the page."""
    form = context["adminform"].form
    found = list(_fields(form, "", seen.head[1], now.head[1]))
    for inline in context.get("inline_admin_formsets", ()):
        formset = inline.formset
        before = seen.tables.get(formset.prefix, {})
        after = now.tables.get(formset.prefix, {})
        found += _rows(formset, before, after)
    return found


def _rows(formset: Any, before: Mapping[str, Row], after: Mapping[str, Row]) -> Iterator[Change]:
    kind = str(formset.model._meta.verbose_name)
    for form in formset.initial_forms:
        key = str(form.instance.pk)
        name = f"{kind} “{after[key][0]}”"
        if key in before:
            yield from _fields(form, name, before[key][1], after[key][1])
        else:
            yield Change(name, "", "", "is new", *_who(form.instance, None))
    for key, (title, _) in before.items():
        if key not in after:
            gone = formset.model(pk=key)
            yield Change(f"{kind} “{title}”", "", "", "was deleted", *_who(gone, None))


def _fields(
    form: Any, what: str, before: Mapping[str, Plain], after: Mapping[str, Plain]
) -> Iterator[Change]:
    for name, value in after.items():
        if name in before and before[name] != value:
            one = form.fields[name]
            label = capfirst(one.label or name.replace("_", " "))
            words = (in_words(one, before[name]), in_words(one, value))
            yield Change(what, label, *words, *_who(form.instance, name))


def in_words(one: forms.Field, value: Plain) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return "nothing said"
    if value == []:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return _cut(", ".join(in_words(one, part) for part in value))
    labels = {str(key): str(label) for key, label in getattr(one, "choices", None) or ()}
    return _cut(labels.get(str(value), str(value)))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


# -- by whom ----------------------------------------------------------------------------------


def _who(row: models.Model, name: str | None) -> tuple[str, datetime | None]:
    """Who changed this field of the row last, and when; of the row, where no field is named."""
    history = getattr(type(row), "history", None)
    if history is None:
        return _by_log(row)
    states = list(
        history.filter(**{row._meta.pk.attname: row.pk})
        .select_related("history_user")
        .order_by("-history_date", "-history_id")[:HISTORY]
    )
    if not states:
        return _by_log(row)
    last = states[0]
    for newer, older in pairwise(states if name else ()):
        column = _column(newer, name or "")
        if column and getattr(newer, column) != getattr(older, column):
            last = newer
            break
    return str(last.history_user or "the system"), last.history_date


def _column(state: Any, name: str) -> str:
    return next((f"{name}{end}" for end in ("_id", "") if hasattr(state, f"{name}{end}")), "")


def _by_log(row: models.Model) -> tuple[str, datetime | None]:
    """For rows without a history: what the admin wrote down."""
    kind = ContentType.objects.get_for_model(row)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(row.pk))
    entry = entries.select_related("user").order_by("-action_time").first()
    return (str(entry.user), entry.action_time) if entry else ("somebody", None)
