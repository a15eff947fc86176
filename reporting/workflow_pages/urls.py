"""Addresses of workflows, for those who answer for them."""

from django.urls import path

from reporting.rehearsals.views import rehearsal_view
from reporting.workflow_pages import conformance_views, from_log_views, views

app_name = "workflows"
urlpatterns = [
    path("", views.workflow_list_view, name="list"),
    path("new/from-log/", from_log_views.from_log_view, name="from-log"),
    path("new/from-log/draft/", from_log_views.make_draft_from_log_view, name="from-log-draft"),
    path("<slug:key>/", views.workflow_page_view, name="page"),
    path("<slug:key>/conformance/", conformance_views.conformance_view, name="conformance"),
    path("<slug:key>/pause/", views.pause_workflow_view, name="pause"),
    path("<slug:key>/resume/", views.resume_workflow_view, name="resume"),
    path("<slug:key>/retire/", views.retire_workflow_view, name="retire"),
    path("<slug:key>/draft/", views.new_draft_view, name="draft"),
    path("<slug:key>/load/", views.load_draft_view, name="load"),
    path(
        "<slug:key>/versions/<int:number>.yaml",
        views.version_file_view,
        {"ending": "yaml"},
        name="file",
    ),
    path(
        "<slug:key>/versions/<int:number>.bpmn",
        views.version_file_view,
        {"ending": "bpmn"},
        name="bpmn",
    ),
    path("<slug:key>/versions/<int:number>/publish/", views.publish_draft_view, name="publish"),
    path("<slug:key>/versions/<int:number>/rehearsal/", rehearsal_view, name="rehearsal"),
]
