"""Rows of a request, which are read here and lead to the request's page."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from workflows.admin_site.base import ReadOnly
from workflows.admin_site.elements import NOTHING, render_link
from workflows.admin_site.site_links import request_page_url


class RequestLinkMixin(ReadOnly):
    """Rows of a request, with a link to its page."""

    @admin.display(description=gettext_lazy("request"), ordering="request")
    def its_request(self, row: Any) -> SafeString | str:
        """The request's page."""
        return render_link(request_page_url(row.request), row.request) if row.request else NOTHING
