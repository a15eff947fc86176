"""Addresses of this app."""

from django.urls import path

from approvals.views import courses, documents, inbox, incidents, requests, starting, tasks, tokens

app_name = "approvals"
urlpatterns = [
    path("", inbox.show, name="inbox"),
    path("tasks/<int:task_id>/", tasks.task, name="task"),
    path("tasks/<int:task_id>/reassign/", courses.reassign, name="reassign"),
    path("tasks/<int:task_id>/<str:command>/", tasks.command, name="task-command"),
    path("requests/", requests.listing, name="requests"),
    path("requests/<str:reference>/", requests.show, name="request"),
    path("requests/<str:reference>/<str:course>/", courses.change, name="request-change"),
    path("incidents/<int:incident_id>/", incidents.retry, name="incident"),
    path("incidents/<int:incident_id>/skip/", incidents.skip, name="incident-skip"),
    path("incidents/<int:incident_id>/reroute/", incidents.reroute, name="incident-reroute"),
    path("merges/<int:merge_id>/", courses.resolve, name="merge"),
    path("start/", starting.listing, name="start"),
    path("start/<slug:key>/", starting.form, name="start-form"),
    path("tokens/", tokens.listing, name="tokens"),
    path("tokens/<int:token_id>/revoke/", tokens.revoke, name="token-revoke"),
    path("documents/<int:document_id>/", documents.download, name="document"),
]
