"""Whether somebody reads reports: asked once when they sign in, so that no page asks again."""

from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest

from workflows.permissions import auditable

READS_REPORTS = "reads_reports"


def remember(*, request: HttpRequest, user: User, **_: Any) -> None:
    """Keep it with the session: the pages show the way to the reports by it. The report pages
    themselves ask for the permission each time."""
    request.session[READS_REPORTS] = auditable(user).exists()
