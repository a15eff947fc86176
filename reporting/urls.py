"""Addresses of the reports."""

from django.urls import path

from reporting import views

app_name = "reporting"
urlpatterns = [
    path("", views.index, name="index"),
    path("audit.csv", views.audit_csv, name="audit_csv"),
    path("<slug:key>/", views.report, name="report"),
]
