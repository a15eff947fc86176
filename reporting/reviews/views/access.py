"""The reviews that a person may read."""

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from reporting.reviews.models import Review
from workflows.definitions.models import WorkflowTemplate


def visible_reviews(request: HttpRequest) -> QuerySet[Review]:
    """Those of workflows that the person may audit."""
    return Review.objects.filter(template__in=WorkflowTemplate.objects.auditable_by(request.user))


def get_visible_review(request: HttpRequest, pk: int) -> Review:
    """One of them; else the page is not there."""
    reviews = visible_reviews(request).select_related("template__owner", "template__deputy")
    return get_object_or_404(reviews, pk=pk)
