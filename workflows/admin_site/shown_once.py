"""Secrets that are shown when they are made, and kept nowhere."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from workflows.access.services.once_only_forms import mark_something_made
from workflows.admin_site.links import list_url


def show_secret_once(
    page: Any, request: HttpRequest, template: str, *, title: str, text: str, **context: str
) -> HttpResponse:
    """The page after a secret was made, with its text. No redirect, so that it is stored nowhere
    (the admin lets no cache keep its pages)."""
    back = list_url(page.model)
    page_context = {
        **page.admin_site.each_context(request),
        "title": title,
        "opts": page.model._meta,
        "media": page.media,
        "text": text,
        "back": back,
        **context,
    }
    answer = TemplateResponse(request, f"admin/workflows/{template}.html", page_context)
    return mark_something_made(answer, at=back)
