"""The app on somebody's telephone that shows the codes of their second factor."""

from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)

from workflows.people.models import User


def give_second_factor(user: User) -> str:
    """The secret that their app is given."""
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    TOTP.activate(user, secret)
    return secret


def code_of(secret: str) -> str:
    """The code that the app shows now; tests' settings let it hold for good."""
    return str(format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time()))))
