"""Pages of the admin whose rows a service writes: what was typed goes to one call a save."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from workflows.persistence.row_edits import RowEdits


class ServiceWrittenMixin:
    """A page that writes nothing by itself: the head and its tables go to a service together."""

    def write_rows(
        self, request: HttpRequest, form: Any, edits: RowEdits[Any], *, is_new: bool
    ) -> None:
        """Call the service; `form.instance` is the head as it was filled in, and a new one has its
        key afterwards."""
        raise PermissionDenied

    def delete_rows(self, request: HttpRequest, row: Any) -> None:
        """Call the service that deletes a row, on pages that delete any."""
        raise PermissionDenied

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing: the service writes the head with its tables."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """All that was typed, as one call of a service."""
        edits = collect_row_edits(form, formsets, is_new=not change)
        self.write_rows(request, form, edits, is_new=not change)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """One row, by the service."""
        self.delete_rows(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Iterable[Any]) -> None:
        """Each row, by the service."""
        for row in queryset:
            self.delete_rows(request, row)


def collect_row_edits(form: Any, formsets: Iterable[Any], *, is_new: bool) -> RowEdits[Any]:
    """What the forms of a page would write. Nothing is written by asking."""
    added, changed, deleted = [], [] if is_new else [form.instance], []
    for formset in formsets:
        formset.save(commit=False)
        added += formset.new_objects
        changed += [row for row, _ in formset.changed_objects]
        deleted += formset.deleted_objects
    return RowEdits(added=added, changed=changed, deleted=deleted)


def give_key(form: Any, row: Any) -> None:
    """Let the form's row be the one that a service wrote."""
    form.instance.pk, form.instance._state.adding = row.pk, False
