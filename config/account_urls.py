"""Addresses of accounts: those of django-allauth that this site has, and the page that leads there.

Nobody signs up and nobody changes an address of mail by themselves; the names that the package
asks for lead on.
"""

from allauth.account import views
from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from config.account_page import account_page_view
from config.notices_page import notices_page_view

sign_in_view = views.LoginView.as_view(extra_context={"embedded": settings.EMBEDDED})

urlpatterns: list[URLPattern | URLResolver] = [
    path("", account_page_view, name="account"),
    path("notices/", notices_page_view, name="account_notices"),
    path("login/", sign_in_view, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("password/set/", views.password_set, name="account_set_password"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    path(
        "password/reset/key/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("2fa/", include("allauth.mfa.urls")),
    path("signup/", RedirectView.as_view(pattern_name="account_login"), name="account_signup"),
    path("email/", RedirectView.as_view(pattern_name="account"), name="account_email"),
    path(
        "confirm-email/",
        RedirectView.as_view(pattern_name="account"),
        name="account_email_verification_sent",
    ),
]
if settings.OIDC_ISSUER:
    urlpatterns += [
        path("company/", include("allauth.socialaccount.urls")),
        path("", include("allauth.socialaccount.providers.openid_connect.urls")),
    ]
