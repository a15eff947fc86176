"""What a decision page remembers of itself between being opened and being sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.utils.translation import gettext_noop

from workflows.engine.errors import InvalidInput
from workflows.people.models import User

SALT = "approvals.task"
STALE_PAGE = gettext_noop(
    "This page was not loaded from here. It is loaded again now; please decide once more."
)


@dataclass(frozen=True, slots=True)
class TaskPageSnapshot:
    """What a person had in front of them when they opened the page: when, the digest of values and
    documents, and which values stood in the form."""

    at: datetime
    seen: str
    form_values: Mapping[str, Any]

    def signed(self, user: User, task_id: int) -> str:
        """The same as a text that only this site can have made, for this person and task."""
        content = [user.pk, task_id, self.at.isoformat(), self.seen, dict(self.form_values)]
        return signing.dumps(content, salt=SALT)

    @classmethod
    def read(cls, text: str, user: User, task_id: int) -> "TaskPageSnapshot":
        """What `signed` wrote. Raises InvalidInput for anything else."""
        try:
            user_id, task, at, seen, form_values = signing.loads(text, salt=SALT)
        except (signing.BadSignature, ValueError):
            raise InvalidInput(STALE_PAGE) from None
        if (user_id, task) != (user.pk, task_id):
            raise InvalidInput(STALE_PAGE)
        return cls(datetime.fromisoformat(at), str(seen), form_values)
