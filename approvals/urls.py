"""Addresses of this app."""

from django.urls import path

from approvals.views import (
    absences,
    approvers,
    conversation,
    corrections,
    documents,
    handoffs,
    inbox,
    incidents,
    mail_decisions,
    people,
    public_forms,
    questions,
    requests,
    resources,
    saved_filters,
    status_links,
    tasks,
    tokens,
)
from approvals.views import bulk_decisions as bulk
from approvals.views import start_forms as starting
from approvals.views import steering as courses

app_name = "approvals"
urlpatterns = [
    path("", inbox.inbox_view, name="inbox"),
    path("inbox/news/", inbox.inbox_news_view, name="inbox-news"),
    path("inbox/filters/", saved_filters.save_filter_view, name="filter-save"),
    path("inbox/filters/<int:filter_id>/", saved_filters.rename_filter_view, name="filter-rename"),
    path(
        "inbox/filters/<int:filter_id>/delete/",
        saved_filters.delete_filter_view,
        name="filter-delete",
    ),
    path("inbox/decide/", bulk.decide_chosen_view, name="decide-chosen"),
    path("tasks/<int:task_id>/", tasks.task_page_view, name="task"),
    path("tasks/<int:task_id>/reassign/", courses.reassign_task_view, name="reassign"),
    path("tasks/<int:task_id>/approver/", approvers.add_approver_view, name="add-approver"),
    path("tasks/<int:task_id>/opinion/", questions.ask_opinion_view, name="ask-opinion"),
    path("tasks/<int:task_id>/question/", questions.ask_requester_view, name="ask-requester"),
    path("questions/<int:question_id>/", questions.question_view, name="question"),
    path(
        "questions/<int:question_id>/withdraw/",
        questions.withdraw_question_view,
        name="question-withdraw",
    ),
    path(
        "tasks/<int:task_id>/draft/discard/",
        tasks.discard_task_draft_view,
        name="task-draft-discard",
    ),
    path("tasks/<int:task_id>/<str:command>/", tasks.task_command_view, name="task-command"),
    path("resources/", resources.resources_view, name="resources"),
    path("resources/<str:resource_key>/", resources.resource_view, name="resource"),
    path(
        "resources/<str:resource_key>/holds.csv", resources.resource_csv_view, name="resource-csv"
    ),
    path(
        "resources/<str:resource_key>/holds/<int:hold_id>/",
        resources.give_back_view,
        name="hold-give-back",
    ),
    path("people/", people.offered_people_view, name="people"),
    path("requests/", requests.request_list_view, name="requests"),
    path("requests.csv", requests.request_csv_view, name="requests-csv"),
    path("requests/columns/", requests.choose_columns_view, name="request-columns"),
    path("requests/<str:reference>/", requests.request_page_view, name="request"),
    path(
        "requests/<str:reference>/status-links/",
        status_links.make_status_link_view,
        name="status-link-make",
    ),
    path(
        "requests/<str:reference>/status-links/<int:link_id>/withdraw/",
        status_links.withdraw_status_link_view,
        name="status-link-withdraw",
    ),
    path("decide/<str:token>", mail_decisions.mail_decision_view, name="decide-by-link"),
    path("public/<slug:key>/", public_forms.public_form_view, name="public-form"),
    path("confirm/<str:token>", public_forms.confirm_view, name="confirm-form"),
    path("status/<str:token>", status_links.status_page_view, name="status"),
    path(
        "requests/<str:reference>/comment/", conversation.write_comment_view, name="comment-write"
    ),
    path(
        "requests/<str:reference>/people/",
        conversation.mentionable_people_view,
        name="mentionable-people",
    ),
    path(
        "requests/<str:reference>/follow/", conversation.follow_request_view, name="follow-request"
    ),
    path("comments/<int:comment_id>/edit/", conversation.edit_comment_view, name="comment-edit"),
    path(
        "comments/<int:comment_id>/withdraw/",
        conversation.withdraw_comment_view,
        name="comment-withdraw",
    ),
    path("following/", conversation.following_view, name="following"),
    path(
        "following/workflow/<slug:key>/", conversation.follow_workflow_view, name="follow-workflow"
    ),
    path("following/team/<int:team_id>/", conversation.follow_team_view, name="follow-team"),
    path("following/<int:follow_id>/end/", conversation.unfollow_view, name="unfollow"),
    path(
        "requests/<str:reference>/correct/", corrections.correct_values_view, name="correct-values"
    ),
    path(
        "requests/<str:reference>/<str:course>/", courses.steer_request_view, name="request-change"
    ),
    path("handoffs/", handoffs.my_handoffs_view, name="handoffs"),
    path("handoffs/of/<slug:key>/", handoffs.workflow_handoffs_view, name="workflow-handoffs"),
    path("handoffs/<slug:source>/<slug:target>/", handoffs.handoff_pair_view, name="handoff"),
    path("incidents/<int:incident_id>/", incidents.retry_incident_view, name="incident"),
    path("incidents/<int:incident_id>/skip/", incidents.skip_incident_view, name="incident-skip"),
    path(
        "incidents/<int:incident_id>/reroute/",
        incidents.reroute_incident_view,
        name="incident-reroute",
    ),
    path("merges/<int:merge_id>/", courses.resolve_merge_view, name="merge"),
    path("start/", starting.startable_workflows_view, name="start"),
    path("start/<slug:key>/", starting.start_form_view, name="start-form"),
    path("start/<slug:key>/discard/", starting.discard_draft_view, name="draft-discard"),
    path("away/", absences.absence_list_view, name="away"),
    path("away/<int:absence_id>/", absences.change_absence_view, name="absence"),
    path("away/<int:absence_id>/end/", absences.end_absence_view, name="absence-end"),
    path("tokens/", tokens.token_list_view, name="tokens"),
    path("tokens/<int:token_id>/revoke/", tokens.revoke_token_view, name="token-revoke"),
    path("documents/<int:document_id>/", documents.download_document_view, name="document"),
    path("documents/<int:document_id>/view/", documents.document_page_view, name="document-page"),
    path(
        "documents/<int:document_id>/content/",
        documents.document_content_view,
        name="document-content",
    ),
    path(
        "documents/<int:document_id>/compare/",
        documents.compare_documents_view,
        name="documents-choose",
    ),
    path(
        "documents/<int:document_id>/compare/<int:other_id>/",
        documents.compare_documents_view,
        name="documents-compare",
    ),
]
