"""The report pages that Handoff brings along, in the order in which they are shown."""

from django.utils.translation import gettext_lazy

from reporting.ui.site_reports import SITE_REPORTS, SiteReport, is_signed_in

SITE_REPORTS.register(
    "reviews",
    SiteReport(
        label=gettext_lazy("Reviews"),
        icon="fact_check",
        view="reporting.reviews.views.list_page.review_list_view",
        files={"csv": "reporting.reviews.views.list_page.review_list_csv_view"},
        permission=is_signed_in,
    ),
)
SITE_REPORTS.register(
    "costs",
    SiteReport(
        label=gettext_lazy("Costs"),
        icon="payments",
        view="reporting.costs.views.costs_page_view",
        files={"csv": "reporting.costs.views.costs_csv_view"},
        permission=is_signed_in,
    ),
)
SITE_REPORTS.register(
    "health",
    SiteReport(
        label=gettext_lazy("Health"),
        icon="monitor_heart",
        view="reporting.health.views.health_page_view",
        files={"csv": "reporting.health.views.health_csv_view"},
        open_files={"json": "reporting.health.views.health_json_view"},
        refusal=gettext_lazy(
            "You may audit no workflow, so there is no health to show you. Ask a workflow's owner"
            " for the permission to audit it."
        ),
    ),
)
SITE_REPORTS.register(
    "ownership",
    SiteReport(
        label=gettext_lazy("Ownership"),
        icon="supervisor_account",
        view="reporting.decay.views.ownership_page_view",
        files={"csv": "reporting.decay.views.ownership_csv_view"},
    ),
)
SITE_REPORTS.register(
    "trail",
    SiteReport(
        label=gettext_lazy("Trail"),
        icon="history",
        view="reporting.audit.views.trail_views.trail_page_view",
        files={"csv": "reporting.audit.views.trail_views.trail_csv_view"},
        refusal=gettext_lazy(
            "You may audit no workflow, so there is no trail to show you. Ask a workflow's owner"
            " for the permission to audit it."
        ),
        in_admin_menu=False,
    ),
)
SITE_REPORTS.register(
    "extensions",
    SiteReport(
        label=gettext_lazy("Extensions"),
        icon="extension",
        view="reporting.extensions.views.extensions_page_view",
        files={"csv": "reporting.extensions.views.extensions_csv_view"},
    ),
)
