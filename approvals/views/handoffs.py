"""Handoffs between teams: those of my teams, those between two, and those of a workflow."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from approvals.pages.handoffs import handoff_pair_page, my_handoffs_page, workflow_handoffs_page
from approvals.ui.responses import signed_in_page, signed_in_user


@require_safe
@signed_in_page
def my_handoffs_view(request: HttpRequest) -> HttpResponse:
    """What is on its way to my teams, has reached them, and what became of what they handed on."""
    page = my_handoffs_page(signed_in_user(request), timezone.now())
    return render(request, "approvals/handoffs.html", {"page": page})


@require_safe
@signed_in_page
def handoff_pair_view(request: HttpRequest, source: str, target: str) -> HttpResponse:
    """The requests between two teams, stage by stage."""
    now = timezone.now()
    page = handoff_pair_page(signed_in_user(request), source, target, now)
    return render(request, "approvals/handoff.html", {"page": page, "now": now})


@require_safe
@signed_in_page
def workflow_handoffs_view(request: HttpRequest, key: str) -> HttpResponse:
    """What each side sees at each handoff of a workflow."""
    page = workflow_handoffs_page(signed_in_user(request), key, timezone.now())
    return render(request, "approvals/workflow_handoffs.html", {"page": page})
