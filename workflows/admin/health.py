"""The health of steps on the admin's own pages, for those who may audit the workflow."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from workflows.admin.base import change_url, link, moment
from workflows.models import Step
from workflows.services.health import StepHealth, health_of

HEADS = (
    *("State", "Step", "Last went well", "Failed, 7 days", "Failed, 90 days"),
    *("Last error", "Open incidents", "Overdue", "Whose it is"),
)
LOOKS = {"red": "late", "amber": "waiting", "green": "running", "grey": "grey"}


def health_table(steps: QuerySet[Step]) -> SafeString:
    """The health of these steps, in their order."""
    rows = [_cells(one) for one in health_of(steps, now=timezone.now())]
    if not rows:
        return SafeString("No step of it is in use.")
    head = format_html_join("", '<th scope="col">{}</th>', ((words,) for words in HEADS))
    line = f"<tr>{'<td>{}</td>' * len(HEADS)}</tr>"
    return format_html(
        '<div class="handoff-scroll"><table class="handoff-table"><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>",
        head,
        format_html_join("", line, rows),
    )


def _cells(one: StepHealth) -> Iterable[SafeString | str | int]:
    badge = format_html('<span class="handoff-badge is-{}">{}</span>', LOOKS[one.state], one.state)
    error = f"{one.last_error}, {moment(one.last_error_at)}" if one.last_error else "none"
    return (
        *(badge, link(change_url(one.step), one.step)),
        moment(one.last_success) if one.last_success else "never",
        f"{one.failed_week} of {one.runs_week}",
        f"{one.failed_quarter} of {one.runs_quarter}",
        *(error, one.open_incidents, one.overdue, one.owner),
    )
