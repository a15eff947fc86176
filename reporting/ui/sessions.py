"""Whether somebody reads reports: asked once when they sign in, so that no page asks again."""

from typing import Any

from django.http import HttpRequest

from reporting.ui.site_reports import may_read_reports
from workflows.people.models import User

READS_REPORTS = "reads_reports"


def remember_report_reader(*, request: HttpRequest, user: User, **_: Any) -> None:
    """Keep it with the session: the pages show the way to the reports by it. The report pages
    themselves ask for the permission each time."""
    request.session[READS_REPORTS] = may_read_reports(user)
