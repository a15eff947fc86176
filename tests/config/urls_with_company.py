"""The addresses of a site that knows a company's own sign-in."""

from django.urls import include, path

from config.urls import urlpatterns as ours

urlpatterns = [
    path("accounts/company/", include("allauth.socialaccount.urls")),
    path("accounts/", include("allauth.socialaccount.providers.openid_connect.urls")),
    *ours,
]
