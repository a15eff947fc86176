"""Whom a login means: requests and maps name people by login, and logins change hands."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Exists, Q

from workflows.models import FormerLogin

Owners = Mapping[str, "Login"]


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


def logins(names: Iterable[str]) -> dict[str, Login]:
    """These logins. One statement, and a second where one has changed hands."""
    wanted = {name for name in names if name}
    if not wanted:
        return {}
    former = FormerLogin.objects.filter(name__in=wanted)
    users = list(
        User.objects.filter(Q(username__in=wanted) | Q(pk__in=former.values("user"))).annotate(
            changed_hands=Exists(former)
        )
    )
    found = {user.username: Login(user) for user in users if user.username in wanted}
    if any(user.changed_hands for user in users):  # type: ignore[attr-defined]
        by_id = {user.pk: user for user in users}
        for row in former.order_by("until", "pk"):
            found.setdefault(row.name, Login(None)).before.append((row.until, by_id[row.user_id]))
    return found


def person_named(name: str | None, at: datetime | None = None) -> User | None:
    """Who had this login at this moment (or has it, or had it last)."""
    login = logins([name or ""]).get(name or "")
    return login.at(at) if login is not None else None
