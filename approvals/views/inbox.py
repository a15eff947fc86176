"""The inbox: what waits for the person who is signed in."""

from datetime import datetime

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from approvals.inbox import Count, InboxPage, Place, inbox_count, inbox_page
from approvals.pages import page, person_of
from workflows.permissions import steps_of

SALT = "approvals.inbox"


@require_safe
@page
def show(request: HttpRequest) -> HttpResponse:
    """What waits for me."""
    user = person_of(request)
    after = read_place(request.GET.get("after", ""))
    steps = steps_of(user)
    found = inbox_page(user, after=after, steps=steps)
    count = _count(found, after) or inbox_count(user, steps=steps)
    context = {
        "rows": found.rows,
        "count": count,
        "first_page": after is None,
        "more": write_place(found.after) if found.after else "",
        "now": timezone.now(),
    }
    return render(request, "approvals/inbox.html", context)


def _count(found: InboxPage, after: Place | None) -> Count | None:
    """A first page that has everything is its own count."""
    whole = after is None and found.after is None
    return Count(len(found.rows)) if whole else None


def write_place(place: Place) -> str:
    """A place in the list as a text for a link."""
    return signing.dumps([place.due_at.isoformat() if place.due_at else None, place.id], salt=SALT)


def read_place(text: str) -> Place | None:
    """What `write_place` wrote; anything else is the beginning."""
    try:
        due_at, pk = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None
    return Place(datetime.fromisoformat(due_at) if due_at else None, pk)
