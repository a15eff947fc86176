"""The admin's looks and its menu, for Unfold."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy, pgettext_lazy

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
# Beside these stand the report pages that are registered.
LOOK_BACK: dict[str, Any] = {
    "title": gettext_lazy("Look back"),
    "items": [
        {
            "title": gettext_lazy("Bottlenecks"),
            "icon": "bar_chart",
            "link": reverse_lazy("reporting:index"),
        },
        {
            "title": gettext_lazy("Trail"),
            "icon": "history",
            "link": reverse_lazy("admin:workflows_trailevent_changelist"),
        },
    ],
}
NAVIGATION: list[dict[str, Any]] = [
    {
        "title": gettext_lazy("Map"),
        "items": [
            {
                "title": gettext_lazy("Workflows"),
                "icon": "account_tree",
                "link": reverse_lazy("admin:workflows_workflowtemplate_changelist"),
            },
            {
                "title": gettext_lazy("Versions"),
                "icon": "layers",
                "link": reverse_lazy("admin:workflows_templateversion_changelist"),
            },
        ],
    },
    {
        "title": pgettext_lazy("menu", "Run"),
        "items": [
            {
                "title": gettext_lazy("Requests"),
                "icon": "description",
                "link": reverse_lazy("admin:workflows_workflowinstance_changelist"),
            },
            {
                "title": gettext_lazy("Tasks"),
                "icon": "task_alt",
                "link": reverse_lazy("admin:workflows_workitem_changelist"),
            },
            {
                "title": gettext_lazy("Merges"),
                "icon": "merge",
                "link": reverse_lazy("admin:workflows_mergerecord_changelist"),
            },
            {
                "title": gettext_lazy("Incidents"),
                "icon": "warning",
                "link": reverse_lazy("admin:workflows_incident_changelist"),
            },
            {
                "title": gettext_lazy("Attempts"),
                "icon": "repeat",
                "link": reverse_lazy("admin:workflows_attempt_changelist"),
                "permission": lambda request: request.user.has_perm("workflows.view_attempt"),
            },
            {
                "title": gettext_lazy("Outbox"),
                "icon": "outbox",
                "link": reverse_lazy("admin:workflows_outboxmessage_changelist"),
                "permission": lambda request: request.user.has_perm("workflows.view_outboxmessage"),
            },
            {
                "title": gettext_lazy("Notices"),
                "icon": "notifications",
                "link": reverse_lazy("admin:workflows_notice_changelist"),
                "permission": lambda request: request.user.has_perm("workflows.view_notice"),
            },
        ],
    },
    LOOK_BACK,
    {
        "title": gettext_lazy("Set up"),
        "items": [
            {
                "title": gettext_lazy("Calendars"),
                "icon": "calendar_month",
                "link": reverse_lazy("admin:workflows_businesscalendar_changelist"),
                "permission": lambda request: request.user.has_perm(
                    "workflows.view_businesscalendar"
                ),
            },
            {
                "title": gettext_lazy("Resources"),
                "icon": "meeting_room",
                "link": reverse_lazy("admin:workflows_resource_changelist"),
                "permission": lambda request: request.user.has_perm("workflows.view_resource"),
            },
            {
                "title": gettext_lazy("Connections"),
                "icon": "lan",
                "link": reverse_lazy("admin:workflows_connection_changelist"),
                "permission": lambda request: request.user.has_perm("workflows.view_connection"),
            },
            {
                "title": gettext_lazy("Addresses for notices"),
                "icon": "notifications_active",
                "link": reverse_lazy("admin:workflows_noticeaddress_changelist"),
                "permission": lambda request: request.user.has_perm("workflows.view_noticeaddress"),
            },
            {
                "title": gettext_lazy("Rates of roles"),
                "icon": "payments",
                "link": reverse_lazy("admin:reporting_rolerate_changelist"),
                "permission": lambda request: request.user.has_perm("reporting.view_rolerate"),
            },
            {
                "title": gettext_lazy("Rates of calls"),
                "icon": "payments",
                "link": reverse_lazy("admin:reporting_callrate_changelist"),
                "permission": lambda request: request.user.has_perm("reporting.view_callrate"),
            },
            {
                "title": gettext_lazy("Webhook keys"),
                "icon": "webhook",
                "link": reverse_lazy("admin:workflows_webhookkey_changelist"),
                "permission": lambda request: request.user.has_perm("workflows.view_webhookkey"),
            },
        ],
    },
    {
        "title": gettext_lazy("People"),
        "items": [
            {
                "title": gettext_lazy("Users"),
                "icon": "person",
                "link": reverse_lazy("admin:workflows_user_changelist"),
            },
            {
                "title": gettext_lazy("Groups"),
                "icon": "group",
                "link": reverse_lazy("admin:auth_group_changelist"),
            },
            {
                "title": gettext_lazy("Your account"),
                "icon": "manage_accounts",
                "link": reverse_lazy("account"),
            },
            {
                "title": gettext_lazy("API tokens"),
                "icon": "key",
                "link": reverse_lazy("admin:workflows_apitoken_changelist"),
                "permission": lambda request: request.user.has_perm("workflows.view_apitoken"),
            },
        ],
    },
]
UNFOLD = {
    "SITE_TITLE": "Handoff",
    "SITE_HEADER": "Handoff",
    "SITE_SUBHEADER": gettext_lazy("Workflows for the ops team"),
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
        "navigation": "config.admin_sidebar.sidebar_navigation",
    },
}
