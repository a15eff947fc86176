"""The page of installed extensions, and the same as a file."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from approvals.ui.csv_download import table_csv_response
from approvals.ui.tables import Column, ReportTable
from reporting.extensions.queries import ExtensionPart, find_extension_parts


def extensions_table(request: HttpRequest) -> ReportTable[ExtensionPart]:
    """What is installed, one part a line."""
    columns: list[Column[ExtensionPart]] = [
        Column(gettext_lazy("Name"), "name", lambda part: part.origin.name),
        Column(gettext_lazy("What it is"), "kind", lambda part: part.kind),
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
