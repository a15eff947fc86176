"""Who may sign in: people, by their password. A service account acts by its tokens alone."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from workflows.access.models import ServiceAccount
from workflows.people.models import User
from workflows.persistence.prepared_queries import ANY_ROW, PreparedQuery


def acts_by_tokens_alone(user: Any) -> bool:
    """Whether the account is a program's, as whom nobody signs in."""
    return ServiceAccount.objects.filter(user=user).exists()


class PeopleAlone:
    """Keeps service accounts from every way of signing in, sessions that are there included."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Whether the account is a person's, and open."""
        allowed: bool = super().user_can_authenticate(user)  # type: ignore[misc]
        return allowed and not acts_by_tokens_alone(user)

    def get_user(self, user_id: Any) -> User | None:
        """Who is signed in; asked with every page, in one statement."""
        for user in _PEOPLE.rows({ANY_ROW: int(user_id)}):
            return user
        return None


_PEOPLE = PreparedQuery(
    lambda: User.objects.filter(pk=ANY_ROW, is_active=True, service_account=None).order_by()
)


class PeopleBackend(PeopleAlone, AuthenticationBackend):
    """By name or mail address and password, or as the company says."""
