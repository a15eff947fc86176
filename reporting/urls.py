"""Addresses of the reports."""

from django.urls import path

from reporting import health_views, report_views, trail_views, views

app_name = "reporting"
urlpatterns = [
    path("", views.index, name="index"),
    path("audit.csv", views.audit_csv, name="audit_csv"),
    path("trail/", trail_views.show, name="trail"),
    path("trail.csv", trail_views.as_csv, name="trail_csv"),
    path("health/", health_views.show, name="health"),
    path("health.json", health_views.as_json, name="health_json"),
    path("<slug:key>/", report_views.report, name="report"),
    path("<slug:key>/people/", report_views.people, name="people"),
    path("<slug:key>/refresh/", report_views.refresh, name="refresh"),
    path("<slug:key>/<slug:table>.csv", report_views.table_csv, name="table_csv"),
]
