"""What a member of staff sees in the admin: the rows of workflows that are theirs to see.

Django's `view_*` permissions say which kinds of rows somebody works with. Whose rows, the
permissions on each workflow say, here as on every page. A page of the admin names the way from
its rows to their workflow; list, page, history, search, filters, autocompletion, actions, counts
and what a deletion would take along all follow from that.
"""

from collections.abc import Collection
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError
from django.db.models import ForeignObjectRel, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from workflows.access.conditions import AUDIT, MANAGE, VIEW
from workflows.definitions.models import TemplateVersion, WorkflowTemplate

LOOKUP_ERRORS = (
    ArithmeticError,
    DatabaseError,
    LookupError,
    TypeError,
    ValueError,
    ValidationError,
)
"""What Django's lookups raise where an address compares what cannot be compared."""
UNNAMED_RECORDS = gettext_lazy("rows of the record that name it")


def is_row_id(text: object) -> bool:
    """Whether a text is the id of a row, as addresses write it: plain digits, and not too many."""
    digits = str(text)
    return digits.isascii() and digits.isdigit() and len(digits) < 19


class VisibleRowsMixin:
    """A page of the admin that shows whom it may show."""

    of_workflow: ClassVar[str | None] = None
    """The way from a row to its workflow; '' where rows belong to no workflow."""
    seen_by: ClassVar[Collection[str]] = (VIEW, MANAGE, AUDIT)
    """Whoever holds one of these on the workflow sees its rows here."""
    drafts: ClassVar[tuple[str, str] | None] = None
    """Who made a draft goes on seeing it: a column of the rows of a map, and the column of drafts
    that is found there."""

    def in_sight(self, request: HttpRequest) -> Q:
        """The condition on rows that this person may see."""
        if request.user.is_superuser or not self.of_workflow:
            return Q()
        visible_templates = WorkflowTemplate.objects.with_verbs(request.user, *self.seen_by).values(
            "pk"
        )
        condition = Q(**{f"{self.of_workflow}__in": visible_templates})
        if self.drafts is not None:
            drafts = TemplateVersion.objects.filter(state=TemplateVersion.DRAFT)
            draft_lookup, column = self.drafts
            condition |= Q(
                **{f"{draft_lookup}__in": drafts.filter(created_by=request.user.pk).values(column)}
            )
        return condition

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows in sight: all that the admin ever reads of them comes from here."""
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        condition = self.in_sight(request)
        return rows.filter(condition) if condition else rows

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """The row, if it is in sight; an odd id is the id of nothing."""
        if from_field is None and not is_row_id(object_id):
            return None
        return super().get_object(request, object_id, from_field)  # type: ignore[misc]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list; what makes no sense in its address is answered as Django answers it."""
        try:
            return super().get_changelist_instance(request)  # type: ignore[misc]
        except LOOKUP_ERRORS as odd:
            raise IncorrectLookupParameters(odd) from odd

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What a deletion takes along. Where rows of other people's workflows may be among it,
        they are neither named nor counted."""
        to_delete, counts, needed, protected = super().get_deleted_objects(objs, request)  # type: ignore[misc]
        if request.user.is_superuser or self.of_workflow:
            return to_delete, counts, needed, protected
        own = [line for line in to_delete if not isinstance(line, list)]
        itself = str(self.model._meta.verbose_name_plural)  # type: ignore[attr-defined]
        return own, {itself: len(own)}, needed, [UNNAMED_RECORDS] if protected else []


class VisibleHistoryMixin:
    """Histories, which simple-history reads past the list: of rows in sight alone."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """The past of a row that is in sight now; of one that is gone, for superusers."""
        self._require_visible_row(request, object_id)
        return super().history_view(request, object_id, extra_context)  # type: ignore[misc]

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Shows an earlier version; a POST would save it, whatever the person's permissions."""
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        if not is_row_id(version_id):
            raise Http404
        self._require_visible_row(request, object_id)
        return super().history_form_view(request, object_id, version_id, extra_context)  # type: ignore[misc]

    def _require_visible_row(self, request: HttpRequest, object_id: str) -> None:
        pk = unquote(object_id)
        if not is_row_id(pk):
            raise Http404
        row = self.get_object(request, pk)  # type: ignore[attr-defined]
        if not request.user.is_superuser and row is None:
            raise Http404


class VisibleRelatedFilter(admin.RelatedFieldListFilter):
    """A filter by another row offers those that the person sees on that row's own page."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        """From the list of the other model's page."""
        try:
            page = model_admin.admin_site.get_model_admin(field.remote_field.model)
        except NotRegistered:
            return super().field_choices(field, request, model_admin)
        rows = page.get_queryset(request).order_by(*page.get_ordering(request))
        return [(row.pk, str(row)) for row in rows]


def register_visible_filter() -> None:
    """Let every filter by a related row be one of these."""
    admin.FieldListFilter.register(_is_related_row, VisibleRelatedFilter, take_priority=True)


def _is_related_row(field: Any) -> bool:
    return bool(field.remote_field) and not isinstance(field, ForeignObjectRel)


register_visible_filter()
