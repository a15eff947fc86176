"""Addresses of the reports."""

from django.urls import path

from reporting import costs_views, export_views, health_views, report_views, trail_views, views
from reporting.reviews import views as reviews

app_name = "reporting"
urlpatterns = [
    path("", views.index, name="index"),
    path("reports.csv", views.index_csv, name="index_csv"),
    path("audit.csv", views.audit_csv, name="audit_csv"),
    path("trail/", trail_views.show, name="trail"),
    path("trail.csv", trail_views.as_csv, name="trail_csv"),
    path("health/", health_views.show, name="health"),
    path("health.csv", health_views.as_csv, name="health_csv"),
    path("health.json", health_views.as_json, name="health_json"),
    path("reviews/", reviews.listing, name="reviews"),
    path("reviews.csv", reviews.listing_csv, name="reviews_csv"),
    path("reviews/<int:pk>/", reviews.show, name="review"),
    path("reviews/<int:pk>/close/", reviews.close, name="review_close"),
    path("reviews/<int:pk>/gather/", reviews.gather_again, name="review_gather"),
    path("reviews/<int:pk>/<slug:name>.csv", reviews.table_csv, name="review_csv"),
    path("reviews/of/<slug:key>/begin/", reviews.begin, name="review_begin"),
    path("reviews/findings/<int:pk>/", reviews.decide, name="finding_decide"),
    path("costs/", costs_views.show, name="costs"),
    path("costs.csv", costs_views.as_csv, name="costs_csv"),
    path("<slug:key>/", report_views.report, name="report"),
    path("<slug:key>/log/<slug:kind>/", export_views.log, name="log"),
    path("<slug:key>/people/", report_views.people, name="people"),
    path("<slug:key>/refresh/", report_views.refresh, name="refresh"),
    path("<slug:key>/<slug:table>.csv", report_views.table_csv, name="table_csv"),
]
