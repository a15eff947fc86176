"""Accounts: what django-allauth is told of this site. It does the rest.

Nobody signs up here: people are made in the admin, or by the company's own sign-in (OpenID
Connect), which may also say in which groups they are.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.httpkit import get_client_ip
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from config.backends import acts_by_tokens_alone
from workflows.access.services.accounts import put_into_groups
from workflows.people.models import User

log = logging.getLogger("handoff.accounts")


NO_MATCH_MESSAGE = gettext_lazy(
    "That name and password do not match an active account. Check both and try again, or choose a"
    " new password by the link below."
)


class SiteAccountAdapter(DefaultAccountAdapter):
    """The site's own people."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": NO_MATCH_MESSAGE,
        "username_password_mismatch": NO_MATCH_MESSAGE,
        "invalid_login": NO_MATCH_MESSAGE,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: whoever can read this site was let in by somebody."""
        return False

    def pre_login(self, request: HttpRequest, user: Any, **login_options: Any) -> Any:
        """Keep service accounts and closed ones out, whichever way they come; say who came in, as
        far as a log should."""
        if acts_by_tokens_alone(user):
            return self.respond_user_inactive(request, user)
        refused = super().pre_login(request, user, **login_options)
        if refused is None:
            log.info("%s signed in from %s.", user.get_username(), get_client_ip(request))
        return refused


class CompanyAccountAdapter(DefaultSocialAccountAdapter):
    """People whom the company's own sign-in sends."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Whom the company signs in gets an account, unless the site says otherwise."""
        return bool(settings.OIDC_MAKES_ACCOUNTS)

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Somebody who has an account is put into the groups that the company says today. A
        service account is nobody: it is neither joined to who comes nor put into their groups."""
        if sociallogin.is_existing:
            if acts_by_tokens_alone(sociallogin.user):
                refused = SiteAccountAdapter(request).respond_user_inactive(
                    request, sociallogin.user
                )
                raise ImmediateHttpResponse(refused)
            sync_claimed_groups(sociallogin.user, _read_claims(sociallogin))

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """A new account, in the groups that the company says."""
        user: User = super().save_user(request, sociallogin, form)
        sync_claimed_groups(user, _read_claims(sociallogin))
        return user


class SignInForm(LoginForm):
    """The package's form, with the names that a page of ours and password managers know."""

    def add_prefix(self, field_name: str) -> str:
        """What a field is called on the page."""
        return "username" if field_name == "login" else str(super().add_prefix(field_name))


def _read_claims(sociallogin: SocialLogin) -> Mapping[str, Any]:
    """What the company said of the person: the identity token, and what its own address adds."""
    identity_data = sociallogin.account.extra_data
    return {**(identity_data.get("id_token") or {}), **(identity_data.get("userinfo") or {})}


def sync_claimed_groups(user: User, claims: Mapping[str, Any]) -> None:
    """The person is in exactly those of our groups that the claim names; others are not made.

    Without OIDC_GROUPS_CLAIM nothing changes. A claim that is missing is not an empty one: then
    the company said nothing of groups, and the person keeps theirs.
    """
    group_claim = claims.get(settings.OIDC_GROUPS_CLAIM) if settings.OIDC_GROUPS_CLAIM else None
    if group_claim is None:
        return
    names = (
        {group_claim}
        if isinstance(group_claim, str)
        else {str(name) for name in _listed_groups(group_claim)}
    )
    put_into_groups(user, names)


def _listed_groups(group_claim: Any) -> Iterable[Any]:
    return group_claim if isinstance(group_claim, list) else ()


@receiver(user_login_failed)
def log_failed_sign_in(
    sender: Any,
    credentials: Mapping[str, Any],
    request: HttpRequest | None = None,
    **signal_arguments: Any,
) -> None:
    """A line for each refused sign-in. A name that nobody has may be a mistyped password, so it
    is not written down."""
    login_name = str(credentials.get("username") or credentials.get("email") or "")
    is_known_name = User.objects.filter(username=login_name).exists() or (
        "@" in login_name and User.objects.filter(email__iexact=login_name).exists()
    )
    owner_text = repr(login_name) if is_known_name else "a name that nobody has"
    origin = get_client_ip(request) if request is not None else "a command"
    log.warning("A sign-in as %s was refused, from %s.", owner_text, origin)
