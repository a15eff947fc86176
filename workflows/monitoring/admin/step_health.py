"""The health of steps on the admin's own pages, for those who may audit the workflow."""

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from workflows.admin_site.elements import format_local_minute, render_include
from workflows.admin_site.links import change_url
from workflows.definitions.models import Step
from workflows.monitoring.queries.step_health import compute_step_health

LOOKS = {"red": "late", "amber": "waiting", "green": "running", "grey": "grey"}


def render_health_table(steps: QuerySet[Step]) -> SafeString:
    """The health of these steps, in their order."""
    lines = [
        {
            "health": health,
            "light": gettext(health.state),
            "look": LOOKS[health.state],
            "step_url": change_url(health.step),
            "last_success": format_local_minute(health.last_success),
            "last_error_at": format_local_minute(health.last_error_at),
        }
        for health in compute_step_health(steps, now=timezone.now())
    ]
    return render_include("step_health", lines=lines)
