"""Addresses of pages outside the admin, by name; the admin imports nothing from above it."""

from urllib.parse import urlencode

from django.urls import reverse

from workflows.execution.models import Incident, MergeRecord, WorkflowInstance


def request_page_url(request: WorkflowInstance) -> str:
    """Where everybody reads about a request."""
    return reverse("approvals:request", args=[request.reference])


def start_form_url(workflow: str) -> str:
    """The form that starts a request."""
    return reverse("approvals:start-form", args=[workflow])


def merge_page_url(merge: MergeRecord) -> str:
    """Where the workflow's owner chooses between branches."""
    return reverse("approvals:merge", args=[merge.pk])


def incident_page_url(incident: Incident) -> str:
    """Where the workflow's owner lets a step try again, with other values."""
    return reverse("approvals:incident", args=[incident.pk])


def report_page_url(key: str) -> str:
    """The workflow's figures."""
    return reverse("reporting:report", args=[key])


def workflow_page_url(key: str) -> str:
    """Where a workflow's owner pauses, resumes and retires it."""
    return reverse("workflows:page", args=[key])


def retire_page_url(key: str) -> str:
    """Where a workflow's owner takes it out of use."""
    return reverse("workflows:retire", args=[key])


def map_from_log_url() -> str:
    """Where a log becomes the draft of a new workflow."""
    return reverse("workflows:from-log")


def rehearsal_page_url(key: str, number: int) -> str:
    """Where a version is rehearsed by those who manage its workflow."""
    return reverse("workflows:rehearsal", args=[key, number])


def reviews_page_url() -> str:
    """The reviews of all workflows."""
    return reverse("reporting:reviews")


def audit_csv_url(key: str = "") -> str:
    """The audit trail as CSV, of one workflow or of all."""
    address = reverse("reporting:audit_csv")
    return f"{address}?{urlencode({'workflow': key})}" if key else address
