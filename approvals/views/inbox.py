"""The inbox: what waits for the person who is signed in."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from approvals.pages.desk import group_desk
from approvals.pages.inbox_filters import InboxFilter
from approvals.pages.inbox_news import digest_inbox, read_inbox_digest
from approvals.pages.inbox_page import read_inbox
from approvals.ui.cursors import decode_inbox_cursor
from approvals.ui.responses import signed_in_page, signed_in_user
from workflows.execution.queries.desk import read_desk
from workflows.execution.queries.inbox_narrowing import InboxCursor

STOP_LOOKING = 286
"""The status at which HTMX shows an answer and asks no more."""


@dataclass(frozen=True, slots=True)
class InboxAddress:
    """What an address asks for: narrowed how, whose tasks, behind which place."""

    filters: InboxFilter
    whose: str
    after: InboxCursor | None

    @classmethod
    def read(cls, request: HttpRequest) -> "InboxAddress":
        """From the query of the address."""
        return cls(
            InboxFilter(request.GET),
            request.GET.get("for", "").replace("\x00", ""),
            decode_inbox_cursor(request.GET.get("after", "")),
        )


@require_safe
@signed_in_page
def inbox_view(request: HttpRequest) -> HttpResponse:
    """What waits for me, and for those for whom I stand in, narrowed as the address says."""
    user, now, address = signed_in_user(request), timezone.now(), InboxAddress.read(request)
    page = read_inbox(user, address.filters, address.whose, address.after, now)
    is_whole = page.is_first_page and not page.whose and not page.is_narrowed
    desk = read_desk(user) if is_whole else []
    tasks = [row for section in page.sections for row in section.rows]
    context = {
        "page": page,
        "desk": group_desk(desk),
        "now": now,
        "news": _news_address(request, digest_inbox(tasks, desk)),
    }
    return render(request, "approvals/inbox.html", context)


def _news_address(request: HttpRequest, digest: str) -> str:
    """Where the page asks whether it has changed: what it is narrowed to, and what it shows."""
    query = request.GET.copy()
    query["seen"] = digest
    return f"{reverse('approvals:inbox-news')}?{query.urlencode()}"


@require_safe
def inbox_news_view(request: HttpRequest) -> HttpResponse:
    """Asked by the page every now and then: nothing (204), or that the inbox has changed since.
    It is not how somebody stays signed in (`approvals.ui.sessions`)."""
    if not request.user.is_authenticated:
        return render(request, "approvals/_inbox_news.html", {}, status=STOP_LOOKING)
    address = InboxAddress.read(request)
    digest = read_inbox_digest(
        signed_in_user(request), address.filters, address.whose, address.after, timezone.now()
    )
    if digest == request.GET.get("seen"):
        return HttpResponse(status=204)
    query = request.GET.copy()
    query.pop("seen", None)
    context = {"again": f"{reverse('approvals:inbox')}?{query.urlencode()}"}
    return render(request, "approvals/_inbox_news.html", context, status=STOP_LOOKING)
