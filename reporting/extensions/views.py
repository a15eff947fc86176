"""The page of installed extensions, and the same as a file."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from approvals.ui.csv_download import table_csv_response
from approvals.ui.tables import Column, ReportTable
from reporting.extensions.queries import ExtensionPart, find_extension_parts
from workflows.engine.registries import known_registries

KIND_TITLES: Final = {
    "actions": gettext_lazy("action"),
    "calendars": gettext_lazy("calendar"),
    "channels": gettext_lazy("channel of notices"),
    "desk_entries": gettext_lazy("entry of the desk"),
    "desk_sources": gettext_lazy("source of the desk"),
    "field_presentations": gettext_lazy("look of a field type"),
    "field_types": gettext_lazy("field type"),
    "report_pages": gettext_lazy("report page"),
    "role_boxes": gettext_lazy("boxes of a role"),
    "role_finders": gettext_lazy("way to find a role's people"),
    "role_lookups": gettext_lazy("look-up of a role's people"),
    "rule_functions": gettext_lazy("function of rules"),
    "step_forms": gettext_lazy("form of a step"),
    "triggers": gettext_lazy("kind of trigger"),
}
"""What an entry of each of our registries is called; an extension's own one says it itself."""


def _kind_title(part: ExtensionPart) -> str:
    title = KIND_TITLES.get(part.origin.registry)
    return str(title) if title else known_registries()[part.origin.registry].noun


def extensions_table(request: HttpRequest) -> ReportTable[ExtensionPart]:
    """What is installed, one part a line."""
    columns: list[Column[ExtensionPart]] = [
        Column(gettext_lazy("Name"), "name", lambda part: part.origin.name),
        Column(gettext_lazy("What it is"), "kind", _kind_title),
        Column(gettext_lazy("Package"), "package", lambda part: part.package),
        Column(
            gettext_lazy("Made for API"),
            "api",
            lambda part: None if part.origin.api is None else str(part.origin.api),
        ),
        Column(gettext_lazy("Loaded by"), "loaded_by", lambda part: part.origin.by),
        Column(gettext_lazy("Used by"), "used_by", lambda part: ", ".join(part.used_by) or None),
    ]
    return ReportTable(
        key="extensions",
        columns=columns,
        rows=find_extension_parts(request.user),
        as_cards=True,
    )


def extensions_page_view(request: HttpRequest) -> HttpResponse:
    """What is installed besides Handoff itself."""
    return render(request, "reporting/extensions.html", {"table": extensions_table(request)})


def extensions_csv_view(request: HttpRequest) -> HttpResponse:
    """The same as a table."""
    return table_csv_response("extensions", extensions_table(request))
