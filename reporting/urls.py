"""Addresses of the reports."""

from collections.abc import Callable

from django.http.response import HttpResponseBase
from django.urls import path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from reporting.audit.views import trail_views
from reporting.bottlenecks import views as report_views
from reporting.eventlogs.views import log_downloads as export_views
from reporting.overview import views as overview_views
from reporting.reviews.views import commands as review_commands
from reporting.reviews.views.detail_page import review_detail_view
from reporting.reviews.views.table_files import review_table_csv_view
from reporting.ui.site_reports import site_report_urls

app_name = "reporting"


def moved_to(name: str) -> Callable[..., HttpResponseBase]:
    """A view that sends who reads an old address to the page of this name, for good."""
    view = RedirectView.as_view(
        pattern_name=f"{app_name}:{name}", permanent=True, query_string=True
    )
    return require_safe(view)


urlpatterns = [
    path("", overview_views.reports_index_view, name="index"),
    path("reports.csv", overview_views.reports_index_csv_view, name="index_csv"),
    path("audit.csv", trail_views.audit_csv_view, name="audit_csv"),
    *site_report_urls(),
    path("reviews/<int:pk>/", review_detail_view, name="review"),
    path("reviews/<int:pk>/close/", review_commands.close_review_view, name="review_close"),
    path("reviews/<int:pk>/gather/", review_commands.gather_review_view, name="review_gather"),
    path("reviews/<int:pk>/<slug:name>.csv", review_table_csv_view, name="review_csv"),
    path("reviews/of/<slug:key>/begin/", review_commands.begin_review_view, name="review_begin"),
    path("reviews/findings/<int:pk>/", review_commands.decide_finding_view, name="finding_decide"),
    path("workflow/<slug:key>/", report_views.report_page_view, name="report"),
    path("workflow/<slug:key>/log/<slug:kind>/", export_views.event_log_view, name="log"),
    path("workflow/<slug:key>/people/", report_views.people_report_view, name="people"),
    path("workflow/<slug:key>/refresh/", report_views.refresh_report_view, name="refresh"),
    path(
        "workflow/<slug:key>/<slug:table>.csv", report_views.report_table_csv_view, name="table_csv"
    ),
    # Where a workflow's report was before; a key such as `costs` hid its own there.
    path("<slug:key>/", moved_to("report"), name="old_report"),
    path("<slug:key>/log/<slug:kind>/", moved_to("log"), name="old_log"),
    path("<slug:key>/people/", moved_to("people"), name="old_people"),
    path("<slug:key>/<slug:table>.csv", moved_to("table_csv"), name="old_table_csv"),
]
