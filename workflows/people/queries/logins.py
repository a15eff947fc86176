"""Whom a login means: requests and maps name people by login, and logins change hands."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, Q

from workflows.people.models import FormerLogin, User


class Login:
    """One login: who has it, and who had it until when."""

    def __init__(self, now: User | None) -> None:
        self.now = now
        self.before: list[tuple[datetime, User]] = []

    @property
    def changed_hands(self) -> bool:
        """Whether it matters when the login was written down."""
        return bool(self.before)

    def at(self, moment: datetime | None) -> User | None:
        """Who had it at this moment; where it is not known, who has it, or had it last."""
        if moment is not None:
            for until, user in self.before:
                if until > moment:
                    return user
        return self.now or (self.before[-1][1] if self.before else None)


def find_logins(names: Iterable[str]) -> dict[str, Login]:
    """These logins. One statement, and a second where one has changed hands."""
    wanted_names = {name for name in names if name}
    if not wanted_names:
        return {}
    former = FormerLogin.objects.filter(name__in=wanted_names)
    users = list(
        User.objects.filter(
            Q(username__in=wanted_names) | Q(pk__in=former.values("user"))
        ).annotate(changed_hands=Exists(former))
    )
    by_login = {user.username: Login(user) for user in users if user.username in wanted_names}
    if any(user.changed_hands for user in users):
        by_id = {user.pk: user for user in users}
        for row in former.order_by("until", "pk"):
            by_login.setdefault(row.name, Login(None)).before.append(
                (row.until, by_id[row.user_id])
            )
    return by_login


def find_login_holder(name: str | None, at: datetime | None = None) -> User | None:
    """Who had this login at this moment (or has it, or had it last)."""
    login = find_logins([name or ""]).get(name or "")
    return login.at(at) if login is not None else None
