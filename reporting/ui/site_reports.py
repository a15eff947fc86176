"""Report pages over all workflows: a registry that addresses, navigation and permission come from.

A page is registered once, with its view. It then lies at `/reports/<key>/` (its files at
`/reports/<key>.csv` and so on), stands in the row of buttons of `/reports/` and in the admin's
menu, and is refused to who may not open it, with a sentence that says why.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Final

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from approvals.ui.tables import Sentence
from workflows.access.permissions import may_audit_site
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.registries import Registry, RegistryProblem
from workflows.people.models import User

ReportView = Callable[..., HttpResponseBase]
ReportRule = Callable[[User | AnonymousUser], bool]
KEY = re.compile(r"[a-z][a-z0-9_]*")
TAKEN = frozenset({"audit", "reports", "workflow"})
"""What addresses beneath `/reports/` begin with that are no page of the registry."""


NOTHING_TO_AUDIT = gettext_lazy(
    "You may audit no workflow, so there is nothing here to show you. Ask a workflow's owner for"
    " the permission to audit it."
)


def may_read_reports(user: User | AnonymousUser) -> bool:
    """Whether somebody may audit a workflow, or the site."""
    return WorkflowTemplate.objects.auditable_by(user).exists() or may_audit_site(user)


def is_signed_in(user: User | AnonymousUser) -> bool:
    """Everybody with an account: the page itself shows only what they may read."""
    return bool(user.is_authenticated)


@dataclass(frozen=True, kw_only=True)
class SiteReport:
    """A report page: what it is called, which view shows it, and who may open it."""

    label: Sentence
    view: str
    """The view's dotted path; it is imported when the addresses are read."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Views of the same rows as files, by what the address ends with; under the page's rule."""
    open_files: Mapping[str, str] = field(default_factory=dict)
    """Views that ask by themselves who may open them: those for machines."""
    permission: ReportRule = may_read_reports
    refusal: Sentence = NOTHING_TO_AUDIT
    icon: str = "bar_chart"
    in_admin_menu: bool = True


SITE_REPORTS: Final = Registry("report_pages", SiteReport, noun="report page")


def site_report_address(key: str) -> str:
    """Where a registered page lies."""
    return reverse(f"reporting:{key}")


@dataclass(frozen=True, slots=True)
class SiteReportLink:
    """A page that a person may open, as the menus show it."""

    report: SiteReport
    address: str


def readable_site_reports(user: User | AnonymousUser) -> list[SiteReportLink]:
    """The pages that a person may open, by the rules of the pages themselves; a rule that several
    pages have is asked once."""
    allowed: dict[ReportRule, bool] = {}
    for report in SITE_REPORTS.entries():
        if report.permission not in allowed:
            allowed[report.permission] = report.permission(user)
    return [
        SiteReportLink(SITE_REPORTS[key], site_report_address(key))
        for key in SITE_REPORTS
        if allowed[SITE_REPORTS[key].permission]
    ]


def site_report_urls() -> list[URLPattern]:
    """The addresses of all registered pages."""
    return [pattern for key in SITE_REPORTS for pattern in _report_urls(key, SITE_REPORTS[key])]


def _report_urls(key: str, report: SiteReport) -> list[URLPattern]:
    if not KEY.fullmatch(key) or key in TAKEN:
        raise RegistryProblem(
            f"A report page cannot be called '{key}'; use small letters, digits and _, and none of"
            f" {', '.join(sorted(TAKEN))}."
        )
    guarded = {f".{suffix}": _guard_view(report, view) for suffix, view in report.files.items()}
    opened = {f".{suffix}": import_string(view) for suffix, view in report.open_files.items()}
    return [
        path(f"{key}/", _guard_view(report, report.view), name=key),
        *(
            path(f"{key}{suffix}", view, name=key + suffix.replace(".", "_"))
            for suffix, view in {**guarded, **opened}.items()
        ),
    ]


def _guard_view(report: SiteReport, dotted_path: str) -> ReportView:
    """The view, for reading only, and only for those who may."""
    view: ReportView = import_string(dotted_path)

    @wraps(view)
    def permitted_view(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not report.permission(request.user):
            context = {"why": report.refusal}
            return render(request, "403.html", context, status=HTTPStatus.FORBIDDEN)
        return view(request, *args, **kwargs)

    guarded: ReportView = require_safe(login_required(permitted_view))
    return guarded
