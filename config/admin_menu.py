"""The admin's looks and its menu, for Unfold."""

from django.templatetags.static import static
from django.urls import reverse_lazy

# The blue of the other pages (`static/handoff.css`), from light to dark.
BLUE = {
    "50": "#f2f6fd",
    "100": "#e6eefa",
    "200": "#c6d9f5",
    "300": "#9dbfee",
    "400": "#6199e2",
    "500": "#3a78d2",
    "600": "#1f5fbf",
    "700": "#174b99",
    "800": "#173f7c",
    "900": "#183666",
    "950": "#102344",
}
UNFOLD = {
    "SITE_TITLE": "Handoff",
    "SITE_HEADER": "Handoff",
    "SITE_SUBHEADER": "Workflows for the ops team",
    "SITE_URL": reverse_lazy("approvals:inbox"),
    "SITE_SYMBOL": "swap_horiz",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("handoff.svg")}
    ],
    "COLORS": {"primary": BLUE},
    "SHOW_HISTORY": True,
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "title": "Map",
                "items": [
                    {
                        "title": "Workflows",
                        "icon": "account_tree",
                        "link": reverse_lazy("admin:workflows_workflowtemplate_changelist"),
                    },
                    {
                        "title": "Versions",
                        "icon": "layers",
                        "link": reverse_lazy("admin:workflows_templateversion_changelist"),
                    },
                ],
            },
            {
                "title": "Run",
                "items": [
                    {
                        "title": "Requests",
                        "icon": "description",
                        "link": reverse_lazy("admin:workflows_workflowinstance_changelist"),
                    },
                    {
                        "title": "Tasks",
                        "icon": "task_alt",
                        "link": reverse_lazy("admin:workflows_workitem_changelist"),
                    },
                    {
                        "title": "Merges",
                        "icon": "merge",
                        "link": reverse_lazy("admin:workflows_mergerecord_changelist"),
                    },
                    {
                        "title": "Incidents",
                        "icon": "warning",
                        "link": reverse_lazy("admin:workflows_incident_changelist"),
                    },
                    {
                        "title": "Attempts",
                        "icon": "repeat",
                        "link": reverse_lazy("admin:workflows_attempt_changelist"),
                        "permission": lambda request: request.user.has_perm(
                            "workflows.view_attempt"
                        ),
                    },
                    {
                        "title": "Outbox",
                        "icon": "outbox",
                        "link": reverse_lazy("admin:workflows_outboxmessage_changelist"),
                        "permission": lambda request: request.user.has_perm(
                            "workflows.view_outboxmessage"
                        ),
                    },
                ],
            },
            {
                "title": "Look back",
                "items": [
                    {
                        "title": "Health",
                        "icon": "monitor_heart",
                        "link": reverse_lazy("reporting:health"),
                    },
                    {
                        "title": "Bottlenecks",
                        "icon": "bar_chart",
                        "link": reverse_lazy("reporting:index"),
                    },
                    {
                        "title": "Reviews",
                        "icon": "fact_check",
                        "link": reverse_lazy("reporting:reviews"),
                    },
                    {
                        "title": "Costs",
                        "icon": "payments",
                        "link": reverse_lazy("reporting:costs"),
                    },
                    {
                        "title": "Trail",
                        "icon": "history",
                        "link": reverse_lazy("admin:workflows_trailevent_changelist"),
                    },
                ],
            },
            {
                "title": "Set up",
                "items": [
                    {
                        "title": "Calendars",
                        "icon": "calendar_month",
                        "link": reverse_lazy("admin:workflows_businesscalendar_changelist"),
                        "permission": lambda request: request.user.has_perm(
                            "workflows.view_businesscalendar"
                        ),
                    },
                    {
                        "title": "Connections",
                        "icon": "lan",
                        "link": reverse_lazy("admin:workflows_connection_changelist"),
                        "permission": lambda request: request.user.has_perm(
                            "workflows.view_connection"
                        ),
                    },
                    {
                        "title": "Rates of roles",
                        "icon": "payments",
                        "link": reverse_lazy("admin:reporting_rolerate_changelist"),
                        "permission": lambda request: request.user.has_perm(
                            "reporting.view_rolerate"
                        ),
                    },
                    {
                        "title": "Rates of calls",
                        "icon": "payments",
                        "link": reverse_lazy("admin:reporting_callrate_changelist"),
                        "permission": lambda request: request.user.has_perm(
                            "reporting.view_callrate"
                        ),
                    },
                    {
                        "title": "Webhook keys",
                        "icon": "webhook",
                        "link": reverse_lazy("admin:workflows_webhookkey_changelist"),
                        "permission": lambda request: request.user.has_perm(
                            "workflows.view_webhookkey"
                        ),
                    },
                ],
            },
            {
                "title": "People",
                "items": [
                    {
                        "title": "Users",
                        "icon": "person",
                        "link": reverse_lazy("admin:auth_user_changelist"),
                    },
                    {
                        "title": "Groups",
                        "icon": "group",
                        "link": reverse_lazy("admin:auth_group_changelist"),
                    },
                    {
                        "title": "API tokens",
                        "icon": "key",
                        "link": reverse_lazy("admin:workflows_apitoken_changelist"),
                        "permission": lambda request: request.user.has_perm(
                            "workflows.view_apitoken"
                        ),
                    },
                ],
            },
        ],
    },
}
