"""The admin's menu with the report pages that are registered, as it is when a page is shown."""

from typing import Any

from django.http import HttpRequest

from config.admin_menu import LOOK_BACK, NAVIGATION
from reporting.ui.site_reports import readable_site_reports


def sidebar_navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """All groups, with the report pages that the reader may open."""
    reports = [
        {"title": link.report.label, "icon": link.report.icon, "link": link.address}
        for link in readable_site_reports(request.user)
        if link.report.in_admin_menu
    ]
    look_back = {**LOOK_BACK, "items": [*reports, *LOOK_BACK["items"]]}
    return [look_back if group is LOOK_BACK else group for group in NAVIGATION]
