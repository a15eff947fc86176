"""Addresses of the reports."""

from django.urls import path

from reporting import health_views, views

app_name = "reporting"
urlpatterns = [
    path("", views.index, name="index"),
    path("audit.csv", views.audit_csv, name="audit_csv"),
    path("health/", health_views.show, name="health"),
    path("health.json", health_views.as_json, name="health_json"),
    path("<slug:key>/", views.report, name="report"),
]
