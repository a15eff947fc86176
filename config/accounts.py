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
from django.contrib.auth.models import Group, User
from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from config.backends import acts_by_tokens_alone

log = logging.getLogger("handoff.accounts")


NO_MATCH = (
    "That name and password do not match an active account. Check both and try again, or choose a"
    " new password by the link below."
)


class Accounts(DefaultAccountAdapter):
    """The site's own people."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": NO_MATCH,
        "username_password_mismatch": NO_MATCH,
        "invalid_login": NO_MATCH,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: whoever can read this site was let in by somebody."""
        return False

    def pre_login(self, request: HttpRequest, user: Any, **more: Any) -> Any:
        """Keep service accounts and closed ones out, whichever way they come; say who came in, as
        far as a log should."""
        if acts_by_tokens_alone(user):
            return self.respond_user_inactive(request, user)
        refused = super().pre_login(request, user, **more)
        if refused is None:
            log.info("%s signed in from %s.", user.get_username(), get_client_ip(request))
        return refused


class CompanyAccounts(DefaultSocialAccountAdapter):
    """People whom the company's own sign-in sends."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Whom the company signs in gets an account, unless the site says otherwise."""
        return bool(settings.OIDC_MAKES_ACCOUNTS)

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Somebody who has an account is put into the groups that the company says today. A
        service account is nobody: it is neither joined to who comes nor put into their groups."""
        if sociallogin.is_existing:
            if acts_by_tokens_alone(sociallogin.user):
                refused = Accounts(request).respond_user_inactive(request, sociallogin.user)
                raise ImmediateHttpResponse(refused)
            take_groups(sociallogin.user, _claims(sociallogin))

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """A new account, in the groups that the company says."""
        user: User = super().save_user(request, sociallogin, form)
        take_groups(user, _claims(sociallogin))
        return user


class SignInForm(LoginForm):  # type: ignore[misc]
    """The package's form, with the names that a page of ours and password managers know."""

    def add_prefix(self, field_name: str) -> str:
        """What a field is called on the page."""
        return "username" if field_name == "login" else str(super().add_prefix(field_name))


def _claims(sociallogin: SocialLogin) -> Mapping[str, Any]:
    """What the company said of the person: the identity token, and what its own address adds."""
    said = sociallogin.account.extra_data
    return {**(said.get("id_token") or {}), **(said.get("userinfo") or {})}


def take_groups(user: User, claims: Mapping[str, Any]) -> None:
    """The person is in exactly those of our groups that the claim names; others are not made.

    Without OIDC_GROUPS_CLAIM nothing changes. A claim that is missing is not an empty one: then
    the company said nothing of groups, and the person keeps theirs.
    """
    said = claims.get(settings.OIDC_GROUPS_CLAIM) if settings.OIDC_GROUPS_CLAIM else None
    if said is None:
        return
    names = {said} if isinstance(said, str) else {str(name) for name in _listed(said)}
    user.groups.set(Group.objects.filter(name__in=names))


def _listed(said: Any) -> Iterable[Any]:
    return said if isinstance(said, list) else ()


@receiver(user_login_failed)
def say_that_it_failed(
    sender: Any, credentials: Mapping[str, Any], request: HttpRequest | None = None, **more: Any
) -> None:
    """A line for each refused sign-in. A name that nobody has may be a mistyped password, so it
    is not written down."""
    said = str(credentials.get("username") or credentials.get("email") or "")
    known = User.objects.filter(username=said).exists() or (
        "@" in said and User.objects.filter(email__iexact=said).exists()
    )
    whose = repr(said) if known else "a name that nobody has"
    where = get_client_ip(request) if request is not None else "a command"
    log.warning("A sign-in as %s was refused, from %s.", whose, where)
