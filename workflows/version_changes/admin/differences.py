"""The page that says what changed since another version: a picture and a list."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from unfold.widgets import SELECT_CLASSES

from workflows.admin_site.links import change_url
from workflows.definitions.models import TemplateVersion
from workflows.engine.errors import DefinitionProblem
from workflows.version_changes.difference_words import DifferenceGroup, describe_differences
from workflows.version_changes.queries.differences import (
    compare_versions,
    version_before,
    versions_to_compare,
)


class VersionDifferencesMixin:
    """The address of what changed in a version."""

    def get_urls(self) -> list[URLPattern]:
        """The page, beside what there is."""
        view = self.admin_site.admin_view  # type: ignore[attr-defined]
        return [
            path("<int:pk>/differences/", view(self.differences_view), name="version_differences"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def differences_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What is different in this version, against the one before or the one asked for."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied

        def answer(version: TemplateVersion) -> HttpResponse:
            context = differences_context(version, request.GET.get("since", ""))
            title = gettext("What changed in %(version)s") % {"version": version}
            context |= {**self.admin_site.each_context(request), "title": title}  # type: ignore[attr-defined]
            context["media"] = self.media  # type: ignore[attr-defined]
            return TemplateResponse(request, "admin/workflows/differences.html", context)

        return self._answer_for_version(request, pk, answer)  # type: ignore[attr-defined]


def differences_context(version: TemplateVersion, since: str) -> dict[str, Any]:
    """What the page shows; without another version it says that there is none."""
    others = versions_to_compare(version)
    chosen = next((other for other in others if str(other.number) == since), None)
    before = chosen or version_before(version, others)
    context: dict[str, Any] = {
        "select_classes": " ".join(SELECT_CLASSES),
        "version": version,
        "others": others,
        "before": before,
        "back": change_url(version),
    }
    if before is None:
        return context
    comparison = compare_versions(before, version)
    picture, key = comparison.draw()
    groups = describe_differences(comparison.differences)
    count = len(comparison.differences)
    return context | {"picture": picture, "key": key, "groups": groups, "count": count}


def draft_differences(version: TemplateVersion) -> list[DifferenceGroup]:
    """What publishing a draft would change, to be read before; nothing for other versions, and for
    a draft that does not hang together yet."""
    if not version.is_editable or version.number == 1:
        return []
    before = version_before(version, versions_to_compare(version))
    if before is None:
        return []
    try:
        return describe_differences(compare_versions(before, version).differences)
    except DefinitionProblem:
        return []
