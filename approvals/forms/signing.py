"""Signing a decision on its page: the password once more, or the second factor where there is one.

What is typed is checked as at the sign-in, with its limits, and goes no further: it is in no draft,
no message, no key of a form and no row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from allauth.account.forms import ReauthenticateForm
from allauth.mfa.base.forms import BaseAuthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_noop

from workflows.access.services.once_only_forms import SIGNATURE_SECRET
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import HumanStep
from workflows.execution.models import WorkItem
from workflows.execution.services.signing import Signature, SignatureMethod
from workflows.execution.texts.signatures import meaning_text
from workflows.people.models import User
from workflows.people.queries.person_names import full_name_of

NOTHING_TO_ASK_BY = gettext_noop(
    "This is signed, and your account has nothing to sign with: neither a password here nor a"
    " second factor. Set up a second factor under your account, then decide this."
)
_NOT_GIVEN: Mapping[SignatureMethod, str] = {
    SignatureMethod.PASSWORD: gettext_noop("Sign with your password. Nothing was decided."),
    SignatureMethod.SECOND_FACTOR: gettext_noop(
        "Sign with the code of your second factor. Nothing was decided."
    ),
}
_WRONG: Mapping[SignatureMethod, str] = {
    SignatureMethod.PASSWORD: gettext_noop(
        "That is not your password, so nothing was signed or decided. Type it once more."
    ),
    SignatureMethod.SECOND_FACTOR: gettext_noop(
        "That is not a code of your second factor now, or it was used already; nothing was signed"
        " or decided. Wait for the next one."
    ),
}
TOO_MANY = gettext_noop(
    "There were too many wrong tries to sign, as at the sign-in. Wait five minutes, then try again;"
    " nothing was decided."
)


class NotSigned(InvalidInput):
    """What was given to sign with is missing, wrong, or one try too many."""


@dataclass(frozen=True, slots=True)
class SigningPrompt:
    """What a page says of signing: as whom (the name as the record prints it), what it means, and
    with what; nothing to sign with is None."""

    name: str
    username: str
    meaning: str
    method: SignatureMethod | None

    @property
    def is_by_code(self) -> bool:
        """Whether the second factor is asked for."""
        return self.method == SignatureMethod.SECOND_FACTOR

    @property
    def why_not(self) -> str:
        """What to set up where there is nothing to sign with."""
        return "" if self.method is not None else gettext(NOTHING_TO_ASK_BY)


def signing_prompt(user: User, step: HumanStep) -> SigningPrompt | None:
    """What the page of this step asks this person to sign with; None where nothing is signed. One
    statement where something is."""
    if step.sign is None:
        return None
    meaning, method = meaning_text(step.sign), _signing_method(user)
    return SigningPrompt(full_name_of(user), user.get_username(), meaning, method)


def _signing_method(user: User) -> SignatureMethod | None:
    """With what somebody signs: with the second factor where they have one, for a password alone
    would go round it."""
    if is_mfa_enabled(user, [Authenticator.Type.TOTP]):
        return SignatureMethod.SECOND_FACTOR
    return SignatureMethod.PASSWORD if user.has_usable_password() else None


def sign_task(
    request: HttpRequest,
    user: User,
    task: WorkItem,
    step: HumanStep,
    check: Callable[[Signature], object],
) -> Signature | None:
    """That the sender of this form has just shown who they are; None where nothing is signed.

    `check` raises what else speaks against the decision, supposing that it is signed: it is asked
    first, for a code that was looked at is used up. Raises InvalidInput, in words, for what is
    missing or wrong, and after too many tries. A wrong one counts like a wrong sign-in.
    """
    if step.sign is None or not task.is_open:
        return None
    method = _signing_method(user)
    if method is None:
        raise InvalidInput(NOTHING_TO_ASK_BY)
    secret = request.POST.get(SIGNATURE_SECRET, "")
    if not secret.strip():
        raise NotSigned(_NOT_GIVEN[method])
    signature = Signature(signer=user.pk, task=task.pk, method=method)
    check(signature)
    problems = _checking_form(user, method, secret).errors.as_data()
    codes = {problem.code for found in problems.values() for problem in found}
    if "too_many_login_attempts" in codes:
        raise NotSigned(TOO_MANY)
    if codes:
        raise NotSigned(_WRONG[method])
    return signature


def _checking_form(user: User, method: SignatureMethod, secret: str) -> forms.Form:
    """The package's own form for asking again, which keeps the limits of the sign-in."""
    form: forms.Form = (
        BaseAuthenticateForm({"code": secret.strip()}, user=user)
        if method == SignatureMethod.SECOND_FACTOR
        else ReauthenticateForm({"password": secret}, user=user)
    )
    return form
