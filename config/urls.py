"""All addresses."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from approvals.api.site import api
from config.health import healthz, readyz


class SignIn(LoginView):
    """The sign-in page; embedded, it says where the demo logins are."""

    redirect_authenticated_user = True
    extra_context = {"embedded": settings.EMBEDDED}


urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/login/", SignIn.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("api/v1/", api.urls),
    path("reports/", include("reporting.urls")),
    path("workflows/", include("reporting.workflow_urls")),
    path("", include("approvals.urls")),
]

handler500 = "approvals.ways_on.server_error"
