"""Addresses of workflows, for those who answer for them."""

from django.urls import path

from reporting import workflow_views as views

app_name = "workflows"
urlpatterns = [
    path("", views.listing, name="list"),
    path("<slug:key>/", views.show, name="page"),
    path("<slug:key>/pause/", views.pause, name="pause"),
    path("<slug:key>/resume/", views.resume, name="resume"),
    path("<slug:key>/retire/", views.retire, name="retire"),
    path("<slug:key>/draft/", views.draft, name="draft"),
    path("<slug:key>/load/", views.load, name="load"),
    path("<slug:key>/versions/<int:number>.yaml", views.file, name="file"),
    path("<slug:key>/versions/<int:number>/publish/", views.publish, name="publish"),
]
