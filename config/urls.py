"""All addresses."""

from contextlib import suppress

from allauth.account.decorators import secure_admin_login
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.exceptions import NotRegistered
from django.urls import include, path

from approvals.api.site import api
from config.health import healthz, readyz

# The admin has no door of its own: whoever comes in passes the same limits and second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# What the package keeps (second factors, addresses of mail, the company's accounts) is each
# person's own: no list of the admin shows or changes it.
for model in apps.get_models():
    if model._meta.app_label in ("account", "mfa", "socialaccount"):
        with suppress(NotRegistered):
            admin.site.unregister(model)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("config.account_urls")),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("api/v1/", api.urls),
    path("reports/", include("reporting.urls")),
    path("workflows/", include("reporting.workflow_pages.urls")),
    path("", include("approvals.urls")),
]

handler500 = "approvals.ui.error_pages.server_error"
